"""Rows of tables: missing values filled and columns scaled inside the model; typed or read from a file to predict."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.input_kind import Asked, InputCode, InputKind, Loaded
from workbench.data.prepared import PreparedData
from workbench.data.source import Emit, Problem, Samples
from workbench.data.table_code import table_code
from workbench.data.table_settings import NoAugmentation, TablePreprocessing
from workbench.errors import UserError, did_you_mean
from workbench.experiment import Experiment
from workbench.figures import Figure, RowSample, Table
from workbench.i18n import _, mark
from workbench.specs import Column, TableInput

_PROBLEMS_NAMED = 1000
_LARGEST = 1e18  # the square of a spread above it is no float32
_NARROWEST = 1e-12  # a spread below this counts as none


@dataclasses.dataclass(frozen=True)
class ColumnStatistics:
    """What is known of the columns from the training split, float64, (columns,) each.

    Attributes:
        fill: what stands for a missing value.
        centre: what the scaling subtracts.
        spread: what it then divides by.
    """

    fill: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


class Rows(InputKind):
    """Rows of a table, float32; a column of words holds the index of the word."""

    name = TableInput.kind
    title = mark("Table")
    help = mark("Rows of numbers and words.")
    preprocessing = TablePreprocessing
    augmentation = NoAugmentation

    def load(self, samples: Samples, experiment: Experiment, emit: Emit, control: Control) -> Loaded:
        """The rows as the source read them, without those that lack a value where rows are left out for that."""
        values = np.ascontiguousarray(samples.values, np.float32)
        rows, problems = np.arange(len(values)), ()
        if experiment.preprocessing.missing == "drop":
            lacking = np.isnan(values)
            kept = ~lacking.any(axis=1)
            rows, problems = np.flatnonzero(kept), _lacking(samples, lacking, np.flatnonzero(~kept))
            values = values[rows]
            if not len(rows):
                _refuse_all(samples, lacking)
        targets = np.asarray(samples.targets)[rows]
        both = np.ascontiguousarray(np.column_stack([values, targets.astype(np.float32)]) + 0.0)
        hashes = both.view(np.uint8).reshape(len(values), -1)
        sizes = np.zeros((len(values), 2), np.int32)
        return Loaded(values, targets, rows, hashes, sizes, problems, samples.columns)

    def refit(self, spec: TableInput, inputs: np.ndarray, training: np.ndarray) -> TableInput:
        """Typical value and range of every column."""
        return TableInput(
            tuple(_refitted(column, inputs[training, number]) for number, column in enumerate(spec.columns))
        )

    def statistics(self, data: PreparedData, preprocessing: TablePreprocessing) -> ColumnStatistics:
        """Fill, centre and spread of every column over the training split."""
        rows = data.inputs[data.splits["train"]]
        _refuse_huge(rows, data.input)
        statistics = column_statistics(rows, preprocessing)
        for number, column in enumerate(data.input.columns):
            if column.categories:  # between two words there is no other: the most frequent one stands for none
                statistics.fill[number] = column.typical
        return statistics

    def enter(self, spec: TableInput, preprocessing: TablePreprocessing) -> tuple[Any, Any]:
        """A row is prepared as it is."""
        import keras

        row = keras.Input(shape=spec.shape, dtype="float32", name="row")
        return row, row

    def scale(
        self, prepared: Any, experiment: Experiment, spec: TableInput, statistics: ColumnStatistics | None
    ) -> Any:
        """Fill what is missing, scale numbers, turn words into one column each."""
        import keras

        if experiment.overrides.scaling_factor is not None:
            raise UserError(_("overrides.scaling_factor is for pictures; rows of tables have none. Leave it out."))
        count = len(spec.columns)
        if statistics is None:  # for counting parameters
            statistics = ColumnStatistics(np.zeros(count), np.zeros(count), np.ones(count))
        numbers = [number for number, column in enumerate(spec.columns) if not column.categories]
        parts = []
        if numbers:
            values = prepared if len(numbers) == count else keras.ops.take(prepared, numbers, axis=1)
            parts.append(_scaled(values, statistics, numbers))
        for number, column in enumerate(spec.columns):
            if column.categories:
                index = keras.ops.nan_to_num(prepared[:, number], nan=float(statistics.fill[number]))
                parts.append(keras.ops.one_hot(keras.ops.cast(index, "int32"), len(column.categories)))
        return parts[0] if len(parts) == 1 else keras.ops.concatenate(parts, axis=1)

    def learn(self, spec: TableInput) -> tuple[Any, Any]:
        """A row is learned from as it is."""
        import keras

        row = keras.Input(shape=spec.shape, dtype="float32", name="values")
        return row, row

    def front(self, spec: TableInput, preprocessing: TablePreprocessing) -> tuple[tuple[str, str, tuple], ...]:
        """Filling and scaling; every word of a column becomes a column."""
        width = sum(max(1, len(column.categories)) for column in spec.columns)
        return (("row", "row", spec.shape), ("fill", "fill", spec.shape), ("scale", "scale", (width,)))

    def asked(
        self,
        paths: Sequence[str],
        content: bytes,
        rows: Sequence[dict[str, Any]],
        spec: TableInput,
        control: Control,
    ) -> Iterator[Asked]:
        """Typed rows, and the rows of table files."""
        for row in rows:
            yield _asked_row(row, spec, "", "")
        if content:
            yield Asked(error=_("this model takes rows of a table, not pictures"))
        for path in paths:
            yield from _rows_of_file(path, spec, control)

    def stacked(self, samples: Sequence[np.ndarray], spec: TableInput, preprocessing: TablePreprocessing) -> np.ndarray:
        """Rows below each other."""
        return np.stack([np.asarray(sample, np.float32) for sample in samples])

    def show(
        self,
        data: PreparedData,
        indices: Sequence[int],
        caption: Callable[[int], str],
        paint: Callable[[np.ndarray, int], np.ndarray],
        numbers: Sequence[int],
        title: str,
    ) -> Figure:
        """The rows as a table."""
        columns = shown_columns(data.input)
        rows = tuple(
            (data.names[index], caption(index), *shown_values(data.inputs[index], data.input)) for index in indices
        )
        known = all(number >= 0 for number in numbers)
        samples = (RowSample(int(number), data.names[index]) for index, number in zip(indices, numbers, strict=True))
        return Table(title, (_("Row"), _("Target"), *columns), rows, samples=tuple(samples) if known else ())

    def describe(self, data: PreparedData) -> tuple[Figure, ...]:
        """Types, missing values, distributions, correlations, outliers."""
        from workbench.data.tables.describe import describe

        return describe(data)

    def keras_code(
        self, experiment: Experiment, spec: TableInput, model: Any, moved: str | None, maps: bool
    ) -> InputCode:
        """See `workbench.data.table_code`."""
        return table_code(experiment, spec)


def column_statistics(values: np.ndarray, preprocessing: TablePreprocessing) -> ColumnStatistics:
    """Fill, centre and spread of every column.

    Args:
        values: rows of the training split, (n, columns), NaN where a value is missing.
        preprocessing: what fills and what scales.
    """
    count = values.shape[1]
    fill, centre, spread = np.zeros(count), np.zeros(count), np.ones(count)
    for number in range(count):
        column = values[:, number].astype(np.float64)
        present = column[~np.isnan(column)]
        if not len(present):
            continue
        fill[number] = np.median(present) if preprocessing.missing == "median" else np.mean(present)
        column = np.where(np.isnan(column), fill[number], column)
        if preprocessing.scaling == "zscore":
            centre[number], wide = np.mean(column), np.std(column)
        elif preprocessing.scaling == "minmax":
            centre[number], wide = np.min(column), np.ptp(column)
        else:
            continue
        spread[number] = wide if wide > _NARROWEST * max(1.0, abs(centre[number])) else 1.0
    return ColumnStatistics(fill, centre, spread)


def _refuse_huge(rows: np.ndarray, spec: TableInput) -> None:
    sizes = np.nan_to_num(np.abs(rows), nan=0.0).max(axis=0, initial=0.0)
    worst = int(sizes.argmax())
    if sizes[worst] > _LARGEST:
        raise UserError(_(
            "The column {name} has values of up to {size:.3g}, too large to learn from. Divide it by a power of ten, "
            "write it in a larger unit, or leave it out of the features."
        ).format(name=spec.columns[worst].name, size=float(sizes[worst])))  # fmt: skip


def _scaled(values: Any, statistics: ColumnStatistics, numbers: list[int]) -> Any:
    """Numbers without gaps, scaled. Nothing but Keras' own layers, so that the saved model opens anywhere."""
    import keras

    def normalization(subtract: np.ndarray, divide: np.ndarray, name: str) -> Any:
        return keras.layers.Normalization(
            axis=-1, mean=[float(value) for value in subtract[numbers]],
            variance=[float(value) ** 2 for value in divide[numbers]], dtype="float32", name=name,
        )  # fmt: skip

    # Around the filling value a gap is a zero; what the scaling subtracts is counted from there.
    fill, centre, spread = statistics.fill, statistics.centre, statistics.spread
    around_fill = normalization(fill, np.ones_like(fill), "fill")(values)
    return normalization(centre - fill, spread, "scale")(keras.ops.nan_to_num(around_fill, nan=0.0))


