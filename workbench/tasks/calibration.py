"""How far the confidence of a classifier can be trusted, and the one number that mends it.

A classifier is calibrated when of all answers it gives with a confidence of 0.8 about 80 % are right. NumPy only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _

BINS = 15
LOWEST, HIGHEST = 0.02, 50.0  # temperatures beyond these mend nothing that a person would want mended
_STEPS = 60
_CLOSE = 1e-7
_VALUES_AT_A_TIME = 1_000_000
_NEVER = -1e6  # a class with such a score was never learned: its samples tell nothing of a temperature


@dataclass(frozen=True)
class Reliability:
    """Confidence beside accuracy, in bins of equal width.

    Attributes:
        edges: (bins + 1,), from 0 to 1; a bin holds what is above its lower and up to its upper edge.
        counts: (bins,) samples.
        confidence: (bins,) their mean confidence; NaN where there are none. `accuracy`: the share that is right.
        error: the expected calibration error: the mean distance between the two, weighted by the counts.
        largest: the largest distance of a bin.
        mean_confidence: over all samples, and `mean_accuracy`.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float
    largest: float
    mean_confidence: float
    mean_accuracy: float


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Bins of equal width (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017, arXiv:1706.04599).

    Args:
        confidence: the probability of the answer given, (n,), from 0 to 1.
        right: whether it is true, (n,).
        bins: how many.
    """
    confidence = np.asarray(confidence, np.float64)
    right = np.asarray(right, bool)
    # A bin ends with its upper edge, as in Guo et al.: the answers that are quite sure share one with those just below.
    places = np.clip(np.ceil(confidence * bins - 1e-9).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    held = np.maximum(counts, 1)
    nothing = counts == 0
    sure = np.where(nothing, np.nan, np.bincount(places, confidence, bins) / held)
    true = np.where(nothing, np.nan, np.bincount(places, right, bins) / held)
    distances = np.where(nothing, 0.0, np.abs(np.nan_to_num(sure) - np.nan_to_num(true)))
    total = max(len(confidence), 1)
    return Reliability(
        np.linspace(0, 1, bins + 1),
        counts,
        sure,
        true,
        float((distances * counts).sum() / total),
        float(distances.max(initial=0.0)),
        float(confidence.sum() / total),
        float(right.sum() / total),
    )


def of_answers(probabilities: np.ndarray, targets: np.ndarray, bins: int = BINS) -> Reliability:
    """The reliability of the likeliest class.

    Args:
        probabilities: of every class, (n, classes).
        targets: true class indices, (n,).
        bins: how many.
    """
    chosen = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.int64)
    return reliability(probabilities[np.arange(len(chosen)), chosen], chosen == np.asarray(targets).reshape(-1), bins)


def are_probabilities(values: np.ndarray) -> bool:
    """Whether every row (n, classes) is a distribution: not where a model ends without softmax or sigmoid."""
    if not np.size(values) or not np.isfinite(values).all() or values.min() < -1e-6 or values.max() > 1 + 1e-6:
        return False
    return bool(np.abs(values.sum(axis=1, dtype=np.float64) - 1).max() < 1e-3)


def class_logits(logits: np.ndarray) -> np.ndarray:
    """A score per class, (n, classes), float64; one unit stands for two classes, the first at 0."""
    logits = np.asarray(logits, np.float64).reshape(len(logits), int(np.prod(np.shape(logits)[1:])))
    return np.column_stack([np.zeros(len(logits)), logits]) if logits.shape[1] == 1 else logits


def tempered(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """The probabilities at a temperature, (n, classes): the softmax of the scores divided by it."""
    scores = class_logits(logits) / temperature
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def negative_log_likelihood(logits: np.ndarray, targets: np.ndarray, temperature: float = 1.0) -> float:
    """Its mean over the samples at a temperature: what a fit makes as small as it can be."""
    scores = class_logits(logits) / temperature
    highest = scores.max(axis=1)
    sums = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
    return float(np.mean(sums - scores[np.arange(len(scores)), np.asarray(targets, np.int64).reshape(-1)]))


def fit_temperature(logits: np.ndarray, targets: np.ndarray, check: Callable[[], None] = lambda: None) -> float:
    """The temperature of the highest likelihood (Guo et al. 2017, arXiv:1706.04599, section 4.2).

    The likelihood is concave in the inverse temperature: Newton's steps, halved between known bounds where they would
    leave them.

    Args:
        logits: scores before softmax or sigmoid, (n, units).
        targets: true class indices, (n,), of samples that the model was not fitted on.
        check: called now and then; what it raises ends the work.

    Raises:
        UserError: no temperature is best: all answers are right, or no better than chance.
    """
    scores = class_logits(logits)
    targets = np.asarray(targets, np.int64).reshape(-1)
    if not len(scores):
        raise UserError(_("There are no samples to fit a temperature on."))
    if not np.isfinite(scores).all():
        raise UserError(_("The model answers with values that are not numbers; its training diverged."))
    known = scores[np.arange(len(scores)), targets] > _NEVER
    scores, targets = scores[known], targets[known]
    low, high = 1 / HIGHEST, 1 / LOWEST
    if _slopes(scores, targets, high, check)[0] <= 0:
        raise UserError(
            _(
                "The model answers right wherever it is sure, on all {count:,} samples it was asked about: how sure it "
                "may be cannot be told from them. Choose a split on which it makes mistakes."
            ).format(count=len(scores))
        )
    if _slopes(scores, targets, low, check)[0] >= 0:
        raise UserError(
            _(
                "The answers of this model are no better than chance on these samples, and no temperature changes "
                "that. Train it further first."
            )
        )
    inverse = 1.0
    for _step in range(_STEPS):
        slope, curvature = _slopes(scores, targets, inverse, check)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        wanted = inverse - slope / curvature if curvature > 0 else low
        following = wanted if low < wanted < high else np.sqrt(low * high)
        if abs(following - inverse) <= _CLOSE * inverse:
            break
        inverse = following
    return float(1 / following)


def _slopes(scores: np.ndarray, targets: np.ndarray, inverse: float, check: Callable[[], None]) -> tuple[float, float]:
    """First and second derivative of the summed negative log-likelihood by the inverse temperature."""
    slope = curvature = 0.0
    rows = max(1, _VALUES_AT_A_TIME // scores.shape[1])
    for start in range(0, len(scores), rows):
        check()
        part = scores[start : start + rows]
        raised = np.exp(inverse * (part - part.max(axis=1, keepdims=True)))
        chances = raised / raised.sum(axis=1, keepdims=True)
        means = (chances * part).sum(axis=1)
        slope += float((means - part[np.arange(len(part)), targets[start : start + rows]]).sum())
        curvature += float((chances * (part - means[:, None]) ** 2).sum())
    return slope, curvature
