"""EfficientNet (Tan and Le, 2019): width, depth and size of the picture grow together, by fixed proportions."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import (
    dropout_setting,
)
from workbench.architectures.network_function import (
    FunctionNetwork,
    FunctionSection,
    MobileActivation,
    is_small,
    mobile_activation_setting,
)
from workbench.architectures.published import (
    Stem,
    depth_multiplier_setting,
    flat_head,
    normalized,
    stem_setting,
)
from workbench.architectures.stochastic_depth import drop_path, stochastic_depth_setting
from workbench.i18n import mark
from workbench.section import setting

IDEA = mark(
    "A small network found by search, made of narrow blocks that widen, look at each map by itself, weigh the maps and "
    "narrow again. Its larger sisters follow by one rule: deeper, wider and for larger pictures, all in proportion."
)


class EfficientNetSection(FunctionSection):
    """Settings of all EfficientNets; the defaults are the paper's, but for the momentum."""

    stem: Stem = stem_setting(
        mark("For small pictures (shorter side below 64 px) the first convolution has no stride.")
    )
    depth_multiplier: float = depth_multiplier_setting()
    squeeze_excitation: float = setting(
        0.25, title=mark("Squeeze-and-excitation"), ge=0, le=1,
        help=mark("Weigh the maps of every block by their means, through a layer with this share of the block's "
                  "filters; 0 leaves it out."),
    )  # fmt: skip
    activation: MobileActivation = mobile_activation_setting("silu")
    stochastic_depth: float = stochastic_depth_setting(0.2)
    dropout: float = dropout_setting(0.2)


class EfficientNetB0Section(EfficientNetSection):
    """Settings of `efficientnet_b0`."""

    name: Literal["efficientnet_b0"] = setting("efficientnet_b0", title=mark("Architecture"), widget="hidden")


class EfficientNetB1Section(EfficientNetSection):
    """Settings of `efficientnet_b1`."""

    name: Literal["efficientnet_b1"] = setting("efficientnet_b1", title=mark("Architecture"), widget="hidden")


class EfficientNetB2Section(EfficientNetSection):
    """Settings of `efficientnet_b2`."""

    name: Literal["efficientnet_b2"] = setting("efficientnet_b2", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.3)


class EfficientNetB3Section(EfficientNetSection):
    """Settings of `efficientnet_b3`."""

    name: Literal["efficientnet_b3"] = setting("efficientnet_b3", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.3)


class EfficientNetB4Section(EfficientNetSection):
    """Settings of `efficientnet_b4`."""

    name: Literal["efficientnet_b4"] = setting("efficientnet_b4", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.4)


class EfficientNetB5Section(EfficientNetSection):
    """Settings of `efficientnet_b5`."""

    name: Literal["efficientnet_b5"] = setting("efficientnet_b5", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.4)


class EfficientNetB6Section(EfficientNetSection):
    """Settings of `efficientnet_b6`."""

    name: Literal["efficientnet_b6"] = setting("efficientnet_b6", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.5)


class EfficientNetB7Section(EfficientNetSection):
    """Settings of `efficientnet_b7`."""

    name: Literal["efficientnet_b7"] = setting("efficientnet_b7", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.5)


