"""The first MobileNet (Howard et al., 2017): a plain stack of convolutions in two parts."""

from typing import Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import kernel_size_setting
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


class MobileNetV1Section(FunctionSection):
    """Settings of `mobilenet_v1`; the width multiplier is the paper's alpha."""

    name: Literal["mobilenet_v1"] = setting("mobilenet_v1", title=mark("Architecture"), widget="hidden")
    depth_multiplier: float = depth_multiplier_setting()
    kernel_size: int = kernel_size_setting(3)
    activation: MobileActivation = mobile_activation_setting("relu6")


def mobilenet_v1(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    depth_multiplier,
    kernel_size,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by the first MobileNet."""
    from keras import layers

    bias = normalization == "none"

    def finished(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(normalized(x, normalization, momentum, name))

    def convolution(x, filters, size, name, stride=1):
        x = layers.Conv2D(
            filters, size, strides=stride, padding="same", use_bias=bias, kernel_initializer="he_normal", name=name
        )(x)
        return finished(x, name)

    def convolution_in_two_parts(x, filters, stride, name):
        """A filter for each channel, then a mix of the channels at each pixel, each with its activation."""
        depthwise = layers.DepthwiseConv2D(
            kernel_size, strides=stride, padding="same", use_bias=bias, depthwise_initializer=filter_per_channel(2.0),
            name=f"{name}_depthwise",
        )  # fmt: skip
        return convolution(finished(depthwise(x), f"{name}_depthwise"), filters, 1, f"{name}_pointwise")

    small = is_small(x, stem)  # two halvings less: 32 px become 4 x 4 at the end
    x = convolution(x, scaled(32, width_multiplier), stem_kernel_size or 3, "stem", stride=1 if small else 2)
    x = convolution_in_two_parts(x, scaled(64, width_multiplier), 1, "stage_1_1")
    stages = [(128, 2), (256, 2), (512, 6), (1024, 2)]  # filters, convolutions; the first of them halves the picture
    for stage, (filters, count) in enumerate(stages, start=2):
        for number in range(1, scaled(count, depth_multiplier) + 1):
            stride = 2 if number == 1 and not (small and stage == 2) else 1
            x = convolution_in_two_parts(x, scaled(filters, width_multiplier), stride, f"stage_{stage}_{number}")
    return flat_head(x, head, dense, activation, dropout)


class MobileNetV1(FunctionNetwork):
    """A plain stack; every convolution is a filter per channel and a mix of the channels."""

    family = mark("MobileNet and SqueezeNet")
    name = "mobilenet_v1"
    title = "MobileNet v1"
    help = mark("A plain stack of separable convolutions: small and fast.")
    section = MobileNetV1Section
    helpers = (filter_per_channel,)
    function = staticmethod(mobilenet_v1)
    card = Card(
        idea=mark(
            "A 3 × 3 convolution in two parts, a filter for each map and then a mix of the maps, needs eight to nine "
            "times fewer multiplications. Nothing but these, and a width multiplier to fit the network to a phone."
        ),
        paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        authors="Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam",
        year=2017,
        url="https://arxiv.org/abs/1704.04861",
        size=224,
        parameters=4_253_864,
        multiply_adds=568_740_352,
    )


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(MobileNetV1())
