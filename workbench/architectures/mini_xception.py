"""A small Xception (Chollet, 2017) as in keras.io/examples/vision/image_classification_from_scratch."""

from typing import Any, Literal

from workbench.architectures.architecture import Architecture
from workbench.architectures.convolutional import (
    Counts,
    Head,
    Normalization,
    activation_setting,
    dropout_setting,
    head_setting,
    kernel_size_setting,
    normalization_setting,
)
from workbench.architectures.layers import BATCH_NORM_MOMENTUM, Activation
from workbench.architectures.source_code import call_of, source_of
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import InputSpec


class MiniXceptionSection(ArchitectureSection):
    """Settings of `mini_xception`; the defaults are the example's."""

    name: Literal["mini_xception"] = setting("mini_xception", title=mark("Architecture"), widget="hidden")
    entry_filters: int = setting(
        128, title=mark("Entry filters"), help=mark("Filters of the convolution at the entry."), ge=1, le=2048
    )
    entry_stride: int = setting(
        2, title=mark("Entry stride"), unit="px", ge=1, le=8,
        help=mark("Step of the convolution at the entry; 1 suits small input."),
    )  # fmt: skip
    filters: Counts = setting(
        (256, 512, 728), title=mark("Filters"), min_length=1, max_length=16, widget="numbers",
        help=mark("The number of filters of each residual block, separated by commas; as many blocks as numbers."),
    )  # fmt: skip
    exit_filters: int = setting(
        1024, title=mark("Exit filters"), help=mark("Filters of the last separable convolution."), ge=1, le=8192
    )
    kernel_size: int = kernel_size_setting(3)
    activation: Activation = activation_setting("relu")
    normalization: Normalization = normalization_setting("batch")
    momentum: float = setting(
        BATCH_NORM_MOMENTUM, title=mark("Momentum of the normalisation"), ge=0, lt=1, advanced=True,
        help=mark("How slowly the mean and deviation that predictions use follow those of the batches."),
    )  # fmt: skip
    head: Head = head_setting("global_average")
    dropout: float = dropout_setting(0.5)


class MiniXception(Architecture):
    """Separable convolutions in residual blocks; every block halves the picture and passes it by a shortcut."""

    name = "mini_xception"
    title = mark("Mini Xception")
    help = mark("Separable convolutions with shortcuts, for photographs of 100 to 300 pixels.")
    section = MiniXceptionSection

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {"optimizer": {"name": "adam", "learning_rate": 3e-4}}

    def build(self, section: MiniXceptionSection, inputs: Any, spec: InputSpec) -> Any:
        """See `Architecture.build`."""
        return mini_xception(inputs, **section.model_dump(exclude={"name"}))

    def code(self, section: MiniXceptionSection) -> tuple[str, str]:
        """See `Architecture.code`."""
        return source_of(mini_xception), call_of(mini_xception, section.model_dump(exclude={"name"}))


def mini_xception(
    inputs,
    entry_filters,
    entry_stride,
    filters,
    exit_filters,
    kernel_size,
    activation,
    normalization,
    momentum,
    head,
    dropout,
):
    """The features of a batch of pictures: separable convolutions in residual blocks, each halving the picture."""
    from keras import layers

    def normalize(x, name):
        if normalization == "none":
            return x
        return layers.BatchNormalization(momentum=momentum, name=f"{name}_batch_norm")(x)

    def activate(x, name):
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def separable(x, count, name):
        return normalize(layers.SeparableConv2D(count, kernel_size, padding="same", name=name)(x), name)

    x = layers.Conv2D(entry_filters, kernel_size, strides=entry_stride, padding="same", name="entry")(inputs)
    x = activate(normalize(x, "entry"), "entry")
    for number, count in enumerate(filters, start=1):
        block = f"block_{number}"
        every_second_pixel = layers.MaxPooling2D(1, strides=2, name=f"{block}_every_second_pixel")(x)
        shortcut = layers.Conv2D(count, 1, name=f"{block}_shortcut")(every_second_pixel)
        x = separable(activate(x, f"{block}_first"), count, f"{block}_separable_1")
        x = separable(activate(x, f"{block}_second"), count, f"{block}_separable_2")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{block}_pool")(x)
        x = layers.Add(name=f"{block}_add")([x, shortcut])
    x = activate(separable(x, exit_filters, "exit"), "exit")
    heads = {
        "global_average": layers.GlobalAveragePooling2D,
        "global_max": layers.GlobalMaxPooling2D,
        "flatten": layers.Flatten,
    }
    x = heads[head](name="head")(x)
    return layers.Dropout(dropout, name="dropout")(x) if dropout else x


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(MiniXception())
