"""From many features to the plane by linear means: PCA and LDA. NumPy only, in steps short enough to be stopped.

Rows are samples everywhere; `check` is called about ten times a second, and what it raises ends the work.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Check = Callable[[], None]

_EXACT = 640  # features: an eigenvalue problem of this size takes a tenth of a second
_OVERSAMPLING = 12
_POWER_STEPS = 8
_VALUES_AT_A_TIME = 1_000_000
_LDA_COMPONENTS = 100
_RIDGE = 1e-4  # of the mean variance within classes, so that features without any do not decide


def nothing() -> None:
    """For whoever does not stop."""


@dataclass(frozen=True)
class Plane:
    """Samples along axes.

    Attributes:
        places: float32, (n, axes).
        shares: per axis what it holds of all there is, from 0 to 1; NaN where that cannot be said.
    """

    places: np.ndarray
    shares: np.ndarray


def principal_components(features: np.ndarray, count: int, check: Check = nothing) -> Plane:
    """The directions of the largest variance (Pearson 1901; Hotelling 1933).

    Of many features by a randomised range finder with power steps (Halko, Martinsson and Tropp 2011,
    arXiv:0909.4061), always from the same start.

    Args:
        features: (n, d), finite.
        count: of components; fewer come back where there are fewer samples or features.
        check: called about ten times a second.

    Returns:
        The places along the components, shares of the variance; a component points to where its largest value is.
    """
    mean = _sum(features, check) / max(len(features), 1)
    total = sum(float(((part - mean) ** 2).sum()) for part in _parts(features, check))
    count = min(count, *features.shape)
    if features.shape[1] <= _EXACT:
        basis = np.eye(features.shape[1])
        small = _gram(features, mean, check)
    else:
        basis = _range(features, mean, min(count + _OVERSAMPLING, *features.shape), check)
        projected = np.concatenate([(part - mean) @ basis for part in _parts(features, check)])
        small = projected.T @ projected
    variances, directions = np.linalg.eigh(small)
    chosen = basis @ directions[:, ::-1][:, :count]
    places = np.concatenate([(part - mean) @ chosen for part in _parts(features, check)])
    places *= np.where(places[np.abs(places).argmax(axis=0), np.arange(count)] < 0, -1.0, 1.0)
    shares = np.clip(variances[::-1][:count], 0, None) / total if total > 0 else np.zeros(count)
    return Plane(places.astype(np.float32), shares)


def discriminants(features: np.ndarray, classes: np.ndarray, count: int = 2, check: Check = nothing) -> Plane:
    """The directions in which classes lie furthest apart beside their own width (Fisher 1936; Rao 1948).

    Of many features after PCA to 100 components (Belhumeur et al. 1997). Where there are fewer discriminants than
    `count` (one for two classes), the largest variance of what is left comes behind them, with a share of NaN.

    Args:
        features: (n, d), finite.
        classes: (n,) integers, at least two different ones.
        count: of axes.
        check: called about ten times a second.
    """
    reduced = principal_components(features, min(_LDA_COMPONENTS, features.shape[1]), check).places.astype(np.float64)
    names, members = np.unique(classes, return_inverse=True)
    counts = np.bincount(members)
    means = np.zeros((len(names), reduced.shape[1]))
    np.add.at(means, members, reduced)
    means /= counts[:, None]
    within = reduced - means[members]
    inside = within.T @ within / max(len(reduced) - len(names), 1)
    inside += _RIDGE * (np.trace(inside) / len(inside) or 1.0) * np.eye(len(inside))
    check()
    root = np.linalg.cholesky(inside)
    apart = (means - reduced.mean(axis=0)) * np.sqrt(counts / len(reduced))[:, None]
    whitened = np.linalg.solve(root, apart.T)
    strengths, directions = np.linalg.eigh(whitened @ whitened.T)
    found = min(count, len(names) - 1, reduced.shape[1])
    axes = np.linalg.solve(root.T, directions[:, ::-1][:, :found])
    places = reduced @ axes
    shares = np.clip(strengths[::-1], 0, None)
    shares = shares[:found] / (shares.sum() or 1.0)
    if found < count:
        # What the discriminants do not say: the residual of every feature after a regression on them.
        told, *_rest = np.linalg.lstsq(places, reduced, rcond=None)
        rest = principal_components(reduced - places @ told, count - found, check)
        missing = count - found - rest.places.shape[1]
        places = np.column_stack([places, rest.places, np.zeros((len(places), missing))])
        shares = np.append(shares, np.full(count - found, np.nan))
    return Plane(places.astype(np.float32), shares)


def _parts(features: np.ndarray, check: Check) -> Iterator[np.ndarray]:
    """The features in pieces, with a check before each; float64, which sums of many squares need."""
    rows = max(1, _VALUES_AT_A_TIME // max(1, features.shape[1]))
    for start in range(0, max(len(features), 1), rows):
        check()
        yield np.asarray(features[start : start + rows], np.float64)


def _sum(features: np.ndarray, check: Check) -> np.ndarray:
    return sum((part.sum(axis=0) for part in _parts(features, check)), np.zeros(features.shape[1]))


def _gram(features: np.ndarray, mean: np.ndarray, check: Check) -> np.ndarray:
    centred = (part - mean for part in _parts(features, check))
    return sum((part.T @ part for part in centred), np.zeros((len(mean), len(mean))))


def _range(features: np.ndarray, mean: np.ndarray, width: int, check: Check) -> np.ndarray:
    """An orthonormal basis (d, width) of about what the largest components span."""
    basis = np.random.default_rng(0).normal(size=(features.shape[1], width))
    for _step in range(_POWER_STEPS):
        basis, _upper = np.linalg.qr(basis)
        following = np.zeros_like(basis)
        for part in _parts(features, check):
            centred = part - mean
            following += centred.T @ (centred @ basis)
        basis = following
    return np.linalg.qr(basis)[0]
