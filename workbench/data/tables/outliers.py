"""Outliers by the rule of box plots: more than 1.5 times the distance of the quartiles beyond them.

They are listed, never left out: an outlier may be a slip of the pen or the most interesting row of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WHISKER = 1.5


@dataclass(frozen=True)
class Limits:
    """What counts as usual in a column: from `low` to `high`; `width` is the distance of the quartiles."""

    low: float
    high: float
    width: float


@dataclass(frozen=True)
class Outlier:
    """A value beyond the limits of its column; `distance` from the nearer limit in widths of the quartiles."""

    row: int
    column: int
    value: float
    distance: float


def limits_of(lower_quartile: float, upper_quartile: float) -> Limits | None:
    """The limits by Tukey's rule (Exploratory Data Analysis, 1977); None where half of the values are the same."""
    width = upper_quartile - lower_quartile
    if not width > 0:
        return None
    return Limits(lower_quartile - WHISKER * width, upper_quartile + WHISKER * width, width)


def find_outliers(
    columns: Sequence[np.ndarray], limits: Sequence[Limits | None], most: int
) -> tuple[list[Outlier], int, int]:
    """The most extreme outliers, how many values there are in all, and in how many rows.

    Args:
        columns: float (n,) each, NaN where a value is missing.
        limits: of each column; None for one that has none.
        most: how many to return.
    """
    found: list[Outlier] = []
    total, rows = 0, np.zeros(len(columns[0]) if columns else 0, bool)
    for number, (values, usual) in enumerate(zip(columns, limits, strict=True)):
        if usual is None:
            continue
        # As float64: the limits of huge values may be no float32.
        outside = np.flatnonzero((values < np.float64(usual.low)) | (values > np.float64(usual.high)))
        total += len(outside)
        rows[outside] = True
        chosen = values[outside].astype(np.float64)
        distances = np.maximum(usual.low - chosen, chosen - usual.high) / usual.width
        for place in np.argsort(-distances, kind="stable")[:most]:
            found.append(Outlier(int(outside[place]), number, float(chosen[place]), float(distances[place])))
    found.sort(key=lambda outlier: -outlier.distance)
    return found[:most], total, int(rows.sum())