def efficientnet(
    inputs,
    stem,
    stem_kernel_size,
    width_multiplier,
    depth_multiplier,
    squeeze_excitation,
    activation,
    normalization,
    momentum,
    stochastic_depth,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: seven stages of inverted residual blocks (table 1 of the paper)."""
    import math

    import keras

    layers = keras.layers
    small = is_small(inputs, stem)

    def filters_of(count):
        """So many filters times the width, as a multiple of 8, and at most a tenth less."""
        wide = count * width_multiplier
        rounded = max(8, int(wide + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * wide else rounded

    def wide_start():
        """As in the original: by the outputs, so that a kernel on a single map does not begin too small."""
        return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")

    def finished(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(normalized(x, normalization, momentum, name))

    def convolution(x, filters, size, stride, name):
        return layers.Conv2D(
            filters, size, strides=stride, padding="same", use_bias=normalization == "none",
            kernel_initializer=wide_start(), name=name,
        )(x)  # fmt: skip

    def weighed(x, filters, name):
        """Squeeze and excitation: the maps, each weighed by what the means of all say."""
        weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
        weights = layers.Dense(filters, activation=activation, name=f"{name}_squeeze_dense")(weights)
        weights = layers.Dense(x.shape[-1], activation="sigmoid", name=f"{name}_excite_dense")(weights)
        return layers.Multiply(name=f"{name}_excite")([x, weights])

    def block(x, filters, expansion, size, stride, rate, name):
        """Widen, look at each map by itself, weigh, narrow; beside a shortcut where the shape stays."""
        before = x.shape[-1]
        new = x
        if expansion > 1:
            new = finished(convolution(x, before * expansion, 1, 1, f"{name}_widen"), f"{name}_widen")
        new = layers.DepthwiseConv2D(
            size, strides=stride, padding="same", use_bias=normalization == "none",
            depthwise_initializer=wide_start(), name=f"{name}_depthwise",
        )(new)  # fmt: skip
        new = finished(new, f"{name}_depthwise")
        if squeeze_excitation:
            new = weighed(new, max(1, int(before * squeeze_excitation)), name)
        new = convolution(new, filters, 1, 1, f"{name}_narrow")
        new = normalized(new, normalization, momentum, f"{name}_narrow")
        if stride > 1 or before != filters:
            return new
        return layers.Add(name=f"{name}_add")([x, drop_path(new, rate, name)])

    stages = (  # expansion, filters, blocks, kernel size, stride
        (1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1), (6, 192, 4, 5, 2),
        (6, 320, 1, 3, 1),
    )  # fmt: skip
    x = convolution(inputs, filters_of(32), stem_kernel_size or 3, 1 if small else 2, "stem")
    x = finished(x, "stem")
    repeats = [math.ceil(depth_multiplier * count) for _, _, count, _, _ in stages]
    done = 0
    for stage, (expansion, count, _, size, stride) in enumerate(stages, start=1):
        for number in range(1, repeats[stage - 1] + 1):
            rate = stochastic_depth * done / sum(repeats)
            step = stride if number == 1 else 1
            x = block(x, filters_of(count), expansion, size, step, rate, f"stage{stage}_block{number}")
            done += 1
    x = finished(convolution(x, filters_of(1280), 1, 1, "last"), "last")
    return flat_head(x, head, dense, activation, dropout)


class EfficientNet(FunctionNetwork):
    """One of B0 to B7: the factors of width and depth, and the size of the pictures they belong to."""

    function = staticmethod(efficientnet)
    helpers = (drop_path,)
    family = mark("EfficientNet")
    help = mark("Narrow blocks that weigh their maps; few parameters, but slow on a processor for its size.")

    def __init__(
        self,
        section: type[EfficientNetSection],
        width: float,
        depth: float,
        size: int,
        parameters: int,
        multiply_adds: int,
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = f"EfficientNet-B{self.name[-1]}"
        self.section = section
        self.width = width
        self.depth = depth
        self.card = Card(
            IDEA, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", "Tan, Le", 2019,
            "https://arxiv.org/abs/1905.11946", size, parameters, multiply_adds,
        )  # fmt: skip

    def arguments(self, section: EfficientNetSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {
            **super().arguments(section),
            "width_multiplier": self.width * section.width_multiplier,
            "depth_multiplier": self.depth * section.depth_multiplier,
        }


def register(registry) -> None:
    """Add them to the architectures."""
    # Factor of the width, of the depth, side of the pictures, parameters as Keras counts them.
    registry.architectures.add(EfficientNet(EfficientNetB0Section, 1.0, 1.0, 224, 5_330_571, 385_814_752))
    registry.architectures.add(EfficientNet(EfficientNetB1Section, 1.0, 1.1, 240, 7_856_239, 686_802_832))
    registry.architectures.add(EfficientNet(EfficientNetB2Section, 1.1, 1.2, 260, 9_177_569, 993_561_872))
    registry.architectures.add(EfficientNet(EfficientNetB3Section, 1.2, 1.4, 300, 12_320_535, 1_827_141_392))
    registry.architectures.add(EfficientNet(EfficientNetB4Section, 1.4, 1.8, 380, 19_466_823, 4_393_771_024))
    registry.architectures.add(EfficientNet(EfficientNetB5Section, 1.6, 2.2, 456, 30_562_527, 10_266_384_752))
    registry.architectures.add(EfficientNet(EfficientNetB6Section, 1.8, 2.6, 528, 43_265_143, 19_067_593_536))
    registry.architectures.add(EfficientNet(EfficientNetB7Section, 2.0, 3.1, 600, 66_658_687, 37_745_884_192))
