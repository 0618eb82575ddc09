"""One training step and one validation step of a compiled Keras model, as fast as the backend allows.

`train` answers with the batch's own loss, not with the running mean that Keras reports. On TensorFlow one compiled
function does the whole step; every other backend goes through `train_on_batch`, which starts its means anew at every
call. Nothing else in the workbench knows which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from workbench.data.batches import Batches
from workbench.specs import TargetSpec
from workbench.training.fused_normalization import fused_normalization


@dataclass(frozen=True)
class JointAugmentation:
    """Changes training inputs at random and moves their targets along.

    Attributes:
        layer: with a method `change(inputs, targets, target)` and a seed generator.
        target: the spec of the targets.
    """

    layer: Any
    target: TargetSpec

    @property
    def seeds(self) -> list[Any]:
        """The state of its seed generator."""
        return [self.layer.seed_generator.state]

    def __call__(self, x: Any, y: Any) -> tuple[Any, Any]:
        """A changed batch, float32."""
        from keras import ops

        return self.layer.change(ops.cast(x, "float32"), ops.cast(y, "float32"), self.target)


class Steps(Protocol):
    """What the training loop needs of a backend."""

    def build(self, x: np.ndarray, y: np.ndarray) -> None:
        """Make all variables, from any batch, before the first step or `restore`."""

    def reset(self) -> None:
        """Begin the means of the metrics anew."""

    def train(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Any:
        """One step; the answer is the batch's loss, which `float()` turns into a number (and waits for it)."""

    def validate(self, x: np.ndarray, y: np.ndarray) -> None:
        """Take a batch into the means without learning from it."""

    def means(self) -> dict[str, float]:
        """The means since `reset`, `loss` first."""

    def state(self) -> list[np.ndarray]:
        """What `restore` needs to go on in the middle of an epoch."""

    def restore(self, state: list[np.ndarray]) -> None:
        """The inverse of `state`."""


def make_steps(model: Any, augmentation: JointAugmentation | None = None) -> Steps:
    """The steps of a compiled model on the backend that Keras runs on."""
    import keras

    if keras.backend.backend() == "tensorflow":
        return _CompiledSteps(model, augmentation)
    return _BatchCalls(model, augmentation)


class _CompiledSteps:
    """TensorFlow: the step is one `tf.function`."""

    def __init__(self, model: Any, augmentation: JointAugmentation | None) -> None:
        self._model = model
        self._augmentation = augmentation
        self._train: dict[bool, Any] = {}
        self._validate = None

    def build(self, x: np.ndarray, y: np.ndarray) -> None:
        model = self._model
        output = model(x[:1], training=False)
        model.compute_loss(x[:1], y[:1], output)
        model.compute_metrics(x[:1], y[:1], output)
        model.optimizer.build(model.trainable_variables)
        self._loss_tracker = next(metric for metric in model.metrics if metric.name == "loss")
        self.reset()

    def _compile_training(self, x: np.ndarray, y: np.ndarray, weighted: bool) -> Any:
        import tensorflow as tf

        model, tracker, augmentation = self._model, self._loss_tracker, self._augmentation

        @tf.function(input_signature=[_signature(x), _signature(y), *([_signature(np.zeros(1, "float32"))] * weighted)])
        def step(images, targets, weights=None):
            tracker.reset_state()
            if augmentation is not None:
                images, targets = augmentation(images, targets)
            with fused_normalization(model):
                return model.train_step((images, targets, weights))["loss"]

        return step

    def reset(self) -> None:
        for metric in self._model.metrics:
            metric.reset_state()

    def train(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Any:
        weighted = weights is not None
        if weighted not in self._train:
            self._train[weighted] = self._compile_training(x, y, weighted)
        return self._train[weighted](x, y, weights) if weighted else self._train[weighted](x, y)

    def validate(self, x: np.ndarray, y: np.ndarray) -> None:
        if self._validate is None:
            import tensorflow as tf

            model = self._model

            @tf.function(input_signature=[_signature(x), _signature(y)])
            def step(images, targets):
                return model.test_step((images, targets))["loss"]

            self._validate = step
        self._validate(x, y)

    def means(self) -> dict[str, float]:
        return _numbers(self._model.get_metrics_result())

    def state(self) -> list[np.ndarray]:
        return [np.asarray(variable) for metric in self._model.metrics for variable in metric.variables]

    def restore(self, state: list[np.ndarray]) -> None:
        variables = [variable for metric in self._model.metrics for variable in metric.variables]
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)


class _BatchCalls:
    """Any backend: Keras' own calls for one batch; the means are kept here, weighted by batch size."""

    def __init__(self, model: Any, augmentation: JointAugmentation | None) -> None:
        self._model = model
        self._augmentation = augmentation
        self.reset()

    def build(self, x: np.ndarray, y: np.ndarray) -> None:
        self._model.optimizer.build(self._model.trainable_variables)

    def reset(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def train(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Any:
        if self._augmentation is not None:
            x, y = self._augmentation(x, y)
        logs = self._model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
        return self._add(logs, len(x))

    def validate(self, x: np.ndarray, y: np.ndarray) -> None:
        self._model.reset_metrics()
        self._add(self._model.test_on_batch(x, y, return_dict=True), len(x))

    def _add(self, logs: Mapping[str, Any], count: int) -> float:
        for name, value in logs.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value) * count
        self._count += count
        return float(logs["loss"])

    def means(self) -> dict[str, float]:
        names = sorted(self._sums, key=lambda name: name != "loss")
        return {name: self._sums[name] / max(1, self._count) for name in names}

    def state(self) -> list[np.ndarray]:
        names = sorted(self._sums)
        return [np.array(names), np.array([self._sums[name] for name in names]), np.array(self._count)]

    def restore(self, state: list[np.ndarray]) -> None:
        names, sums, count = state
        self._sums = dict(zip(names.tolist(), sums.tolist(), strict=True))
        self._count = int(count)


def measured(model: Any, training: Batches, validation: Batches | None) -> dict[str, float]:
    """Loss and metrics of a compiled model as it is: on the training split, and with `val_` before on the other."""
    steps = make_steps(model)
    first = next(training.evaluation())
    steps.build(first[0], first[1])
    metrics = {}
    for prefix, batches in (("", training), ("val_", validation)):
        if batches is not None:
            steps.reset()
            for x, y, _weights in batches.evaluation():
                steps.validate(x, y)
            metrics |= {f"{prefix}{name}": value for name, value in steps.means().items()}
    return metrics


def _signature(array: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.TensorSpec([None, *array.shape[1:]], array.dtype)


def _numbers(results: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in results.items()}
