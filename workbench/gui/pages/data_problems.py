"""The list of what is wrong with the data: samples left out with the reason, and samples that stand in two splits."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.gui.row_table import Column, RowTableModel, RowTableView
from workbench.gui.theme import GRID, icon
from workbench.gui.widgets import hint
from workbench.i18n import _


@dataclass(frozen=True)
class _Row:
    number: int
    where: str
    reason: str
    leak: bool = False


class ProblemsView(QWidget):
    """A searchable table; says so where there is nothing to complain about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count = 0
        self._model = RowTableModel(_number)
        self._model.set_columns((
            Column(_("Where"), _where, picture=_sign),
            Column(_("What is wrong"), _reason),
        ))  # fmt: skip
        self.table = RowTableView(self._model)
        self.table.setAccessibleName(_("Problems with the data"))
        self._summary = hint("")
        self._search = QLineEdit()
        self._search.setPlaceholderText(_("Search"))
        self._search.setAccessibleName(_("Search the problems"))
        self._search.setClearButtonEnabled(True)
        self._search.setMaximumWidth(30 * GRID)
        self._search.textChanged.connect(self._model.set_search)
        head = QHBoxLayout()
        head.addWidget(self._summary, 1)
        head.addWidget(self._search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)
        self.set_report(None)

    def set_report(self, report: Any) -> None:
        """Show the problems and the leaks of a report."""
        rows = [] if report is None else _rows(report)
        self.count = len(rows)
        leaks = sum(row.leak for row in rows)
        self._summary.setText(_summary(report, len(rows) - leaks, leaks))
        self._search.setVisible(len(rows) > 1)
        self.table.setVisible(bool(rows))
        self._model.set_rows(rows)
        self.table.setColumnWidth(0, 40 * GRID)
        self.table.horizontalHeader().setStretchLastSection(True)


def _rows(report: Any) -> list[_Row]:
    found = [(problem.where, problem.reason, False) for problem in report.problems]
    for first, second in report.leaks:
        reason = _("The same sample is in another split, as {other}: that split's figures flatter.")
        reason = reason.format(other=second)
        found.append((first, reason, True))
    return [_Row(number, *entry) for number, entry in enumerate(found)]


def _summary(report: Any, problems: int, leaks: int) -> str:
    if report is None:
        return ""
    if not problems and not leaks:
        return _("No problems: every sample could be read, and none is in two splits.")
    parts = []
    if problems:
        text = _("Noted: {count}. Samples that cannot be read are left out, the rest trains.")
        parts.append(text.format(count=f"{problems:,}"))
    if leaks:
        parts.append(_("Samples in two splits: {count}.").format(count=f"{leaks:,}"))
    return " ".join(parts)


def _number(row: _Row) -> int:
    return row.number


def _where(row: _Row) -> str:
    return row.where


def _reason(row: _Row) -> str:
    return row.reason


def _sign(row: _Row) -> Any:
    return icon("warning", "warning")
