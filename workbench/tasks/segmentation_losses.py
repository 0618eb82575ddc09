"""Losses and metrics of masks.

Each loss is written once, on the functions that NumPy and `keras.ops` share: the same arithmetic trains the network and
judges its samples. A batch's loss is the mean of its samples' losses, so that the mean over a split does not depend on
how it is cut into batches.
"""

from typing import Any

import numpy as np

EPSILON = 1e-7
_SMOOTH = 1.0  # pixels added to both sides of a Dice quotient: a class that is nowhere and found nowhere costs nothing


def mask_losses(xp: Any, predicted: Any, truth: Any, *, terms: tuple[str, ...], gamma: float, from_logits: bool) -> Any:
    """The loss of every sample, (batch,).

    Args:
        xp: `numpy` or `keras.ops`.
        predicted: float32, (batch, height, width, units); one unit stands for two classes.
        truth: class indices as float32, (batch, height, width).
        terms: what is summed: `cross_entropy`, `focal` (Lin et al., 2017), `dice` (Milletari et al., 2016).
        gamma: how little the focal term cares about pixels that are right already; 0 makes it the cross-entropy.
        from_logits: whether `predicted` are values before the sigmoid or softmax.
    """
    probabilities, log_of_truth, members = _read(xp, predicted, truth, from_logits)
    total = 0.0
    for term in terms:
        if term == "dice":
            total = total + _dice(xp, probabilities, members)
        elif term == "focal":
            doubt = xp.maximum(1.0 - xp.exp(log_of_truth), EPSILON)
            total = total - xp.mean(doubt**gamma * log_of_truth, axis=(1, 2))
        else:
            total = total - xp.mean(log_of_truth, axis=(1, 2))
    return total


def _read(xp: Any, predicted: Any, truth: Any, from_logits: bool) -> tuple[Any, Any, Any]:
    """Probabilities and membership (0 or 1) of the classes that Dice counts, and the log-probability of the truth."""
    if predicted.shape[-1] == 1:
        members = truth
        values = predicted[..., 0]
        if from_logits:
            # log sigmoid(z) of the true class, without overflow: min(z, 0) - log(1 + exp(-|z|))
            signed = (2.0 * members - 1.0) * values
            log_of_truth = xp.minimum(signed, 0.0) - xp.log1p(xp.exp(-xp.abs(signed)))
            probabilities = 0.5 * (xp.tanh(0.5 * values) + 1.0)
        else:
            probabilities = values
            log_of_truth = xp.log(xp.clip(members * values + (1.0 - members) * (1.0 - values), EPSILON, 1.0))
        return probabilities[..., None], log_of_truth, members[..., None]
    classes = np.arange(predicted.shape[-1], dtype="float32")
    members = xp.where(xp.equal(truth[..., None], classes), np.float32(1), np.float32(0))
    if from_logits:
        shifted = predicted - xp.max(predicted, axis=-1, keepdims=True)
        logs = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
        return xp.exp(logs), xp.sum(members * logs, axis=-1), members
    log_of_truth = xp.log(xp.clip(xp.sum(members * predicted, axis=-1), EPSILON, 1.0))
    return predicted, log_of_truth, members


def _dice(xp: Any, probabilities: Any, members: Any) -> Any:
    """One minus the overlap of what is found and what is there, softly counted; the mean over classes, (batch,)."""
    common = xp.sum(probabilities * members, axis=(1, 2))
    both = xp.sum(probabilities, axis=(1, 2)) + xp.sum(members, axis=(1, 2))
    return xp.mean(1.0 - (2.0 * common + _SMOOTH) / (both + _SMOOTH), axis=-1)


def keras_loss(terms: tuple[str, ...], gamma: float, from_logits: bool) -> Any:
    """The Keras loss, averaged over the batch."""
    import keras

    class MaskLoss(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return mask_losses(keras.ops, y_pred, y_true, terms=terms, gamma=gamma, from_logits=from_logits)

    return MaskLoss(name="_".join(terms))


def keras_metrics(classes: int, from_logits: bool) -> list[Any]:
    """`accuracy`, `mean_iou` and `dice` of all pixels since the last reset."""
    import keras
    from keras import ops

    class PixelCounts(keras.metrics.Metric):
        """Counts of pixels, rows true and columns predicted; a subclass makes a number of them."""

        def __init__(self, name: str, of_counts: Any) -> None:
            super().__init__(name=name, dtype="float32")
            self.counts = self.add_variable((classes, classes), initializer="zeros", name="counts")
            self.of_counts = of_counts

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            truth = ops.reshape(ops.cast(y_true, "int32"), (-1,))
            if classes == 2:
                chosen = ops.reshape(ops.cast(y_pred > (0.0 if from_logits else 0.5), "int32"), (-1,))
            else:
                chosen = ops.reshape(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), (-1,))
            rows = ops.one_hot(truth, classes, dtype="float32")
            columns = ops.one_hot(chosen, classes, dtype="float32")
            self.counts.assign_add(ops.matmul(ops.transpose(rows), columns))

        def result(self) -> Any:
            return self.of_counts(ops, self.counts)

    return [PixelCounts("accuracy", accuracy), PixelCounts("mean_iou", mean_iou), PixelCounts("dice", dice)]


def accuracy(xp: Any, counts: Any) -> Any:
    """Share of pixels with the right class, of counts (classes, classes) with rows true and columns predicted."""
    return xp.sum(xp.diagonal(counts)) / xp.maximum(xp.sum(counts), 1.0)


def mean_iou(xp: Any, counts: Any) -> Any:
    """Intersection over union, the mean over the classes that occur in truth or prediction."""
    right, truly, found = _sides(xp, counts)
    return _mean_of_occurring(xp, right, truly + found - right)


def dice(xp: Any, counts: Any) -> Any:
    """Twice the intersection over the sum: of the second of two classes, else the mean over those that occur.

    Where the second of two classes neither is nor was found, everything is right: 1.
    """
    right, truly, found = _sides(xp, counts)
    if counts.shape[0] == 2:
        return xp.where(truly[1] + found[1] > 0, 2.0 * right[1] / xp.maximum(truly[1] + found[1], 1.0), 1.0)
    return _mean_of_occurring(xp, 2.0 * right, truly + found)


def _sides(xp: Any, counts: Any) -> tuple[Any, Any, Any]:
    return xp.diagonal(counts), xp.sum(counts, axis=1), xp.sum(counts, axis=0)


def _mean_of_occurring(xp: Any, above: Any, below: Any) -> Any:
    occurs = xp.where(below > 0, 1.0, 0.0)
    return xp.sum(occurs * above / xp.maximum(below, 1.0)) / xp.maximum(xp.sum(occurs), 1.0)
