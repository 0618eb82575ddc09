"""Excel workbooks: the cells of one sheet as text, row by row, and what a table cannot say."""

import contextlib
import datetime
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.data.source import Problem
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _

_CHECKED_BYTES = 50 * 1024**2  # larger sheets are not searched for formulas and merged cells
_MERGED = re.compile(rb'<mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"')
_NEVER_CALCULATED = re.compile(
    rb'<c [^>]*?r="([A-Z]+\d+)"[^>]*>\s*<f[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
_LISTED = 5


def is_workbook(path: Path) -> bool:
    """Whether the file is an .xlsx, whatever its name ends with."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def sheet_names(path: Path) -> list[str]:
    """The names of the sheets with cells, in order.

    Raises:
        UserError: the workbook is damaged.
    """
    with _opened(path) as book:
        return [sheet.title for sheet in book.worksheets]


def rows(path: Path, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row of a sheet that is not empty; an empty name takes the first sheet.

    Raises:
        UserError: there is no such sheet, or the workbook is damaged.
    """
    with _opened(path) as book:
        page = _sheet(book, path, sheet)
        # A sheet may claim a size it does not have; without it every row is read as it is.
        page.reset_dimensions()
        for number, cells in enumerate(page.iter_rows(values_only=True), start=1):
            texts = [_text(cell) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                yield number, texts


def oddities(path: Path, sheet: str) -> list[Problem]:
    """Merged cells, and formulas whose results are not in the file."""
    with _opened(path) as book:
        part = _sheet(book, path, sheet)._worksheet_path
    problems = []
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(part).file_size > _CHECKED_BYTES:
            return []
        xml = archive.read(part)
    merged = [found.decode() for found in _MERGED.findall(xml)]
    if merged:
        problems.append(Problem(_("cells {cells}").format(cells=_some(merged)), _(
            "are merged: the first cell of each has the value, the others count as missing")))  # fmt: skip
    formulas = [found.decode() for found in _NEVER_CALCULATED.findall(xml)]
    if formulas:
        problems.append(Problem(_("cells {cells}").format(cells=_some(formulas)), _(
            "have formulas that were never calculated and count as missing; open the workbook in a spreadsheet program "
            "and save it")))  # fmt: skip
    return problems


def _some(cells: list[str]) -> str:
    text = ", ".join(cells[:_LISTED])
    return (
        text if len(cells) <= _LISTED else _("{cells} and {count} more").format(cells=text, count=len(cells) - _LISTED)
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import openpyxl

    # Given a file, openpyxl does not look at the ending of its name.
    with path.open("rb") as file:
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # whatever a damaged workbook makes openpyxl raise
            raise UserError(_("{path} cannot be read as an Excel workbook: {error}. Save it again, or as CSV.").format(
                path=path, error=error or type(error).__name__)) from None  # fmt: skip
        try:
            yield book
        finally:
            book.close()


def _sheet(book: Any, path: Path, name: str) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise UserError(_("{path} has no sheet with cells.").format(path=path))
    if not name:
        return book.worksheets[0]
    if name not in names:
        raise UserError(_("{path} has no sheet {name!r}. {hint} Its sheets are: {names}.").format(
            path=path, name=name, hint=did_you_mean(name, names), names=", ".join(names)))  # fmt: skip
    return book[name]


def _text(value: Any) -> str:
    """A cell as it would stand in a CSV file with decimal points."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()
