"""Batch normalisation folded into the convolution before it, while a network is traced for looking into it.

In inference a batch normalisation multiplies every channel by a number and adds another: the kernel can do the first
and its bias the second. One pass over the maps instead of three, forwards and backwards; the numbers stay the same to
about 1e-6 of the largest. Zeros padded around the maps of such a convolution are left to it where it can pad the same.

The weights are folded at every call, so that a network which goes on learning may be looked into; whoever calls many
times with the same weights folds them once, by `folded_weights`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workbench.inspection.network.backends import add_bias
from workbench.inspection.network.layers import named_layers

Weights = list[tuple[Any, Any]]


@contextmanager
def folded(model: Any, weights: Weights | None = None) -> Iterator[None]:
    """Calls of the model inside are traced with folded kernels, for inference; layers tapped before are left alone.

    Args:
        model: a Keras model.
        weights: what `folded_weights` gave, where no layer is tapped; None to fold them in every call.
    """
    changed: list[Any] = []
    try:
        for number, (convolution, norm) in enumerate(_pairs(model)):
            padding = _replaceable_padding(convolution)
            given = None if weights is None else weights[number]
            vars(convolution)["call"] = _folded_call(convolution, norm, "same" if padding else "", given)
            for layer in (norm, padding) if padding else (norm,):
                vars(layer)["call"] = _as_it_is
                changed.append(layer)
            changed.append(convolution)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("call", None)


def folded_weights(model: Any) -> Weights:
    """Kernel and bias of every convolution that `folded` changes, in `keras.ops`."""
    return [_fold(convolution, norm) for convolution, norm in _pairs(model)]


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
        norm = _only_taker(layer)
        if type(norm) is not keras.layers.BatchNormalization or _only_source(norm) is not layer:
            continue
        if norm.axis in (-1, 3) and norm.compute_dtype == "float32" and _untapped(norm):
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


def _only_taker(layer: Any) -> Any:
    """The one operation that takes what the layer gives, or None."""
    takers = {id(node.operation): node.operation for node in layer._outbound_nodes}
    return next(iter(takers.values())) if len(takers) == 1 else None


def _only_source(layer: Any) -> Any:
    """The one operation whose output the layer takes, or None."""
    tensors = [tensor for node in layer._inbound_nodes for tensor in node.input_tensors]
    sources = {id(tensor._keras_history.operation): tensor._keras_history.operation for tensor in tensors}
    return next(iter(sources.values())) if len(sources) == 1 else None


def _replaceable_padding(convolution: Any) -> Any:
    """The layer that pads zeros around the maps of the convolution just as padding of "same" does, or None."""
    import keras

    padding = _only_source(convolution)
    if type(padding) is not keras.layers.ZeroPadding2D or convolution.padding != "valid" or not _untapped(padding):
        return None
    if _only_taker(padding) is not convolution or padding.data_format != "channels_last":
        return None
    sizes = padding.input.shape[1:3]
    for size, (before, after), kernel, stride, dilation in zip(
        sizes, padding.padding, convolution.kernel_size, convolution.strides, convolution.dilation_rate, strict=True
    ):
        if size is None:
            return None
        total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        if (before, after) != (total // 2, total - total // 2):
            return None
    return padding


def _fold(layer: Any, norm: Any) -> tuple[Any, Any]:
    import keras
    from keras import ops

    factor = ops.rsqrt(norm.moving_variance + norm.epsilon)
    if norm.scale:
        factor = factor * norm.gamma
    bias = -norm.moving_mean * factor
    if norm.center:
        bias = bias + norm.beta
    if layer.use_bias:
        bias = bias + layer.bias * factor
    if type(layer) is keras.layers.DepthwiseConv2D:
        return layer.kernel * ops.reshape(factor, layer.kernel.shape[2:]), bias
    return layer.kernel * factor, bias


def _folded_call(layer: Any, norm: Any, padding: str, given: Any) -> Any:
    import keras
    from keras import ops

    def call(inputs: Any) -> Any:
        kernel, bias = given or _fold(layer, norm)
        # Of strides, one takes only tuples and the other only lists.
        if type(layer) is keras.layers.DepthwiseConv2D:
            convolve, strides = ops.depthwise_conv, layer.strides
        else:
            convolve, strides = ops.conv, list(layer.strides)
        outputs = convolve(inputs, kernel, strides, padding or layer.padding, layer.data_format, layer.dilation_rate)
        return add_bias(outputs, bias)

    return call
