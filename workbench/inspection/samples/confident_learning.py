"""Confident learning: which labels are probably wrong, from probabilities that were not learned with them.

Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", arXiv:1911.00068.
`cleanlab` does the same; it would add a large dependency for the few lines of NumPy below.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Suspects:
    """What speaks against the labels.

    Attributes:
        thresholds: float, (classes,): the mean probability of a class where it is the label; infinite where it is none.
        joint: int, (classes, classes): samples by their label and the class the model is confident of.
        order: the suspected samples, the most suspected first.
        better: the class the model is confident of, per sample (that of its label where there is none).
        margins: probability of the label less that of the likeliest other class, per sample: the least speaks most
            against it.
        noise: the estimated share of wrong labels.
    """

    thresholds: np.ndarray
    joint: np.ndarray
    order: np.ndarray
    better: np.ndarray
    margins: np.ndarray
    noise: float


def suspects(probabilities: np.ndarray, labels: np.ndarray) -> Suspects:
    """Find the labels that are probably wrong.

    A sample counts for class j where its probability reaches the threshold of j (the likeliest of these classes where
    there are several). It is suspected where that class is not its label.

    Args:
        probabilities: (n, classes), of a model that has not learned these labels.
        labels: int, (n,).
    """
    count, classes = probabilities.shape
    everyone = np.arange(count)
    sums = np.bincount(labels, probabilities[everyone, labels], minlength=classes)
    sizes = np.bincount(labels, minlength=classes)
    thresholds = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    reached = np.where(probabilities >= thresholds - 1e-12, probabilities, -1.0)
    confident = reached.max(axis=1) >= 0
    better = np.where(confident, reached.argmax(axis=1), labels)
    joint = np.zeros((classes, classes), np.int64)
    np.add.at(joint, (labels[confident], better[confident]), 1)
    others = probabilities.copy()
    others[everyone, labels] = -1.0
    margins = probabilities[everyone, labels] - others.max(axis=1)
    found = np.flatnonzero(better != labels)
    return Suspects(
        thresholds, joint, found[np.argsort(margins[found], kind="stable")], better, margins, _noise(joint, sizes)
    )


def _noise(joint: np.ndarray, sizes: np.ndarray) -> float:
    """The share off the diagonal, every label weighted by how often it occurs (equation 3 of the paper)."""
    rows = joint.sum(axis=1)
    agreeing = np.divide(np.diag(joint), rows, out=np.ones(len(rows)), where=rows > 0)
    return float(((1 - agreeing) * sizes).sum() / max(sizes.sum(), 1))


def probabilities_by_folds(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    folds: int,
    check: Callable[[], None],
    tell: Callable[[int], None],
) -> np.ndarray:
    """For every sample the probabilities by a logistic regression that has not seen it.

    As scikit-learn's `cross_val_predict` on a `LogisticRegression`, which cannot be stopped while it fits: here SciPy's
    L-BFGS minimises the same objective (summed cross-entropy, L2 penalty 1/2 on standardised features) and asks
    `check` before every step.

    Args:
        features: (n, d).
        labels: int, (n,); classes with fewer than 2 samples get a probability of 0 for those of the other folds.
        classes: how many there are.
        folds: parts, at least 2.
        check: called often; what it raises ends the work.
        tell: takes the number of folds done.

    Returns:
        float64, (n, classes).
    """
    probabilities = np.zeros((len(features), classes))
    part = _stratified(labels, folds)
    for fold in range(folds):
        tell(fold)
        rest, own = part != fold, part == fold
        if not own.any():
            continue
        centre, spread = features[rest].mean(axis=0), features[rest].std(axis=0)
        scale = np.where(spread > 1e-8, spread, 1.0)
        weights = fit_logistic((features[rest] - centre) / scale, labels[rest], classes, check)
        probabilities[own] = _softmax(_with_one((features[own] - centre) / scale) @ weights)
    return probabilities


def _stratified(labels: np.ndarray, folds: int) -> np.ndarray:
    """A fold per sample: every class is spread evenly over them, at random by a fixed seed."""
    order = np.random.default_rng(0).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    part = np.empty(len(labels), np.int64)
    part[order] = np.arange(len(labels)) % folds
    return part


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, classes: int, check: Callable[[], None], penalty: float = 1.0
) -> np.ndarray:
    """Weights (d + 1, classes) of a multinomial logistic regression; the last row is the offset, which is not punished.

    Classes without a sample get a probability of (nearly) zero.
    """
    from scipy.optimize import minimize

    inputs = _with_one(features).astype(np.float32)
    truth = np.zeros((len(labels), classes), np.float32)
    truth[np.arange(len(labels)), labels] = 1
    absent = truth.sum(axis=0) == 0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        check()
        weights = flat.reshape(-1, classes)
        scores = inputs @ weights.astype(np.float32)
        scores[:, absent] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        sums = raised.sum(axis=1, keepdims=True)
        of_truth = np.where(truth > 0, scores, 0).sum(axis=1) - np.log(sums[:, 0])
        gradient = (inputs.T @ (raised / sums - truth)).astype(np.float64)
        gradient[:-1] += penalty * weights[:-1]
        value = -float(of_truth.sum(dtype=np.float64)) + penalty / 2 * float((weights[:-1] ** 2).sum())
        return value, gradient.ravel()

    start = np.zeros(inputs.shape[1] * classes)
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x.reshape(-1, classes)
    weights[-1, absent] = -1e9
    return weights


def _with_one(features: np.ndarray) -> np.ndarray:
    return np.column_stack([features, np.ones(len(features), features.dtype)])


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
