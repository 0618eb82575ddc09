"""What the layers of a network do with a few samples, in the middle of a training and without a trace in it.

Keras' stateless calls leave every variable as it is: no statistic of batch normalisation, no seed generator and no
metric moves. Nothing is compiled, for that would take longer than the look itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.data.batches import Batches
from workbench.inspection.network.units import ENDS, UnitsSeen, activation_of, marks

NETWORK = "network"
_HALF_PRECISION_SCALE = 1024.0  # the gradients of a loss so many times as large do not vanish in half precision


@dataclass(frozen=True)
class GradientSeen:
    """A kernel of a layer and the gradient of the loss by it, as root mean squares."""

    layer: str
    gradient: float
    weights: float


@dataclass(frozen=True)
class Kernel:
    """A kernel of a layer and the gradient of the loss by it, tensors both; no gradient where it does not learn."""

    layer: str
    value: Any
    gradient: Any


@dataclass(frozen=True)
class Look:
    """What was seen of the layers, in their order in the network, on so many samples."""

    samples: int
    units: tuple[UnitsSeen, ...]
    gradients: tuple[GradientSeen, ...]


class Probe:
    """Looks at the layers of a model in training.

    Args:
        model: the training model; its layer `network` is looked into.
        loss: what it is trained with.
        samples: those to look at, as the training split has them.
        precision: of the training.
    """

    def __init__(self, model: Any, loss: Callable[..., Any], samples: Batches, precision: str = "float32") -> None:
        self._network = model.get_layer(NETWORK)
        self._loss, self._samples = loss, samples
        self._scale = _HALF_PRECISION_SCALE if precision == "mixed_float16" else 1.0
        self._tapped: tuple[Any, list[tuple[str, str]]] | None = None

    def look(self, batches: int = 1) -> Look:
        """The units of all layers over so many batches, and the gradients of the first one."""
        if self._tapped is None:
            watched = [(node, activation_of(node.operation)) for node in _nodes(self._network)]
            nodes = [node for node, activation in watched if activation]
            names = [(node.operation.name, activation) for node, activation in watched if activation]
            self._tapped = _tap(self._network, nodes), names
        model, taps = self._tapped
        seen: list[list[np.ndarray]] = []
        gradients: tuple[GradientSeen, ...] = ()
        samples = 0
        for number, (x, y, _weights) in zip(range(batches), self._samples.evaluation(), strict=False):
            if number == 0:
                outputs, values, slopes = self._with_gradients(model, _as_float(x), y)
                gradients = _kernels(model, values, slopes)
            else:
                outputs = _forward(model, _as_float(x))
            seen.append([marks(kind, output) for (_name, kind), output in zip(taps, outputs[:-1], strict=True)])
            samples += len(x)
        units = tuple(
            _seen(name, kind, np.stack([row[place] for row in seen])) for place, (name, kind) in enumerate(taps)
        )
        return Look(samples, units, gradients)

    def kernels(self) -> list[Kernel]:
        """All weights with two axes or more, with the gradients of the first batch of the samples."""
        x, y, _weights = next(self._samples.evaluation())
        _outputs, values, slopes = self._with_gradients(self._network, _as_float(x), y)
        learning = self._network.trainable_variables
        found = {variable.path: pair for variable, *pair in zip(learning, values, slopes, strict=True)}
        return [
            Kernel(_layer_of(variable), *found.get(variable.path, (variable.value, None)))
            for variable in self._network.variables
            if len(variable.shape) > 1
        ]

    def first_fault(self, x: np.ndarray, y: np.ndarray) -> tuple[str, str]:
        """Where a number first is none on the way forward and back, for a batch as the network takes it.

        Returns:
            `input`, `output`, `loss` or `gradient`, and the name of the layer where there is one; empty texts where
            all is well.
        """
        x = _as_float(x)
        nodes = _nodes(self._network)
        model = _tap(self._network, nodes)
        outputs, _values, slopes = self._with_gradients(model, x, y)
        if not _all_finite(outputs[-1]):
            return _origin(nodes, outputs, _all_finite(x))
        if not _all_finite(self._loss(y, outputs[-1])):
            return "loss", ""
        # Gradients go backward: the last layer whose gradient is no number is where it came up.
        for variable, slope in reversed(list(zip(model.trainable_variables, slopes, strict=True))):
            if slope is not None and not _all_finite(slope):
                return "gradient", _layer_of(variable)
        return "", ""

    def broken_weights(self) -> str:
        """The first layer with a weight that is no number; empty where all are."""
        for variable in self._network.variables:
            if "seed_generator" not in variable.path and not _all_finite(variable.value):
                return _layer_of(variable)
        return ""

    def _with_gradients(self, model: Any, x: Any, y: Any) -> tuple[list[Any], list[Any], list[Any]]:
        """All outputs, the values of the trainable variables, and the gradients of the loss by these."""
        import keras

        values = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]

        def losses(values: list[Any]) -> tuple[Any, list[Any]]:
            outputs, _state = model.stateless_call(values, others, x, training=True)
            outputs = _as_list(outputs)
            return keras.ops.cast(self._loss(y, outputs[-1]), "float32") * self._scale, outputs

        if keras.backend.backend() == "jax":
            import jax

            (_loss, outputs), slopes = jax.value_and_grad(losses, has_aux=True)(values)
        else:
            import tensorflow as tf

            values = [tf.convert_to_tensor(value) for value in values]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(values)
                loss, outputs = losses(values)
            # That of an embedding comes as the rows that were looked up.
            slopes = [None if slope is None else tf.convert_to_tensor(slope) for slope in tape.gradient(loss, values)]
        return outputs, values, [None if slope is None else slope / self._scale for slope in slopes]


def _nodes(network: Any) -> list[Any]:
    """The nodes of a functional model from its input to its output: a layer and its tensors in this model each.

    The layers belong to the saved model, too: only the nodes know which tensors are this network's.
    """
    by_depth = network._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if not node.is_input]


def _tap(network: Any, nodes: list[Any]) -> Any:
    """A model that gives what these nodes give, then the network's own output."""
    import keras

    return keras.Model(network.inputs, [*(node.outputs[0] for node in nodes), network.outputs[0]], name="probe")


