"""MobileNetV3 (Howard et al., 2019), large and small: the blocks of MobileNetV2 with squeeze-and-excitation."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import dropout_setting
from workbench.architectures.mobilenet_v2 import divisible
from workbench.architectures.network_function import (
    FunctionNetwork,
    FunctionSection,
    MobileActivation,
    filter_per_channel,
    is_small,
    mobile_activation_setting,
)
from workbench.architectures.published import flat_head, normalized
from workbench.i18n import mark
from workbench.section import setting

IDEA = mark(
    "A search on real phones chose the width and kernel of every block of MobileNetV2; some blocks weigh their maps by "
    "squeeze-and-excitation, and a cheap piecewise function stands for the sigmoid. The features are widened last."
)


class MobileNetV3Section(FunctionSection):
    """Settings of both; the defaults are the paper's."""

    large_kernel: int = setting(
        5, title=mark("Large kernel"), unit="px", ge=1, le=15,
        help=mark("Side of the kernels of the later blocks; the first ones have 3."),
    )  # fmt: skip
    squeeze_excitation: bool = setting(
        True, title=mark("Squeeze-and-excitation"), help=mark("Some blocks weigh their maps by the means of all maps.")
    )
    activation: MobileActivation = mobile_activation_setting("hard_silu")
    dropout: float = dropout_setting(0.2)


class MobileNetV3LargeSection(MobileNetV3Section):
    """Settings of `mobilenet_v3_large`."""

    name: Literal["mobilenet_v3_large"] = setting("mobilenet_v3_large", title=mark("Architecture"), widget="hidden")


class MobileNetV3SmallSection(MobileNetV3Section):
    """Settings of `mobilenet_v3_small`."""

    name: Literal["mobilenet_v3_small"] = setting("mobilenet_v3_small", title=mark("Architecture"), widget="hidden")


def mobilenet_v3(
    x,
    variant,
    stem,
    stem_kernel_size,
    width_multiplier,
    large_kernel,
    squeeze_excitation,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by MobileNetV3; `variant` is "large" or "small"."""
    from keras import layers

    bias = normalization == "none"

    def wide(filters):
        return divisible(filters * width_multiplier)

    def activate(x, function, name):
        return layers.Activation(function, name=f"{name}_activation")(x)

    def convolution(x, filters, size, name, stride=1):
        x = layers.Conv2D(
            filters, size, strides=stride, padding="same", use_bias=bias, kernel_initializer="he_normal", name=name
        )(x)
        return normalized(x, normalization, momentum, name)

    def depthwise(x, size, stride, name):
        x = layers.DepthwiseConv2D(
            size, strides=stride, padding="same", use_bias=bias, depthwise_initializer=filter_per_channel(2.0),
            name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def weighed(x, name):
        """Squeeze-and-excitation: every map times a number that follows from the means of all maps."""
        filters = x.shape[-1]
        weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
        weights = layers.Conv2D(divisible(filters / 4), 1, activation="relu", name=f"{name}_squeeze_conv")(weights)
        weights = layers.Conv2D(filters, 1, activation="hard_sigmoid", name=f"{name}_excite_conv")(weights)
        return layers.Multiply(name=f"{name}_excite")([x, weights])

    def block(x, size, times, filters, squeeze, function, stride, name):
        """Widen the maps, filter each by itself, weigh them, narrow them again."""
        shortcut = x
        if times > 1:
            x = activate(
                convolution(x, divisible(x.shape[-1] * times), 1, f"{name}_expand"), function, f"{name}_expand"
            )
        x = activate(depthwise(x, size, stride, f"{name}_depthwise"), function, f"{name}_depthwise")
        x = weighed(x, name) if squeeze and squeeze_excitation else x
        x = convolution(x, filters, 1, f"{name}_project")
        unchanged = stride == 1 and shortcut.shape[-1] == filters
        return layers.Add(name=f"{name}_add")([shortcut, x]) if unchanged else x

    early, late, big = "relu", activation, large_kernel
    blocks = {  # kernel, expansion, filters, squeeze-and-excitation, activation, stride: tables 1 and 2 of the paper
        "large": [
            (3, 1, 16, False, early, 1),
            (3, 4, 24, False, early, 2),
            (3, 3, 24, False, early, 1),
            (big, 3, 40, True, early, 2),
            (big, 3, 40, True, early, 1),
            (big, 3, 40, True, early, 1),
            (3, 6, 80, False, late, 2),
            (3, 2.5, 80, False, late, 1),
            (3, 2.3, 80, False, late, 1),
            (3, 2.3, 80, False, late, 1),
            (3, 6, 112, True, late, 1),
            (3, 6, 112, True, late, 1),
            (big, 6, 160, True, late, 2),
            (big, 6, 160, True, late, 1),
            (big, 6, 160, True, late, 1),
        ],
        "small": [
            (3, 1, 16, True, early, 2),
            (3, 72 / 16, 24, False, early, 2),
            (3, 88 / 24, 24, False, early, 1),
            (big, 4, 40, True, late, 2),
            (big, 6, 40, True, late, 1),
            (big, 6, 40, True, late, 1),
            (big, 3, 48, True, late, 1),
            (big, 3, 48, True, late, 1),
            (big, 6, 96, True, late, 2),
            (big, 6, 96, True, late, 1),
            (big, 6, 96, True, late, 1),
        ],
    }[variant]
    widened = {"large": 1280, "small": 1024}[variant]

    small = is_small(x, stem)  # two halvings less: 32 px become 4 x 4 at the end
    x = convolution(x, wide(16), stem_kernel_size or 3, "stem", stride=1 if small else 2)
    x = activate(x, activation, "stem")
    halvings = 0
    for number, (size, times, filters, squeeze, function, stride) in enumerate(blocks, start=1):
        halvings += stride > 1
        stride = 1 if small and halvings == 1 else stride
        x = block(x, size, times, wide(filters), squeeze, function, stride, f"block_{number}")
    x = activate(convolution(x, divisible(x.shape[-1] * 6), 1, "last"), activation, "last")
    widened = wide(widened) if width_multiplier > 1 else widened
    return flat_head(x, head, (widened, *dense), activation, dropout)


class MobileNetV3(FunctionNetwork):
    """One of the two."""

    family = mark("MobileNet and SqueezeNet")
    help = mark("Found by a search on phones: inverted residuals with squeeze-and-excitation.")
    function = staticmethod(mobilenet_v3)
    helpers = (divisible, filter_per_channel)

    def __init__(
        self, section: type[MobileNetV3Section], title: str, variant: str, parameters: int, multiply_adds: int
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.variant = variant
        self.card = Card(
            IDEA, "Searching for MobileNetV3", "Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, "
            "Adam", 2019, "https://arxiv.org/abs/1905.02244", 224, parameters, multiply_adds,
        )  # fmt: skip

    def arguments(self, section: FunctionSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {"variant": self.variant, **super().arguments(section)}


def register(registry) -> None:
    """Add both to the architectures."""
    registry.architectures.add(
        MobileNetV3(MobileNetV3LargeSection, "MobileNetV3 large", "large", 5_507_432, 216_589_760)
    )
    registry.architectures.add(
        MobileNetV3(MobileNetV3SmallSection, "MobileNetV3 small", "small", 2_554_968, 56_510_400)
    )
