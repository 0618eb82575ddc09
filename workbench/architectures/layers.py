"""The layers a network can be stacked from, as plain settings: what a user edits, a table counts and Keras builds.

A spec states three things of its layer and nothing else does: its settings, what it does to a shape (`effect`), and the
Keras layer it stands for (`keras`), from which both the network and the script of *Copy as Keras code* are made. A new
kind of layer is a class here and an entry in `LayerSpec`.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Discriminator, TypeAdapter, ValidationError

from workbench.architectures.windows import (
    ImpossibleLayerError,
    require_picture,
    slide,
    window_formula,
)
from workbench.i18n import _, mark
from workbench.section import Section, explain, setting

Activation = Literal[
    "linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "softplus", "softmax"
]
Padding = Literal["valid", "same"]

ACTIVATION_LABELS = {
    "linear": mark("None"), "relu": "ReLU", "leaky_relu": mark("Leaky ReLU"), "elu": "ELU", "selu": "SELU",
    "gelu": "GELU", "silu": "SiLU (swish)", "tanh": "tanh", "sigmoid": "Sigmoid", "softplus": "Softplus",
    "softmax": "Softmax",
}  # fmt: skip
PADDING_LABELS = {"valid": mark("None (valid)"), "same": mark("Zeros around (same)")}


@dataclass(frozen=True)
class Effect:
    """What a layer does to a shape.

    Attributes:
        output_shape: without the batch axis.
        parameters: all numbers the layer keeps; `trainable` of them are learned.
        trainable: see `parameters`.
        formula: how `parameters` came about, with the numbers in it; empty when there are none.
        shape_formula: how the output shape came about; empty when it is the input's.
        multiply_adds: multiplications with addition for one sample.
    """

    output_shape: tuple[int, ...]
    parameters: int = 0
    trainable: int = 0
    formula: str = ""
    shape_formula: str = ""
    multiply_adds: int = 0


@dataclass(frozen=True)
class KerasCall:
    """A class of `keras.layers` with its arguments; what equals Keras' own default is left out."""

    layer: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]


class Layer(Section):
    """Base of all layer specs."""

    title: ClassVar[str]
    prefix: ClassVar[str]

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """What the layer does to a sample of that shape.

        Raises:
            ImpossibleLayerError: it cannot stand there.
        """
        raise NotImplementedError

    def keras(self) -> KerasCall:
        """The Keras layer it stands for."""
        raise NotImplementedError

    def caption(self) -> str:
        """Its settings in a few words, for a line in a list."""
        return ""


def _given(**options: Any) -> dict[str, Any]:
    """The options that differ from Keras' defaults, in the order given."""
    defaults = {
        "strides": 1, "padding": "valid", "dilation_rate": 1, "depth_multiplier": 1, "activation": "linear",
        "use_bias": True, "momentum": 0.99,
    }  # fmt: skip
    return {name: value for name, value in options.items() if value is not None and value != defaults.get(name)}


def _times(*numbers: int) -> str:
    return " × ".join(str(number) for number in numbers)


def _activation_setting(default: str = "linear") -> Any:
    return setting(
        default, title=mark("Activation"), labels=ACTIVATION_LABELS, help=mark("The function applied to every output.")
    )


def _padding_setting() -> Any:
    return setting(
        "valid",
        title=mark("Padding"),
        labels=PADDING_LABELS,
        help=mark("Whether zeros are put around the picture so that the window fits at its edges."),
    )


