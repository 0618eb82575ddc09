"""The corrections in force on the Data page: a table of the list, whose lines can be taken back."""

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.corrected import CorrectionLine
from workbench.data.corrections import EXCLUDE
from workbench.gui.corrector import corrector
from workbench.gui.row_table import Column, RowTableModel, RowTableView
from workbench.gui.theme import GRID, icon
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _


class CorrectionsView(QWidget):
    """A table of the samples left out and relabelled."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector(workspace)
        self.count = 0
        self._model = RowTableModel(_name)
        self._model.set_columns((
            Column(_("Sample"), _name, picture=_sign),
            Column(_("Correction"), _what),
            Column(_("Effect"), _effect),
            Column(_("Note"), _note),
            Column(_("Date"), _date),
        ))  # fmt: skip
        self.table = RowTableView(self._model)
        self.table.setAccessibleName(_("Corrections of the data"))
        self._summary = hint("")
        self.remove_button = button_with_icon(_("Take back"), "remove")
        self.remove_button.setToolTip(_("Remove the selected corrections from the list (Del)"))
        self.remove_button.clicked.connect(self.remove)
        self.notice = Notice()
        self.undo_button = button_with_icon(_("Undo"), "undo")
        self.undo_button.clicked.connect(self._corrector.undo)
        self.notice.buttons.addWidget(self.undo_button)
        head = QHBoxLayout()
        head.addWidget(self._summary, 1)
        head.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)
        self.table.delete_pressed.connect(self.remove)
        self.table.selected_changed.connect(self._show_selection)
        self._corrector.told.connect(self._tell)
        self.set_report(None)

    def set_report(self, report: Any) -> None:
        """Show the corrections of a report."""
        lines = () if report is None else report.corrections
        self.count = len(lines)
        used = [line.correction.action for line in lines if not line.problem]
        excluded = used.count(EXCLUDE)
        text = _("Left out: {excluded}. Relabelled: {relabelled}. The files of the data are as they were.")
        nothing = _("Nothing is corrected. Select samples on Inspect or Evaluate to leave them out or relabel them.")
        known = text.format(excluded=f"{excluded:,}", relabelled=f"{len(used) - excluded:,}")
        if len(used) < len(lines):
            known = f"{known} " + _("Without effect: {count}.").format(count=len(lines) - len(used))
        self._summary.setText(known if lines else nothing)
        self.table.setVisible(bool(lines))
        self.remove_button.setVisible(bool(lines))
        self._model.set_rows(lines)
        self.table.fit_columns(0)
        self._show_selection()

    def remove(self) -> None:
        """Take the selected corrections back."""
        names = tuple(line.correction.name for line in self.table.selected())
        if names:
            self._corrector.remove(names)

    def _show_selection(self) -> None:
        self.remove_button.setEnabled(bool(self.table.selected()))

    def _tell(self, text: str, kind: str) -> None:
        self.notice.show_message(text, kind)
        self.undo_button.setVisible(self._corrector.can_undo)


def _name(line: CorrectionLine) -> str:
    return line.correction.name


def _what(line: CorrectionLine) -> str:
    if line.correction.action == EXCLUDE:
        return _("left out ({label})").format(label=line.label) if line.label else _("left out")
    return f"{line.label or '?'} → {line.correction.label}"


def _effect(line: CorrectionLine) -> str:
    return line.problem or _("in force")


def _note(line: CorrectionLine) -> str:
    return line.correction.note


def _date(line: CorrectionLine) -> str:
    return line.correction.date


def _sign(line: CorrectionLine) -> Any:
    return icon("warning", "warning") if line.problem else None
