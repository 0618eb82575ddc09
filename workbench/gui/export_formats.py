"""The formats a run can be exported in: one of them is chosen, and what it is for, lacks and needs stands beside."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from workbench.export.exporter import Exporter
from workbench.gui.theme import GRID
from workbench.gui.widgets import hint, section_title
from workbench.i18n import _
from workbench.registry import registry

_NAMES_WIDTH = 26 * GRID


class ExportFormats(QWidget):
    """Models first, then what a run told.

    Args:
        runs: whether what a run told is offered, too; a model file of no run told nothing.
        preferred: name of the format that is chosen first, if there is one of that name.
    """

    chosen = Signal()

    def __init__(self, runs: bool, preferred: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        offered = [each for each in registry().exporters if runs or each.takes == "model"]
        self._offered: list[Exporter] = sorted(offered, key=lambda each: each.takes != "model")
        self.buttons: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        names = QVBoxLayout()
        names.setSpacing(GRID // 2)
        for number, each in enumerate(self._offered):
            button = self.buttons[each.name] = QRadioButton(_(each.title).replace("&", "&&"))
            button.setAccessibleDescription(f"{_(each.help)} {_(each.limits)}".strip())
            button.setMinimumWidth(_NAMES_WIDTH)
            self._group.addButton(button, number)
            names.addWidget(button)
        names.addStretch(1)
        self._title = section_title("")
        self._help = hint("")
        self._limits = hint("")
        about = QVBoxLayout()
        about.setSpacing(GRID)
        for label in (self._title, self._help, self._limits):
            about.addWidget(label)
        about.addStretch(1)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(2 * GRID)
        columns.addLayout(names)
        columns.addLayout(about, 1)
        self.buttons.get(preferred, next(iter(self.buttons.values()))).setChecked(True)
        # What is told below grows: these are not to be squeezed by it.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._show_about()
        self._group.idToggled.connect(self._toggled)

    @property
    def exporter(self) -> Exporter:
        """What is chosen."""
        return self._offered[self._group.checkedId()]

    def choose(self, name: str) -> None:
        """Choose a format."""
        self.buttons[name].setChecked(True)

    def focus(self) -> None:
        """Let the keyboard go to the one that is chosen."""
        self.buttons[self.exporter.name].setFocus()

    def _toggled(self, _number: int, checked: bool) -> None:
        if checked:
            self._show_about()
            self.chosen.emit()

    def _show_about(self) -> None:
        self._title.setText(_(self.exporter.title))
        self._help.setText(_(self.exporter.help))
        self._limits.setText(_(self.exporter.limits))
        self._limits.setVisible(bool(self.exporter.limits))
