"""Residual networks (He et al., 2016): every block learns what to add to its input, so that depth does no harm.

Table 1 of the paper. The networks of 50 layers and more have Keras' biases, and count as Keras counts; those of 18 and
34 layers, which Keras lacks, have none, and their trained parameters count as torchvision counts.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import (
    Stem,
    depth_multiplier_setting,
    every_second_pixel,
    flat_head,
    normalized,
    scaled,
    squeeze_and_excite,
    squeeze_excitation_setting,
    stage_pooling_setting,
    stem_setting,
)
from workbench.i18n import mark
from workbench.section import setting

BASIC_IDEA = mark(
    "A shortcut passes the input of every two convolutions by and is added to their result, so that gradients reach "
    "the first layers undiminished. The published number counts trained parameters, without the statistics of the "
    "normalisations."
)
BOTTLENECK_IDEA = mark(
    "A shortcut passes the input of every block by and is added to its result, so that gradients reach the first "
    "layers undiminished. A block narrows the maps, looks at 3 × 3 pixels, and widens them again. The number is Keras' "
    "own."
)


class ResNetSection(FunctionSection):
    """Settings of all residual networks; the defaults are the paper's, but for the momentum."""

    stem: Stem = stem_setting(
        mark("For small pictures (shorter side below 64 px) it is a 3 × 3 convolution without stride and pooling.")
    )
    pooling: Literal["max", "average"] = stage_pooling_setting(mark("What stands behind the first convolution."))
    depth_multiplier: float = depth_multiplier_setting()
    squeeze_excitation: int = squeeze_excitation_setting()


class ResNet18Section(ResNetSection):
    """Settings of `resnet18`."""

    name: Literal["resnet18"] = setting("resnet18", title=mark("Architecture"), widget="hidden")


class ResNet34Section(ResNetSection):
    """Settings of `resnet34`."""

    name: Literal["resnet34"] = setting("resnet34", title=mark("Architecture"), widget="hidden")


class ResNet50Section(ResNetSection):
    """Settings of `resnet50`."""

    name: Literal["resnet50"] = setting("resnet50", title=mark("Architecture"), widget="hidden")


class ResNet101Section(ResNetSection):
    """Settings of `resnet101`."""

    name: Literal["resnet101"] = setting("resnet101", title=mark("Architecture"), widget="hidden")


class ResNet152Section(ResNetSection):
    """Settings of `resnet152`."""

    name: Literal["resnet152"] = setting("resnet152", title=mark("Architecture"), widget="hidden")


def resnet(
    inputs,
    bottleneck,
    repeats,
    stem,
    stem_kernel_size,
    pooling,
    width_multiplier,
    depth_multiplier,
    squeeze_excitation,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: a stem, then four stages of residual blocks, `repeats` in each."""
    from keras import layers

    small = is_small(inputs, stem)
    biases = bottleneck or normalization == "none"

    def convolution(x, filters, kernel_size, stride, name):
        x = layers.Conv2D(
            filters, kernel_size, strides=stride, padding="same", use_bias=biases,
            kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def activate(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def basic_block(x, filters, stride, name):
        x = activate(convolution(x, filters, 3, stride, f"{name}_conv1"), f"{name}_conv1")
        return convolution(x, filters, 3, 1, f"{name}_conv2")

    def bottleneck_block(x, filters, stride, name):
        x = every_second_pixel(x, stride, f"{name}_conv1")
        x = activate(convolution(x, filters, 1, 1, f"{name}_conv1"), f"{name}_conv1")
        x = activate(convolution(x, filters, 3, 1, f"{name}_conv2"), f"{name}_conv2")
        return convolution(x, 4 * filters, 1, 1, f"{name}_conv3")

    def residual(x, filters, stride, name):
        outputs = 4 * filters if bottleneck else filters
        shortcut = x
        if stride > 1 or x.shape[-1] != outputs:
            shortcut = every_second_pixel(x, stride, f"{name}_shortcut")
            shortcut = convolution(shortcut, outputs, 1, 1, f"{name}_shortcut")
        x = (bottleneck_block if bottleneck else basic_block)(x, filters, stride, name)
        if squeeze_excitation:
            x = squeeze_and_excite(x, squeeze_excitation, name)
        return activate(layers.Add(name=f"{name}_add")([x, shortcut]), name)

    filters = scaled(64, width_multiplier)
    x = convolution(inputs, filters, stem_kernel_size or (3 if small else 7), 1 if small else 2, "stem")
    x = activate(x, "stem")
    if not small:
        pools = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}
        x = pools[pooling](3, strides=2, padding="same", name="stem_pool")(x)
    for stage, count in enumerate(repeats, start=1):
        filters = scaled(64 * 2 ** (stage - 1), width_multiplier)
        for block in range(1, scaled(count, depth_multiplier) + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = residual(x, filters, stride, f"stage{stage}_block{block}")
    return flat_head(x, head, dense, activation, dropout)


class ResNet(FunctionNetwork):
    """One of the five depths."""

    function = staticmethod(resnet)
    helpers = (every_second_pixel, squeeze_and_excite)
    family = mark("Residual networks")

    def __init__(
        self,
        section: type[ResNetSection],
        title: str,
        bottleneck: bool,
        repeats: tuple[int, ...],
        parameters: int,
        multiply_adds: int,
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.bottleneck = bottleneck
        self.repeats = repeats  # blocks in each of the four stages
        self.help = (
            mark("Blocks of a 1 × 1, a 3 × 3 and a 1 × 1 convolution, each with a shortcut around it.")
            if bottleneck
            else mark("Blocks of two 3 × 3 convolutions, each with a shortcut around it.")
        )
        self.card = Card(
            BOTTLENECK_IDEA if bottleneck else BASIC_IDEA, "Deep Residual Learning for Image Recognition",
            "He, Zhang, Ren, Sun", 2016, "https://arxiv.org/abs/1512.03385", 224, parameters, multiply_adds,
        )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 1e-3},
            "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0,
            "batch_size": 64,
        }

    def arguments(self, section: ResNetSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {"bottleneck": self.bottleneck, "repeats": self.repeats, **super().arguments(section)}


def register(registry) -> None:
    """Add them to the architectures."""
    registry.architectures.add(ResNet(ResNet18Section, "ResNet-18", False, (2, 2, 2, 2), 11_689_512, 1_814_073_344))
    registry.architectures.add(ResNet(ResNet34Section, "ResNet-34", False, (3, 4, 6, 3), 21_797_672, 3_663_761_408))
    registry.architectures.add(ResNet(ResNet50Section, "ResNet-50", True, (3, 4, 6, 3), 25_636_712, 3_857_973_248))
    registry.architectures.add(ResNet(ResNet101Section, "ResNet-101", True, (3, 4, 23, 3), 44_707_176, 7_570_194_432))
    registry.architectures.add(ResNet(ResNet152Section, "ResNet-152", True, (3, 8, 36, 3), 60_419_944, 11_282_415_616))
