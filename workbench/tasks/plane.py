"""What a model has learned of a table of one or two features: a line, or a field under the points."""

from dataclasses import dataclass

import numpy as np

from workbench.specs import TableInput
from workbench.tasks.quantities import axis_label
from workbench.tasks.task import Evidence

SIDE = 60
LINE = 200
_MARGIN = 0.05


@dataclass(frozen=True)
class Plane:
    """The plane of two features.

    Attributes:
        outputs: of the model on a grid, (SIDE * SIDE, ...), rows along the second feature from the bottom.
        range: (x minimum, x maximum, y minimum, y maximum), centres of the outer cells.
        labels: of the two axes.
    """

    outputs: np.ndarray
    range: tuple[float, float, float, float]
    labels: tuple[str, str]


def features_drawn(evidence: Evidence, count: int) -> np.ndarray | None:
    """The rows (n, count), when the inputs are a table of exactly so many columns of numbers, else None."""
    spec = evidence.input
    if not isinstance(spec, TableInput) or len(spec.columns) != count or evidence.inputs is None:
        return None
    if evidence.predict is None or any(column.categories for column in spec.columns):
        return None
    rows = np.asarray(evidence.inputs, np.float64)
    return rows if np.isfinite(rows).all(axis=1).any() else None


def feature_labels(spec: TableInput) -> tuple[str, ...]:
    """The names of the columns with their units."""
    return tuple(axis_label(column.name, column.unit) for column in spec.columns)


def line_outputs(evidence: Evidence, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions along the only feature, and the model's outputs there."""
    x = np.linspace(*_limits(rows[:, 0]), LINE)
    return x, np.asarray(evidence.predict(x[:, None].astype(np.float32)), np.float64)


def plane_of(evidence: Evidence, rows: np.ndarray) -> Plane:
    """The model's outputs over the plane of its two features."""
    limits = (*_limits(rows[:, 0]), *_limits(rows[:, 1]))
    across, up = np.meshgrid(np.linspace(*limits[:2], SIDE), np.linspace(*limits[2:], SIDE))
    grid = np.column_stack([across.ravel(), up.ravel()]).astype(np.float32)
    return Plane(np.asarray(evidence.predict(grid)), limits, feature_labels(evidence.input))


def _limits(values: np.ndarray) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low) or 0.5
    return low - margin, high + margin
