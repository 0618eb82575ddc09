"""`layers`: the user's own stack, layer by layer."""

from typing import Literal

from workbench.architectures.architecture import Architecture
from workbench.architectures.layers import Convolution, Dense, Dropout, Flatten, Layer, LayerSpec, MaxPooling
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ImageInput, TableInput

DEFAULT_STACK = (
    Convolution(filters=32),
    MaxPooling(),
    Convolution(filters=64),
    MaxPooling(),
    Flatten(),
    Dense(units=128),
    Dropout(rate=0.5),
)


class LayersSection(ArchitectureSection):
    """The stack, in the file one `[[architecture.layers]]` per layer."""

    name: Literal["layers"] = setting("layers", title=mark("Architecture"), widget="hidden")
    layers: tuple[LayerSpec, ...] = setting(
        DEFAULT_STACK, title=mark("Layers"), widget="layers", max_length=200,
        help=mark("From the picture to the last hidden layer; the output layer follows by itself."),
    )  # fmt: skip


class LayerStack(Architecture):
    """The layers as listed."""

    name = "layers"
    title = mark("My own layers")
    help = mark("A stack of your own: add, remove, duplicate and move layers.")
    section = LayersSection
    inputs = (ImageInput.kind, TableInput.kind)

    def layers(self, section: LayersSection) -> list[Layer]:
        """See `Architecture.layers`."""
        return list(section.layers)


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(LayerStack())