class Convolution(Layer):
    """A two-dimensional convolution."""

    title: ClassVar[str] = mark("Convolution")
    prefix: ClassVar[str] = "conv"
    kind: Literal["convolution"] = setting("convolution", title=mark("Kind"), widget="hidden")
    filters: int = setting(
        32, title=mark("Filters"), help=mark("Patterns it can learn, each gives a map."), ge=1, le=4096
    )
    kernel_size: int = setting(
        3, title=mark("Kernel size"), unit="px", help=mark("Side of the square it looks at."), ge=1, le=31
    )
    stride: int = setting(1, title=mark("Stride"), unit="px", help=mark("Step of the kernel."), ge=1, le=16)
    padding: Padding = _padding_setting()
    activation: Activation = _activation_setting("relu")
    dilation: int = setting(
        1, title=mark("Dilation"), help=mark("Distance between the points of the kernel."), ge=1, le=16, advanced=True
    )
    use_bias: bool = setting(
        True, title=mark("Bias"), help=mark("A number per filter that is added; of no use before a normalisation."),
        advanced=True,
    )  # fmt: skip

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        require_picture(shape, _("A convolution"))
        if self.stride > 1 and self.dilation > 1:
            raise ImpossibleLayerError(
                _("A stride of {stride} and a dilation of {dilation} cannot go together. Set one of them to 1.").format(
                    stride=self.stride, dilation=self.dilation
                )
            )
        height, width = slide(shape, self.kernel_size, self.stride, self.padding, _("kernel"), self.dilation)
        inputs, size = shape[2], self.kernel_size
        weights = size * size * inputs * self.filters
        parameters = weights + self.filters * self.use_bias
        if self.use_bias:
            formula = f"({_times(size, size, inputs)} + 1) × {self.filters} = {parameters}"
        else:
            formula = f"{_times(size, size, inputs, self.filters)} = {parameters}"
        return Effect(
            (height, width, self.filters), parameters, parameters, formula,
            window_formula(shape[0], size, self.stride, self.padding, self.dilation), weights * height * width,
        )  # fmt: skip

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        options = _given(
            strides=self.stride, padding=self.padding, dilation_rate=self.dilation, activation=self.activation,
            use_bias=self.use_bias,
        )  # fmt: skip
        return KerasCall("Conv2D", (self.filters, self.kernel_size), options)

    def caption(self) -> str:
        """See `Layer.caption`."""
        return _("{filters} filters {size} × {size}, {activation}").format(
            filters=self.filters, size=self.kernel_size, activation=self.activation
        )


class SeparableConvolution(Layer):
    """A convolution per channel, then one over the channels (Chollet, Xception, 2017)."""

    title: ClassVar[str] = mark("Separable convolution")
    prefix: ClassVar[str] = "separable_conv"
    kind: Literal["separable_convolution"] = setting("separable_convolution", title=mark("Kind"), widget="hidden")
    filters: int = setting(
        32, title=mark("Filters"), help=mark("Patterns it can learn, each gives a map."), ge=1, le=4096
    )
    kernel_size: int = setting(
        3, title=mark("Kernel size"), unit="px", help=mark("Side of the square it looks at."), ge=1, le=31
    )
    stride: int = setting(1, title=mark("Stride"), unit="px", help=mark("Step of the kernel."), ge=1, le=16)
    padding: Padding = _padding_setting()
    activation: Activation = _activation_setting("relu")
    depth_multiplier: int = setting(
        1, title=mark("Depth multiplier"), help=mark("Maps per channel in the first of its two steps."), ge=1, le=16,
        advanced=True,
    )  # fmt: skip
    use_bias: bool = setting(
        True, title=mark("Bias"), help=mark("A number per filter that is added; of no use before a normalisation."),
        advanced=True,
    )  # fmt: skip

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        require_picture(shape, _("A separable convolution"))
        height, width = slide(shape, self.kernel_size, self.stride, self.padding, _("kernel"))
        inputs, size, multiplier = shape[2], self.kernel_size, self.depth_multiplier
        depthwise = size * size * inputs * multiplier
        pointwise = inputs * multiplier * self.filters
        parameters = depthwise + pointwise + self.filters * self.use_bias
        between = _times(inputs, multiplier) if multiplier > 1 else str(inputs)
        if self.use_bias:
            formula = f"{_times(size, size)} × {between} + ({between} + 1) × {self.filters} = {parameters}"
        else:
            formula = f"{_times(size, size)} × {between} + {between} × {self.filters} = {parameters}"
        return Effect(
            (height, width, self.filters), parameters, parameters, formula,
            window_formula(shape[0], size, self.stride, self.padding), (depthwise + pointwise) * height * width,
        )  # fmt: skip

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        options = _given(
            strides=self.stride, padding=self.padding, depth_multiplier=self.depth_multiplier,
            activation=self.activation, use_bias=self.use_bias,
        )  # fmt: skip
        return KerasCall("SeparableConv2D", (self.filters, self.kernel_size), options)

    def caption(self) -> str:
        """See `Layer.caption`."""
        return _("{filters} filters {size} × {size}, {activation}").format(
            filters=self.filters, size=self.kernel_size, activation=self.activation
        )


