"""A table with a picture a line: a label and the grey levels of its pixels, as Kaggle distributes MNIST."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data import arrays
from workbench.data.locations import given_file
from workbench.data.source import (
    CERTAIN,
    NO_SPLIT,
    POSSIBLE,
    DatasetSource,
    Emit,
    Offer,
    Problem,
    Samples,
    UnreadableSampleError,
)
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

_EXPECTED = mark("a CSV file with a picture a line: a label (first, or in a column called label) and its pixels")
_LONGEST_FIRST_LINE = 2 * 1024 * 1024  # bytes; the window waits while the first line is looked at
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LABEL_COLUMNS = ("label", "class", "target", "y")
_LINES_FOR_THE_RANGE = 200
_FEWEST_PIXELS = 48  # below that a table of numbers is hardly a table of pictures


class CsvImagesSection(DatasetSection):
    """Where the table is, and how its rows become pictures."""

    name: Literal["csv_images"] = "csv_images"
    path: str = setting(
        "", title=mark("File"), widget="file",
        help=mark("A picture a line: a label, first or in a column called label, and the grey levels of its pixels."),
    )  # fmt: skip
    height: int = setting(
        0, title=mark("Height"), unit="px", zero=mark("square"), ge=0, le=4096,
        help=mark("Height of the pictures in the table; 0: they are square."),
    )  # fmt: skip
    width: int = setting(
        0, title=mark("Width"), unit="px", zero=mark("square"), ge=0, le=4096,
        help=mark("Width of the pictures in the table; 0: they are square."),
    )  # fmt: skip


@dataclass(frozen=True)
class _Layout:
    """How the lines are written."""

    delimiter: str
    header: bool
    columns: int
    label_column: int


class _Table:
    """The file with the places of its lines; pixels are parsed line by line when they are asked for."""

    def __init__(self, path: Path, section: CsvImagesSection, layout: _Layout) -> None:
        self.path = path
        self.layout = layout
        self.shape = arrays.picture_shape(layout.columns - 1, str(path), section.height, section.width)
        self.labels: list[str] = []
        self.lines: list[int] = []
        self.problems: list[Problem] = []
        self._offsets: list[int] = []
        self.factor = 1.0

    def scan(self, emit: Emit) -> None:
        """Read the labels and remember where each line begins."""
        largest, fractions, offset = 0.0, False, 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                start, offset = offset, offset + len(line)
                if not line.strip() or (self.layout.header and number == 1):
                    continue
                label = self._label(line, number)
                if label is None or not label.strip():
                    self.problems.append(Problem(f"line {number}", _("has no label")))
                    continue
                if len(self.labels) < _LINES_FOR_THE_RANGE:
                    values = self._values(line)
                    if values is not None and values.size:
                        largest, fractions = max(largest, float(values.max())), fractions or np.any(values % 1)
                self.labels.append(label.strip())
                self.lines.append(number)
                self._offsets.append(start)
                if number % 20_000 == 0:
                    emit(Progress(_("Reading the table"), number))
        self.factor = 255.0 if fractions and largest <= 1 else 1.0

    def read(self, index: int, channels: int) -> np.ndarray:
        """The picture of a line."""
        with self.path.open("rb") as file:
            file.seek(self._offsets[index])
            line = file.readline()
        values = self._values(line)
        if values is None or len(values) != self.layout.columns - 1:
            raise UnreadableSampleError(_("{expected} numbers were expected after the label").format(
                expected=self.layout.columns - 1))  # fmt: skip
        values = values * self.factor
        if not (values.min() >= 0 and values.max() <= 255):
            raise UnreadableSampleError(_("grey levels from {low:g} to {high:g}, where 0 to 255 were expected").format(
                low=values.min(), high=values.max()))  # fmt: skip
        return arrays.with_channels(np.round(values).astype(np.uint8).reshape(self.shape), channels)

    def _label(self, line: bytes, number: int) -> str | None:
        if self.layout.label_column == 0 and not line.startswith(b'"'):
            return _strict_text(line.split(self.layout.delimiter.encode(), 1)[0], self.path, number)
        cells = _cells(_strict_text(line, self.path, number), self.layout.delimiter)
        return cells[self.layout.label_column] if len(cells) > self.layout.label_column else None

    def _values(self, line: bytes) -> np.ndarray | None:
        cells = _cells(_text(line), self.layout.delimiter)
        try:
            return np.array([cell for i, cell in enumerate(cells) if i != self.layout.label_column], np.float32)
        except ValueError:
            return None


class CsvImagesSource(DatasetSource):
    """Pictures as rows of a table."""

    name = "csv_images"
    title = mark("Pictures in a CSV")
    help = mark("A table with a label and the pixels of a picture a line.")
    section = CsvImagesSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """The size of the pictures in the table, as far as it can be known."""
        try:
            path = given_file(section.path, self.name, _(_EXPECTED))
            height, width, channels = _Table(path, section, _layout(path)).shape
        except UserError:
            return {}
        if not (4 <= height <= 1024 and 4 <= width <= 1024):
            return {}
        return {"height": height, "width": width, "channels": channels}

    def takes(self, path: Path) -> Offer | None:
        """A table with as many numbers a line as a square picture has pixels; perhaps any other."""
        if path.suffix.lower() != ".csv" or not path.is_file():
            return None
        try:
            layout = _layout(path)
            _Table(path, CsvImagesSection(), layout)
        except (UserError, OSError):
            return Offer({"path": str(path)})
        return Offer({"path": str(path)}, CERTAIN if layout.columns > _FEWEST_PIXELS else POSSIBLE)

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Read the labels."""
        path = given_file(section.path, self.name, _(_EXPECTED))
        table = _Table(path, section, _layout(path))
        table.scan(emit)
        if not table.labels:
            raise UserError(_("{path} has no rows. Expected was {expected}.").format(path=path, expected=_(_EXPECTED)))
        targets, class_names = arrays.class_indices([_as_labels(table.labels)], str(path))
        return Samples(
            names=tuple(f"line {number}" for number in table.lines),
            targets=targets,
            target=ClassTarget(class_names),
            ready_split=np.full(len(targets), NO_SPLIT, np.int8),
            read=table.read,
            fingerprint=f"csv_images {arrays.content_stamp(path)} {table.shape}",
            problems=tuple(table.problems),
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By NumPy."""
        path = given_file(section.path, self.name, _(_EXPECTED))
        layout = _layout(path)
        table = _Table(path, section, layout)
        table.scan(lambda event: None)
        samples = self.open(section, lambda event: None)
        whole_numbers = all(name.lstrip("-").isdigit() for name in samples.target.class_names)
        label = "str(int(label))" if whole_numbers else "label"
        return f'''\
def read_dataset(channels={table.shape[2]}):
    """The pictures of the table, their labels and the names of the classes."""
    import csv

    with open({str(path)!r}, encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter={layout.delimiter!r}) if row][{int(layout.header)}:]
    class_names = {list(samples.target.class_names)!r}
    images, labels = [], []
    for row in rows:
        label = row.pop({layout.label_column}).strip()
        if not label:
            continue
        labels.append(class_names.index({label}))
        try:
            image = np.round(np.array(row, dtype="float32") * {table.factor}).reshape({table.shape})
            images.append(np.repeat(image.astype("uint8"), channels // {table.shape[2]}, axis=-1))
        except ValueError:
            images.append(None)
    return images, np.array(labels), class_names
'''


def _layout(path: Path) -> _Layout:
    with path.open("rb") as file:
        line = file.readline(_LONGEST_FIRST_LINE)
    if line.startswith(_UTF_16) or b"\0" in line:
        raise UserError(_(
            "{path} is encoded in UTF-16 (some programs call it Unicode text), or it is no text at all. Save the table "
            "as UTF-8; Excel calls that CSV UTF-8."
        ).format(path=path))  # fmt: skip
    if len(line) == _LONGEST_FIRST_LINE:
        raise UserError(_(
            "The first line of {path} is longer than {size} MB. Expected was {expected}; are its line ends missing?"
        ).format(path=path, size=_LONGEST_FIRST_LINE // 2**20, expected=_(_EXPECTED)))  # fmt: skip
    first = _strict_text(line, path, 1).strip()
    if not first:
        raise UserError(_("{path} is empty. Expected was {expected}.").format(path=path, expected=_(_EXPECTED)))
    delimiter = max(",;\t ", key=first.count)
    cells = [cell.strip() for cell in _cells(first, delimiter)]
    if len(cells) < 5:
        raise UserError(_("{path}: the first line has {count} columns. Expected was {expected}.").format(
            path=path, count=len(cells), expected=_(_EXPECTED)))  # fmt: skip
    words = [cell.lower() for cell in cells if not _is_number(cell)]
    header = len(words) > 1 or any(word in _LABEL_COLUMNS for word in words)
    named = [i for i, cell in enumerate(cells) if header and cell.lower() in _LABEL_COLUMNS]
    return _Layout(delimiter, header, len(cells), named[0] if named else 0)


def _as_labels(labels: list[str]) -> np.ndarray:
    """Numbers sort as numbers (2 before 10) when all labels are whole ones; else they are texts."""
    try:
        return np.array([int(label) for label in labels], np.int64)
    except ValueError:
        return np.array(labels)


def _strict_text(line: bytes, path: Path, number: int) -> str:
    """The text of a label or a header: a letter that was lost would make one class of two."""
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        found = line[max(0, error.start - 10) : error.end + 10].decode("cp1252", "replace").strip()
        raise UserError(_(
            "Line {number} of {path} is not UTF-8 (near {found!r}): the table was saved in another encoding, perhaps "
            "Windows-1252 or Latin-1. Save it as UTF-8; Excel calls that CSV UTF-8."
        ).format(number=number, path=path, found=found)) from None  # fmt: skip


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig", "replace").rstrip("\r\n")


def _cells(line: str, delimiter: str) -> list[str]:
    return line.split(delimiter) if '"' not in line else next(csv.reader([line], delimiter=delimiter))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(CsvImagesSource())
