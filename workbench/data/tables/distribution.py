"""How the values of a chosen column are spread, and how they go with the target.

NumPy only: the knob is turned in the window, which makes these figures anew each time.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pydantic import create_model

from workbench.data.prepared import PreparedData
from workbench.figures import Adjustable, Bars, Figure, Points, Scatter
from workbench.i18n import _, mark
from workbench.section import Section, setting
from workbench.specs import Column

_BINS = 12
_MOST_GROUPS = 8  # more classes are not told apart
_MOST_POINTS = 1500
_MOST_COLUMNS = 200


class ColumnKnob(Section):
    """Base of the knob; `knob_for` adds the choice of a column by its name."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The class is made for these names: the other side of a pipe makes it anew.
        return _restored, (type(self).model_fields["column"].annotation.__args__, self.model_dump())


@lru_cache(maxsize=16)
def knob_for(names: tuple[str, ...]) -> type[ColumnKnob]:
    """The knob for a table with columns of these names."""
    return create_model(
        "ColumnKnob",
        __base__=ColumnKnob,
        column=(Literal[names], setting(names[0], title=mark("Column"), help=mark("The feature that is shown."))),
    )


def _restored(names: tuple[str, ...], values: dict[str, Any]) -> ColumnKnob:
    return knob_for(names)(**values)


@dataclass(frozen=True)
class Spread:
    """What is shown of one column.

    Attributes:
        label: name and unit.
        bins: a label per bar.
        counts: values per bar, by group.
        points: float32, of some rows; empty where the target has no numbers. `axis` labels them.
    """

    label: str
    bins: tuple[str, ...]
    counts: dict[str, tuple[float, ...]]
    points: np.ndarray
    axis: str


@dataclass(frozen=True)
class Spreads:
    """All columns by name, and the target of the rows that are points.

    Attributes:
        columns: by name.
        target: float32, (points,).
        target_label: name and unit of the target; empty for classes.
        note: what the figures are of.
    """

    columns: dict[str, Spread]
    target: np.ndarray
    target_label: str
    note: str


def distribution(data: PreparedData) -> Adjustable:
    """The figure with its knob."""
    columns = data.input.columns[:_MOST_COLUMNS]
    groups, names = _groups(data)
    count = len(data.targets)
    numeric = bool(data.target.columns)
    chosen = np.arange(0)
    if numeric:
        chosen = np.sort(np.random.default_rng(0).permutation(count)[:_MOST_POINTS])
    note = ""
    if numeric and len(chosen) < count:
        note = _("The points are {shown} of {count} rows, drawn at random.").format(
            shown=f"{len(chosen):,}", count=f"{count:,}"
        )
    if len(columns) < len(data.input.columns):
        note += " " + _("Of {all} columns the first {count} can be chosen.").format(
            all=len(data.input.columns), count=len(columns)
        )
    spreads = {
        column.name: _spread(column, data.inputs[:, number], groups, names, data.inputs[chosen, number])
        for number, column in enumerate(columns)
    }
    target = np.asarray(data.targets[chosen, 0], np.float32) if numeric else np.empty(0, np.float32)
    label = labelled(data.target.columns[0].name, data.target.columns[0].unit) if numeric else ""
    result = Spreads(spreads, target, label, note.strip())
    return Adjustable(_("Distribution"), knob_for(tuple(spreads))(), result, spread_figures)


def spread_figures(params: Any, result: Spreads) -> tuple[Figure, ...]:
    """The histogram of the chosen column; for a target of numbers the target against it, too."""
    chosen = result.columns[params.column]
    bars = Bars(chosen.label, chosen.bins, chosen.counts, _("rows"))
    if not result.target_label:
        return (bars,)
    title = _("{target} against {column}").format(target=result.target_label, column=chosen.label)
    points = (Points(_("rows"), chosen.points, result.target),)
    return bars, Scatter(title, chosen.axis, result.target_label, points, note=result.note)


def labelled(name: str, unit: str) -> str:
    """A name with its unit."""
    return f"{name} ({unit})" if unit else name


def _groups(data: PreparedData) -> tuple[np.ndarray, tuple[str, ...]]:
    """A group per row and the names of the groups: the classes, or one for all."""
    strata, names = data.target.strata(data.targets), data.target.strata_names
    if strata is None or not 1 < len(names) <= _MOST_GROUPS:
        return np.zeros(len(data.targets), np.int64), (_("rows"),)
    return strata, names


def _spread(
    column: Column, values: np.ndarray, groups: np.ndarray, names: tuple[str, ...], points: np.ndarray
) -> Spread:
    present = ~np.isnan(values)
    known = values[present].astype(np.float64)
    label, axis = labelled(column.name, column.unit), labelled(column.name, column.unit)
    if column.categories:
        bins, places = column.categories, known.astype(np.int64)
        points = points + np.random.default_rng(0).uniform(-0.15, 0.15, len(points)).astype(np.float32)
        shown = ", ".join(f"{number} = {word}" for number, word in enumerate(column.categories[:6]))
        axis = f"{label}: {shown}{', ...' if len(column.categories) > 6 else ''}"
    elif not len(known):
        bins, places = ("-",), np.empty(0, np.int64)
    else:
        bins, places = _bins(known)
    cells = groups[present] * len(bins) + places
    table = np.bincount(cells, minlength=len(names) * len(bins)).reshape(len(names), len(bins)).astype(np.float64)
    counts = {name: tuple(row.tolist()) for name, row in zip(names, table, strict=True)}
    return Spread(label, bins, counts, points, axis)


def _bins(values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels of the bars and the bar of every value: one per number where there are few, else as wide as each other."""
    some = np.unique(values[:1000])
    if len(some) <= _BINS:
        unique = np.unique(values)
        if len(unique) <= _BINS:
            return tuple(f"{value:g}" for value in unique), np.searchsorted(unique, values)
    edges = np.linspace(values.min(), values.max(), _BINS + 1)
    places = np.clip(((values - edges[0]) / (edges[-1] - edges[0]) * _BINS).astype(np.int64), 0, _BINS - 1)
    return tuple(f"{_short(low)} – {_short(high)}" for low, high in itertools.pairwise(edges)), places


def _short(value: float) -> str:
    """Four digits, without an exponent for numbers that people write out."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"
