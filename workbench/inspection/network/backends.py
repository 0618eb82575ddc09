"""Compiled functions of a model on each Keras backend: the only module here that knows them.

A `forward` is written in `keras.ops`; its arguments are None, NumPy arrays, the first axis of each the batch, or lists
of tensors of fixed shapes.
"""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_tracing = threading.Lock()  # layers are tapped while a model is traced: one at a time


def compiled(model: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
    """`forward(*arguments)`, which calls the model, compiled for batches of any size."""
    import keras

    if keras.backend.backend() == "jax":
        return _by_jax(model, forward)
    return _traced_once(forward)


def compiled_with_gradient(
    model: Any, forward: Callable[..., tuple[Any, Any]], finish: Callable[..., Any]
) -> Callable[..., Any]:
    """Gradients by any values on the way, compiled for batches of any size.

    Args:
        model: what `forward` calls.
        forward: `(at, *arguments) -> (score, extras)`; `at(value, name="")` marks a value by which the sum of the
            scores is differentiated, and returns what is to be used in its place. Nothing is paid for the network
            before the first of them.
        finish: `(values, gradients, *extras) -> result`, compiled with the rest; both by the names of the values.

    Returns:
        A function of the arguments -> the result of `finish`.
    """
    import keras

    if keras.backend.backend() == "jax":
        return _gradient_by_jax(model, forward, finish)
    return _gradient_by_tensorflow(forward, finish)


def add_bias(values: Any, bias: Any) -> Any:
    """A number per channel added to maps, in the form that TensorFlow joins with the convolution before it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return values + bias
    import tensorflow as tf

    return tf.nn.bias_add(values, tf.convert_to_tensor(bias))


def as_array(value: Any) -> np.ndarray:
    """A tensor as float32 in NumPy."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value), np.float32)


def as_float(values: np.ndarray) -> np.ndarray:
    """What a compiled function takes, so that no other type makes it compile again."""
    return np.ascontiguousarray(values, np.float32)


def _gradient_by_tensorflow(forward: Callable[..., Any], finish: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def run(*arguments: Any) -> Any:
        marked: dict[str, Any] = {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def at(value: Any, name: str = "") -> Any:
                # A value of its own: whoever else uses the same one is not differentiated by it.
                value = tf.identity(value)
                tape.watch(value)
                marked[name] = value
                return value

            score, extras = forward(at, *arguments)
        gradients = tape.gradient(score, marked, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return finish(marked, gradients, *extras)

    return _traced_once(run)


def _traced_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """A TensorFlow function that is traced once for batches of any size (`tf.function` by itself does so twice)."""
    import tensorflow as tf

    traced: dict[Any, Any] = {}

    def specification(argument: Any) -> Any:
        if isinstance(argument, np.ndarray):
            return tf.TensorSpec((None, *argument.shape[1:]), argument.dtype)
        return None if argument is None else tf.nest.map_structure(tf.TensorSpec.from_tensor, argument)

    def run(*arguments: Any) -> Any:
        key = tuple(each.shape[1:] if isinstance(each, np.ndarray) else each is None for each in arguments)
        with _tracing:
            if key not in traced:
                specifications = map(specification, arguments)
                traced[key] = tf.function(function, autograph=False).get_concrete_function(*specifications)
        # None as well: left out, every call goes a long way round before TensorFlow makes out which is which.
        return traced[key](*(tf.constant(each) if isinstance(each, np.ndarray) else each for each in arguments))

    return run


def _by_jax(model: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    @jax.jit
    def run(state: Any, *arguments: Any) -> Any:
        with _in_place_of_variables(model, state):
            return forward(*arguments)

    return lambda *arguments: run(_state_of(model), *arguments)


def _gradient_by_jax(model: Any, forward: Callable[..., Any], finish: Callable[..., Any]) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def nudged(nudges: Any, state: Any, *arguments: Any) -> Any:
        # The gradient by a nudge of zeros added to a value is the gradient by that value.
        marked: dict[str, Any] = {}

        def at(value: Any, name: str = "") -> Any:
            marked[name] = value if nudges is None else value + nudges[name]
            return marked[name]

        with _in_place_of_variables(model, state):
            score, extras = forward(at, *arguments)
        return jnp.sum(score), (marked, extras)

    @jax.jit
    def run(state: Any, *arguments: Any) -> Any:
        _score, (shapes, _extras) = jax.eval_shape(lambda *values: nudged(None, *values), state, *arguments)
        nudges = {name: jnp.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
        gradients, (values, extras) = jax.grad(nudged, has_aux=True)(nudges, state, *arguments)
        return finish(values, gradients, *extras)

    return lambda *arguments: run(_state_of(model), *arguments)


def _state_of(model: Any) -> list[Any]:
    return [variable.value for variable in model.variables]


def _in_place_of_variables(model: Any, state: list[Any]) -> Any:
    import keras

    return keras.StatelessScope(state_mapping=list(zip(model.variables, state, strict=True)))
