"""The layers that a picture passes first, as far as they do the same to every picture: affine functions of it.

Behind them gradients may be summed before they are taken back to the pictures: the first convolution, whose way back is
among the dearest of a network, is gone back through once for many pictures.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.inspection.network.backends import as_array, as_float, compiled_with_gradient
from workbench.inspection.network.layers import entry_operation, final_layer, functional_of, taken


def affine_beginning(model: Any) -> list[Any]:
    """Those layers in order, behind the model's own resizing; none where there is no convolution among them."""
    import keras

    layers = keras.layers
    kernels = (layers.Conv2D, layers.DepthwiseConv2D)
    affine = (*kernels, layers.BatchNormalization, layers.Normalization, layers.Rescaling, layers.ZeroPadding2D)
    entry, final = entry_operation(model), final_layer(model)
    functional, found = functional_of(model), []
    inputs = getattr(functional, "inputs", None) or []
    tensor = inputs[0] if entry is None and len(inputs) == 1 else getattr(entry, "output", None)
    while tensor is not None:
        takers = [each for each in getattr(functional, "operations", []) if any(tensor is it for it in taken(each))]
        if len(takers) != 1 or takers[0] is final or len(takers[0]._inbound_nodes) != 1:
            break
        (layer,) = takers
        if hasattr(layer, "layers"):
            functional = functional_of(layer)
            tensor = functional.inputs[0] if len(getattr(functional, "inputs", None) or []) == 1 else None
        elif type(layer) in affine and layer.compute_dtype == "float32" and _linear(layer):
            found.append(layer)
            tensor = layer.output
        else:
            break
    return found if any(type(layer) in kernels for layer in found) else []


def back_to_pictures(model: Any, beginning: list[Any]) -> Callable[[np.ndarray, tuple[int, ...]], np.ndarray]:
    """A compiled function of (gradient behind the beginning, shape of a picture) -> the gradient by the picture."""
    entry = entry_operation(model)

    def forward(at: Any, pictures: Any, gradient: Any) -> tuple[Any, Any]:
        from keras import ops

        value = at(pictures)
        for layer in beginning:
            value = layer(value)
        return ops.sum(value * gradient, axis=(1, 2, 3)), ()

    run = compiled_with_gradient(model, forward, lambda _pictures, gradient: gradient[""])

    def back(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        where = shape if entry is None else tuple(entry.output.shape[1:])
        return as_array(run(np.zeros((1, *where), np.float32), as_float(gradient[None])))[0]

    return back


def _linear(layer: Any) -> bool:
    return getattr(getattr(layer, "activation", None), "__name__", "linear") == "linear"
