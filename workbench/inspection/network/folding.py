"""Batch normalisation folded into the convolution before it, while a network is traced for looking into it.

In inference a batch normalisation multiplies every channel by a number and adds another: the kernel can do the first
and its bias the second. One pass over the maps instead of three, forwards and backwards; the numbers stay the same to
about 1e-6 of the largest. The weights are read at every call, so that a network which goes on learning may be looked
into.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from workbench.inspection.network.backends import add_bias
from workbench.inspection.network.layers import named_layers


@contextmanager
def folded(model: Any) -> Iterator[None]:
    """Calls of the model inside are traced with folded kernels, for inference; layers tapped before are left alone."""
    changed: list[Any] = []
    try:
        for convolution, norm in _pairs(model):
            vars(convolution)["call"] = _folded_call(convolution, norm)
            vars(norm)["call"] = _as_it_is
            changed += (convolution, norm)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("call", None)


def _as_it_is(inputs: Any, training: Any = None, mask: Any = None) -> Any:
    return inputs


def _pairs(model: Any) -> list[tuple[Any, Any]]:
    """Convolutions whose output goes nowhere but into one batch normalisation, with that."""
    import keras

    foldable = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    pairs = []
    for layer in named_layers(model).values():
        if type(layer) not in foldable or not _plain(layer):
            continue
        takers = {id(node.operation): node.operation for node in layer._outbound_nodes}
        norm = next(iter(takers.values()), None)
        if len(takers) != 1 or type(norm) is not keras.layers.BatchNormalization:
            continue
        sources = {id(tensor._keras_history.operation) for node in norm._inbound_nodes for tensor in node.input_tensors}
        if sources == {id(layer)} and norm.axis in (-1, 3) and norm.compute_dtype == "float32" and _untapped(norm):
            pairs.append((layer, norm))
    return pairs


def _plain(layer: Any) -> bool:
    return (
        layer.activation.__name__ == "linear"
        and layer.compute_dtype == "float32"
        and layer.data_format == "channels_last"
        and getattr(layer, "groups", 1) == 1
        and getattr(layer, "lora_enabled", False) is False
        and _untapped(layer)
    )


def _untapped(layer: Any) -> bool:
    return "call" not in vars(layer)


def _folded_call(layer: Any, norm: Any) -> Callable[[Any], Any]:
    import keras
    from keras import ops

    def call(inputs: Any) -> Any:
        factor = ops.rsqrt(norm.moving_variance + norm.epsilon)
        if norm.scale:
            factor = factor * norm.gamma
        bias = -norm.moving_mean * factor
        if norm.center:
            bias = bias + norm.beta
        if layer.use_bias:
            bias = bias + layer.bias * factor
        if type(layer) is keras.layers.DepthwiseConv2D:
            kernel = layer.kernel * ops.reshape(factor, layer.kernel.shape[2:])
            outputs = ops.depthwise_conv(
                inputs, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate
            )
        else:
            outputs = ops.conv(
                inputs, layer.kernel * factor, list(layer.strides), layer.padding, layer.data_format,
                layer.dilation_rate,
            )  # fmt: skip
        return add_bias(outputs, bias)

    return call
