"""Xception (Chollet, 2017): separable convolutions with shortcuts, in an entry, a middle and an exit flow."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import kernel_size_setting
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, filter_per_channel, is_small
from workbench.architectures.published import flat_head, normalized, scaled
from workbench.i18n import mark
from workbench.section import setting


class XceptionSection(FunctionSection):
    """Settings of `xception`; the defaults are the paper's, but for the momentum."""

    name: Literal["xception"] = setting("xception", title=mark("Architecture"), widget="hidden")
    middle_blocks: int = setting(
        8, title=mark("Middle blocks"), ge=0, le=32,
        help=mark("How many blocks of three separable convolutions the middle flow repeats."),
    )  # fmt: skip
    kernel_size: int = kernel_size_setting(3)


def xception(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    middle_blocks,
    kernel_size,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by Xception."""
    from keras import layers

    def activate(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def convolution(x, filters, size, stride, padding, name):
        x = layers.Conv2D(
            filters, size, strides=stride, padding=padding, use_bias=normalization == "none",
            kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def separable(x, filters, name):
        x = layers.SeparableConv2D(
            filters, kernel_size, padding="same", use_bias=normalization == "none",
            depthwise_initializer=filter_per_channel(1.0), pointwise_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return normalized(x, normalization, momentum, name)

    def halving_block(x, first, second, name, activate_first=True):
        """Two separable convolutions and a pooling, beside a shortcut that keeps every second pixel."""
        shortcut = layers.MaxPooling2D(1, strides=2, name=f"{name}_shortcut_pixels")(x)
        shortcut = convolution(shortcut, second, 1, 1, "same", f"{name}_shortcut")
        x = activate(x, f"{name}_first") if activate_first else x
        x = separable(x, first, f"{name}_separable_1")
        x = separable(activate(x, f"{name}_second"), second, f"{name}_separable_2")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
        return layers.Add(name=f"{name}_add")([x, shortcut])

    def middle_block(x, name):
        """Three separable convolutions beside a shortcut that changes nothing."""
        shortcut, filters = x, x.shape[-1]
        for number in (1, 2, 3):
            x = separable(activate(x, f"{name}_{number}"), filters, f"{name}_separable_{number}")
        return layers.Add(name=f"{name}_add")([x, shortcut])

    # Entry flow; with the small stem the picture keeps its size at first, and 32 px become 2 x 2 at the end.
    stride, padding = (1, "same") if is_small(x, stem) else (2, "valid")
    x = convolution(x, scaled(32, width_multiplier), stem_kernel_size or 3, stride, padding, "stem_1")
    x = convolution(activate(x, "stem_1"), scaled(64, width_multiplier), 3, 1, padding, "stem_2")
    x = activate(x, "stem_2")
    x = halving_block(x, scaled(128, width_multiplier), scaled(128, width_multiplier), "entry_1", activate_first=False)
    x = halving_block(x, scaled(256, width_multiplier), scaled(256, width_multiplier), "entry_2")
    x = halving_block(x, scaled(728, width_multiplier), scaled(728, width_multiplier), "entry_3")
    for number in range(1, middle_blocks + 1):
        x = middle_block(x, f"middle_{number}")
    # Exit flow
    x = halving_block(x, scaled(728, width_multiplier), scaled(1024, width_multiplier), "exit")
    x = activate(separable(x, scaled(1536, width_multiplier), "last_1"), "last_1")
    x = activate(separable(x, scaled(2048, width_multiplier), "last_2"), "last_2")
    return flat_head(x, head, dense, activation, dropout)


class Xception(FunctionNetwork):
    """Each convolution in two parts: one filter per channel, then a mix of the channels at every pixel."""

    family = mark("Inception and Xception")
    name = "xception"
    title = "Xception"
    help = mark(
        "Separable convolutions with shortcuts; good for photographs, and at small pictures with its small stem."
    )
    section = XceptionSection
    helpers = (filter_per_channel,)
    function = staticmethod(xception)
    card = Card(
        idea=mark(
            "A convolution looks at space and channels at once. Xception takes the two apart everywhere: first a "
            "filter for each channel, then a mix of the channels at each pixel, with shortcuts around the blocks."
        ),
        paper="Xception: Deep Learning with Depthwise Separable Convolutions",
        authors="Chollet",
        year=2017,
        url="https://arxiv.org/abs/1610.02357",
        size=299,
        parameters=22_910_480,
        multiply_adds=8_357_403_496,
    )

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": {"name": "cosine"}, "batch_size": 64,
                "warmup_epochs": 0.5, "epochs": 20}  # fmt: skip


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(Xception())
