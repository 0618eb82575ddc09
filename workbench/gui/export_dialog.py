"""Export a run, or a model file of no run: in which format, where to, and how what was written compares."""

import itertools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from workbench.doctor import readable_bytes
from workbench.errors import UserError
from workbench.events import Event, Progress
from workbench.export.command_line import as_command
from workbench.export.exporter import Exporter
from workbench.export.exporting import Exported, place_of
from workbench.gui.export_formats import ExportFormats
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, heading, hint, primary_button, shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import ExportRequest
from workbench.runs.folder import RunFolder

KEY = "export"
_FIRST_FORMAT = "keras"


class ExportDialog(QDialog):
    """One export at a time; closing it stops what runs. Tests may replace `ask`, `ask_path` and `open_url`.

    Args:
        source: a run folder, or a `.keras` file.
    """

    def __init__(self, workspace: Workspace, source: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._source = workspace, source
        self._run = RunFolder(source) if Path(source).is_dir() else None
        self._tail = ""  # what the format chosen adds to a name
        self._replaced = ""  # what may go, as the user said
        self._written = ""
        self.running = False
        self.ask: Callable[[str], bool] = self._ask_in_a_dialog
        self.ask_path: Callable[[Exporter, str], str] = self._ask_path_in_a_dialog
        self.open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl
        self.setWindowTitle(_("Export"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(96 * GRID, 58 * GRID)
        self.formats = ExportFormats(self._run is not None, workspace.settings.values.export_format or _FIRST_FORMAT)
        self.place = QLineEdit()
        self.browse_button = button_with_icon(_("&Browse…"), "folder")
        self.notice = Notice()
        self.show_button = button_with_icon(_("Show in &folder"), "folder")
        self.notice.buttons.addWidget(self.show_button)
        self.notes = hint("")
        self.notes.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.told = hint("")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_("Progress of the export"))
        self.stop_button = button_with_icon(_("&Stop"), "stop")
        self.export_button = primary_button(_("&Export"))
        self.command_button = button_with_icon(_("&Copy as command"), "copy")
        self.command_button.setToolTip(_("Put the command line that exports the same into the clipboard"))
        self._lay_out()
        self._connect()
        self._follow_format()
        self._show_running(False)
        self.formats.focus()

    def export(self) -> None:
        """Write it, once the user has said that what is there may go."""
        exporter = self.formats.exporter
        try:
            place = place_of(self.place.text().strip(), exporter)
        except UserError as error:
            self._tell(str(error), "error")
            self.place.setFocus()
            return
        there = place.exists()
        if there and not self.ask(_("{path} is there already. Replace it?").format(path=place)):
            return
        self._replaced = str(place) if there else ""
        self._workspace.settings.change(export_format=exporter.name, export_folder=str(place.parent))
        self._tell("")
        self._show_running(True)
        self.stop_button.setFocus()
        request = ExportRequest(self._source, exporter.name, str(place), there)
        self._workspace.questions.ask(request, self._answered, self._failed, self._event, key=KEY)

    def stop(self) -> None:
        """Give up what runs."""
        if self.running:
            self._workspace.questions.drop(KEY)
            self._show_running(False)
            self._tell(_("Stopped. Nothing was written."))
            self.export_button.setFocus()

    def copy_command(self) -> None:
        """Put the same as a command line into the clipboard."""
        exporter = self.formats.exporter
        out = self.place.text().strip() or self._suggested_name()
        command = as_command(ExportRequest(self._source, exporter.name, out, out == self._replaced))
        QGuiApplication.clipboard().setText(command)
        self.told.setText(_("Copied: {command}").format(command=command))
        self._make_room()

    def done(self, result: int) -> None:
        self.stop()
        super().done(result)

    def _lay_out(self) -> None:
        to = QLabel(_("Write &to"))
        to.setBuddy(self.place)
        self.place.setAccessibleName(_("Where the export goes"))
        where = QHBoxLayout()
        where.setSpacing(GRID)
        where.addWidget(to)
        where.addWidget(self.place, 1)
        where.addWidget(self.browse_button)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.command_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.export_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self.export_button.setDefault(True)
        # A path is one word, which cannot be wrapped: it must not widen the dialog.
        for label in (self.notice, self.told):
            label.setMinimumWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        name = self._run.name if self._run is not None else Path(self._source).name
        layout.addWidget(heading(_("Export {name}").format(name=shortened(name))))
        about = _("A model is opened again and compared with the original on 64 samples before it is called done.")
        layout.addWidget(hint(about))
        layout.addSpacing(GRID)
        layout.addWidget(self.formats)
        layout.addSpacing(GRID)
        layout.addLayout(where)
        layout.addWidget(self.notice)
        layout.addWidget(self.notes)
        layout.addWidget(self.told)
        layout.addLayout(row)
        layout.addStretch(1)
        layout.addWidget(buttons)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        in_order = (
            *self.formats.buttons.values(), self.place, self.browse_button, self.show_button, self.stop_button,
            self.command_button, self.export_button, close,
        )  # fmt: skip
        for before, after in itertools.pairwise(in_order):
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        self.formats.chosen.connect(self._follow_format)
        self.browse_button.clicked.connect(self._browse)
        self.export_button.clicked.connect(self.export)
        self.stop_button.clicked.connect(self.stop)
        self.command_button.clicked.connect(self.copy_command)
        self.show_button.clicked.connect(self._show_in_folder)
        self._workspace.closing.connect(self.close)

    def _follow_format(self) -> None:
        """Another format: its ending behind the same name, and whether it can be written at all."""
        name_before, self._tail = self._tail, self._tail_of(self.formats.exporter)
        typed = self.place.text().strip()
        if not typed:
            self.place.setText(str(self._usual_folder() / self._suggested_name()))
        elif name_before and typed.endswith(name_before):
            self.place.setText(typed.removesuffix(name_before) + self._tail)
        self.told.setText("")
        self._tell(*self._hindrance())
        self.export_button.setEnabled(not self.notice.text)

    def _hindrance(self) -> tuple[str, str]:
        """Why the format chosen cannot be written now, and of what kind that message is; empty where it can."""
        exporter = self.formats.exporter
        lacking = exporter.missing()
        if lacking:
            return _("Something has to be installed first: {command}").format(command=lacking), "warning"
        if exporter.takes == "model" and self._run is not None and not self._run.model_path.exists():
            return _(
                "The run has no model yet: no epoch of it has finished. Its report and its curves can be exported."
            ), "warning"
        return "", "information"

    @staticmethod
    def _tail_of(exporter: Exporter) -> str:
        return exporter.ending or f"_{exporter.name}"

    def _suggested_name(self) -> str:
        name = self._run.name if self._run is not None else Path(self._source).stem
        return name + self._tail

    def _usual_folder(self) -> Path:
        """The folder of the last export, or the user's documents."""
        last = self._workspace.settings.values.export_folder
        if last and Path(last).is_dir():
            return Path(last)
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(documents) if documents and Path(documents).is_dir() else Path.home()

    def _browse(self) -> None:
        chosen = self.ask_path(self.formats.exporter, self.place.text().strip())
        if chosen:
            self.place.setText(chosen)

    def _event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            self.told.setText(f"{event.what[:1].upper()}{event.what[1:]}…")

    def _answered(self, done: Exported) -> None:
        self._show_running(False)
        self._written = done.path
        self.place.setText(done.path)
        text = _("{name} is written, {size}.").format(
            name=shortened(Path(done.path).name), size=readable_bytes(done.bytes)
        )
        self._tell(f"{text} {done.check.text()}" if done.check is not None else text, "success")
        self.notes.setText("\n\n".join(done.notes))
        self.notes.setVisible(bool(done.notes))
        self.show_button.show()
        self._make_room()
        self.show_button.setFocus()

    def _failed(self, message: str) -> None:
        self._show_running(False)
        self._tell(message, "error")
        self.export_button.setFocus()

    def _tell(self, message: str, kind: str = "information") -> None:
        self.notes.hide()
        self.show_button.hide()
        self.notice.show_message(message, kind)
        self._make_room()

    def _make_room(self) -> None:
        """Grow where what is told needs it: wrapped text does not make a window higher by itself."""
        self.layout().activate()
        wanted = self.layout().totalHeightForWidth(self.width())
        if wanted > self.height():
            self.resize(self.width(), wanted)

    def _show_running(self, running: bool) -> None:
        self.running = running
        self.bar.setRange(0, 0)
        self.bar.setVisible(running)
        self.stop_button.setVisible(running)
        self.told.setText(_("Starting…") if running else "")
        for widget in (self.formats, self.place, self.browse_button):
            widget.setEnabled(not running)
        self.export_button.setEnabled(not running and not self._hindrance()[0])

    def _show_in_folder(self) -> None:
        folder = str(Path(self._written).parent)
        if not self.open_url(QUrl.fromLocalFile(folder)):
            self.told.setText(_("No program could be started that shows the folder {path}.").format(path=folder))

    def _ask_in_a_dialog(self, question: str) -> bool:
        return QMessageBox.question(self, _("Export"), question) == QMessageBox.StandardButton.Yes

    def _ask_path_in_a_dialog(self, exporter: Exporter, now: str) -> str:
        """A file, or a new folder: whether what is there may go is asked at the end, once for either way."""
        kinds = f"{_(exporter.title)} (*{exporter.ending})" if exporter.ending else _("New folder (*)")
        return QFileDialog.getSaveFileName(
            self, _("Export to"), now, kinds, options=QFileDialog.Option.DontConfirmOverwrite
        )[0]


def open_export(workspace: Workspace, source: str, parent: QWidget) -> ExportDialog:
    """The dialog for a run or a model file; one that still writes stays and comes to the front instead."""
    window = parent.window()
    for other in window.findChildren(ExportDialog):
        if other.running:
            other.raise_()
            other.activateWindow()
            return other
        other.close()
    dialog = ExportDialog(workspace, source, window)
    dialog.show()
    return dialog
