"""The base of a transfer: a trained network without its output, cut out of a run, a file or a Keras application."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.architectures.keras_file import check_it_is_there, open_network
from workbench.architectures.table import EXTRA, LOGITS, OUTPUT, UNSCALE
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _
from workbench.paths import default_runs_folder

HEAD = "head_"  # what the names of the layers behind the base begin with
ALL = "all"
PIXELS = "pixels_"  # of those that scale for it
_NAMED = 8  # layers that a message names, of the first and of the last
_FRONT = ("image", "resize", "cut", "pixels", "changed", "network", "trainable")
_OURS = (*_FRONT, LOGITS, OUTPUT, UNSCALE, "as_given")
_SCALING = ("Rescaling", "Normalization")


@dataclass(frozen=True)
class Base:
    """A trained network without its output.

    Attributes:
        network: a Keras model from prepared pixels to features.
        scales: whether it takes pixels 0-255 and scales them itself.
        about: what it is, for messages.
        path: of the model file, or empty; in it,
        start: the layer whose output are the prepared pixels, or empty where it begins with them.
        end: the layer where it ends, and whether with its `input` or its `output`.
    """

    network: Any
    scales: bool
    about: str
    path: str = ""
    start: str = ""
    end: tuple[str, str] = ("", "output")


def run_base(source: str, last_layer: str) -> Base:
    """The network of a run, from the prepared picture to the last layer before its output.

    Args:
        source: the folder of a run, or its name in the folder where runs live.
        last_layer: where it ends, or empty for the layer before the output.

    Raises:
        UserError: there is no such run, it has no model, or no such layer.
    """
    folder = run_folder(source)
    path = folder / "model.keras"
    if not path.exists():
        raise UserError(
            _(
                "The run {name!r} has no model yet: it ended before its first epoch. Train it, or choose another."
            ).format(name=folder.name)
        )
    return _base_of(path, last_layer, _("the run {name!r}").format(name=folder.name))


def file_base(source: str, last_layer: str) -> Base:
    """The network in a `.keras` file (or an old `.h5`), as `run_base`."""
    if not source.strip():
        raise UserError(_("The base of the transfer is missing: give the path of a model file as architecture.source."))
    path = Path(source).expanduser()
    if path.name.endswith(".weights.h5"):
        raise UserError(
            _(
                "{path} holds weights without a network. Choose the base keras with the application the weights "
                "belong to, and give the file as architecture.weights."
            ).format(path=path)
        )
    check_it_is_there(path)
    return _base_of(path, last_layer, _("the file {name}").format(name=path.name))


def run_folder(source: str) -> Path:
    """The folder of a run by its path, that of its model, or its name where runs live.

    Raises:
        UserError: there is none, with the closest name.
    """
    runs = default_runs_folder()
    if not source.strip():
        raise UserError(
            _("The base of the transfer is missing: give the name or the folder of a run as architecture.source.")
        )
    given = Path(source).expanduser()
    for candidate in (given, runs / source, *([given.parent] if given.name == "model.keras" else [])):
        if (candidate / "experiment.toml").is_file():
            return candidate
    known = [entry.name for entry in runs.iterdir() if (entry / "experiment.toml").is_file()] if runs.is_dir() else []
    raise UserError(
        _("There is no run {name!r} to transfer from: neither a run folder nor a run in {runs}. {hint}").format(
            name=source, runs=runs,
            hint=did_you_mean(source, known) or _("It may be renamed or deleted; choose another as base."),
        )
    )  # fmt: skip


def _base_of(path: Path, last_layer: str, about: str) -> Base:
    import keras

    model = open_network(path)
    names = [layer.name for layer in model.layers]
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        raise UserError(
            _("{about} cannot be a base: it is no network of layers that takes one picture.").format(
                about=_begin(about)
            )
        )
    start = next((name for name in ("cut", "resize") if name in names), "") if LOGITS in names else ""
    if last_layer:
        end = layer_called(last_layer, model.layers, about).name, "output"
    else:
        end = (LOGITS, "input") if LOGITS in names else _before_the_output(model)
    pixels = _prepared(model, start) if start else model.inputs[0]
    try:
        network = keras.Model(pixels, getattr(model.get_layer(end[0]), end[1]))
    except ValueError as error:  # Keras says so of what is not connected
        raise UserError(
            _(
                "With the layer {name!r} of {about} as its last, nothing would be left of the base: it only prepares "
                "the pictures. Choose a later one as architecture.last_layer."
            ).format(name=last_layer, about=about)
        ) from error
    scales = LOGITS in names or any(type(layer).__name__ in _SCALING for layer in network.layers)
    return Base(network, scales, about, str(path.absolute()), start, end)


def _begin(about: str) -> str:
    return about[:1].upper() + about[1:]


def _prepared(model: Any, start: str) -> Any:
    """In a model of the workbench: the pictures after resizing and cutting, before scaling."""
    layer = model.get_layer(start)
    # Resized pictures are rounded to whole grey levels, by an operation without a name of its own; cut ones were.
    return layer.output if start == "cut" else layer._outbound_nodes[0].operation.output


def _before_the_output(model: Any) -> tuple[str, str]:
    """In a model of someone else: before its last dense layer, where it ends with one; else its end."""
    for layer in reversed(model.layers[-2:]):
        if type(layer).__name__ == "Dense":
            return layer.name, "input"
    return model.layers[-1].name, "output"


def layer_called(name: str, layers: Sequence[Any], about: str) -> Any:
    """The layer of that name. Raises `UserError` with what there is."""
    names = [layer.name for layer in layers]
    if name in names:
        return layers[names.index(name)]
    raise UserError(
        " ".join(
            [
                _("There is no layer {name!r} in {about}.").format(name=name, about=about),
                *filter(None, [did_you_mean(name, names)]),
                _("Its layers are: {names}.").format(names=_listed(names)),
            ]
        )
    )


def _listed(names: list[str]) -> str:
    most = 2 * _NAMED
    return ", ".join(names if len(names) <= most else [*names[:_NAMED], "…", *names[-_NAMED:]])


def apply_base(base: Base, pixels: Any, boundary: str) -> Any:
    """The features of a picture by the base, its layers put into the network one by one.

    Args:
        base: what was opened.
        pixels: Keras tensor (batch, height, width, channels), as the base takes them.
        boundary: the layer from which on the base goes on learning; empty for none of it, "all" for all.

    Raises:
        UserError: the pictures do not fit, or the boundary is no layer or leaves nothing to learn.
    """
    network = base.network
    rename_what_collides(network)  # first: a boundary is chosen by the names in the new network's table
    freeze([layer for layer in network.layers if type(layer).__name__ != "InputLayer"], boundary, base.about)
    wanted, given = tuple(network.inputs[0].shape[1:]), tuple(pixels.shape[1:])
    if wanted[-1] != given[-1]:
        raise UserError(
            _(
                "The base does not fit the pictures: {about} takes {wanted} channels, the experiment gives {given}. "
                "Set preprocessing.channels = {wanted}."
            ).format(about=base.about, wanted=wanted[-1], given=given[-1])
        )
    try:
        # Not as one nested layer: the layer table, the boundary and the inspectors are to see its layers.
        return network.call(pixels)
    except ValueError as error:
        raise UserError(
            _(
                "The base does not fit the pictures: {about} takes {wanted} pixels (height x width), the experiment "
                "gives {given}. Set preprocessing.height and preprocessing.width to those of the base, or choose as "
                "architecture.last_layer one before its flatten layer. ({error})"
            ).format(about=base.about, wanted=_size(wanted), given=_size(given), error=str(error).splitlines()[0])
        ) from error


def freeze(layers: Sequence[Any], boundary: str, about: str) -> None:
    """Let the layers of a base from the boundary on learn, and no other. Frozen layers normalise as in a prediction.

    Args:
        layers: of the base, in order.
        boundary: see `apply_base`.
        about: what the base is, for messages.

    Raises:
        UserError: the boundary is none of them, or leaves none that could learn.
    """
    first = len(layers)
    if boundary == ALL:
        first = 0
    elif boundary:
        first = layers.index(layer_called(boundary, layers, about))
    for number, layer in enumerate(layers):
        layer.trainable = number >= first
    if boundary and not any(layer.trainable_weights for layer in layers):
        learning = [layer.name for layer in layers if _could_learn(layer)]
        raise UserError(
            _(
                "The boundary {boundary!r} freezes the whole base: no layer from it on has anything to learn. Leave "
                "architecture.boundary empty to train the head only, or choose one up to {last!r}."
            ).format(boundary=boundary, last=learning[-1] if learning else "-")
        )


def _could_learn(layer: Any) -> bool:
    before, layer.trainable = layer.trainable, True
    able = bool(layer.trainable_weights)
    layer.trainable = before
    return able


def rename_what_collides(network: Any) -> None:
    """Names are unique in a network: what is called like a layer of ours gets `base_` before its name.

    So do operations that are no layers. Keras numbers their names, and begins anew in every process.
    """
    import keras

    names = {operation.name for operation in network.operations}
    for operation in network.operations:
        name = operation.name
        ours = name in _OURS or name.startswith((HEAD, EXTRA, PIXELS)) or not isinstance(operation, keras.Layer)
        if type(operation).__name__ == "InputLayer" or not ours:
            continue
        while name in names or name in _OURS:
            name = f"base_{name}"
        names.add(name)
        operation.name = name


def take_over_weights(model: Any, network: Any) -> None:
    """Put the weights of a network into the layers of a built model that were made from one like it."""
    rename_what_collides(network)
    layers = {layer.name: layer for layer in model.layers}
    for layer in network.layers:
        if layer.weights:
            layers[layer.name].set_weights(layer.get_weights())


def base_layers(model: Any) -> list[Any]:
    """The layers of the base in a network that was built with one, in order."""
    return [layer for layer in model.layers if is_of_base(layer.name) and hasattr(layer, "trainable")]


def is_of_base(name: str) -> bool:
    """Whether a layer of that name belongs to the base, in a network that was built with one."""
    return name not in _OURS and not name.startswith((HEAD, EXTRA, PIXELS))


def _size(shape: tuple[int | None, ...]) -> str:
    return " x ".join("?" if side is None else str(side) for side in shape[:2])
