"""The numbers of a running service as captions with their values."""

import math

from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from workbench.gui.theme import GRID
from workbench.gui.widgets import value_label
from workbench.i18n import _

_COLUMNS = 5


class ServiceNumbers(QWidget):
    """A place per number, in the order of the service's titles."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, QLabel] = {}
        self._captions: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(3 * GRID)
        self._grid.setVerticalSpacing(GRID)
        self._grid.setColumnStretch(_COLUMNS, 1)

    @property
    def texts(self) -> dict[str, str]:
        """What stands there, by name."""
        return {name: label.text() for name, label in self._values.items()}

    def set_titles(self, titles: dict[str, str]) -> None:
        """Make a place for each of these numbers."""
        if list(titles) == list(self._values):
            return
        while self._grid.count():
            column = self._grid.takeAt(0)
            column.deleteLater()
        for label in (*self._values.values(), *self._captions):
            label.hide()
            label.deleteLater()
        self._values, self._captions = {}, []
        for place, (name, title) in enumerate(titles.items()):
            caption = QLabel(_(title), self)
            caption.setProperty("role", "caption")
            value = value_label("–")
            value.setAccessibleName(_(title))
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(caption)
            column.addWidget(value)
            self._grid.addLayout(column, place // _COLUMNS, place % _COLUMNS)
            self._values[name] = value
            self._captions.append(caption)

    def show_numbers(self, numbers: dict[str, float]) -> None:
        """Show these; a number that is none yet is a dash."""
        for name, label in self._values.items():
            label.setText(_text(numbers.get(name, math.nan)))


def _text(number: float) -> str:
    if not math.isfinite(number):
        return "–"
    return f"{number:,.0f}" if (float(number).is_integer() and abs(number) >= 1) or number == 0 else f"{number:.3g}"
