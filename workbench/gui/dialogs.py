"""Every question the window asks the user, in one object, so that tests can answer instead of a dialog."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from workbench.i18n import _

_FILTER = "TOML (*.toml)"


class Dialogs:
    """Asks by modal dialogs of the window."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def confirm(self, title: str, text: str, action: str) -> bool:
        """Whether the user wants the action; the safe answer is the default."""
        return self.choose(title, text, {"yes": action}) == "yes"

    def choose(self, title: str, text: str, choices: dict[str, str]) -> str:
        """The key of the choice taken, or an empty string for Cancel."""
        box = QMessageBox(QMessageBox.Icon.Question, title, text, parent=self._parent)
        buttons = {key: box.addButton(label, QMessageBox.ButtonRole.AcceptRole) for key, label in choices.items()}
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        clicked = box.clickedButton()
        taken = next((key for key, button in buttons.items() if button is clicked), "")
        box.deleteLater()
        return taken

    def tell(self, title: str, text: str) -> None:
        """Say something that has to be read."""
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Ok, self._parent)
        box.exec()
        box.deleteLater()

    def file_to_open(self, folder: str) -> Path | None:
        """An experiment file to open, or None."""
        name = QFileDialog.getOpenFileName(self._parent, _("Open experiment"), folder, _FILTER)[0]
        return Path(name) if name else None

    def file_to_save(self, suggestion: str) -> Path | None:
        """Where to save the experiment, or None."""
        name = QFileDialog.getSaveFileName(self._parent, _("Save experiment"), suggestion, _FILTER)[0]
        return Path(name) if name else None
