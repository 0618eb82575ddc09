"""What `workbench doctor` says, in a window; asked of a process of its own, which answers even where Keras cannot."""

import sys
from importlib import metadata

from PySide6.QtCore import QProcess, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from workbench.gui.theme import GRID, monospaced
from workbench.gui.widgets import heading
from workbench.i18n import _

_END_MILLISECONDS = 3000


class DoctorDialog(QDialog):
    """Shows the report as it is written; it can be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Doctor"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(90 * GRID, 64 * GRID)
        self.text = QPlainTextEdit(_("Looking around…"))
        self.text.setReadOnly(True)
        self.text.setFont(monospaced())
        self.text.setAccessibleName(_("Report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(_("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addWidget(heading(_("Doctor")))
        layout.addWidget(self.text, 1)
        layout.addWidget(buttons)
        self._process = QProcess(self)
        self._process.finished.connect(self._show)
        self._process.start(sys.executable, ["-m", "workbench", "doctor"])

    def done(self, result: int) -> None:
        self._process.finished.disconnect(self._show)
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(_END_MILLISECONDS)
        super().done(result)

    def _show(self) -> None:
        written = self._process.readAllStandardOutput().data().decode(errors="replace")
        complaints = self._process.readAllStandardError().data().decode(errors="replace")
        self.text.setPlainText(written or complaints)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


def about_text() -> str:
    """Name, version and what it stands on."""
    names = ("workbench", "PySide6-Essentials", "pyqtgraph", "keras", "tensorflow", "numpy")
    return "\n".join(f"{name} {_version(name)}" for name in names)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return _("is not installed")
