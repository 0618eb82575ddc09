"""MobileNetV2 (Sandler et al., 2018): inverted residuals with linear bottlenecks."""

from typing import Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import dropout_setting, kernel_size_setting
from workbench.architectures.network_function import (
    FunctionNetwork,
    FunctionSection,
    MobileActivation,
    filter_per_channel,
    is_small,
    mobile_activation_setting,
)
from workbench.architectures.published import depth_multiplier_setting, flat_head, normalized, scaled
from workbench.i18n import mark
from workbench.section import setting


class MobileNetV2Section(FunctionSection):
    """Settings of `mobilenet_v2`; the defaults are the paper's."""

    name: Literal["mobilenet_v2"] = setting("mobilenet_v2", title=mark("Architecture"), widget="hidden")
    depth_multiplier: float = depth_multiplier_setting()
    kernel_size: int = kernel_size_setting(3)
    expansion: int = setting(
        6, title=mark("Expansion"), ge=1, le=16,
        help=mark("How many times wider the middle of every block is than its ends."),
    )  # fmt: skip
    activation: MobileActivation = mobile_activation_setting("relu6")
    dropout: float = dropout_setting(0.2)


def mobilenet_v2(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    depth_multiplier,
    kernel_size,
    expansion,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by MobileNetV2."""
    from keras import layers

    bias = normalization == "none"

    def activate(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def convolution(x, filters, size, name, stride=1):
        x = layers.Conv2D(
            filters, size, strides=stride, padding="same", use_bias=bias, kernel_initializer="he_normal", name=name
        )(x)
        return normalized(x, normalization, momentum, name)

    def depthwise(x, stride, name):
        x = layers.DepthwiseConv2D(
            kernel_size, strides=stride, padding="same", use_bias=bias, depthwise_initializer=filter_per_channel(2.0),
            name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def inverted_residual(x, times, filters, stride, name):
        """Wide in the middle, narrow at the ends; no activation at the narrow end, where it would lose too much."""
        shortcut = x
        if times > 1:
            x = activate(convolution(x, times * x.shape[-1], 1, f"{name}_expand"), f"{name}_expand")
        x = activate(depthwise(x, stride, f"{name}_depthwise"), f"{name}_depthwise")
        x = convolution(x, filters, 1, f"{name}_project")
        unchanged = stride == 1 and shortcut.shape[-1] == filters
        return layers.Add(name=f"{name}_add")([shortcut, x]) if unchanged else x

    small = is_small(x, stem)  # two halvings less: 32 px become 4 x 4 at the end
    x = convolution(x, divisible(32 * width_multiplier), stem_kernel_size or 3, "stem", stride=1 if small else 2)
    x = activate(x, "stem")
    stages = [  # filters, blocks, stride of the first of them
        (16, 1, 1),
        (24, 2, 1 if small else 2),
        (32, 3, 2),
        (64, 4, 2),
        (96, 3, 1),
        (160, 3, 2),
        (320, 1, 1),
    ]
    for stage, (filters, blocks, first_stride) in enumerate(stages, start=1):
        for block in range(1, scaled(blocks, depth_multiplier) + 1):
            stride = first_stride if block == 1 else 1
            times = 1 if stage == 1 else expansion
            x = inverted_residual(x, times, divisible(filters * width_multiplier), stride, f"stage_{stage}_{block}")
    x = activate(convolution(x, divisible(1280 * max(1.0, width_multiplier)), 1, "last"), "last")
    return flat_head(x, head, dense, activation, dropout)


def divisible(filters):
    """A number of filters rounded to a multiple of 8, which processors like, and never down by more than a tenth."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded


class MobileNetV2(FunctionNetwork):
    """Blocks that widen, filter each channel by itself, and narrow again, with the shortcut between the narrow ends."""

    family = mark("MobileNet and SqueezeNet")
    name = "mobilenet_v2"
    title = "MobileNetV2"
    help = mark("Inverted residuals: small and fast, good on processors without a GPU.")
    section = MobileNetV2Section
    function = staticmethod(mobilenet_v2)
    helpers = (divisible, filter_per_channel)
    card = Card(
        idea=mark(
            "A block widens its maps, filters every map by itself, and narrows them again; shortcuts join the narrow "
            "ends, which are all that has to be remembered. The narrow end has no activation: it would lose too much."
        ),
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        authors="Sandler, Howard, Zhu, Zhmoginov, Chen",
        year=2018,
        url="https://arxiv.org/abs/1801.04381",
        size=224,
        parameters=3_538_984,
        multiply_adds=300_774_272,
    )


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(MobileNetV2())
