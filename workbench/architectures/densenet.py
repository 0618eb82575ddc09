"""DenseNet (Huang, Liu, van der Maaten and Weinberger, 2017): every layer sees the maps of all before it in its block.

The networks of table 1, with a growth rate of 32, bottlenecks and a compression of one half ("DenseNet-BC").
"""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import (
    Stem,
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
    "A layer gets the maps of all layers before it in its block, side by side, and adds a few of its own. What was "
    "found once is used again everywhere, and gradients reach every layer directly, with few parameters."
)


class DenseNetSection(FunctionSection):
    """Settings of all DenseNets; the defaults are the paper's, but for the momentum."""

    stem: Stem = stem_setting(
        mark("For small pictures (shorter side below 64 px) it is a 3 × 3 convolution without stride and pooling.")
    )
    pooling: Literal["max", "average"] = stage_pooling_setting(mark("What stands behind the first convolution."))
    growth_rate: int = setting(
        32, title=mark("Growth rate"), ge=1, le=256,
        help=mark("How many maps every layer adds, times the width multiplier; the width of the network follows."),
    )  # fmt: skip
    compression: float = setting(
        0.5, title=mark("Compression"), gt=0, le=1, help=mark("Share of the maps that is left between two blocks.")
    )
    depth_multiplier: float = depth_multiplier_setting()


class DenseNet121Section(DenseNetSection):
    """Settings of `densenet121`."""

    name: Literal["densenet121"] = setting("densenet121", title=mark("Architecture"), widget="hidden")


class DenseNet169Section(DenseNetSection):
    """Settings of `densenet169`."""

    name: Literal["densenet169"] = setting("densenet169", title=mark("Architecture"), widget="hidden")


class DenseNet201Section(DenseNetSection):
    """Settings of `densenet201`."""

    name: Literal["densenet201"] = setting("densenet201", title=mark("Architecture"), widget="hidden")


def densenet(
    inputs,
    repeats,
    stem,
    stem_kernel_size,
    pooling,
    width_multiplier,
    growth_rate,
    compression,
    depth_multiplier,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: four blocks of densely connected layers, `repeats` in each."""
    from keras import layers

    small = is_small(inputs, stem)
    growth_rate = scaled(growth_rate, width_multiplier)
    pools = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}

    def convolution(x, filters, size, stride, name):
        return layers.Conv2D(
            filters, size, strides=stride, padding="same", use_bias=normalization == "none",
            kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip

    def activated(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(normalized(x, normalization, momentum, name))

    def dense_layer(x, name):
        """A bottleneck of 1x1 filters, then 3x3 filters; what they find is put beside what there was."""
        new = convolution(activated(x, f"{name}_in"), 4 * growth_rate, 1, 1, f"{name}_bottleneck")
        new = convolution(activated(new, f"{name}_bottleneck"), growth_rate, 3, 1, f"{name}_conv")
        return layers.Concatenate(name=f"{name}_join")([x, new])

    def transition(x, name):
        """Fewer maps, of half the size."""
        x = convolution(activated(x, f"{name}_in"), max(1, int(x.shape[-1] * compression)), 1, 1, f"{name}_conv")
        return layers.AveragePooling2D(2, name=f"{name}_pool")(x)

    x = convolution(inputs, 2 * growth_rate, stem_kernel_size or (3 if small else 7), 1 if small else 2, "stem")
    x = activated(x, "stem")
    if not small:
        x = pools[pooling](3, strides=2, padding="same", name="stem_pool")(x)
    for block, count in enumerate(repeats, start=1):
        for number in range(1, scaled(count, depth_multiplier) + 1):
            x = dense_layer(x, f"block{block}_layer{number}")
        if block < len(repeats):
            x = transition(x, f"transition{block}")
    return flat_head(activated(x, "last"), head, dense, activation, dropout)


class DenseNet(FunctionNetwork):
    """One of the three depths: so many layers in each of the four blocks."""

    function = staticmethod(densenet)
    family = mark("DenseNet")
    help = mark("Blocks in which every layer gets the maps of all before it; few parameters for what it can do.")

    def __init__(
        self, section: type[DenseNetSection], title: str, repeats: tuple[int, ...], parameters: int, multiply_adds: int
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.repeats = repeats
        self.card = Card(
            IDEA, "Densely Connected Convolutional Networks", "Huang, Liu, van der Maaten, Weinberger", 2017,
            "https://arxiv.org/abs/1608.06993", 224, parameters, multiply_adds,
        )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0, "batch_size": 64,
        }  # fmt: skip

    def arguments(self, section: DenseNetSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {"repeats": self.repeats, **super().arguments(section)}


def register(registry) -> None:
    """Add them to the architectures."""
    registry.architectures.add(DenseNet(DenseNet121Section, "DenseNet-121", (6, 12, 24, 16), 8_062_504, 2_834_161_664))
    registry.architectures.add(DenseNet(DenseNet169Section, "DenseNet-169", (6, 12, 32, 32), 14_307_880, 3_359_843_328))
    registry.architectures.add(DenseNet(DenseNet201Section, "DenseNet-201", (6, 12, 48, 32), 20_242_984, 4_291_365_888))
