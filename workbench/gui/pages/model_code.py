"""The experiment as a Keras script: copied to the clipboard, or shown and saved."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from workbench.gui.theme import GRID, monospaced, set_icon
from workbench.gui.widgets import Notice, hint
from workbench.i18n import _


def ask_where(parent: QWidget, name: str) -> str:
    """Ask for the name of a script to write; empty when the user thinks better of it."""
    return QFileDialog.getSaveFileName(parent, _("Save script"), name, "Python (*.py)")[0]


class CodeDialog(QDialog):
    """Shows a script. Tests replace `ask_path`, which asks where to save."""

    def __init__(self, code: str, copy: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keras code"))
        self.resize(112 * GRID, 84 * GRID)
        self.ask_path = ask_where
        self._code = code
        self._copy_code = copy
        self.notice = Notice()
        self.text = QPlainTextEdit(code)
        self.text.setReadOnly(True)
        self.text.setFont(monospaced())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(_("Keras code"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = self._button(buttons, _("&Copy"), "copy", self._copy)
        self.save_button = self._button(buttons, _("&Save…"), "save", self._save)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(hint(_("A script that stands alone: it builds and trains this experiment on the same split.")))
        layout.addWidget(self.text, 1)
        layout.addWidget(self.notice)
        layout.addWidget(buttons)

    def _button(self, box: QDialogButtonBox, title: str, icon_name: str, slot: Callable[[], None]) -> QPushButton:
        button = box.addButton(title, QDialogButtonBox.ButtonRole.ActionRole)
        set_icon(button, icon_name)
        button.clicked.connect(slot)
        return button

    def _copy(self) -> None:
        self._copy_code(self._code)
        self.notice.show_message(_("Copied to the clipboard."))

    def _save(self) -> None:
        path = self.ask_path(self, "train.py")
        if not path:
            return
        try:
            Path(path).write_text(self._code, encoding="utf-8")
        except OSError as error:
            message = _("{path} cannot be written: {error}. Choose another place.").format(path=path, error=error)
            self.notice.show_message(message, "error")
            return
        self.notice.show_message(_("Saved as {path}.").format(path=path))
