"""The family of plain convolutional networks: convolutions with poolings between them, a head, dense layers.

`simple_cnn`, `overview_cnn` and `lenet5` differ in their defaults only; all settings are the same.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from workbench.architectures import layers
from workbench.architectures.architecture import Architecture
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting

Pooling = Literal["max", "average", "none"]
Normalization = Literal["none", "batch"]
Head = Literal["flatten", "global_average", "global_max"]


def _split(value: Any) -> Any:
    """A text like `32, 64` as its parts, as it comes from the command line or a text field."""
    return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else value


Counts = Annotated[tuple[Annotated[int, Field(ge=1, le=16_384)], ...], BeforeValidator(_split)]
"""Numbers of filters or units, one per layer."""


def filters_setting(default: tuple[int, ...]) -> Any:
    """Filters per convolution."""
    return setting(
        default, title=mark("Filters"), min_length=1, max_length=16, widget="numbers",
        help=mark("The number of filters of each convolution, separated by commas; as many convolutions as numbers."),
    )  # fmt: skip


def kernel_size_setting(default: int) -> Any:
    """Side of the kernels."""
    return setting(
        default, title=mark("Kernel size"), unit="px", help=mark("Side of the square a filter looks at."), ge=1, le=31
    )


def padding_setting(default: str) -> Any:
    """What happens at the edges."""
    return setting(
        default, title=mark("Padding"), labels=layers.PADDING_LABELS,
        help=mark("Whether zeros are put around the picture so that the kernel fits at its edges."),
    )  # fmt: skip


def pooling_setting(default: str) -> Any:
    """Kind of the pooling after each convolution."""
    return setting(
        default, title=mark("Pooling"), help=mark("What stands after every convolution to make the picture smaller."),
        labels={"max": mark("Largest value"), "average": mark("Mean"), "none": mark("None")},
    )  # fmt: skip


def activation_setting(default: str) -> Any:
    """The function after every hidden layer."""
    return setting(
        default, title=mark("Activation"), labels=layers.ACTIVATION_LABELS,
        help=mark("The function after every convolution and hidden dense layer."),
    )  # fmt: skip


def normalization_setting(default: str = "none") -> Any:
    """Whether layers are normalised."""
    return setting(
        default, title=mark("Normalisation"), labels={"none": mark("None"), "batch": mark("Batch normalisation")},
        help=mark("Batch normalisation between a layer and its activation."),
    )  # fmt: skip


def head_setting(default: str) -> Any:
    """How maps become a list."""
    return setting(
        default, title=mark("Head"), help=mark("How the last maps become one list of numbers."),
        labels={"flatten": mark("Flatten"), "global_average": mark("Global average"), "global_max": mark("Global max")},
    )  # fmt: skip


def dense_setting(default: tuple[int, ...]) -> Any:
    """Units of the hidden dense layers."""
    return setting(
        default, title=mark("Dense layers"), max_length=16, widget="numbers",
        help=mark("The units of each hidden dense layer, separated by commas; empty for none."),
    )  # fmt: skip


def dropout_setting(default: float, help: str = mark("Share of the values set to 0 before the output layer.")) -> Any:
    """Share of values dropped in training."""
    return setting(default, title=mark("Dropout"), help=help, ge=0, le=0.95)


class ConvolutionalSection(ArchitectureSection):
    """Settings of a plain convolutional network; a member of the family gives them its own defaults."""

    filters: Counts = filters_setting((32, 64))
    kernel_size: int = kernel_size_setting(3)
    stride: int = setting(1, title=mark("Stride"), unit="px", help=mark("Step of the kernel."), ge=1, le=8)
    padding: layers.Padding = padding_setting("valid")
    pooling: Pooling = pooling_setting("max")
    pool_size: int = setting(
        2, title=mark("Pool size"), unit="px", help=mark("Side of the square that becomes one value."), ge=1, le=16
    )
    activation: layers.Activation = activation_setting("relu")
    normalization: Normalization = normalization_setting()
    head: Head = head_setting("flatten")
    dense: Counts = dense_setting(())
    dropout: float = dropout_setting(0.0)


def with_activation(layer: layers.Layer, activation: str, normalization: str) -> list[layers.Layer]:
    """A convolution or dense layer with its activation, and a batch normalisation between the two if wanted."""
    if normalization == "none":
        return [layer.model_copy(update={"activation": activation})]
    plain = layer.model_copy(update={"activation": "linear", "use_bias": False})
    return [plain, layers.BatchNormalization(), layers.ActivationLayer(activation=activation)]


def pool(kind: str, size: int) -> list[layers.Layer]:
    """A pooling of that kind, or nothing."""
    match kind:
        case "max":
            return [layers.MaxPooling(pool_size=size)]
        case "average":
            return [layers.AveragePooling(pool_size=size)]
    return []


def head(kind: str) -> layers.Layer:
    """The layer that makes a list of the last maps."""
    match kind:
        case "global_average":
            return layers.GlobalAveragePooling()
        case "global_max":
            return layers.GlobalMaxPooling()
    return layers.Flatten()


class ConvolutionalNetwork(Architecture):
    """A plain convolutional network."""

    section = ConvolutionalSection

    def layers(self, section: ConvolutionalSection) -> list[layers.Layer]:
        """See `Architecture.layers`."""
        stack: list[layers.Layer] = []
        for number, filters in enumerate(section.filters):
            convolution = layers.Convolution(
                filters=filters,
                kernel_size=section.kernel_size,
                stride=section.stride,
                padding=self.padding_of(section, number),
            )
            stack += with_activation(convolution, section.activation, section.normalization)
            stack += pool(section.pooling, section.pool_size)
        stack.append(head(section.head))
        for units in section.dense:
            stack += with_activation(layers.Dense(units=units), section.activation, section.normalization)
        if section.dropout:
            stack.append(layers.Dropout(rate=section.dropout))
        return stack

    def padding_of(self, section: ConvolutionalSection, number: int) -> str:
        """The padding of the convolution of that number, counted from 0."""
        return section.padding
