"""The all-convolutional network of "Striving for Simplicity" (Springenberg et al., 2014), as a plugin.

No pooling: a convolution of stride 2 makes the picture smaller. Copy this folder to write an architecture of your own:
settings as a section, layers as specs, and `register` to add it.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Architecture
from workbench.architectures.layers import Convolution, Dropout, GlobalAveragePooling, Layer
from workbench.experiment import ArchitectureSection
from workbench.section import setting


class AllConvolutionalSection(ArchitectureSection):
    """Settings of the architecture: the form in the window and the keys in the file are made from them."""

    name: Literal["all_convolutional"] = setting("all_convolutional", title="Architecture", widget="hidden")
    filters: int = setting(
        96, title="Filters", help="Filters of the first block; the second has twice as many.", ge=4, le=512
    )
    blocks: int = setting(
        2,
        title="Blocks",
        help="Each block is two convolutions and one of stride 2 that halves the picture.",
        ge=1,
        le=5,
    )
    input_dropout: float = setting(
        0.2, title="Input dropout", help="Share of the pixels set to 0 in training.", ge=0, le=0.9
    )
    dropout: float = setting(0.5, title="Dropout", help="Share set to 0 after each block in training.", ge=0, le=0.9)


class AllConvolutional(Architecture):
    """Model "All-CNN-C" of the paper, with settings."""

    name = "all_convolutional"
    title = "All-convolutional network"
    help = "Convolutions only: those of stride 2 take the place of pooling (Springenberg et al., 2014)."
    section = AllConvolutionalSection

    def layers(self, section: AllConvolutionalSection) -> list[Layer]:
        """The hidden layers; the workbench adds preprocessing before them and the output layer after them."""
        stack: list[Layer] = [Dropout(rate=section.input_dropout)] if section.input_dropout else []
        for block in range(section.blocks):
            filters = section.filters * min(block + 1, 2)
            stack += [
                Convolution(filters=filters, padding="same"),
                Convolution(filters=filters, padding="same"),
                Convolution(filters=filters, padding="same", stride=2),
            ]
            if section.dropout:
                stack.append(Dropout(rate=section.dropout))
        filters = section.filters * min(section.blocks, 2)
        stack += [Convolution(filters=filters, padding="same"), Convolution(filters=filters, kernel_size=1)]
        return [*stack, GlobalAveragePooling()]

    def default_training(self) -> dict[str, Any]:
        """What suits it better than the workbench's own defaults."""
        return {"epochs": 30}


def register(registry) -> None:
    """Called once by the workbench."""
    registry.architectures.add(AllConvolutional())
