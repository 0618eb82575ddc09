"""`transfer`: a trained network as base, with a new head; what it learned before is kept, or learned further.

The base brings its own scaling, which is part of it: the pictures go in as they are, 0-255.
"""

from typing import Any, Literal

from workbench.architectures.applications import NO_WEIGHTS, Application, Told, application, ready_for
from workbench.architectures.architecture import Architecture
from workbench.architectures.base_network import (
    HEAD,
    PIXELS,
    Base,
    apply_base,
    file_base,
    layer_called,
    run_base,
    take_over_weights,
)
from workbench.architectures.convolutional import (
    Counts,
    Head,
    activation_setting,
    dense_setting,
    dropout_setting,
)
from workbench.architectures.layers import Activation
from workbench.architectures.transfer_code import POOLINGS, application_code, file_code
from workbench.control import Control, Emit
from workbench.events import Progress
from workbench.experiment import ArchitectureSection
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.specs import InputSpec


class TransferSection(ArchitectureSection):
    """Settings of `transfer`."""

    name: Literal["transfer"] = setting("transfer", title=mark("Architecture"), widget="hidden")
    base: Literal["run", "file", "keras"] = setting(
        "keras", title=mark("Base"), help=mark("Where the trained network comes from."),
        labels={"run": mark("An earlier run"), "file": mark("A model file"), "keras": mark("A network of Keras")},
    )  # fmt: skip
    source: str = setting(
        "", title=mark("Run or file"), max_length=1000, shown_if=("base", ("run", "file")),
        widget="file", help=mark("For an earlier run its name, folder or model.keras, for a model file its path."),
    )  # fmt: skip
    application: Application = setting(
        "mobilenet_v2", title=mark("Network of Keras"), help=mark("Which one, where the base is a network of Keras."),
        shown_if=("base", ("keras",)),
    )  # fmt: skip
    weights: str = setting(
        "imagenet", title=mark("Weights of it"), max_length=1000, shown_if=("base", ("keras",)), widget="file",
        help=mark("imagenet (downloaded once), the path of a .weights.h5 file, or none to begin without."),
    )  # fmt: skip
    last_layer: str = setting(
        "", title=mark("Last layer"), max_length=200, advanced=True,
        help=mark("The layer of the base whose output the head gets; empty for the one before its output."),
    )  # fmt: skip
    pixels: Literal["auto", "unit", "symmetric", "as_they_are"] = setting(
        "auto", title=mark("Pixels of the base"), advanced=True, shown_if=("base", ("file",)),
        help=mark("What a model file was trained on. Automatic: as they are where it scales them itself, else 0 to 1."),
        labels={"auto": mark("Automatic"), "unit": mark("0 to 1 (1/255)"), "symmetric": mark("-1 to 1"),
                "as_they_are": mark("0 to 255")},
    )  # fmt: skip
    boundary: str = setting(
        "", title=mark("Train from layer"), max_length=200,
        help=mark(
            "The layers of the base from this one on learn further, those before stay as they are. Empty: only the "
            "head learns. all: everything."
        ),
    )  # fmt: skip
    pooling: Head = setting(
        "global_average", title=mark("Pooling"), help=mark("How the last maps become one list of numbers."),
        labels={"flatten": mark("Flatten"), "global_average": mark("Global average"), "global_max": mark("Global max")},
    )  # fmt: skip
    dense: Counts = dense_setting(())
    activation: Activation = activation_setting("relu")
    dropout: float = dropout_setting(0.2)


class Transfer(Architecture):
    """A base with weights and a new head."""

    family = mark("Trained before")
    name = "transfer"
    title = mark("Transfer")
    help = mark(
        "A network that was trained before, with a new head, for few samples. Its own scaling is part of it: the "
        "scaling of the experiment has no meaning here."
    )
    section = TransferSection
    own_scaling = True

    def build(self, section: TransferSection, inputs: Any, spec: InputSpec) -> Any:
        """See `Architecture.build`; `inputs` are pixels 0-255."""
        base, pixels = _opened(section, inputs, spec)
        features = apply_base(base, pixels, section.boundary)
        return _head(section, features)

    def recall(self, section: TransferSection, model: Any, spec: InputSpec, emit: Emit, control: Control) -> None:
        """Load the weights of a network of Keras; a run and a file come with theirs."""
        if section.base != "keras" or section.weights == NO_WEIGHTS:
            return

        def tell(done: int, all: int) -> None:
            control.check()
            emit(Progress(_("downloading weights (KiB)"), done // 1024, all // 1024))

        take_over_weights(model, _application(section, spec.shape, section.weights, tell).network)

    def code(self, section: TransferSection) -> tuple[str, str]:
        """See `Architecture.code`."""
        if section.base == "keras":
            # It ends in maps; only in the middle of a few are there layers that give none.
            cut = _application(section, (None, None, 3), NO_WEIGHTS).network if section.last_layer else None
            return application_code(section, cut is None or len(cut.output.shape) == 4)
        base = _file_base(section)
        return file_code(section, base, _scaling(section, base))


def _opened(section: TransferSection, inputs: Any, spec: InputSpec) -> tuple[Base, Any]:
    """The base, and the pixels as it takes them."""
    if section.base == "keras":
        # The layers suffice to look at it: their weights come before the first batch.
        return _application(section, spec.shape, NO_WEIGHTS), ready_for(section.application, inputs)
    base = _file_base(section)
    for layer in _scaling(section, base):
        inputs = layer(inputs)
    return base, inputs


def _file_base(section: TransferSection) -> Base:
    return (run_base if section.base == "run" else file_base)(section.source, section.last_layer)


def _application(section: TransferSection, shape: Any, weights: str, told: Told | None = None) -> Base:
    import keras

    name = section.application
    about = _("the network {name}").format(name=name)
    network = application(name, shape, weights, told)
    if section.last_layer:
        network = keras.Model(network.inputs[0], layer_called(section.last_layer, network.layers, about).output)
    return Base(network, True, about)


def _scaling(section: TransferSection, base: Base) -> list[Any]:
    """The layers that scale pixels 0-255 for a base that does not do it by itself."""
    from keras import layers

    if section.base == "run" or section.pixels == "as_they_are" or (section.pixels == "auto" and base.scales):
        return []
    if section.pixels == "symmetric":
        return [layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name=f"{PIXELS}scale")]
    return [layers.Rescaling(1 / 255, dtype="float32", name=f"{PIXELS}scale")]


def _head(section: TransferSection, x: Any) -> Any:
    from keras import layers

    if len(x.shape) == 4:
        x = getattr(layers, POOLINGS[section.pooling])(name=f"{HEAD}pooling")(x)
    for number, units in enumerate(section.dense, start=1):
        x = layers.Dense(units, activation=section.activation, name=f"{HEAD}dense_{number}")(x)
    return layers.Dropout(section.dropout, name=f"{HEAD}dropout")(x) if section.dropout else x


def register(registry: Any) -> None:
    """Add it to the architectures."""
    registry.architectures.add(Transfer())
