"""What a table looks like: its columns, how they are spread, what goes with what, and what is far from the rest."""

from dataclasses import dataclass

import numpy as np

from workbench.data.prepared import PreparedData
from workbench.data.tables.distribution import distribution, labelled
from workbench.data.tables.outliers import Limits, find_outliers, limits_of
from workbench.figures import Figure, Matrix, Table
from workbench.i18n import _
from workbench.specs import Column

_CORRELATED_ROWS = 100_000
_CORRELATED_COLUMNS = 30
_OUTLIERS_LISTED = 200


@dataclass(frozen=True)
class Summary:
    """What there is to know of a column of numbers or categories.

    Attributes:
        missing: values that are not there.
        different: values that differ from each other.
        quartiles: minimum, lower quartile, median, upper quartile and maximum; empty for categories.
        mean: and `deviation`, of numbers.
        usual: the most frequent category.
    """

    missing: int
    different: int
    quartiles: tuple[float, ...] = ()
    mean: float = np.nan
    deviation: float = np.nan
    usual: str = ""


def describe(data: PreparedData) -> tuple[Figure, ...]:
    """The figures of a table for the Data page."""
    columns = list(data.input.columns)
    values = [data.inputs[:, number] for number in range(len(columns))]
    if data.target.columns:
        columns += data.target.columns
        values += list(data.targets.T)
    summaries = [summary(column, part) for column, part in zip(columns, values, strict=True)]
    figures: list[Figure] = [_columns(data, columns, summaries), distribution(data)]
    numeric = [number for number, column in enumerate(columns) if not column.categories]
    if len(numeric) > 1:
        figures.append(_correlations([columns[number].name for number in numeric], [values[n] for n in numeric]))
    figures.append(_outliers(data, columns, values, summaries))
    return tuple(figures)


def summary(column: Column, values: np.ndarray) -> Summary:
    """What there is to know of a column, from all of its rows."""
    present = np.sort(values[~np.isnan(values)]).astype(np.float64)
    missing = len(values) - len(present)
    if not len(present):
        return Summary(missing, 0)
    different = 1 + int(np.count_nonzero(np.diff(present)))
    if column.categories:
        usual = column.categories[int(np.bincount(present.astype(np.int64)).argmax())]
        return Summary(missing, different, usual=usual)
    return Summary(
        missing, different, tuple(_sorted_quantile(present, share) for share in (0, 0.25, 0.5, 0.75, 1)),
        float(present.mean()), float(present.std()),
    )  # fmt: skip


def _sorted_quantile(ascending: np.ndarray, share: float) -> float:
    """A quantile of sorted values, between two of them where need be, as NumPy has it by default."""
    place = share * (len(ascending) - 1)
    low = int(place)
    high = min(low + 1, len(ascending) - 1)
    return float(ascending[low] + (ascending[high] - ascending[low]) * (place - low))


def _columns(data: PreparedData, columns: list[Column], summaries: list[Summary]) -> Table:
    header = (
        _("column"), _("type"), _("unit"), _("missing"), _("different"), _("minimum"), _("quartile 1"), _("median"),
        _("quartile 3"), _("maximum"), _("mean"), _("deviation"), _("most frequent"),
    )  # fmt: skip
    features = len(data.input.columns)
    rows = []
    for number, (column, about) in enumerate(zip(columns, summaries, strict=True)):
        kind = _("categories") if column.categories else _("number")
        quartiles = tuple(map(_rounded, about.quartiles)) or (None,) * 5
        name = column.name if number < features else _("{name} (target)").format(name=column.name)
        rows.append((
            name, kind, column.unit, about.missing, about.different, *quartiles, _rounded(about.mean),
            _rounded(about.deviation), about.usual,
        ))  # fmt: skip
    note = _("{count} rows, all splits together.").format(count=f"{len(data.targets):,}")
    return Table(_("Columns"), header, tuple(rows), note=note)


