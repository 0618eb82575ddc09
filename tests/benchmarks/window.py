"""The real window for benchmarks, offscreen, with small helpers to spin its event loop."""

import os
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("WORKBENCH_HOME", tempfile.mkdtemp(prefix="workbench-benchmark-"))

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

_SLICE_MILLISECONDS = 20


def application() -> QApplication:
    """The application, prepared as `workbench` prepares it."""
    from workbench.gui.theme import prepare

    app = QApplication.instance() or QApplication(["workbench"])
    prepare(app)
    return app


def spin_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Run the event loop, as idle as `exec` would, until the condition holds."""
    loop = QEventLoop()
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not get there")
        loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _SLICE_MILLISECONDS)
        time.sleep(0.001)


def spin(seconds: float) -> None:
    """Run the event loop for so long."""
    end = time.monotonic() + seconds
    spin_until(lambda: time.monotonic() >= end, seconds + 60)
