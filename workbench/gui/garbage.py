"""Python's search for unreachable objects, kept on the GUI thread.

Python searches on whatever thread happens to make one object too many. Qt objects that a worker thread finds are
destroyed there, with a lock of Qt in its hand and waiting for the interpreter, which the GUI thread holds while it
waits for that lock: the window stands still for good. So the automatic search is off while there is a window, and a
timer of the GUI thread does it. pyqtgraph has the like, which cannot be stopped and never searches in the end.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QTimer

INTERVAL_MILLISECONDS = 1000


@contextmanager
def garbage_on_gui_thread(owner: QObject) -> Iterator[None]:
    """Search on the thread of `owner` alone, as often as Python would, and once more at the end."""
    timer = QTimer(owner, interval=INTERVAL_MILLISECONDS)
    timer.timeout.connect(search_what_is_due)
    automatic = gc.isenabled()
    gc.disable()
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        timer.deleteLater()
        gc.collect()
        if automatic:
            gc.enable()


def search_what_is_due() -> None:
    """Search the oldest generation whose turn it is by Python's own thresholds, and all younger ones."""
    due = [count > threshold for count, threshold in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if due[0]:
        gc.collect(2 if due[1] and due[2] else int(due[1]))
