"""The rows of a table in chunks: numbers where a column has nothing else, texts where it has.

Blocks without quotes go through pandas' C parser; from the first quote on, Python's csv module reads on, because only
it says in which line a record begins.
"""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.data.source import Emit, Problem
from workbench.data.tables import workbook
from workbench.data.tables.head import Head, lines_of, records
from workbench.data.tables.number_formats import MISSING
from workbench.data.tables.text_file import Blocks
from workbench.events import Progress
from workbench.i18n import _

_ROWS_AT_ONCE = 20_000
_RAGGED_LISTED = 20


@dataclass(frozen=True)
class Chunk:
    """Some rows.

    Attributes:
        lines: int64, (n,): the line (the row of a sheet) where each begins.
        columns: position of the column -> float64 (n,), NaN where missing, or n texts as they stand in the file.
    """

    lines: np.ndarray
    columns: dict[int, np.ndarray | list[str]]


@dataclass
class Ragged:
    """Rows with too few or too many fields: left out, the first of them listed."""

    expected: int
    count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, found: int) -> None:
        """A row that was left out."""
        self.count += 1
        if self.count <= _RAGGED_LISTED:
            self.problems.append(Problem(_("line {line}").format(line=line), _(
                "has {found} fields where the header has {expected}; left out"
            ).format(found=found, expected=self.expected)))  # fmt: skip

    def summary(self) -> list[Problem]:
        """The listed rows, and how many more there are."""
        if self.count <= _RAGGED_LISTED:
            return self.problems
        rest = Problem(_("{count} more lines").format(count=f"{self.count - _RAGGED_LISTED:,}"), _(
            "have another number of fields than the header; left out"))  # fmt: skip
        return [*self.problems, rest]


class Reader:
    """Reads the rows of a table once.

    Attributes:
        ragged: what was left out; complete when all chunks were read.
    """

    def __init__(self, head: Head, wanted: Sequence[int], words: Sequence[int], emit: Emit) -> None:
        """Prepare.

        Args:
            head: the look at the table.
            wanted: positions of the columns to read.
            words: those of them that are wanted as texts even where they are numbers.
            emit: takes `Progress`; what it raises ends the reading.
        """
        self.ragged = Ragged(len(head.columns))
        self._head = head
        self._wanted = sorted(wanted)
        self._words = set(words)
        self._emit = emit
        self._blocks: Blocks | None = None

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order.

        Raises:
            UserError: a quote is never closed.
        """
        if self._head.sheet is not None:
            yield from self._texts(self._sheet_rows())
            return
        self._blocks = Blocks(self._head.path, self._head.encoding)
        total = self._head.path.stat().st_size
        line = 1
        blocks = iter(self._blocks)
        for block in blocks:
            self._emit(Progress(_("Reading the table"), min(100, 100 * self._blocks.done // max(1, total)), 100))
            if b'"' in block or len(self._head.columns) == 1:
                lines = (text for each in itertools.chain([block], blocks) for text in lines_of(each.decode()))
                yield from self._texts(records(lines, self._head.delimiter, line))
                return
            first, line = line, line + block.count(b"\n")
            if line > self._head.skipped + 1:
                yield from self._parsed(block, first)

    def problems(self) -> list[Problem]:
        """What was left out or read in another way."""
        strange = [Problem(self._head.path.name, self._blocks.problem)] if self._blocks and self._blocks.problem else []
        return strange + self.ragged.summary()

    def _parsed(self, block: bytes, first: int) -> Iterator[Chunk]:
        """A block without quotes, whose first line has that number."""
        import pandas

        if first <= self._head.skipped:
            parts = block.split(b"\n", self._head.skipped + 1 - first)
            block, first = parts[-1], self._head.skipped + 1
        codes = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(codes == ord("\n"))
        separators = np.flatnonzero(codes == ord(self._head.delimiter))
        fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
        blank = np.flatnonzero(fields == 1)
        good = fields == len(self._head.columns)
        if blank.size or not good.all():
            lines = block.split(b"\n")[:-1]
            for row in np.flatnonzero(~good):
                if lines[row].strip():
                    self.ragged.add(first + int(row), int(fields[row]))
            block = b"".join(lines[row] + b"\n" for row in np.flatnonzero(good))
        numbers = first + np.flatnonzero(good)
        if not len(numbers):
            return
        frame = pandas.read_csv(
            io.BytesIO(block), sep=self._head.delimiter, header=None, names=range(len(self._head.columns)),
            usecols=self._wanted, index_col=False, dtype=dict.fromkeys(self._words, str), decimal=self._decimal(),
            na_values=list(MISSING), keep_default_na=False, quoting=csv.QUOTE_NONE, skipinitialspace=True,
            low_memory=False, skip_blank_lines=False, engine="c",
        )  # fmt: skip
        yield Chunk(numbers, {position: _plain(frame[position]) for position in self._wanted})

    def _decimal(self) -> str:
        """What stands before the fractions of most columns; the others come as texts."""
        formats = [column.format.decimal for column in self._head.columns if column.kind == "number"]
        return "," if formats.count(",") > len(formats) / 2 else "."

    def _texts(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Chunk]:
        """Rows that are lists of texts already."""
        width = len(self._head.columns)
        while True:
            some = list(itertools.islice(rows, _ROWS_AT_ONCE))
            if not some:
                return
            done = self._blocks.done if self._blocks else some[-1][0]
            total = self._head.path.stat().st_size if self._blocks else 0
            share = (100 * done // total, 100) if total else (done, 0)
            self._emit(Progress(_("Reading the table"), *share))
            numbers, good = [], []
            for number, fields in some:
                if number <= self._head.skipped:
                    continue
                if len(fields) == width:
                    numbers.append(number)
                    good.append(fields)
                else:
                    self.ragged.add(number, len(fields))
            if good:
                columns = list(zip(*good, strict=True))
                wanted = {position: list(columns[position]) for position in self._wanted}
                yield Chunk(np.array(numbers, np.int64), wanted)

    def _sheet_rows(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self._head.columns)
        for number, fields in workbook.rows(self._head.path, self._head.sheet or ""):
            yield number, fields + [""] * (width - len(fields))


def _plain(series: Any) -> np.ndarray | list[str]:
    """A column of pandas as floats, or as texts with empty ones for what is missing."""
    values = series.to_numpy()
    if values.dtype.kind in "iuf":
        return values.astype(np.float64, copy=False)
    return ["" if value != value else str(value) for value in values.tolist()]
