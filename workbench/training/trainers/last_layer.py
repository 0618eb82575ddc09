"""A network without hidden layers, as the sums it is: features times weights plus bias, and the loss of that.

What the trainers of such networks share. NumPy only, but for the functions that take a Keras model.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.architectures.table import LOGITS
from workbench.data.batches import Batches
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.runs.model_file import CUT

_KINDS = {
    "MeanSquaredError": "squared",
    "MeanAbsoluteError": "absolute",
    "Huber": "huber",
    "BinaryCrossentropy": "binary",
    "SparseCategoricalCrossentropy": "categorical",
}


@dataclass(frozen=True)
class Sums:
    """The training samples as the last layer sees them.

    Attributes:
        kind: of the loss: `squared`, `absolute`, `huber`, `binary` or `categorical`.
        features: float64, (n, d).
        targets: float64, (n, k): numbers, or 0 and 1 with one column per output.
        weights: (n,), mean 1, or None.
    """

    kind: str
    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None

    @property
    def with_ones(self) -> np.ndarray:
        """The features with a column of ones for the bias, (n, d + 1)."""
        return np.column_stack([self.features, np.ones(len(self.features))])


def refuse_hidden_layers(experiment: Experiment, network: Any, trainer: str) -> None:
    """Raise `UserError` unless everything the network learns is the weights and the bias of its output layer."""
    learned = network.trainable.trainable_variables
    own = {id(variable) for variable in network.model.get_layer(LOGITS).trainable_variables}
    overridden = experiment.overrides.output_activation != "auto" or experiment.overrides.loss_expects != "auto"
    if len(own) != 2 or {id(variable) for variable in learned} != own or overridden:
        raise UserError(
            _(
                "The trainer {trainer} is for networks without hidden layers, such as linear and logistic, and without "
                "overrides of output and loss. The architecture {architecture} has more to learn; use the trainer fit."
            ).format(trainer=trainer, architecture=experiment.architecture.name)
        )
    if experiment.augmentation.active:
        raise UserError(
            _("The trainer {trainer} takes all samples at once, as they are. Switch the augmentation off.").format(
                trainer=trainer
            )
        )


def refuse_cut_pictures(network: Any) -> None:
    """Raise `UserError` where the model cuts rows off: a script's prepared pictures have lost them already."""
    if any(layer.name == CUT for layer in network.model.layers):
        raise UserError(
            _(
                "Weights that are found at once, from pictures of which rows are cut off, cannot be written as a Keras "
                "script yet. Set preprocessing.crop_top and crop_bottom to 0 to copy this experiment."
            )
        )


def loss_kind(loss: Any) -> str:
    """The kind of a Keras loss that `Sums` knows, or an empty text."""
    if getattr(loss, "label_smoothing", 0):
        return ""
    return _KINDS.get(type(loss).__name__, "")


def output_layer(trainable: Any) -> Any:
    """The output layer of the model that is trained."""
    return trainable.get_layer("network").get_layer(LOGITS)


def features_of(trainable: Any) -> Any:
    """The Keras model from a prepared sample, float32, to what the output layer sees."""
    import keras

    network = trainable.get_layer("network")
    # With pictures the layer has been applied twice, `layer.input` is that of the first time: ask the output instead.
    operation, node, _tensor = network.output._keras_history
    return keras.Model(network.input, operation._inbound_nodes[node].input_tensors[0])


def sums_of(trainable: Any, training: Batches) -> Sums:
    """The training split as the output layer of a compiled model sees it."""
    seen = features_of(trainable)
    kind = loss_kind(trainable.loss)
    units = output_layer(trainable).units
    features, targets, weights = [], [], []
    for x, y, w in training.evaluation():
        features.append(np.asarray(seen(np.asarray(x, np.float32), training=False), np.float64))
        targets.append(np.eye(units)[y] if kind == "categorical" else np.asarray(y, np.float64).reshape(len(x), units))
        weights.append(w)
    together = None if weights[0] is None else np.concatenate(weights).astype(np.float64)
    return Sums(kind, np.concatenate(features), np.concatenate(targets), together)


def losses(kind: str, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The loss of every sample.

    Args:
        kind: see `Sums`.
        logits: (..., n, k).
        targets: (n, k).

    Returns:
        (..., n).
    """
    if kind == "categorical":
        highest = logits.max(axis=-1, keepdims=True)
        summed = highest[..., 0] + np.log(np.exp(logits - highest).sum(axis=-1))
        return summed - (logits * targets).sum(axis=-1)
    if kind == "binary":
        return (np.logaddexp(0, logits) - logits * targets).mean(axis=-1)
    error = np.abs(logits - targets)
    if kind == "squared":
        return (error**2).mean(axis=-1)
    if kind == "huber":
        return np.where(error <= 1, error**2 / 2, error - 0.5).mean(axis=-1)
    return error.mean(axis=-1)


def mean_loss(sums: Sums, weights: np.ndarray) -> float:
    """The loss of the training split; `weights` is (d + 1, k), the bias last."""
    values = losses(sums.kind, sums.features @ weights[:-1] + weights[-1], sums.targets)
    return float(np.mean(values if sums.weights is None else values * sums.weights))
