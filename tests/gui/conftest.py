"""Fixtures of the window's tests: nothing is left behind, Qt's warnings fail, engines that play event lists."""

import functools
import gc
import logging
import threading
import time
from collections import Counter

import psutil
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from workbench.control import Stopped
from workbench.engine import Engine, EngineDiedError
from workbench.gui.garbage import garbage_on_gui_thread

IGNORED_QT_MESSAGES = (
    # 2026-11-21: the offscreen platform has no window manager to tell size hints to.
    r"This plugin does not support propagateSizeHints\(\)",
    # 2026-11-21: the same, for bringing a window to the front.
    r"This plugin does not support raise\(\)",
    # 2026-11-21: the same, for the list of a combo box.
    r"This plugin does not support grabbing the keyboard",
)
LEFTOVER_SECONDS = 8.0


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/gui" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(*IGNORED_QT_MESSAGES, extend=True))


def left_behind():
    """What is alive now, counted by a name that tells where it began."""
    found = Counter()
    for thread in threading.enumerate():
        found[f"thread {thread.name}"] += 1
    for process in psutil.Process().children(recursive=True):
        found["child process"] += process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    for widget in QApplication.topLevelWidgets():
        if widget.isVisible():
            found[f"visible widget {type(widget).__name__} {widget.objectName()}"] += 1
    for thing in gc.get_objects():
        if type(thing) is QTimer and shiboken6.isValid(thing) and thing.isActive():
            found[f"active timer of {type(thing.parent()).__name__}, {thing.interval()} ms"] += 1
    return found


@pytest.fixture(autouse=True)
def garbage_is_collected_as_in_the_window(qapp):
    with garbage_on_gui_thread(qapp):
        yield


@pytest.fixture(autouse=True)
def nothing_is_left_behind(garbage_is_collected_as_in_the_window, qapp):
    before = left_behind()
    yield
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while True:
        qapp.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        new = left_behind() - before
        if not new or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert not new, f"left behind: {dict(new)}"


@pytest.fixture(autouse=True)
def kept_widgets(nothing_is_left_behind):
    """Widgets of a test live until its workspace is closed, as the pages of a window do."""
    kept = {}
    yield kept
    kept.clear()


@pytest.fixture
def qtbot(qtbot, kept_widgets, monkeypatch):
    add = qtbot.addWidget

    def add_and_keep(widget, **options):
        kept_widgets[id(widget)] = widget
        widget.destroyed.connect(functools.partial(kept_widgets.pop, id(widget), None))
        add(widget, **options)

    monkeypatch.setattr(qtbot, "addWidget", add_and_keep)
    return qtbot


@pytest.fixture(autouse=True)
def no_warning_in_the_log(caplog):
    caplog.set_level(logging.WARNING)
    yield
    loud = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert not loud, f"log records at WARNING or above: {loud}"


class ScriptedEngine:
    """Stands for an engine: `script` is a list of events, or a function (request, emit, engine) -> answer."""

    def __init__(self, script=()):
        self.script = script
        self.requests = []
        self.calls = []
        self.told = []
        self.stopped = threading.Event()
        self.killed = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.ready = True
        self.problem = ""
        self.busy = False
        self.closed = False
        self.pid = None
        self.memory_bytes = 0

    def start(self):
        self.calls.append("start")

    def run(self, request, emit):
        self.requests.append(request)
        self.stopped.clear()
        self.killed.clear()
        self.busy = True
        try:
            if callable(self.script):
                return self.script(request, emit, self)
            for event in self.script:
                emit(event)
            return ""
        finally:
            self.busy = False

    def wait(self, seconds=10.0):
        """For scripts: block until stopped, killed or closed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.killed.is_set() or self.closed:
                raise EngineDiedError("The engine was ended on request.", asked=True)
            if self.stopped.is_set():
                raise Stopped
            time.sleep(0.005)
        raise AssertionError("the script was never stopped")

    def stop(self):
        self.calls.append("stop")
        self.stopped.set()

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def tell(self, values):
        self.told.append(values)

    def kill(self):
        self.calls.append("kill")
        self.killed.set()

    def close(self):
        self.closed = True


@pytest.fixture
def scripted_engine():
    return ScriptedEngine


class BorrowedEngine:
    """An engine that several tests use one after the other: closing a window leaves it running."""

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def close(self):
        self._engine.stop()


@pytest.fixture(scope="session")
def warm_engine():
    """A real engine for all tests that are not about its start or its end: Keras is imported in it once."""
    engine = Engine("questions", device="cpu")
    engine.start()
    yield engine
    engine.close()


@pytest.fixture
def real_engine(warm_engine):
    """The warm engine, for the windows of one test."""
    return BorrowedEngine(warm_engine)


class Answers:
    """Stands for the dialogs: gives the answers it was given, remembers the questions."""

    def __init__(self):
        self.asked = []
        self.told = []
        self.choice = ""
        self.to_open = None
        self.to_save = None

    def confirm(self, title, text, action):
        self.asked.append(title)
        return self.choice == "yes"

    def choose(self, title, text, choices):
        self.asked.append(title)
        assert self.choice in ("", *choices)
        return self.choice

    def tell(self, title, text):
        self.told.append(text)

    def file_to_open(self, folder):
        return self.to_open

    def file_to_save(self, suggestion):
        return self.to_save


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def open_window(qtbot, home, answers):
    """Opens the real window on scripted engines."""
    from workbench.gui.main_window import MainWindow
    from workbench.gui.theme import prepare
    from workbench.gui.workspace import Workspace

    opened = []

    def open_one(questions=None, training=None, page="runs"):
        prepare(QApplication.instance())
        silent = ScriptedEngine(lambda request, emit, engine: engine.wait(60))
        workspace = Workspace(questions or silent, training or ScriptedEngine())
        window = MainWindow(workspace, answers)
        workspace.setParent(window)
        opened.append(window)
        window.resize(1280, 800)
        window.show_page(page)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield open_one
    for window in opened:
        if shiboken6.isValid(window):
            window.workspace.training.stop_now()
            qtbot.waitUntil(lambda window=window: not window.workspace.training.running, timeout=5000)
            window.close()


@pytest.fixture
def show(qtbot):
    """Show a figure in a view of its own: (figure, width, height) -> the view."""
    from workbench.gui.figures import view_for

    def show_one(figure, width=700, height=560):
        view = view_for(figure)
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        qtbot.waitExposed(view)
        return view

    return show_one
