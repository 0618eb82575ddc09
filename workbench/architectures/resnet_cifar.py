"""The residual networks for pictures of 32 px (He et al., 2016, section 4.2): three stages of 16, 32 and 64 filters."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.network_function import FunctionNetwork, FunctionSection
from workbench.architectures.published import (
    every_second_pixel,
    flat_head,
    normalized,
    scaled,
    squeeze_and_excite,
    squeeze_excitation_setting,
)
from workbench.i18n import mark
from workbench.section import setting


class ResNetCifarSection(FunctionSection):
    """Settings of `resnet_cifar`; the defaults are those of the paper's smallest, but for the momentum."""

    name: Literal["resnet_cifar"] = setting("resnet_cifar", title=mark("Architecture"), widget="hidden")
    depth: Literal[8, 14, 20, 26, 32, 38, 44, 50, 56, 62, 68, 74, 80, 86, 92, 98, 104, 110] = setting(
        20, title=mark("Layers"),
        help=mark("Layers with weights on the longest way: 6 for every block of each stage, and 2. The paper tries 20, "
                  "32, 44, 56 and 110."),
    )  # fmt: skip
    shortcut: Literal["zeros", "projection"] = setting(
        "zeros", title=mark("Shortcut"), labels={"zeros": mark("Zeros (A)"),
                                                 "projection": mark("Projection (B)")},
        help=mark("What the shortcut gets where the number of maps grows: maps of zeros, or a 1 × 1 convolution."),
    )  # fmt: skip
    stem: Literal["auto", "small", "large"] = setting(
        "auto", title=mark("Stem"),
        labels={"auto": mark("Automatic"), "small": mark("As published"),
                "large": mark("With stride and pooling")},
        help=mark("The paper's first convolution keeps every pixel. For pictures of 64 px and more it has a "
                  "stride, and a pooling behind it."),
    )  # fmt: skip
    squeeze_excitation: int = squeeze_excitation_setting()


def resnet_cifar(
    inputs,
    depth,
    shortcut,
    stem,
    stem_kernel_size,
    width_multiplier,
    squeeze_excitation,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: a convolution, then three stages of (depth - 2) / 6 residual blocks."""
    import keras
    from keras import layers

    large = stem == "large" or (stem == "auto" and min(inputs.shape[1:3]) >= 64)

    def convolution(x, filters, kernel_size, stride, name):
        x = layers.Conv2D(
            filters, kernel_size, strides=stride, padding="same", use_bias=normalization == "none",
            kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def activate(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def passed_by(x, filters, stride, name):
        new = filters - x.shape[-1]
        x = every_second_pixel(x, stride, f"{name}_shortcut")
        if new > 0 and shortcut == "projection":
            return convolution(x, filters, 1, 1, f"{name}_shortcut")
        return keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (new // 2, new - new // 2))) if new > 0 else x

    def residual(x, filters, stride, name):
        beside = passed_by(x, filters, stride, name)
        x = activate(convolution(x, filters, 3, stride, f"{name}_conv1"), f"{name}_conv1")
        x = convolution(x, filters, 3, 1, f"{name}_conv2")
        if squeeze_excitation:
            x = squeeze_and_excite(x, squeeze_excitation, name)
        return activate(layers.Add(name=f"{name}_add")([x, beside]), name)

    filters = scaled(16, width_multiplier)
    x = activate(
        convolution(inputs, filters, stem_kernel_size or (7 if large else 3), 2 if large else 1, "stem"), "stem"
    )
    if large:
        x = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage in range(1, 4):
        filters = scaled(16 * 2 ** (stage - 1), width_multiplier)
        for block in range(1, (depth - 2) // 6 + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = residual(x, filters, stride, f"stage{stage}_block{block}")
    return flat_head(x, head, dense, activation, dropout)


class ResNetCifar(FunctionNetwork):
    """20 to 110 layers with few parameters, made for 32 px."""

    function = staticmethod(resnet_cifar)
    helpers = (every_second_pixel, squeeze_and_excite)
    family = mark("Residual networks")
    name = "resnet_cifar"
    title = mark("ResNet for small pictures")
    help = mark("Residual blocks of 16, 32 and 64 filters, 20 to 110 layers, made for pictures of 32 px.")
    section = ResNetCifarSection
    card = Card(
        mark("The residual blocks of the large networks in three narrow stages without a pooling at the entry. "
             "Shortcuts without parameters show that depth alone makes the difference; with 10 classes it has 0.27 "
             "million trained parameters."),
        "Deep Residual Learning for Image Recognition", "He, Zhang, Ren, Sun", 2016,
        "https://arxiv.org/abs/1512.03385", 32, 334_072, 40_614_400,
    )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 3e-3},
            "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0,
            "batch_size": 64,
        }


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(ResNetCifar())
