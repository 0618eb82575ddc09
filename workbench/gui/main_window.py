"""The main window: navigation, header, pages, menus; it forwards, the work is done elsewhere."""

import base64
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QVBoxLayout, QWidget

from workbench.gui.actions import Actions
from workbench.gui.dialogs import Dialogs
from workbench.gui.dropped import may_hold_pictures, read_dropped
from workbench.gui.drops import understand
from workbench.gui.experiment_files import ExperimentFiles
from workbench.gui.header import Header
from workbench.gui.navigation import Navigation, PageStack
from workbench.gui.pages.page import Page
from workbench.gui.problem_bar import ProblemBar
from workbench.gui.theme import appearance
from workbench.gui.workspace import Workspace
from workbench.i18n import _

_STATUS_MILLISECONDS = 10_000


class MainWindow(QMainWindow):
    """The window on a workspace.

    Args:
        workspace: what it shows; closed with the window.
        dialogs: asks the user; tests give their own.
    """

    first_painted = Signal()
    closed = Signal()

    def __init__(self, workspace: Workspace, dialogs: Dialogs | None = None) -> None:
        super().__init__()
        self.workspace = workspace
        self.dialogs = dialogs or Dialogs(self)
        self.files = ExperimentFiles(workspace, self.dialogs)
        self._painted = False
        self._closing = False
        self.setMinimumSize(960, 600)
        self.setAcceptDrops(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        appearance().choose(workspace.settings.values.theme)
        stack = workspace.document.undo_stack
        self.actions_by_name = Actions(self, stack.createUndoAction(self), stack.createRedoAction(self))
        self.navigation = Navigation()
        self.pages = PageStack(workspace)
        self.header = Header(workspace)
        self.problems = ProblemBar(workspace)
        self._lay_out()
        self._connect()
        self._restore_geometry()
        self._document_changed()
        self._training_changed()
        self._fill_recent()
        self._check_theme()

    def show_page(self, name: str) -> Page:
        """Show a page, made now if it was never shown before."""
        self.navigation.select(name)
        return self.pages.show_page(name)

    def make_train_page(self) -> None:
        """Make the largest page before it is asked for: the click on Train shall show it at once."""
        self.pages.page("train")

    def new_experiment(self) -> None:
        self.files.new()

    def open_experiment(self) -> None:
        self.files.open()

    def save_experiment(self) -> None:
        self.files.save()

    def save_experiment_as(self) -> None:
        self.files.save_as()

    def new_from_run(self) -> None:
        if self.files.new_from_run(self.workspace.current_run):
            self.show_page("data")

    def train(self) -> None:
        """Train the experiment, or queue it, and show the training."""
        self.workspace.train()
        self.show_page("train")

    def pause(self) -> None:
        self.workspace.training.pause()

    def resume(self) -> None:
        self.workspace.training.resume()

    def stop(self) -> None:
        self.workspace.training.stop()

    def stop_now(self) -> None:
        self.workspace.training.stop_now()

    def find_rate(self) -> None:
        self.show_page("model").try_out("find_rate")

    def overfit_one_batch(self) -> None:
        self.show_page("model").try_out("one_batch")

    def try_a_step(self) -> None:
        self.show_page("model").try_out("trial")

    def show_settings(self) -> None:
        from workbench.gui.settings_dialog import SettingsDialog

        SettingsDialog(self.workspace.settings, self).exec()

    def show_doctor(self) -> None:
        from workbench.gui.doctor_dialog import DoctorDialog

        DoctorDialog(self).exec()

    def show_about(self) -> None:
        from workbench.gui.doctor_dialog import about_text

        self.dialogs.tell(_("About the workbench"), about_text())

    def page_action_triggered(self) -> None:
        self.show_page(self.sender().data())

    def theme_action_triggered(self, action: QAction) -> None:
        self.workspace.settings.change(theme=action.data())

    def recipe_triggered(self) -> None:
        """Start over with the recipe of the menu entry that was chosen."""
        if self.files.new_from_recipe(self.sender().data()):
            self.show_page("data")

    def recent_triggered(self) -> None:
        self.files.open(Path(self.sender().data()))

    def dropped(self, paths: list[Path]) -> None:
        """Do what the user means by dropping these files here."""
        drop = understand(paths, self.pages.current_name)
        what = drop.what
        if what == "ask":
            what = self.dialogs.choose(
                _("A folder was dropped"),
                _("What shall be done with {folder}?").format(folder=drop.paths[0]),
                {"dataset": _("Use as dataset"), "predict": _("Predict its pictures")},
            )
        match what:
            case "open":
                self.files.open(paths[0])
            case "run":
                self.workspace.set_current_run(drop.paths[0])
                self.show_page("evaluate" if paths[0].is_dir() else "predict")
            case "dataset":
                self._use_as_dataset(paths[0])
            case "predict":
                self.show_page("predict").predict_paths(list(drop.paths))

    def _use_as_dataset(self, path: Path) -> None:
        from workbench.gui.pages.data_change import change_dataset
        from workbench.gui.pages.data_drops import dataset_of_drop

        message = change_dataset(self.workspace.document, dataset_of_drop(path), _("Use the dropped data"))
        if message:
            self.dialogs.tell(_("This cannot be used"), message)
        else:
            self.show_page("data")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_hold_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        found = read_dropped(event.mimeData())
        if found.paths:
            self.dropped([Path(path) for path in found.paths])
        else:  # a picture out of a browser, or why it is none
            self.show_page("predict").take(found)

    def closeEvent(self, event: QCloseEvent) -> None:
        training = self.workspace.training
        if training.running:
            event.ignore()
            if not self._closing and self.dialogs.confirm(
                _("A training is running"),
                _("It is stopped first and keeps everything it learned; you can resume it later."),
                _("Stop and close"),
            ):
                self._closing = True
                training.clear()
                training.stop()
            return
        self._remember_geometry()
        self.workspace.close()
        event.accept()
        self.closed.emit()

    def _lay_out(self) -> None:
        body = QWidget()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.navigation)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.header)
        right.addWidget(self.problems)
        right.addWidget(self.pages, 1)
        layout.addLayout(right, 1)
        self.setCentralWidget(body)
        self._busy = QLabel()
        self.statusBar().addPermanentWidget(self._busy)

    def _connect(self) -> None:
        workspace = self.workspace
        self.navigation.page_selected.connect(self.show_page)
        self.header.train_clicked.connect(self.train)
        self.header.status_clicked.connect(self._show_training)
        workspace.page_requested.connect(self.show_page)
        workspace.mend_requested.connect(self.files.mend)
        workspace.status_message.connect(self._say)
        workspace.document.changed.connect(self._document_changed)
        workspace.document.state_changed.connect(self._document_changed)
        workspace.training.state_changed.connect(self._training_changed)
        workspace.training.stop_overdue.connect(self._stop_overdue)
        workspace.questions.busy_changed.connect(self._busy_changed)
        workspace.current_run_changed.connect(self._run_changed)
        workspace.settings.changed.connect(self._settings_changed)
        self._run_changed(workspace.current_run)

    def _say(self, text: str) -> None:
        self.statusBar().showMessage(text, _STATUS_MILLISECONDS)

    def _show_training(self) -> None:
        self.show_page("train")

    def _document_changed(self, _experiment: object = None) -> None:
        document = self.workspace.document
        self.setWindowTitle(f"{document.display_name}[*] — {_('Workbench')}")
        self.setWindowModified(document.modified)

    def _training_changed(self) -> None:
        training = self.workspace.training
        can_act = training.running and not training.stopping
        actions = self.actions_by_name
        actions["pause"].setEnabled(can_act and not training.paused)
        actions["resume"].setEnabled(can_act and training.paused)
        actions["stop"].setEnabled(can_act)
        actions["stop_now"].setEnabled(training.running)
        if self._closing and not training.running:
            QTimer.singleShot(0, self.close)

    def _stop_overdue(self) -> None:
        if self._closing or self.dialogs.confirm(
            _("The training does not stop"),
            _("It has not answered for a while. Killing it keeps its last finished epoch."),
            _("Kill it"),
        ):
            self.workspace.training.stop_now()

    def _busy_changed(self, busy: bool) -> None:
        self._busy.setText(_("Computing…") if busy else "")

    def _run_changed(self, path: str) -> None:
        self.actions_by_name["new_from_run"].setEnabled(bool(path))

    def _settings_changed(self) -> None:
        appearance().choose(self.workspace.settings.values.theme)
        self._check_theme()
        self._fill_recent()

    def _check_theme(self) -> None:
        self.actions_by_name[f"theme_{self.workspace.settings.values.theme}"].setChecked(True)

    def _fill_recent(self) -> None:
        menu = self.actions_by_name.recent_menu
        menu.clear()
        for path in self.workspace.document.recent:
            action = menu.addAction(path)
            action.setData(path)
            action.triggered.connect(self.recent_triggered)
        menu.setEnabled(not menu.isEmpty())

    def _restore_geometry(self) -> None:
        saved = self.workspace.settings.values.geometry
        if not (saved and self.restoreGeometry(QByteArray(base64.b64decode(saved)))):
            available = self.screen().availableGeometry().size()
            self.resize(QSize(1280, 800).boundedTo(available))

    def _remember_geometry(self) -> None:
        geometry = base64.b64encode(self.saveGeometry().data()).decode()
        self.workspace.settings.change(geometry=geometry, page=self.pages.current_name or "data")