class _Pooling(Layer):
    prefix: ClassVar[str] = "pool"
    keras_name: ClassVar[str]
    pool_size: int = setting(
        2, title=mark("Size"), unit="px", help=mark("Side of the square that becomes one value."), ge=1, le=31
    )
    stride: int = setting(
        0, title=mark("Stride"), unit="px", zero=mark("its size"), ge=0, le=16,
        help=mark("Step of the square; 0 means its own size."),
    )  # fmt: skip
    padding: Padding = _padding_setting()

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        require_picture(shape, _("A pooling"))
        stride = self.stride or self.pool_size
        height, width = slide(shape, self.pool_size, stride, self.padding, _("pooling"))
        return Effect(
            (height, width, shape[2]), shape_formula=window_formula(shape[0], self.pool_size, stride, self.padding)
        )

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        options = {"strides": self.stride} if self.stride not in (0, self.pool_size) else {}
        return KerasCall(self.keras_name, (self.pool_size,), {**options, **_given(padding=self.padding)})

    def caption(self) -> str:
        """See `Layer.caption`."""
        return f"{self.pool_size} × {self.pool_size}"


class MaxPooling(_Pooling):
    """The largest value of every square."""

    title: ClassVar[str] = mark("Max pooling")
    keras_name: ClassVar[str] = "MaxPooling2D"
    kind: Literal["max_pooling"] = setting("max_pooling", title=mark("Kind"), widget="hidden")


class AveragePooling(_Pooling):
    """The mean of every square."""

    title: ClassVar[str] = mark("Average pooling")
    keras_name: ClassVar[str] = "AveragePooling2D"
    kind: Literal["average_pooling"] = setting("average_pooling", title=mark("Kind"), widget="hidden")


# Keras' own 0.99 needs a thousand steps before validation means anything: on a small dataset a network then learns its
# training samples and stays at guessing on all others for epochs.
BATCH_NORM_MOMENTUM = 0.9


class BatchNormalization(Layer):
    """Mean 0 and deviation 1 per channel over the batch, then a learned scale and shift (Ioffe & Szegedy, 2015)."""

    title: ClassVar[str] = mark("Batch normalisation")
    prefix: ClassVar[str] = "batch_norm"
    kind: Literal["batch_normalization"] = setting("batch_normalization", title=mark("Kind"), widget="hidden")
    momentum: float = setting(
        BATCH_NORM_MOMENTUM, title=mark("Momentum"), ge=0, lt=1, advanced=True,
        help=mark("How slowly the mean and deviation that predictions use follow those of the batches."),
    )  # fmt: skip

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        channels = shape[-1]
        formula = _("4 × {channels} = {count}, of which the mean and variance (2 × {channels}) are not trained").format(
            channels=channels, count=4 * channels
        )
        return Effect(shape, 4 * channels, 2 * channels, formula, "", 2 * math.prod(shape))

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall("BatchNormalization", (), _given(momentum=self.momentum))


class ActivationLayer(Layer):
    """A function applied to every value."""

    title: ClassVar[str] = mark("Activation")
    prefix: ClassVar[str] = "activation"
    kind: Literal["activation"] = setting("activation", title=mark("Kind"), widget="hidden")
    activation: Activation = _activation_setting("relu")

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        return Effect(shape)

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall("Activation", (self.activation,), {})

    def caption(self) -> str:
        """See `Layer.caption`."""
        return _(ACTIVATION_LABELS[self.activation])


class Dropout(Layer):
    """Sets a share of the values to 0 during training (Srivastava et al., 2014)."""

    title: ClassVar[str] = mark("Dropout")
    prefix: ClassVar[str] = "dropout"
    kind: Literal["dropout"] = setting("dropout", title=mark("Kind"), widget="hidden")
    rate: float = setting(0.5, title=mark("Rate"), help=mark("Share of the values set to 0."), ge=0, le=0.95)

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        return Effect(shape)

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall("Dropout", (self.rate,), {})

    def caption(self) -> str:
        """See `Layer.caption`."""
        return f"{self.rate:g}"


