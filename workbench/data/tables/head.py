"""A quick look at a table: how it is written, what its columns are called and what is in them.

It reads at most 2 MB (2,000 rows of a workbook). What is decided here is kept when the whole table is read, so that a
form, the choice of a task and the training agree.
"""

import csv
import functools
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.data.source import Problem
from workbench.data.tables import workbook
from workbench.data.tables.number_formats import MISSING, Evidence, NumberFormat, evidence, formats
from workbench.data.tables.text_file import HEAD_BYTES, Blocks, Encoding, encoding_of
from workbench.data.tables.units import name_and_unit
from workbench.errors import UserError
from workbench.i18n import _

_DELIMITERS = ("\t", ";", "|", ",")
_SNIFFED_ROWS = 100
_WORKBOOK_ROWS = 2000
_CONSISTENT = 0.8  # share of the rows that must have as many fields as the header for a delimiter to be the one


@dataclass(frozen=True)
class ColumnLook:
    """What the first rows say of a column.

    Attributes:
        name: unique in the table; a unit at the end of the header is taken off.
        header: the whole of it, unique, too.
        kind: `number`, `text`, `date`, `empty`, or `unclear`.
        format: how its numbers are written.
        unit: from the header or the signs beside its numbers.
        reason: for an unclear column why, in plain words.
        values: the first values as they stand in the file.
    """

    name: str
    header: str
    kind: str
    format: NumberFormat
    unit: str
    reason: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """How a table is written.

    Attributes:
        path: the file.
        sheet: of a workbook; None for a text file.
        encoding: of a text file.
        delimiter: of a text file.
        skipped: lines (rows of a sheet) before the first row of values.
        columns: every column, in order.
        problems: what was strange in the header.
        whole: whether the look went over the whole table.
    """

    path: Path
    sheet: str | None
    encoding: Encoding
    delimiter: str
    skipped: int
    columns: tuple[ColumnLook, ...]
    problems: tuple[Problem, ...]
    whole: bool

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


def header_of(path: Path | str, sheet: str = "", header: str = "auto") -> list[tuple[str, str]]:
    """Names and kinds (`number`, `text`, `date`, `empty`, `unclear`) of the columns, after a quick look.

    Raises:
        UserError: it is no table.
    """
    return [(column.name, column.kind) for column in look(Path(path), sheet, header).columns]


