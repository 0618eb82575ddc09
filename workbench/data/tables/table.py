"""A whole table as numbers: features, a target, and everything that had to be left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from workbench.data.source import Emit, Problem
from workbench.data.tables import workbook
from workbench.data.tables.columns import MOST_CATEGORIES, NumberColumn, WordColumn, feed_all, renumbered
from workbench.data.tables.head import ColumnLook, Head, is_missing, look
from workbench.data.tables.reading import Reader
from workbench.data.tables.row_names import RowNames, listed
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _
from workbench.specs import ClassTarget, Column, TableInput, TargetSpec, ValuesTarget

MOST_CLASSES = 1000
_MOST_COUNTED_CLASSES = 20  # whole numbers with more different values are a quantity
_NAMES_LISTED = 20
_ROWS_FOR_THE_MEDIAN = 100_000

TargetKind = Literal["auto", "number", "class"]


@dataclass(frozen=True)
class Choice:
    """What to make of a table.

    Attributes:
        target: name of the column to be learned; empty for the last one.
        features: names of the columns it is learned from; empty for all others.
        target_kind: numbers, classes, or whatever the first rows look like.
        categories: whether columns of few different words become categories; else all words are left out.
    """

    target: str = ""
    features: tuple[str, ...] = ()
    target_kind: TargetKind = "auto"
    categories: bool = True


@dataclass(frozen=True)
class ReadTable:
    """A table that was read.

    Attributes:
        columns: the features that are left.
        values: float32, (n, columns); NaN where a value is missing, an index where a column has categories.
        target: what is to be learned.
        targets: int64, (n,), or float32, (n, 1).
        names: a name per row.
        problems: what was left out, and what may spoil the result.
    """

    columns: TableInput
    values: np.ndarray
    target: TargetSpec
    targets: np.ndarray
    names: Sequence[str]
    problems: tuple[Problem, ...]


def target_column(head: Head, choice: Choice) -> int:
    """Position of the column to be learned.

    Raises:
        UserError: the table has no such column, or no other.
    """
    if len(head.columns) < 2:
        raise UserError(_(
            "{path} has one column only ({name}). Expected were a target and at least one feature, separated by "
            "commas, semicolons, tabs or bars."
        ).format(path=head.path, name=head.columns[0].name[:60]))  # fmt: skip
    return position_of(head, choice.target) if choice.target else len(head.columns) - 1


def position_of(head: Head, name: str) -> int:
    """Position of the column of that name.

    Raises:
        UserError: there is none; the message offers the closest.
    """
    names = head.names
    wanted = " ".join(name.split())
    for known in (names, [column.header for column in head.columns]):
        if wanted in known:
            return known.index(wanted)
    folded = {known.casefold(): known for known in names}
    if wanted.casefold() in folded:
        hint = _("Did you mean {name!r}?").format(name=folded[wanted.casefold()])
    else:
        close = did_you_mean(wanted.casefold(), folded)
        hint = next((close.replace(repr(low), repr(known)) for low, known in folded.items() if repr(low) in close), "")
    shown = ", ".join(names[:_NAMES_LISTED]) + (", ..." if len(names) > _NAMES_LISTED else "")
    raise UserError(" ".join(filter(None, (
        _("{file} has no column {name!r}.").format(file=head.path.name, name=name), hint,
        _("Its columns are: {names}.").format(names=shown)))))  # fmt: skip


def kind_of_target(column: ColumnLook, wanted: TargetKind) -> Literal["number", "class"]:
    """Whether a column is learned as numbers or as classes, from its first values."""
    if wanted != "auto":
        return wanted
    if column.kind == "text":
        return "class"
    if column.kind != "number":
        return "number"
    different: set[float] = set()
    for text in set(column.values):
        try:
            number = column.format.number(text)
        except ValueError:
            continue
        if number == number:
            different.add(number)
        if number % 1 > 0 or len(different) > _MOST_COUNTED_CLASSES:
            return "number"
    count = sum(not is_missing(text) for text in column.values)
    return "class" if len(different) <= 2 or 2 * len(different) <= count else "number"


def read_table(path: Path, sheet: str, header: str, choice: Choice, emit: Emit) -> ReadTable:
    """Read a table.

    Args:
        path: a text file or a workbook.
        sheet: of a workbook; empty for the first.
        header: `yes`, `no` or `auto`.
        choice: what to make of it.
        emit: takes `Progress`; what it raises ends the reading.

    Raises:
        UserError: there is nothing to learn; the message says what was found and expected.
    """
    head = look(path, sheet, header)
    at = target_column(head, choice)
    target, kind = _target_reader(head.columns[at], choice)
    features, problems = _feature_readers(head, at, choice)
    problems = [*head.problems, *problems]
    if head.sheet is not None:
        problems += workbook.oddities(path, sheet)
    words = [position for position, reader in features.items() if isinstance(reader, WordColumn)]
    words += [at] if isinstance(target, WordColumn) else []
    reader = Reader(head, [*features, at], words, emit)
    parts, targets, lines = [], [], []
    for chunk in reader.chunks():
        parts.append(feed_all(features, chunk))
        targets.append(target.feed(chunk.columns[at], chunk.lines))
        lines.append(chunk.lines)
    if not lines:
        raise UserError(_("{path} has no rows with as many fields as its header.").format(path=path))
    problems += reader.problems()
    raw, numbers = np.concatenate(targets), np.concatenate(lines)
    present = ~np.isnan(raw)
    learned, target_problems = _targets(head.columns[at], target, kind, raw[present], head)
    problems += target_problems
    if not present.all():
        problems.append(Problem(listed(numbers[~present][:5].tolist(), int((~present).sum())), _(
            "no value in the target {name}; left out").format(name=head.columns[at].name)))  # fmt: skip
    columns, values, found = _features(head, features, parts, present)
    return ReadTable(
        TableInput(columns), values, learned[0], learned[1], RowNames(numbers[present]), tuple(problems + found)
    )


def _target_reader(column: ColumnLook, choice: Choice) -> tuple[NumberColumn | WordColumn, str]:
    kind = kind_of_target(column, choice.target_kind)
    if kind == "class":
        return WordColumn(column.name, MOST_CLASSES), kind
    if column.kind in ("number", "empty"):
        return NumberColumn(column.name, column.format), kind
    example = next((text for text in column.values if not is_missing(text)), "")
    what = column.reason or (_("dates") if column.kind == "date" else _("text"))
    raise UserError(_(
        "The target {name} cannot be learned as a number: it holds {what}, as {example!r}. Choose another column, or "
        "set the kind of target to class."
    ).format(name=column.name, what=what, example=example[:40]))  # fmt: skip


def _feature_readers(
    head: Head, target: int, choice: Choice
) -> tuple[dict[int, NumberColumn | WordColumn], list[Problem]]:
    """A reader per feature, and the columns that cannot be one."""
    wanted = [position_of(head, name) for name in choice.features] or range(len(head.columns))
    if choice.features and target in wanted:
        raise UserError(_("The column {name} is the target and cannot be a feature, too. Remove it there.").format(
            name=head.columns[target].name))  # fmt: skip
    readers: dict[int, NumberColumn | WordColumn] = {}
    problems = []
    for position in sorted(set(wanted) - {target}):
        column = head.columns[position]
        reason = ""
        if column.kind in ("number", "empty"):
            readers[position] = NumberColumn(column.name, column.format)
        elif column.kind == "text" and choice.categories:
            readers[position] = WordColumn(column.name)
        elif column.kind == "text":
            reason = _("text; left out")
        elif column.kind == "date":
            reason = _("dates; left out")
        else:
            reason = _("{reason}; left out").format(reason=column.reason)
        if reason:
            problems.append(Problem(_("column {name}").format(name=column.name), reason))
    return readers, problems


def _targets(
    column: ColumnLook, reader: NumberColumn | WordColumn, kind: str, raw: np.ndarray, head: Head
) -> tuple[tuple[TargetSpec, np.ndarray], list[Problem]]:
    """The spec of the target, and what is to be learned of every row that has it."""
    if not len(raw):
        raise UserError(_("The target {name} has no value in any row of {file}.").format(
            name=column.name, file=head.path.name))  # fmt: skip
    if isinstance(reader, WordColumn):
        if reader.overflowed or reader.different > MOST_CLASSES:
            raise UserError(_(
                "The target {name} has more than {count} different values, too many for classes. Choose another "
                "column, or set the kind of target to number."
            ).format(name=column.name, count=MOST_CLASSES))  # fmt: skip
        names, places = reader.sorted()
        classes = renumbered(raw, places).astype(np.int64)
        if len(names) < 2:
            _refuse_one_value(column.name, names[0], len(raw))
        return (ClassTarget(names), classes), []
    if raw.min() == raw.max():
        _refuse_one_value(column.name, f"{raw[0]:g}", len(raw))
    return (ValuesTarget((column.name,), (column.unit,)), raw[:, None]), reader.problems()


def _refuse_one_value(name: str, value: str, count: int) -> None:
    raise UserError(_(
        "The target {name} has one value only, {value}, in all {count} rows: there is nothing to learn. Choose another "
        "column."
    ).format(name=name, value=value[:60], count=f"{count:,}"))  # fmt: skip


def _features(
    head: Head, readers: dict[int, NumberColumn | WordColumn], parts: list[np.ndarray], present: np.ndarray
) -> tuple[tuple[Column, ...], np.ndarray, list[Problem]]:
    """The columns that can be learned from, their values in the rows with a target, and the problems of all columns."""
    values = np.concatenate(parts)
    parts.clear()
    if not present.all():
        values = values[present]
    kept, columns, problems = [], [], []
    for place, (position, reader) in enumerate(readers.items()):
        look_at = head.columns[position]
        column, reason = _described(look_at, reader, values[:, place])
        if isinstance(reader, NumberColumn):
            problems += reader.problems()
        if reason:
            problems.append(Problem(_("column {name}").format(name=look_at.name), reason))
        if column is not None:
            kept.append(place)
            columns.append(column)
    if not kept:
        reasons = " ".join(f"{each.where}: {each.reason}." for each in problems[:5])
        raise UserError(_("{file} has no column that can be learned from besides the target. {reasons}").format(
            file=head.path.name, reasons=reasons).rstrip())  # fmt: skip
    return tuple(columns), values if len(kept) == values.shape[1] else values[:, kept], problems


def _described(look_at: ColumnLook, reader: NumberColumn | WordColumn, values: np.ndarray) -> tuple[Column | None, str]:
    """What a column is, its values brought in order in place; or why it is left out."""
    present = values[~np.isnan(values)]
    if not len(present):
        return None, _("no value in any row; left out")
    column = Column(look_at.name, look_at.unit)
    if isinstance(reader, WordColumn):
        if reader.overflowed or reader.different > MOST_CATEGORIES or 2 * reader.different > len(present):
            return None, _("text with {count} different values; left out").format(count=reader.count_text())
        names, places = reader.sorted()
        values[:] = renumbered(values, places)
        usual = np.bincount(values[~np.isnan(values)].astype(np.int64)).argmax()
        column = replace(column, unit="", categories=names, typical=float(usual), maximum=float(len(names) - 1))
        return column, _("every value is the same, {value}").format(value=names[0]) if len(names) == 1 else ""
    low, high = float(present.min()), float(present.max())
    typical = float(np.median(present[:_ROWS_FOR_THE_MEDIAN]))
    same = _("every value is the same, {value}").format(value=f"{low:g}") if low == high else ""
    return replace(column, typical=typical, minimum=low, maximum=high), same