class Flatten(Layer):
    """All values in one list."""

    title: ClassVar[str] = mark("Flatten")
    prefix: ClassVar[str] = "flatten"
    kind: Literal["flatten"] = setting("flatten", title=mark("Kind"), widget="hidden")

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        count = math.prod(shape)
        return Effect((count,), shape_formula=f"{_times(*shape)} = {count}" if len(shape) > 1 else "")

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall("Flatten", (), {})


class _GlobalPooling(Layer):
    prefix: ClassVar[str] = "global_pool"
    keras_name: ClassVar[str]

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        require_picture(shape, _("A global pooling"))
        return Effect((shape[2],))

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall(self.keras_name, (), {})


class GlobalAveragePooling(_GlobalPooling):
    """The mean of every map (Lin et al., Network in Network, 2013)."""

    title: ClassVar[str] = mark("Global average pooling")
    keras_name: ClassVar[str] = "GlobalAveragePooling2D"
    kind: Literal["global_average_pooling"] = setting("global_average_pooling", title=mark("Kind"), widget="hidden")


class GlobalMaxPooling(_GlobalPooling):
    """The largest value of every map."""

    title: ClassVar[str] = mark("Global max pooling")
    keras_name: ClassVar[str] = "GlobalMaxPooling2D"
    kind: Literal["global_max_pooling"] = setting("global_max_pooling", title=mark("Kind"), widget="hidden")


class Dense(Layer):
    """Every output sees every input; on a picture, every output sees all channels of its pixel."""

    title: ClassVar[str] = mark("Dense")
    prefix: ClassVar[str] = "dense"
    kind: Literal["dense"] = setting("dense", title=mark("Kind"), widget="hidden")
    units: int = setting(128, title=mark("Units"), help=mark("Number of outputs."), ge=1, le=16_384)
    activation: Activation = _activation_setting("relu")
    use_bias: bool = setting(
        True, title=mark("Bias"), help=mark("A number per unit that is added; of no use before a normalisation."),
        advanced=True,
    )  # fmt: skip

    def effect(self, shape: tuple[int, ...]) -> Effect:
        """See `Layer.effect`."""
        return dense_effect(shape, self.units, self.use_bias)

    def keras(self) -> KerasCall:
        """See `Layer.keras`."""
        return KerasCall("Dense", (self.units,), _given(activation=self.activation, use_bias=self.use_bias))

    def caption(self) -> str:
        """See `Layer.caption`."""
        return _("{units} units, {activation}").format(units=self.units, activation=self.activation)


def dense_effect(shape: tuple[int, ...], units: int, use_bias: bool = True) -> Effect:
    """What a dense layer of so many units does to a shape."""
    inputs = shape[-1]
    parameters = (inputs + use_bias) * units
    formula = f"({inputs} + 1) × {units} = {parameters}" if use_bias else f"{inputs} × {units} = {parameters}"
    return Effect((*shape[:-1], units), parameters, parameters, formula, "", math.prod(shape) * units)


LayerSpec = Annotated[
    Convolution | SeparableConvolution | MaxPooling | AveragePooling | BatchNormalization | ActivationLayer | Dropout
    | Flatten | GlobalAveragePooling | GlobalMaxPooling | Dense,
    Discriminator("kind"),
]  # fmt: skip

LAYER_KINDS: dict[str, type[Layer]] = {
    cls.model_fields["kind"].default: cls for cls in get_args(get_args(LayerSpec)[0])
}
"""Every kind of layer by its name, in the order a list offers them."""

_STACK = TypeAdapter(tuple[LayerSpec, ...])


def parse_layers(values: Any, what: str) -> tuple[Layer, ...]:
    """Layer specs from plain tables, as TOML gives them.

    Raises:
        UserError: a table is no layer; the message names every fault.
    """
    try:
        return _STACK.validate_python(tuple(values))
    except ValidationError as error:
        raise explain(error, what) from None


def layer_names(layers: list[Layer] | tuple[Layer, ...], before: str = "") -> list[str]:
    """A stable readable name for each layer: its kind in short and a number that counts that kind (`conv_2`)."""
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        counts[layer.prefix] = counts.get(layer.prefix, 0) + 1
        names.append(f"{before}{layer.prefix}_{counts[layer.prefix]}")
    return names
