"""VGG (Simonyan & Zisserman, 2015): nothing but 3x3 convolutions in five blocks, and three dense layers.

Tables 1 and 2 of the paper: `vgg11` is its configuration A, `vgg13` B, `vgg16` D and `vgg19` E.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import (
    Counts,
    Head,
    dense_setting,
    dropout_setting,
    head_setting,
    kernel_size_setting,
)
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import (
    BlockNormalization,
    Stem,
    block_normalization_setting,
    depth_multiplier_setting,
    flat_head,
    normalized,
    scaled,
    stage_pooling_setting,
    stem_setting,
)
from workbench.i18n import mark
from workbench.section import setting

IDEA = mark(
    "Two or more 3 × 3 convolutions see as much as one larger kernel, with fewer weights and more non-linearities "
    "between them. Depth alone, in blocks that double the filters and halve the picture, made it a winner of 2014."
)


class VggSection(FunctionSection):
    """Settings of all VGG networks; the defaults are the paper's."""

    stem: Stem = stem_setting(
        mark("For small pictures (shorter side below 64 px) the last pooling is left out, so that a map is left.")
    )
    kernel_size: int = kernel_size_setting(3)
    depth_multiplier: float = depth_multiplier_setting()
    pooling: Literal["max", "average"] = stage_pooling_setting(mark("What makes the maps smaller after every block."))
    normalization: BlockNormalization = block_normalization_setting("none")
    head: Head = head_setting("flatten")
    dense: Counts = dense_setting((4096, 4096))
    dropout: float = dropout_setting(0.5, mark("Share of the values set to 0 after every hidden dense layer."))


class Vgg11Section(VggSection):
    """Settings of `vgg11`."""

    name: Literal["vgg11"] = setting("vgg11", title=mark("Architecture"), widget="hidden")


class Vgg13Section(VggSection):
    """Settings of `vgg13`."""

    name: Literal["vgg13"] = setting("vgg13", title=mark("Architecture"), widget="hidden")


class Vgg16Section(VggSection):
    """Settings of `vgg16`."""

    name: Literal["vgg16"] = setting("vgg16", title=mark("Architecture"), widget="hidden")


class Vgg19Section(VggSection):
    """Settings of `vgg19`."""

    name: Literal["vgg19"] = setting("vgg19", title=mark("Architecture"), widget="hidden")


def vgg(
    inputs,
    repeats,
    stem,
    stem_kernel_size,
    kernel_size,
    width_multiplier,
    depth_multiplier,
    pooling,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: five blocks of convolutions, `repeats` in each, then dense layers."""
    from keras import layers

    small = is_small(inputs, stem)
    pools = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}

    def convolution(x, filters, size, name):
        plain = normalization == "none"
        x = layers.Conv2D(filters, size, padding="same", use_bias=plain, kernel_initializer="he_normal", name=name)(x)
        x = normalized(x, normalization, momentum, name)
        return layers.Activation(activation, name=f"{name}_activation")(x)

    x = inputs
    for block, (filters, count) in enumerate(zip((64, 128, 256, 512, 512), repeats, strict=True), start=1):
        for number in range(1, scaled(count, depth_multiplier) + 1):
            size = stem_kernel_size if stem_kernel_size and block == number == 1 else kernel_size
            x = convolution(x, scaled(filters, width_multiplier), size, f"block{block}_conv{number}")
        if block < 5 or not small:
            x = pools[pooling](2, padding="same", name=f"block{block}_pool")(x)
    return flat_head(x, head, dense, activation, dropout)


class Vgg(FunctionNetwork):
    """One of the four depths."""

    function = staticmethod(vgg)
    family = mark("AlexNet and VGG")
    help = mark("3 × 3 convolutions in five blocks, each with twice the filters, and three dense layers.")

    def __init__(
        self, section: type[VggSection], title: str, repeats: tuple[int, ...], parameters: int, multiply_adds: int
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.repeats = repeats  # convolutions in each of the five blocks
        self.card = Card(
            IDEA, "Very Deep Convolutional Networks for Large-Scale Image Recognition", "Simonyan, Zisserman", 2015,
            "https://arxiv.org/abs/1409.1556", 224, parameters, multiply_adds,
        )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`; without a normalisation a larger rate leaves it guessing."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 1e-4},
            "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0,
            "batch_size": 64,
        }

    def arguments(self, section: VggSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {"repeats": self.repeats, **super().arguments(section)}


def register(registry) -> None:
    """Add them to the architectures."""
    registry.architectures.add(Vgg(Vgg11Section, "VGG11", (1, 1, 2, 2, 2), 132_863_336, 7_609_090_048))
    registry.architectures.add(Vgg(Vgg13Section, "VGG13", (2, 2, 2, 2, 2), 133_047_848, 11_308_466_176))
    registry.architectures.add(Vgg(Vgg16Section, "VGG16", (2, 2, 3, 3, 3), 138_357_544, 15_470_264_320))
    registry.architectures.add(Vgg(Vgg19Section, "VGG19", (2, 2, 4, 4, 4), 143_667_240, 19_632_062_464))
