"""Writes the report of several runs side by side, by the engine that answers questions.

That of one run is a format of its export.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.events import Progress
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import ReportRequest

KEY = "report"


class RunsReport(QObject):
    """Asks where, and tells how far it is. Tests may replace `ask_path`."""

    told = Signal(str, str)  # a message, and its kind as `Notice` takes it

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._parent = parent
        self.ask_path: Callable[[str], str] = self._ask_in_a_dialog

    def write(self, runs: list[str]) -> None:
        """Write the report of these runs, once the user has said where."""
        chosen = self.ask_path(f"{_('comparison')}.html")
        if not chosen:
            return
        path = Path(chosen)
        path = path if path.suffix.lower() in (".html", ".htm") else path.with_name(f"{path.name}.html")
        self.told.emit(_("The report is being written…"), "information")
        request = ReportRequest(tuple(runs), str(path))
        self._workspace.questions.ask(request, self._written, self._failed, self._progress, key=KEY)

    def _written(self, path: str) -> None:
        self.told.emit(_("The report is in {path}.").format(path=path), "success")

    def _failed(self, message: str) -> None:
        self.told.emit(message, "error")

    def _progress(self, event: object) -> None:
        if isinstance(event, Progress) and event.total:
            text = _("The report is being written: {what} {done} / {total}.")
            self.told.emit(text.format(what=event.what, done=event.done, total=event.total), "information")

    def _ask_in_a_dialog(self, name: str) -> str:
        return QFileDialog.getSaveFileName(self._parent, _("Save report"), name, _("Web pages (*.html)"))[0]
