"""The U-Net (Ronneberger, Fischer and Brox, 2015): down to a coarse map, up again, with the fine maps passed across.

Unlike the paper's, its convolutions keep the size ("same" padding), so that there is an answer for every pixel.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Architecture
from workbench.architectures.convolutional import (
    Normalization,
    activation_setting,
    dropout_setting,
    normalization_setting,
)
from workbench.architectures.layers import Activation
from workbench.architectures.source_code import call_of, source_of
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ImageInput, MaskTarget


class UNetSection(ArchitectureSection):
    """Settings of `unet`; the defaults are the paper's."""

    name: Literal["unet"] = setting("unet", title=mark("Architecture"), widget="hidden")
    depth: int = setting(
        4, title=mark("Depth"), help=mark("How often the picture is halved on the way down."), ge=1, le=6
    )
    base_filters: int = setting(
        64, title=mark("Base filters"), ge=1, le=256,
        help=mark("Filters of the convolutions at full size; every step down doubles them."),
    )  # fmt: skip
    up: Literal["upsample", "transposed"] = setting(
        "upsample", title=mark("Way up"), help=mark("How a map is made twice as large."),
        labels={"upsample": mark("Up-sampling and a 2x2 convolution"), "transposed": mark("Transposed convolution")},
    )  # fmt: skip
    skip: bool = setting(
        True, title=mark("Skip connections"),
        help=mark("Pass the maps of the way down across to the way up. Without them fine detail is lost."),
    )  # fmt: skip
    activation: Activation = activation_setting("relu")
    normalization: Normalization = normalization_setting("none")
    dropout: float = dropout_setting(0.0, help=mark("Share of the values set to 0 at the two lowest steps."))


class UNet(Architecture):
    """For answers that are a map: the features have the height and width of the input."""

    name = "unet"
    title = mark("U-Net")
    help = mark("For a class per pixel: down to a coarse map and up again, with the fine maps passed across.")
    section = UNetSection
    targets = (MaskTarget.kind,)

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "batch_size": 8}

    def build(self, section: UNetSection, inputs: Any, spec: ImageInput) -> Any:
        """See `Architecture.build`; any size: it is padded to a multiple of 2^depth and cut again."""
        return unet(inputs, **section.model_dump(exclude={"name"}))

    def code(self, section: UNetSection) -> tuple[str, str]:
        """See `Architecture.code`."""
        return source_of(unet), call_of(unet, section.model_dump(exclude={"name"}))


def unet(inputs, depth, base_filters, up, skip, activation, normalization, dropout):
    """Features of every pixel of a batch of pictures, (batch, height, width, base_filters)."""
    from keras import layers

    def convolution(x, filters, kernel_size, name):
        plain = normalization == "none"
        x = layers.Conv2D(
            filters, kernel_size, padding="same", use_bias=plain, kernel_initializer="he_normal", name=name
        )(x)
        if not plain:
            x = layers.BatchNormalization(momentum=0.9, name=f"{name}_batch_norm")(x)
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def two_convolutions(x, filters, name):
        return convolution(convolution(x, filters, 3, f"{name}_conv_1"), filters, 3, f"{name}_conv_2")

    def drop(x, name):
        return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x

    def enlarge(x, filters, name):
        if up == "transposed":
            return layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_transposed")(x)
        return convolution(layers.UpSampling2D(2, name=f"{name}_sampling")(x), filters, 2, f"{name}_conv_up")

    height, width = inputs.shape[1:3]
    below, right = -height % 2**depth, -width % 2**depth
    margins = ((below // 2, below - below // 2), (right // 2, right - right // 2))
    x = layers.ZeroPadding2D(margins, name="pad")(inputs) if below or right else inputs
    passed = []
    for step in range(1, depth + 1):
        x = two_convolutions(x, base_filters * 2 ** (step - 1), f"down_{step}")
        if step == depth:
            x = drop(x, f"down_{step}")
        passed.append(x)
        x = layers.MaxPooling2D(2, name=f"down_{step}_pool")(x)
    x = drop(two_convolutions(x, base_filters * 2**depth, "bottom"), "bottom")
    for step in range(depth, 0, -1):
        x = enlarge(x, base_filters * 2 ** (step - 1), f"up_{step}")
        if skip:
            x = layers.Concatenate(name=f"up_{step}_join")([passed[step - 1], x])
        x = two_convolutions(x, base_filters * 2 ** (step - 1), f"up_{step}")
    return layers.Cropping2D(margins, name="trim")(x) if below or right else x


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(UNet())