def correlations(columns: list[np.ndarray]) -> np.ndarray:
    """Pearson's r of every two columns over the rows that have both; NaN where one does not vary. (k, k)."""
    values = np.stack(columns, axis=1).astype(np.float64)
    present = ~np.isnan(values)
    counts = np.maximum(present.sum(axis=0), 1)
    values = np.where(present, values, 0.0)
    values = np.where(present, values - values.sum(axis=0) / counts, 0.0)
    largest = np.abs(values).max(axis=0)
    values /= np.where(largest > 0, largest, 1.0)
    there = present.astype(np.float64)
    both = there.T @ there
    sums, squares = values.T @ there, (values**2).T @ there
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = values.T @ values - sums * sums.T / both
        variance = squares - sums**2 / both
        result = covariance / np.sqrt(variance * variance.T)
    result[~(np.minimum(variance, variance.T) > 1e-12 * both)] = np.nan
    return np.clip(result, -1.0, 1.0)


def _correlations(names: list[str], columns: list[np.ndarray]) -> Matrix:
    count, notes = len(columns[0]), []
    if count > _CORRELATED_ROWS:
        chosen = np.sort(np.random.default_rng(0).choice(count, _CORRELATED_ROWS, replace=False))
        columns = [values[chosen] for values in columns]
        notes.append(_("From {shown} of {count} rows, drawn at random.").format(
            shown=f"{_CORRELATED_ROWS:,}", count=f"{count:,}"))  # fmt: skip
    matrix = correlations(columns)
    if len(names) > _CORRELATED_COLUMNS:
        # The last column is the target, where it is a number; otherwise any will do to choose by.
        strongest = np.argsort(-np.nan_to_num(np.abs(matrix[-1])), kind="stable")[:_CORRELATED_COLUMNS]
        chosen = np.sort(strongest)
        matrix, names = matrix[np.ix_(chosen, chosen)], [names[number] for number in chosen]
        notes.append(_("The {shown} columns of {count} that go most with the last one.").format(
            shown=len(names), count=len(columns)))  # fmt: skip
    notes.append(_("Pearson's r of the rows that have both values; 1 and -1: one follows from the other by a line."))
    return Matrix(_("Correlations"), matrix, tuple(names), "", "", note=" ".join(notes))


def _outliers(data: PreparedData, columns: list[Column], values: list[np.ndarray], summaries: list[Summary]) -> Table:
    limits: list[Limits | None] = [
        limits_of(about.quartiles[1], about.quartiles[3]) if about.quartiles else None for about in summaries
    ]
    found, total, rows = find_outliers(values, limits, _OUTLIERS_LISTED)
    shown = tuple(
        (
            data.names[outlier.row], labelled(columns[outlier.column].name, columns[outlier.column].unit),
            _rounded(outlier.value), _rounded(limits[outlier.column].low), _rounded(limits[outlier.column].high),
        )
        for outlier in found
    )  # fmt: skip
    notes = [_("No value is farther than 1.5 times the distance of the quartiles beyond them.")]
    if total:
        notes = [_(
            "{values} values in {rows} rows are farther than 1.5 times the distance of the quartiles beyond them. They "
            "are listed, not left out."
        ).format(values=f"{total:,}", rows=f"{rows:,}")]  # fmt: skip
    if total > len(found):
        notes.append(_("The {count} most extreme are shown.").format(count=len(found)))
    same = [
        columns[number].name for number, usual in enumerate(limits) if usual is None and summaries[number].quartiles
    ]
    if same:
        notes.append(_("Not looked at, because half of the values or more are the same: {names}.").format(
            names=", ".join(same[:10])))  # fmt: skip
    header = (_("row"), _("column"), _("value"), _("usual from"), _("usual to"))
    return Table(_("Outliers"), header, shown, note=" ".join(notes))


def _rounded(value: float) -> float | None:
    """Six digits, about what a float32 holds, whole numbers without a fraction; None for no number."""
    if np.isnan(value):
        return None
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
