"""The one module that needs a gradient, and with it the only one here that knows the backends.

Everything is compiled once per (model, layer) and kept with the model. The tape watches from the layer's output on,
so that nothing is paid for the network below it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from workbench.inspection.layers import final_layer, find_layer

_KEPT_FUNCTIONS = 16


def class_maps(model: Any, layer: str) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]:
    """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391), compiled.

    Args:
        model: a Keras model whose output is one row of scores per picture, or one at every pixel (their mean counts).
        layer: name of a layer whose output is (batch, rows, columns, channels).

    Returns:
        A function of (pictures, class indices) -> (outputs of the model, maps, indices explained). An index of -1
        stands for the likeliest class; of a single unit, 0 explains what lowers it and 1 what raises it. Maps are
        float32 (n, rows, columns), each scaled to a highest value of 1 (all 0 where nothing speaks for the class). The
        gradient is of the score before the final softmax or sigmoid.
    """
    return _kept(model, ("class_maps", layer), lambda: _compile_class_maps(model, layer))


def activations(model: Any, layer: str) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> the output of a layer, float32."""
    return _kept(model, ("activations", layer), lambda: _compile_forward(model, layer))


def outputs(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> the output of the model, float32."""
    return _kept(model, ("outputs", ""), lambda: _compile_forward(model, ""))


def _kept(model: Any, key: tuple[str, str], make: Callable[[], Any]) -> Any:
    # In the model's own dictionary, past Keras' tracking of attributes: what is compiled goes when the model goes.
    functions = vars(model).setdefault("_workbench_compiled", {})
    function = functions.pop(key, None) or make()
    functions[key] = function
    if len(functions) > _KEPT_FUNCTIONS:
        functions.pop(next(iter(functions)))
    return function


class _Tap:
    """What is caught while a model is traced."""

    activation: Any = None
    score: Any = None


@contextmanager
def _tapped(model: Any, layer: Any, at_layer: Callable[[Any], Any]) -> Iterator[_Tap]:
    """Catch a layer's output and the score before the final activation, within one trace of the model.

    Works through the instance's own `call` and `activation`, so that nested models, shared layers and branches around
    the layer need no surgery on the graph.
    """
    tap = _Tap()
    last = final_layer(model)
    layer_call, last_call = layer.call, last.call
    activation = getattr(last, "activation", None)
    own_activation = callable(activation) and type(last).__name__ != "Activation"

    def call_layer(*args: Any, **kwargs: Any) -> Any:
        tap.activation = at_layer(layer_call(*args, **kwargs))
        return tap.activation

    def call_last(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        # An activation that stands as a layer of its own: what enters it is the score.
        if type(last).__name__ in ("Activation", "Softmax"):
            tap.score = inputs
            return last_call(inputs, *args, **kwargs)
        result = last_call(inputs, *args, **kwargs)
        if tap.score is None:
            tap.score = result
        return result

    def call_activation(inputs: Any) -> Any:
        tap.score = inputs
        return activation(inputs)

    try:
        vars(last)["call"] = call_last
        if own_activation:
            vars(last)["activation"] = call_activation
        if layer is not last:
            vars(layer)["call"] = call_layer
        yield tap
    finally:
        vars(last).pop("call", None)
        vars(layer).pop("call", None)
        if own_activation:
            vars(last)["activation"] = activation


def _explained_score(scores: Any, result: Any, index: Any, units: int) -> Any:
    """The sum over the batch of the score asked for, and its index; one unit stands for two: less and more of it."""
    from keras import ops

    if len(result.shape) == 4:
        scores, result = ops.mean(ops.cast(scores, "float32"), axis=(1, 2)), ops.mean(result, axis=(1, 2))
    # The number of units is named: a batch of any size leaves nothing else known of the shape.
    scores = ops.cast(ops.reshape(scores, (-1, units)), "float32")
    if units == 1:
        likeliest = ops.cast(scores[:, 0] > 0, "int32")
        chosen = ops.where(index < 0, likeliest, index)
        return ops.sum(ops.where(chosen == 0, -scores[:, 0], scores[:, 0])), chosen
    result = ops.reshape(result, (-1, units))
    chosen = ops.where(index < 0, ops.cast(ops.argmax(result, axis=-1), "int32"), index)
    return ops.sum(scores * ops.one_hot(chosen, units, dtype="float32")), chosen


def _weighted_map(activation: Any, gradient: Any) -> Any:
    from keras import ops

    activation, gradient = ops.cast(activation, "float32"), ops.cast(gradient, "float32")
    weights = ops.mean(gradient, axis=(1, 2), keepdims=True)
    heat = ops.relu(ops.sum(activation * weights, axis=-1))
    highest = ops.max(heat, axis=(1, 2), keepdims=True)
    return ops.where(highest > 0, heat / ops.maximum(highest, 1e-20), 0.0)


def _compile_class_maps(model: Any, name: str) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    import keras

    layer = find_layer(model, name)
    if keras.backend.backend() == "jax":
        run = _class_maps_by_jax(model, layer)
    else:
        run = _class_maps_by_tensorflow(model, layer)

    def maps(pictures: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, ...]:
        result, heat, chosen = run(_as_float(pictures), np.asarray(index, np.int32))
        return _as_array(result), _as_array(heat), _as_array(chosen).astype(np.int32)

    return maps


def _class_maps_by_tensorflow(model: Any, layer: Any) -> Any:
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)
    def run(pictures: Any, index: Any) -> tuple[Any, ...]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def watch(value: Any) -> Any:
                tape.watch(value)
                return value

            with _tapped(model, layer, watch) as tap:
                result = model(pictures, training=False)
            score, chosen = _explained_score(tap.score, result, index, model.output_shape[-1])
        gradient = tape.gradient(score, tap.activation, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.cast(result, tf.float32), _weighted_map(tap.activation, gradient), chosen

    return run


def _class_maps_by_jax(model: Any, layer: Any) -> Any:
    import jax
    import jax.numpy as jnp

    def forward(nudge: Any, state: Any, pictures: Any, index: Any) -> Any:
        # The gradient by a nudge of zeros added to the layer's output is the gradient by that output.
        with _tapped(model, layer, lambda value: value if nudge is None else value + nudge) as tap:
            result, _state = model.stateless_call(*state, pictures, training=False)
        score, chosen = _explained_score(tap.score, result, index, model.output_shape[-1])
        return score, (result, tap.activation, chosen)

    @jax.jit
    def compiled(state: Any, pictures: Any, index: Any) -> tuple[Any, ...]:
        _score, (_result, shape, _chosen) = jax.eval_shape(
            lambda *values: forward(None, *values), state, pictures, index
        )
        nudge = jnp.zeros(shape.shape, shape.dtype)
        gradient, (result, activation, chosen) = jax.grad(forward, has_aux=True)(nudge, state, pictures, index)
        return result, _weighted_map(activation, gradient), chosen

    return lambda pictures, index: compiled(_state_of(model), pictures, index)


def _compile_forward(model: Any, name: str) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    layer = find_layer(model, name) if name else final_layer(model)

    if keras.backend.backend() == "jax":
        import jax

        @jax.jit
        def compiled(state: Any, pictures: Any) -> Any:
            with _tapped(model, layer, lambda value: value) as tap:
                result, _state = model.stateless_call(*state, pictures, training=False)
            return tap.activation if tap.activation is not None else result

        def run(pictures: Any) -> Any:
            return compiled(_state_of(model), pictures)

    else:
        import tensorflow as tf

        @tf.function(reduce_retracing=True, autograph=False)
        def run(pictures: Any) -> Any:
            with _tapped(model, layer, lambda value: value) as tap:
                result = model(pictures, training=False)
            return tap.activation if tap.activation is not None else result

    return lambda pictures: _as_array(run(_as_float(pictures)))


def _state_of(model: Any) -> tuple[list[Any], list[Any]]:
    return (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )


def _as_float(pictures: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pictures, np.float32)


def _as_array(value: Any) -> np.ndarray:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value), np.float32)
