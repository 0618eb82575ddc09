"""Predictions as rows: the columns of their table follow from the answers, whatever the task, and so does the CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap

from workbench.figures import Figure, Table
from workbench.gui.figures.pictures import to_image
from workbench.gui.row_table import Column
from workbench.gui.theme import icon
from workbench.i18n import _

THUMBNAIL = 40


class PredictedRow:
    """One picture or row of a table with its answer. `figures` may come later, when its heatmap is asked for."""

    def __init__(self, number: int, item: Any, name: str = "") -> None:
        self.number = number
        self.item = item
        self.file = Path(item.path).name or item.path
        self.name = name or ", ".join(part for part in (self.file, item.name) if part)
        self.figures: tuple[Figure, ...] = item.figures
        self._thumbnail: QIcon | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The plain values of the answer; none for what could not be read."""
        return self.item.answer.values if self.item.answer is not None else {}

    def thumbnail(self) -> QIcon | None:
        """The picture, small; made when it is first in sight. A row of a table has none."""
        if self._thumbnail is None and self.item.pixels is not None:
            image = to_image(self.item.pixels)
            size = QSize(THUMBNAIL, THUMBNAIL)
            small = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
            self._thumbnail = QIcon(QPixmap.fromImage(small))
            # Or Qt tints it in a selected row.
            self._thumbnail.addPixmap(QPixmap.fromImage(small), QIcon.Mode.Selected)
        return self._thumbnail or (icon("warning", "warning") if self.item.error else None)


def identity(row: PredictedRow) -> int:
    """What tells a row from the others."""
    return row.number


def tip(row: PredictedRow) -> str:
    """The whole path, and what is wrong."""
    return "\n".join(part for part in (row.item.path or row.name, row.item.error) if part)


def value_names(items: Iterable[Any]) -> tuple[str, ...]:
    """The names of the plain values that stand in columns, in the order of the answers."""
    names: dict[str, None] = {}
    for item in items:
        if item.answer is not None:
            names.update((name, None) for name, value in item.answer.values.items() if _is_plain(value))
    return tuple(names)


def input_names(items: Iterable[Any]) -> tuple[str, ...]:
    """The names of the columns of rows of a table, in their order; none for pictures."""
    return tuple(dict.fromkeys(name for item in items if item.row for name in item.row))


def quantity(items: Iterable[Any]) -> tuple[str, str] | None:
    """Name and unit, where all answers are a `value` of the same one; None where they are something else."""
    found = {
        (values.get("name"), values.get("unit")) if "value" in values else None
        for values in (item.answer.values for item in items if item.answer is not None)
    }
    name, unit = (found.pop() if len(found) == 1 else None) or (None, None)
    return (name, unit or "") if name else None


def columns(items: Sequence[Any]) -> tuple[Column, ...]:
    """Picture and file, or the values of a row; what was answered, time, and what went wrong."""
    given = input_names(items)
    one_file = given and len({item.path for item in items}) == 1
    made = [Column(_("Row") if given else _("File"), _row if one_file else _name, picture=PredictedRow.thumbnail)]
    measured, names = quantity(items), value_names(items)
    if measured is not None:
        name, unit = measured
        made.append(_value_column("value", items, f"{name} ({unit})" if unit else name))
    elif names:
        made += [_value_column(name, items) for name in names]
    else:  # values of values: the answer in words
        made.append(Column(_("Answer"), _answer))
    made.append(Column(_("Time"), _time, key=_seconds, numeric=True, descending=True))
    if any(item.error for item in items):
        made.append(Column(_("Problem"), _error, key=_error_key, widest=150))
    return (*made, *(_input_column(name, items) for name in given))


def as_table(rows: Sequence[PredictedRow]) -> Table:
    """The rows as a figure, to be saved as CSV: whole paths and numbers in full."""
    names = value_names(row.item for row in rows)
    given = input_names(row.item for row in rows)
    lines = (
        (
            row.item.path or row.name,
            *([row.item.name] if given else []),
            *((row.item.row or {}).get(name) for name in given),
            *(row.values.get(name) for name in names),
            row.item.seconds,
            row.item.error,
        )
        for row in rows
    )
    answered = [f"predicted {name}" if name in given else name for name in names]
    heads = ("path", *(["row"] if given else []), *given, *answered, "seconds", "error")
    return Table(_("Predictions"), heads, tuple(lines))


def milliseconds(seconds: float) -> str:
    """A short span of time."""
    if seconds >= 1:
        return _("{seconds:.2f} s").format(seconds=seconds)
    return _("{milliseconds:.1f} ms").format(milliseconds=1000 * seconds)


def _value_column(name: str, items: Sequence[Any], title: str = "") -> Column:
    values = [item.answer.values.get(name) for item in items if item.answer is not None]
    numeric = all(value is None or isinstance(value, int | float) for value in values)

    def text(row: PredictedRow) -> str:
        value = row.values.get(name)
        return "" if value is None else _short(value) if isinstance(value, float) else str(value)

    def number(row: PredictedRow) -> Any:
        return row.values.get(name)

    title = title or _(name.replace("_", " ").capitalize())
    return Column(title, text, number if numeric else None, numeric, descending=numeric)


def _input_column(name: str, items: Sequence[Any]) -> Column:
    values = [item.row.get(name) for item in items if item.row]
    numeric = all(value is None or isinstance(value, int | float) for value in values)

    def text(row: PredictedRow) -> str:
        value = (row.item.row or {}).get(name)
        return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)

    def number(row: PredictedRow) -> Any:
        return (row.item.row or {}).get(name)

    return Column(name, text, number if numeric else None, numeric)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _short(value: float) -> str:
    """Four decimals of a share, four digits of everything else."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _name(row: PredictedRow) -> str:
    return row.name


def _row(row: PredictedRow) -> str:
    return row.item.name or row.name


def _answer(row: PredictedRow) -> str:
    return row.item.answer.text if row.item.answer is not None else ""


def _time(row: PredictedRow) -> str:
    return milliseconds(row.item.seconds) if row.item.seconds else ""


def _seconds(row: PredictedRow) -> float:
    return row.item.seconds


def _error(row: PredictedRow) -> str:
    return row.item.error


def _error_key(row: PredictedRow) -> str | None:
    return row.item.error or None