def _origin(nodes: list[Any], outputs: list[Any], input_is_finite: bool) -> tuple[str, str]:
    """The first layer that makes what is no number out of numbers; rows of tables may have gaps that are filled."""
    finite = {id(node): _all_finite(output) for node, output in zip(nodes, outputs, strict=False)}
    for node in nodes:
        if not finite[id(node)] and all(finite.get(id(parent), input_is_finite) for parent in node.parent_nodes):
            return "output", node.operation.name
    return "input", ""


def _forward(model: Any, x: Any) -> list[Any]:
    values = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    outputs, _state = model.stateless_call(values, others, x, training=True)
    return _as_list(outputs)


def _as_list(outputs: Any) -> list[Any]:
    """The outputs of a model: Keras gives a single one without a list."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _seen(layer: str, activation: str, values: np.ndarray) -> UnitsSeen:
    if activation in ENDS:
        return UnitsSeen(layer, activation, values.shape[1], saturated=float(values.mean()))
    return UnitsSeen(layer, activation, values.shape[1], dead=int(np.count_nonzero(values.max(axis=0) <= 0)))


def _kernels(model: Any, values: list[Any], slopes: list[Any]) -> tuple[GradientSeen, ...]:
    """The gradients by all weights with two axes or more: kernels, not biases and factors."""
    from keras import ops

    chosen = [
        (variable, value, slope)
        for variable, value, slope in zip(model.trainable_variables, values, slopes, strict=True)
        if slope is not None and len(variable.shape) > 1
    ]
    if not chosen:
        return ()
    squares = [ops.mean(ops.square(ops.cast(tensor, "float32"))) for _v, *pair in chosen for tensor in pair]
    sizes = np.sqrt(ops.convert_to_numpy(ops.stack(squares))).reshape(-1, 2)
    return tuple(
        GradientSeen(_layer_of(variable), float(slope), float(value))
        for (variable, _value, _slope), (value, slope) in zip(chosen, sizes, strict=True)
    )


def _layer_of(variable: Any) -> str:
    """The layer a variable belongs to, without the models around it."""
    return variable.path.rpartition("/")[0].removeprefix(f"{NETWORK}/")


def _all_finite(tensor: Any) -> bool:
    from keras import ops

    return bool(np.all(ops.convert_to_numpy(ops.all(ops.isfinite(ops.cast(tensor, "float32"))))))


def _as_float(x: Any) -> Any:
    from keras import ops

    return ops.cast(x, "float32")
