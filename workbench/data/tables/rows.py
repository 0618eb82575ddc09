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

_MOST_ERRORS = 100_000


@dataclass(frozen=True)
class KnownRows:
    """Rows for a model.

    Attributes:
        values: float32, (n, columns), NaN where a value is missing or cannot be read.
        names: a name per row.
        errors: for the index of a row what cannot be read in it.
        problems: lines that are left out, and what else is strange about the file.
    """

    values: np.ndarray
    names: Sequence[str]
    errors: dict[int, str]
    problems: tuple[Problem, ...]


def no_picture(index: int, channels: int) -> np.ndarray:
    """What a table answers when it is asked for a picture."""
    raise UnreadableSampleError(_("row {number} of a table is no picture").format(number=index))


def read_rows(path: Path, expected: TableInput, emit: Emit, sheet: str = "") -> KnownRows:
    """The rows of a file, its columns found by name and brought into the expected order.

    Raises:
        UserError: a column is missing, or it is no table.
    """
    head = look(path, sheet)
    positions = [position_of(head, column.name) for column in expected.columns]
    readers: dict[int, NumberColumn | WordColumn] = {}
    for column, position in zip(expected.columns, positions, strict=True):
        found = head.columns[position]
        if column.categories:
            readers[position] = WordColumn(column.name)
        elif found.reason:
            raise UserError(_("The column {name} of {file} holds {reason}. Write them in one way only.").format(
                name=column.name, file=path.name, reason=found.reason))  # fmt: skip
        else:
            readers[position] = NumberColumn(column.name, found.format, _MOST_ERRORS)
    words = [position for position, reader in readers.items() if isinstance(reader, WordColumn)]
    reader = Reader(head, list(readers), words, emit)
    parts, lines = [], []
    for chunk in reader.chunks():
        parts.append(feed_all(readers, chunk))
        lines.append(chunk.lines)
    if not parts:
        raise UserError(_("{path} has no rows with as many fields as its header.").format(path=path))
    values, numbers = np.concatenate(parts), np.concatenate(lines)
    errors: dict[int, str] = {}
    for place, (column, each) in enumerate(zip(expected.columns, readers.values(), strict=True)):
        if isinstance(each, WordColumn):
            values[:, place], unknown = _in_categories(values[:, place], each.words, column.categories)
            known = ", ".join(column.categories[:20])
            for row, word in unknown:
                errors[row] = _("{column}: {word!r} is none of {known}").format(
                    column=column.name, word=word, known=known
                )
        else:
            for line, text in each.failures:
                row = int(np.searchsorted(numbers, line))
                errors[row] = _("{column}: {text!r} is no number").format(column=column.name, text=text.strip()[:40])
            for row in np.searchsorted(numbers, each.endless).tolist():
                errors[row] = _("{column}: infinite, or too large a number").format(column=column.name)
    return KnownRows(values, RowNames(numbers), errors, (*head.problems, *reader.problems()))


def _in_categories(
    codes: np.ndarray, words: list[str], categories: tuple[str, ...]
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """The indices in the categories, and the rows with words that are none of them."""
    places = {name: place for place, name in enumerate(categories)}
    found = [places.get(word, places.get(_plainly(word))) for word in words]
    result = renumbered(codes, np.array([np.nan if place is None else place for place in found], np.float32))
    strange = np.flatnonzero(np.isnan(result) & ~np.isnan(codes))
    return result, [(row, words[int(codes[row])]) for row in strange.tolist()]


def _plainly(word: str) -> str:
    """A number as the names of categories have it: 1.0 is 1."""
    try:
        return f"{NumberFormat().number(word):.15g}"
    except ValueError:
        return word
