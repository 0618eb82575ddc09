"""The best weights of a network without hidden layers, in float64: least squares, or Newton's method.

Newton's method on the cross-entropy is iteratively reweighted least squares (Hastie et al., The Elements of Statistical
Learning, section 4.4.1).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workbench.training.trainers.last_layer import Sums, mean_loss

MOST_WEIGHTS = 2_000
_ITERATIONS = 100
_SMALL_GRADIENT = 1e-10
_NO_LOSS = 1e-4


def best_weights(sums: Sums, check: Callable[[], None] = lambda: None) -> np.ndarray:
    """The weights of the smallest loss, (d + 1, k), the bias last.

    Where columns repeat each other, the smallest of all best weights. Where classes can be told apart without a
    mistake, the loss has no lowest point; the search then ends where it is as good as 0.

    Args:
        sums: with a loss of the kind `squared`, `binary` or `categorical`.
        check: called now and then; what it raises ends the search.
    """
    centre = sums.features.mean(axis=0)
    spread = sums.features.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1e-300), spread, 1.0)
    scaled = replace(sums, features=(sums.features - centre) / spread)
    weights = _least_squares(scaled) if sums.kind == "squared" else _newton(scaled, check)
    kernel = weights[:-1] / spread[:, None]
    return np.vstack([kernel, weights[-1] - centre @ kernel])


def _least_squares(sums: Sums) -> np.ndarray:
    rows, targets = sums.with_ones, sums.targets
    if sums.weights is not None:
        root = np.sqrt(sums.weights)[:, None]
        rows, targets = rows * root, targets * root
    return np.linalg.lstsq(rows, targets, rcond=None)[0]


def _newton(sums: Sums, check: Callable[[], None]) -> np.ndarray:
    rows, targets = sums.with_ones, sums.targets
    share = np.full(len(rows), 1.0) if sums.weights is None else sums.weights
    share = share / len(rows)
    weights = np.zeros((rows.shape[1], targets.shape[1]))
    loss = mean_loss(sums, weights)
    for _iteration in range(_ITERATIONS):
        check()
        chances = _chances(sums.kind, rows @ weights)
        gradient = rows.T @ ((chances - targets) * share[:, None])
        if np.abs(gradient).max() < _SMALL_GRADIENT or loss < _NO_LOSS:
            break
        step = _newton_step(rows, chances, share, gradient)
        length = 1.0
        while length > 1e-6 and not mean_loss(sums, weights - length * step) < loss:
            length /= 2
        if length <= 1e-6:
            break  # as good as the precision of the numbers allows
        weights = weights - length * step
        loss = mean_loss(sums, weights)
    return weights


def _chances(kind: str, logits: np.ndarray) -> np.ndarray:
    if kind == "binary":
        return np.exp(-np.logaddexp(0, -logits))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _newton_step(rows: np.ndarray, chances: np.ndarray, share: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The step of all weights at once; curvature (d + 1, d + 1) for every pair of outputs."""
    count, outputs = gradient.shape
    curvature = np.zeros((outputs, count, outputs, count))
    for first in range(outputs):
        for second in range(first, outputs):
            bend = chances[:, first] * ((first == second) - chances[:, second]) * share
            curvature[first, :, second] = (rows * bend[:, None]).T @ rows
            curvature[second, :, first] = curvature[first, :, second].T
    flat = curvature.reshape(outputs * count, -1)
    # The same number added to all outputs changes nothing: a trace of damping makes the equations solvable.
    flat = flat + np.eye(len(flat)) * (1e-10 * np.trace(flat) / len(flat) + 1e-14)
    return np.linalg.solve(flat, gradient.T.reshape(-1)).reshape(outputs, count).T