def look(path: Path, sheet: str = "", header: str = "auto") -> Head:
    """How a table is written; looked at once as long as the file does not change.

    Args:
        path: a text file or a workbook.
        sheet: of a workbook; empty for the first.
        header: `yes`, `no`, or `auto`.

    Raises:
        UserError: it is no table; the message says what was found and expected.
    """
    about = path.stat()
    return _look(path, sheet, header, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _look(path: Path, sheet: str, header: str, size: int, _time: int) -> Head:
    if workbook.is_workbook(path):
        rows = list(itertools.islice(workbook.rows(path, sheet), _WORKBOOK_ROWS + 1))
        if not rows:
            raise UserError(_("The sheet {sheet} of {path} is empty.").format(sheet=sheet or 1, path=path))
        rows, problems = _without_titles(rows)
        whole = len(rows) <= _WORKBOOK_ROWS
        return _head(path, sheet, Encoding(""), "", rows[:_WORKBOOK_ROWS], header, problems, whole)
    encoding = encoding_of(path)
    whole = size <= HEAD_BYTES
    text = b"".join(Blocks(path, encoding, HEAD_BYTES)).decode()
    lines = list(lines_of(text))[: None if whole else -1]
    delimiter = _delimiter(lines[:_SNIFFED_ROWS])
    problems = [Problem(path.name, encoding.reason)] if encoding.reason else []
    rows = list(records(lines, delimiter))
    if not rows:
        raise UserError(_("{path} is empty. Expected was a table with a header and rows.").format(path=path))
    return _head(path, None, encoding, delimiter, rows, header, problems, whole)


def lines_of(text: str) -> Iterable[str]:
    """The lines with the line feeds at their ends; no other character ends a line."""
    return io.StringIO(text, newline="\n")


def records(lines: Iterable[str], delimiter: str, first_line: int = 1) -> Iterable[tuple[int, list[str]]]:
    """Line number and fields of each record; quotes may hold line breaks, empty lines are passed over.

    Raises:
        UserError: a quote is opened and not closed.
    """
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        start = reader.line_num + first_line
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(_("line {line}: a quote is opened and not closed. Close it, or remove it.").format(
                line=start)) from error  # fmt: skip
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield start, fields


def _head(
    path: Path,
    sheet: str | None,
    encoding: Encoding,
    delimiter: str,
    rows: list[tuple[int, list[str]]],
    header: str,
    problems: list[Problem],
    whole: bool,
) -> Head:
    number, first = rows[0]
    has_header = header == "yes" or (header == "auto" and _is_header(first, [fields for _number, fields in rows[1:]]))
    body = rows[1:] if has_header else rows
    if not body:
        raise UserError(_("{path} has a header ({names}) but no rows below it.").format(
            path=path, names=_shortened(first)))  # fmt: skip
    if has_header:
        names, fitting = _fitted(first, body, sheet is not None)
    else:
        width = Counter(len(fields) for _number, fields in body).most_common(1)[0][0]
        names, fitting = [""] * width, [fields for _number, fields in body if len(fields) == width]
        problems.append(Problem(_("line {line}").format(line=number), _(
            "has values where names were expected: there is no header, and the columns are numbered")))  # fmt: skip
    if not fitting:
        raise UserError(_(
            "{path}: the header has {count} names, but no row has as many fields. Line {line} has {found}. Give every "
            "row as many fields as there are names."
        ).format(path=path, count=len(names), line=body[0][0], found=len(body[0][1])))  # fmt: skip
    unique, renamed = _unique(names)
    if has_header:
        problems += renamed
    values = list(zip(*fitting, strict=True))
    found = [evidence(column) for column in values]
    decided = formats(found, delimiter or ",")
    columns = tuple(map(_column, _without_units(unique), unique, found, decided, values))
    return Head(path, sheet, encoding, delimiter, body[0][0] - 1, columns, tuple(problems), whole)


def _column(name: str, header: str, found: Evidence, decided: NumberFormat | str, values: Sequence[str]) -> ColumnLook:
    if isinstance(decided, str):
        return ColumnLook(name, header, "unclear", NumberFormat(), "", decided, tuple(values))
    unit = name_and_unit(header)[1] or decided.affix if found.kind == "number" else ""
    return ColumnLook(name, header, found.kind, decided, unit, "", tuple(values))


def _without_units(headers: list[str]) -> list[str]:
    """The names before the units; where two columns differ in their units only, the whole headers."""
    names = [name_and_unit(header)[0] for header in headers]
    counts = Counter(names) + Counter(header for header, name in zip(headers, names, strict=True) if header != name)
    return [name if counts[name] == 1 else header for name, header in zip(names, headers, strict=True)]


def _delimiter(lines: list[str]) -> str:
    """The delimiter by which most rows have as many fields as the first one; with none there is one column."""
    for delimiter in _DELIMITERS:
        rows = [fields for _number, fields in records(lines, delimiter)]
        width = len(rows[0]) if rows else 1
        if width > 1 and sum(len(fields) == width for fields in rows) >= _CONSISTENT * len(rows):
            return delimiter
    counts = {delimiter: sum(delimiter in line for line in lines) for delimiter in reversed(_DELIMITERS)}
    return max(counts, key=counts.__getitem__)


def _is_header(first: Sequence[str], below: list[Sequence[str]]) -> bool:
    """Whether the first row has words where the rows below have numbers; without numbers it is taken for one."""
    numbers = [
        position
        for position in range(len(first))
        if evidence([row[position] for row in below[:_SNIFFED_ROWS] if position < len(row)]).kind == "number"
    ]
    if not below:
        return not all(evidence([cell]).kind == "number" for cell in first)
    if not numbers:
        return True
    in_first = [evidence([first[position]]).kind in ("number", "empty") for position in numbers]
    return sum(in_first) < len(numbers) / 2 or (all(in_first) and _are_years(first, numbers))


def _are_years(first: Sequence[str], numbers: list[int]) -> bool:
    """Whether the numbers of a first row are years in a row, as tables of statistics have them for names."""
    texts = [first[position].strip() for position in numbers]
    if len(texts) < 2 or len(texts) == len(first) or not all(len(text) == 4 and text.isdigit() for text in texts):
        return False
    return len({int(later) - int(earlier) for earlier, later in itertools.pairwise(texts)}) == 1


def _fitted(first: list[str], body: list[tuple[int, list[str]]], pad: bool) -> tuple[list[str], list[Sequence[str]]]:
    """The names brought to the width of the rows, and the rows that have it."""
    names = [" ".join(name.split()) for name in first]
    if pad:
        width = max(len(names), max(len(fields) for _number, fields in body))
        names += [""] * (width - len(names))
        return names, [fields + [""] * (width - len(fields)) for _number, fields in body]
    while len(names) > 1 and not names[-1] and not any(len(fields) == len(names) for _number, fields in body):
        names.pop()
    width, count = Counter(len(fields) for _number, fields in body).most_common(1)[0]
    if width == len(names) + 1 and count >= _CONSISTENT * len(body):
        # A delimiter at the end of every row, or row names without a name of their own, as R writes them.
        last_empty = not any(fields[-1].strip() for _number, fields in body if len(fields) == width)
        names = [*names, ""] if last_empty else ["", *names]
    return names, [fields for _number, fields in body if len(fields) == len(names)]


def _without_titles(rows: list[tuple[int, list[str]]]) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """The rows of a sheet without a title above the table, which is left out with a problem."""
    problems = []
    width = max(len(fields) for _number, fields in rows)
    while len(rows) > 2 and width > 1 and sum(map(bool, rows[0][1])) == 1 and sum(map(bool, rows[1][1])) > 1:
        number, fields = rows.pop(0)
        title = next(filter(None, fields))
        problems.append(Problem(_("row {number}").format(number=number), _(
            "{title!r} stands above the table and is left out").format(title=title[:60])))  # fmt: skip
    return rows, problems


def _unique(names: list[str]) -> tuple[list[str], list[Problem]]:
    """A name of its own for every column."""
    taken: set[str] = set()
    result, problems = [], []
    for number, name in enumerate(names, start=1):
        base = name or _("column {number}").format(number=number)
        new, copy = base, 2
        while new in taken:
            new, copy = f"{base} ({copy})", copy + 1
        taken.add(new)
        result.append(new)
        if not name:
            problems.append(Problem(_("column {number}").format(number=number), _("has no name in the header")))
        elif new != name:
            problems.append(Problem(_("column {number}").format(number=number), _(
                "has the same name as another one, {name}; it is called {new} here"
            ).format(name=name, new=new)))  # fmt: skip
    return result, problems


def _shortened(cells: Sequence[str]) -> str:
    text = ", ".join(cells)
    return text if len(text) <= 100 else f"{text[:100]}..."


def is_missing(text: str) -> bool:
    """Whether a field has no value."""
    return text.strip() in MISSING
