"""SqueezeNet (Iandola et al., 2016): fire modules, which squeeze the maps before they expand them.

The paper ends with a 1x1 convolution to the classes, a ReLU and the mean over the picture. Here the mean comes first
and a dense layer makes the classes of it: the same parameters and, but for the ReLU, the same numbers. Without the ReLU
no class can die.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import dropout_setting
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import (
    BlockNormalization,
    block_normalization_setting,
    flat_head,
    normalized,
    scaled,
    stage_pooling_setting,
)
from workbench.i18n import mark
from workbench.section import setting


class SqueezeNetSection(FunctionSection):
    """Settings of `squeezenet`; the defaults are those of version 1.1."""

    name: Literal["squeezenet"] = setting("squeezenet", title=mark("Architecture"), widget="hidden")
    variant: Literal["1.0", "1.1"] = setting(
        "1.1", title=mark("Version"), labels={"1.0": mark("1.0 (the paper's)"), "1.1": mark("1.1 (as good, cheaper)")},
        help=mark("Version 1.1 has a smaller stem and earlier poolings: as good with 2.4 times fewer multiplications."),
    )  # fmt: skip
    bypass: bool = setting(
        False, title=mark("Bypass"),
        help=mark("Shortcuts around every second fire module, as in section 6 of the paper."),
    )  # fmt: skip
    normalization: BlockNormalization = block_normalization_setting("none")
    pooling: Literal["max", "average"] = stage_pooling_setting(mark("What makes the maps smaller between the blocks."))
    dropout: float = dropout_setting(0.5)


def squeezenet(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    variant,
    bypass,
    pooling,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by SqueezeNet."""
    from keras import layers

    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling]

    def convolution(x, filters, size, name, stride=1):
        x = layers.Conv2D(
            scaled(filters, width_multiplier), size, strides=stride, padding="same",
            use_bias=normalization == "none", kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return layers.Activation(activation, name=f"{name}_activation")(normalized(x, normalization, momentum, name))

    def fire(x, squeezed, expanded, name):
        """Few maps by a 1x1 convolution; from them many again, half by 1x1 and half by 3x3 convolutions."""
        few = convolution(x, squeezed, 1, f"{name}_squeeze")
        many = [
            convolution(few, expanded, 1, f"{name}_expand_1x1"),
            convolution(few, expanded, 3, f"{name}_expand_3x3"),
        ]
        joined = layers.Concatenate(name=f"{name}_join")(many)
        if bypass and joined.shape[-1] == x.shape[-1]:
            return layers.Add(name=f"{name}_bypass")([x, joined])
        return joined

    stem_filters, stem_size = {"1.0": (96, 7), "1.1": (64, 3)}[variant]
    fires = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
    pooled_before = {"1.0": (2, 5, 9), "1.1": (2, 4, 6)}[variant]  # the stem is the first layer, fires begin with 2
    small = is_small(x, stem)  # two halvings less: 32 px become 8 x 8 at the end
    x = convolution(x, stem_filters, stem_kernel_size or (3 if small else stem_size), "stem", stride=1 if small else 2)
    for number, (squeezed, expanded) in enumerate(fires, start=2):
        if number in pooled_before and not (small and number == 2):
            x = pool(3, strides=2, padding="same", name=f"pool_{number}")(x)
        x = fire(x, squeezed, expanded, f"fire_{number}")
    return flat_head(x, head, dense, activation, dropout)


class SqueezeNet(FunctionNetwork):
    """As good as AlexNet with fifty times fewer parameters."""

    family = mark("MobileNet and SqueezeNet")
    name = "squeezenet"
    title = "SqueezeNet"
    help = mark("Fire modules, which squeeze the maps before they expand them: about a million parameters.")
    section = SqueezeNetSection
    function = staticmethod(squeezenet)
    card = Card(
        idea=mark(
            "A 3 × 3 convolution of few maps costs little, so every module first squeezes its maps by 1 × 1 "
            "convolutions. As good as AlexNet with 50 times fewer parameters. The count is that of version 1.1 (1.0: "
            "1,248,424); the mean over the picture is taken before the classes, not after them and a ReLU."
        ),
        paper="SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
        authors="Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer",
        year=2016,
        url="https://arxiv.org/abs/1602.07360",
        size=224,
        parameters=1_235_496,
        multiply_adds=287_518_720,
    )

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {"optimizer": {"name": "adam", "learning_rate": 5e-4}, "schedule": {"name": "cosine"},
                "warmup_epochs": 1.0, "batch_size": 64, "epochs": 20}  # fmt: skip


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(SqueezeNet())
