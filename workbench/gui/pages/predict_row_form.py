"""A row of a table to type: a field per column, each of which may be left empty."""

import math
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from workbench.gui.theme import GRID
from workbench.i18n import _
from workbench.specs import Column

_STEPS = 100  # arrow keys that lead from the smallest value seen in training to the largest


class RowForm(QWidget):
    """Starts at typical values; says `changed` at every key."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[Column, ...] = ()
        self.fields: dict[str, NumberField | CategoryField] = {}
        self.hints: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, GRID, 0)
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(GRID // 2)
        self._grid.setColumnStretch(1, 2)
        self._grid.setColumnStretch(2, 3)

    @property
    def valid(self) -> bool:
        """Whether every field can be read."""
        return all(field.valid for field in self.fields.values())

    @property
    def row(self) -> dict[str, Any]:
        """The values by column; None for what is missing, or not (yet) a number."""
        return {name: field.value for name, field in self.fields.items()}

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """Other fields; values typed for a column of the same name are kept."""
        if columns == self.columns:
            return
        before = {name: field.typed for name, field in self.fields.items() if field.touched}
        self._grid.setRowStretch(self._grid.rowCount(), 0)
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        self.columns = columns
        self.fields.clear()
        self.hints.clear()
        for line, column in enumerate(columns):
            self._add(line, column)
            if column.name in before:
                self.fields[column.name].type_text(before[column.name])
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        for column in columns:
            self._follow(column)

    def show_typical(self) -> None:
        """Back to the values it started with."""
        for field in self.fields.values():
            field.show_typical()
        self._field_changed()

    def type_row(self, values: dict[str, Any]) -> None:
        """Put values into the fields of their columns; the others stay."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].type_text("" if value is None else str(value))
        self._field_changed()

    def _add(self, line: int, column: Column) -> None:
        field = CategoryField(column, self) if column.categories else NumberField(column, self)
        label = QLabel(column.name.replace("&", "&&"), self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setBuddy(field)
        label.setMinimumWidth(9 * GRID)
        note = QLabel(self)
        note.setTextFormat(Qt.TextFormat.PlainText)
        note.setWordWrap(True)
        note.setMinimumWidth(16 * GRID)
        note.setProperty("role", "hint")
        field.setAccessibleName(f"{column.name} ({column.unit})" if column.unit else column.name)
        field.setToolTip(_tip(column))
        label.setToolTip(_tip(column))
        field.changed.connect(self._field_changed)
        self.fields[column.name] = field
        self.hints[column.name] = note
        for place, widget in enumerate((label, field, note)):
            self._grid.addWidget(widget, line, place)

    def _field_changed(self) -> None:
        for column in self.columns:
            self._follow(column)
        self.changed.emit()

    def _follow(self, column: Column) -> None:
        field, note = self.fields[column.name], self.hints[column.name]
        text, role = field.note()
        note.setText(text)
        if note.property("role") != role:
            note.setProperty("role", role)
            note.style().unpolish(note)
            note.style().polish(note)
        field.setAccessibleDescription(text)
        if bool(field.property("wrong")) == field.valid:
            field.setProperty("wrong", not field.valid)
            field.style().unpolish(field)
            field.style().polish(field)


class NumberField(QLineEdit):
    """A number, or nothing; Up and Down change it."""

    changed = Signal()

    def __init__(self, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column
        self.touched = False
        self.setPlaceholderText(_("missing"))
        self.setMinimumWidth(10 * GRID)
        self.setText(_number_text(column.typical))
        self.textEdited.connect(self._typed)

    @property
    def typed(self) -> str:
        """What stands in it."""
        return self.text()

    @property
    def value(self) -> float | None:
        """The number."""
        return _number(self.text())

    @property
    def valid(self) -> bool:
        """Whether it is empty or a number."""
        return not self.text().strip() or self.value is not None

    def show_typical(self) -> None:
        """The median of the training."""
        self.setText(_number_text(self._column.typical))
        self.touched = False

    def type_text(self, text: str) -> None:
        """As if it were typed."""
        self.setText(text)
        self.touched = True

    def note(self) -> tuple[str, str]:
        """What stands beside it, and how it is meant."""
        column, value = self._column, self.value
        if not self.valid:
            return _("Type a number, or leave it empty"), "field-error"
        if column.minimum >= column.maximum:
            return column.unit, "hint"
        span = _("{low} to {high}").format(low=f"{column.minimum:.4g}", high=f"{column.maximum:.4g}")
        span = f"{span} {column.unit}".strip()
        if value is not None and not column.minimum <= value <= column.maximum:
            return _("trained only on {span}").format(span=span), "field-error"
        return span, "hint"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if event.key() in steps:
            self._step(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def _step(self, steps: int) -> None:
        value = self._column.typical if self.value is None else self.value
        step = _step_size(self._column)
        self.setText(_number_text(round(value / step + steps) * step))
        self._typed(self.text())

    def _typed(self, _text: str) -> None:
        self.touched = True
        self.changed.emit()


class CategoryField(QComboBox):
    """One of the words of a column, or nothing."""

    changed = Signal()

    def __init__(self, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column
        self.touched = False
        self.valid = True
        self.addItem(_("(missing)"), None)
        for category in column.categories:
            self.addItem(category, category)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_typical()
        self.activated.connect(self._chosen)

    @property
    def value(self) -> str | None:
        """The word."""
        return self.currentData()

    @property
    def typed(self) -> str:
        """The word, empty for none."""
        return self.value or ""

    def show_typical(self) -> None:
        """The most frequent word of the training."""
        self.setCurrentIndex(int(self._column.typical) + 1)
        self.touched = False

    def type_text(self, text: str) -> None:
        """As if it were chosen; an unknown word counts as missing."""
        self.setCurrentIndex(max(0, self.findData(text)) if text else 0)
        self.touched = True

    def note(self) -> tuple[str, str]:
        """What stands beside it, and how it is meant."""
        return _("one of {count}").format(count=len(self._column.categories)), "hint"

    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the form scrolls; the value stays

    def _chosen(self, _index: int) -> None:
        self.touched = True
        self.changed.emit()


def _tip(column: Column) -> str:
    if column.categories:
        return _("One of {names}; or missing.").format(names=", ".join(column.categories[:30]))
    return _("A number, or empty where it is missing. The arrow keys up and down change it.")


def _number(text: str) -> float | None:
    """The number a person typed, with a point or a comma; None where it is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _number_text(value: float) -> str:
    return f"{value:.6g}"


def _step_size(column: Column) -> float:
    """A round number: 1, 2 or 5 times a power of ten."""
    span = column.maximum - column.minimum
    if not (span > 0 and math.isfinite(span)):
        return 1.0
    wanted = span / _STEPS
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= wanted * 0.999)