def shown_columns(spec: TableInput) -> tuple[str, ...]:
    """The columns as people write them, with their units."""
    return tuple(f"{column.name} ({column.unit})" if column.unit else column.name for column in spec.columns)


def shown_values(row: np.ndarray, spec: TableInput) -> Iterator[Any]:
    """The values of a row as people write them: numbers, words, None where one is missing."""
    for value, column in zip(row.tolist(), spec.columns, strict=True):
        if np.isnan(value):
            yield None
        elif column.categories:
            index = int(value)
            yield column.categories[index] if 0 <= index < len(column.categories) else None
        else:
            yield float(f"{value:.7g}")


def _refitted(column: Column, values: np.ndarray) -> Column:
    present = values[~np.isnan(values)]
    if not len(present):
        return column
    typical = float(np.bincount(present.astype(np.int64)).argmax() if column.categories else np.median(present))
    return dataclasses.replace(
        column, typical=typical, minimum=float(np.min(present)), maximum=float(np.max(present))
    )  # fmt: skip


def _refuse_all(samples: Samples, lacking: np.ndarray) -> None:
    worst = int(lacking.sum(axis=0).argmax())
    text = _(
        "Every row lacks a value, most often for {name} ({count} of {total} rows). Set preprocessing.missing to median "
        "or mean, or leave the column out of the features."
    )
    raise UserError(text.format(
        name=samples.columns.columns[worst].name, count=f"{int(lacking[:, worst].sum()):,}", total=f"{len(lacking):,}"
    ))  # fmt: skip


