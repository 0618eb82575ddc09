"""Rows of a file for columns that are known already: what a trained model is to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.data.source import Emit, Problem, UnreadableSampleError
from workbench.data.tables.columns import NumberColumn, WordColumn, feed_all, renumbered
from workbench.data.tables.head import look
from workbench.data.tables.number_formats import NumberFormat
from workbench.data.tables.reading import Reader
from workbench.data.tables.row_names import RowNames
from workbench.data.tables.table import position_of
from workbench.errors import UserError
from workbench.i18n import _
from workbench.specs import TableInput


@dataclass(frozen=True)
class KnownRows:
    """Rows for a model.

    Attributes:
        values: float32, (n, columns), NaN where a value is missing or unknown.
        names: a name per row.
        problems: what counts as missing, and why.
    """

    values: np.ndarray
    names: Sequence[str]
    problems: tuple[Problem, ...]


def no_picture(index: int, channels: int) -> np.ndarray:
    """What a table answers when it is asked for a picture."""
    raise UnreadableSampleError(_("row {number} of a table is no picture").format(number=index))


def read_rows(path: Path, expected: TableInput, emit: Emit, sheet: str = "") -> KnownRows:
    """The rows of a file, its columns found by name, in the order that is expected.

    Raises:
        UserError: a column is missing, or it is no table.
    """
    head = look(path, sheet)
    positions = [position_of(head, column.name) for column in expected.columns]
    readers: dict[int, NumberColumn | WordColumn] = {}
    for column, position in zip(expected.columns, positions, strict=True):
        found = head.columns[position]
        readers[position] = WordColumn(column.name) if column.categories else NumberColumn(column.name, found.format)
    words = [position for position, reader in readers.items() if isinstance(reader, WordColumn)]
    reader = Reader(head, list(readers), words, emit)
    parts, lines = [], []
    for chunk in reader.chunks():
        parts.append(feed_all(readers, chunk))
        lines.append(chunk.lines)
    if not parts:
        raise UserError(_("{path} has no rows with as many fields as its header.").format(path=path))
    values = np.concatenate(parts)
    problems = [*head.problems, *reader.problems()]
    for place, (column, position) in enumerate(zip(expected.columns, positions, strict=True)):
        each = readers[position]
        if isinstance(each, WordColumn):
            values[:, place], unknown = _in_categories(values[:, place], each.words, column.categories)
            if unknown:
                problems.append(Problem(_("column {name}").format(name=column.name), _(
                    "unknown, and counts as missing: {words}. Known are: {known}").format(
                    words=", ".join(unknown[:5]), known=", ".join(column.categories[:20]))))  # fmt: skip
        else:
            problems += each.problems()
    return KnownRows(values, RowNames(np.concatenate(lines)), tuple(problems))


def _in_categories(codes: np.ndarray, words: list[str], categories: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    places = {name: place for place, name in enumerate(categories)}
    found = [places.get(word, places.get(_plainly(word))) for word in words]
    unknown = [word for word, place in zip(words, found, strict=True) if place is None]
    return renumbered(codes, np.array([np.nan if place is None else place for place in found], np.float32)), unknown


def _plainly(word: str) -> str:
    """A number as the names of categories have it: 1.0 is 1."""
    try:
        return f"{NumberFormat().number(word):.15g}"
    except ValueError:
        return word
