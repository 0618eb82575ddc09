"""The start and the end of the window: from a command line to an exit code."""

import functools
import gc
import importlib
import logging
import sys
from pathlib import Path
from types import TracebackType

import shiboken6
from PySide6.QtCore import QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from workbench.engine import Engine
from workbench.errors import UserError
from workbench.gui.background import BackgroundWork
from workbench.gui.garbage import garbage_on_gui_thread
from workbench.gui.main_window import MainWindow
from workbench.gui.signals import close_on_signal
from workbench.gui.theme import icon, prepare
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import DevicesRequest

_POLL_MILLISECONDS = 250
_log = logging.getLogger("workbench.gui")


def run_window(arguments: list[str]) -> int:
    """Show the window and wait until it is closed.

    Args:
        arguments: at most one path of an experiment to open.

    Returns:
        The exit code.
    """
    application = QApplication.instance() or QApplication(["workbench", *arguments])
    qInstallMessageHandler(_log_qt_message)
    application.setApplicationName("workbench")
    application.setApplicationDisplayName(_("Workbench"))
    application.setDesktopFileName("workbench")
    prepare(application)
    with garbage_on_gui_thread(application):
        code = _show(application, arguments)
    sys.excepthook = sys.__excepthook__
    qInstallMessageHandler(None)
    return code


def _show(application: QApplication, arguments: list[str]) -> int:
    window = open_window(arguments)
    application.setWindowIcon(icon("app", "accent"))
    gc.freeze()  # what is there by now stays: to search through it would hold the window up for 75 ms at a time
    sys.excepthook = functools.partial(_tell_defect, window.workspace)
    with close_on_signal(window):
        window.show()
        return application.exec()


def open_window(arguments: list[str]) -> MainWindow:
    """The window on fresh engines, which start after its first paint."""
    # Here, because imported later it would hold up a window that is shown already.
    importlib.import_module("pyqtgraph")
    workspace = Workspace(Engine("questions", device="cpu"), Engine("training"))
    window = MainWindow(workspace)
    workspace.setParent(window)
    window.first_painted.connect(EngineStart(workspace).begin)
    window.first_painted.connect(window.make_train_page)
    window.show_page(workspace.settings.values.page)
    for argument in arguments[:1]:
        try:
            workspace.document.open(Path(argument))
        except UserError as error:
            workspace.problem.emit(str(error))
    return window


def _tell_defect(workspace: Workspace, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
    """A defect of ours in a slot: the window lives, says so, and the traceback stands on standard error."""
    sys.__excepthook__(kind, error, trace)
    if shiboken6.isValid(workspace):
        workspace.problem.emit(_("Something went wrong inside the workbench: {error}").format(error=error))


class EngineStart(QObject):
    """Starts the engines one after the other, so that two imports of Keras do not fight for the processor."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._training_started = False
        self._timer = QTimer(self, interval=_POLL_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self._devices = BackgroundWork(self)
        workspace.closing.connect(self._timer.stop)
        workspace.closing.connect(self._devices.stop)

    def begin(self) -> None:
        """Start the engine of questions now, that of trainings when it is ready."""
        for message in (self._workspace.document.recovery_message, *_plugin_problems()):
            if message:
                self._workspace.problem.emit(message)
        self._workspace.questions.start()
        self._timer.start()

    def _look(self) -> None:
        training = self._workspace.training
        problem = self._workspace.questions.engine.problem
        if problem:
            self._timer.stop()
            self._workspace.problem.emit(
                _("Keras could not be started, so nothing can be trained: {problem}. Help > Doctor says more.").format(
                    problem=problem
                )
            )
        elif not self._training_started:
            if self._workspace.questions.engine.ready or training.running:
                self._training_started = True
                training.start()
        elif training.engine.ready and not training.running:
            self._timer.stop()
            # By this engine, because the other one sees no GPU.
            self._devices.start(self._list_devices, self._show_devices)

    def _list_devices(self, _post: object) -> tuple[object, ...]:
        try:
            return self._workspace.training.engine.run(DevicesRequest(), _ignore)
        except Exception:  # the list of GPUs is a comfort: a training says what is wrong with the engine
            _log.info("the devices could not be listed", exc_info=True)
            return ()

    def _show_devices(self, devices: tuple[object, ...]) -> None:
        self._workspace.set_devices(devices)


def _plugin_problems() -> list[str]:
    return [
        _("The plugin {name} could not be loaded: {problem}").format(name=plugin.name, problem=plugin.problem)
        for plugin in registry().plugins
        if plugin.problem
    ]


def _ignore(_event: object) -> None:
    pass


def _log_qt_message(kind: QtMsgType, _context: object, message: str) -> None:
    levels = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
    }
    _log.log(levels.get(kind, logging.ERROR), "Qt: %s", message)
    if kind == QtMsgType.QtFatalMsg:
        print(message, file=sys.stderr)