def _lacking(samples: Samples, lacking: np.ndarray, rows: np.ndarray) -> tuple[Problem, ...]:
    problems = [
        Problem(
            samples.names[row],
            _("no value for {columns}: left out").format(
                columns=", ".join(samples.columns.columns[number].name for number in np.flatnonzero(lacking[row]))
            ),
        )
        for row in rows[:_PROBLEMS_NAMED]
    ]
    if len(rows) > _PROBLEMS_NAMED:
        rest = len(rows) - _PROBLEMS_NAMED
        problems.append(Problem(_("{count} more rows").format(count=f"{rest:,}"), _("values are missing: left out")))
    return tuple(problems)


def _asked_row(row: dict[str, Any], spec: TableInput, path: str, name: str) -> Asked:
    start = time.perf_counter()
    known = [column.name for column in spec.columns]
    unknown = [key for key in row if key not in known]
    if unknown:
        text = _("there is no column {name!r}; the model takes {known}.").format(
            name=unknown[0], known=", ".join(known)
        )  # fmt: skip
        return Asked(path, name, error=" ".join((text, did_you_mean(unknown[0], known))).strip(), row=row)
    values = np.full(len(known), np.nan, np.float32)
    for number, column in enumerate(spec.columns):
        try:
            values[number] = _number(row.get(column.name), column)
        except ValueError as reason:
            return Asked(path, name, error=f"{column.name}: {reason}", row=row)
    return Asked(path, name, values, "", time.perf_counter() - start, row)


def _number(value: Any, column: Column) -> float:
    """What the model takes for a value; NaN for none."""
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return np.nan
    if column.categories:
        word = str(value).strip()
        if word not in column.categories:
            raise ValueError(_("{word!r} is none of {known}").format(word=word, known=", ".join(column.categories)))
        return float(column.categories.index(word))
    try:
        if "_" in str(value):  # Python alone takes 1_000 for a number
            raise ValueError
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(_("{value!r} is no number").format(value=value)) from None
    if abs(number) > float(np.finfo(np.float32).max):
        raise ValueError(_("{value!r} is infinite, or too large a number").format(value=value))
    return number


def _rows_of_file(path: str, spec: TableInput, control: Control) -> Iterator[Asked]:
    from workbench.data.tables.rows import read_rows

    start = time.perf_counter()
    try:
        rows = read_rows(Path(path).expanduser(), spec, lambda event: control.check())
    except IsADirectoryError:
        yield Asked(path, error=_("is a folder; this model takes table files: CSV, TSV or Excel workbooks"))
        return
    except OSError as error:
        yield Asked(path, error=_("cannot be opened: {reason}").format(reason=error.strerror or error))
        return
    except UserError as error:
        yield Asked(path, error=str(error))
        return
    seconds = (time.perf_counter() - start) / len(rows.names)
    for number, (name, values) in enumerate(zip(rows.names, rows.values, strict=True)):
        control.check()
        row = dict(zip((column.name for column in spec.columns), shown_values(values, spec), strict=True))
        error = rows.errors.get(number, "")
        yield Asked(path, name, None if error else values, error, seconds, row)
    for problem in rows.problems:
        yield Asked(path, problem.where, error=problem.reason)


def register(registry: Any) -> None:
    """Add the kind."""
    registry.inputs.add(Rows())
