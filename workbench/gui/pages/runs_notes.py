"""The dialog for group, tags and note of one run or of several at once."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, heading, hint, shortened
from workbench.i18n import _
from workbench.runs.notes import NotesChange, tags_of
from workbench.runs.summary import RunSummary


class NotesDialog(QDialog):
    """Shows what the runs have in common; only what is changed here is changed in them."""

    def __init__(self, runs: Sequence[RunSummary], known: Sequence[RunSummary], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.change = NotesChange()
        self._several = len(runs) > 1
        self._groups = {run.group for run in runs}
        self._notes = {run.note for run in runs}
        self._common = [tag for tag in runs[0].tags if all(tag in run.tags for run in runs)]
        partly = dict.fromkeys(tag for run in runs for tag in run.tags if tag not in self._common)
        self.setWindowTitle(_("Group, tags and note"))
        self.setMinimumWidth(64 * GRID)
        self.group = QComboBox()
        self.group.setEditable(True)
        self.group.addItems(["", *sorted({run.group for run in known if run.group}, key=str.casefold)])
        self.group.setCurrentText(next(iter(self._groups)) if len(self._groups) == 1 else "")
        self.group.setAccessibleName(_("Group"))
        self.group.lineEdit().setPlaceholderText(_("for example: first week"))
        self.tags = QLineEdit(", ".join(self._common))
        self.tags.setPlaceholderText(_("for example: baseline, keep"))
        self.tags.setAccessibleName(_("Tags"))
        every = sorted({tag for run in known for tag in run.tags}, key=str.casefold)
        self.tags.setCompleter(QCompleter(every, self.tags))
        self.note = QPlainTextEdit(next(iter(self._notes)) if len(self._notes) == 1 else "")
        self.note.setTabChangesFocus(True)
        self.note.setMinimumHeight(12 * GRID)
        self.note.setAccessibleName(_("Note"))
        if len(self._groups) > 1:
            self.group.lineEdit().setPlaceholderText(_("They are in several groups; empty leaves them there"))
        if len(self._notes) > 1:
            self.note.setPlaceholderText(_("They have several notes; empty leaves them as they are"))
        self._problem = Notice(self)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setSpacing(GRID)
        form.addRow(_("G&roup"), self.group)
        form.addRow(_("Ta&gs"), self.tags)
        text = _("Parted by commas; searched for as tag:baseline.")
        if partly:
            text = f"{text} {_('Some of them also have: {tags}.').format(tags=', '.join(partly))}"
        form.addRow("", hint(text))
        form.addRow(_("&Note"), self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        title = _("{count} runs").format(count=len(runs)) if self._several else shortened(runs[0].name)
        layout.addWidget(heading(title))
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)
        self.tags.setFocus(Qt.FocusReason.OtherFocusReason)

    def accept(self) -> None:
        """Take what was changed, unless a tag cannot be one."""
        try:
            tags = tags_of(self.tags.text())
        except UserError as error:
            self._problem.show_message(str(error), "error")
            return
        group, note = self.group.currentText().strip(), self.note.toPlainText().strip()
        self.change = NotesChange(
            group=None if _unchanged(group, self._groups) else group,
            add=tuple(tag for tag in tags if tag not in self._common),
            remove=tuple(tag for tag in self._common if tag not in tags),
            note=None if _unchanged(note, self._notes) else note,
        )
        super().accept()


def _unchanged(text: str, before: set[str]) -> bool:
    """Whether it says what was there; an empty text where several things were leaves all of them."""
    return text == next(iter(before)) if len(before) == 1 else not text
