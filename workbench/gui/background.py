"""File work of a page off the GUI thread: one short-lived thread, there only while there is something to do.

For reading and deleting files. What needs Keras is a question to an engine (`workbench.gui.workers`).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from workbench.gui.workers import Mailbox

Receiver = Callable[[Any], None]

_log = logging.getLogger(__name__)


class BackgroundWork(QObject):
    """Runs tasks one after the other; their outcomes arrive on the GUI thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._mail = Mailbox(self._take, self)
        self._tasks: deque[tuple[Callable[[Callable[[Any], None]], Any], Receiver, Receiver | None]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.hurry = threading.Event()
        """Set while somebody waits for the work to end: long readings give up then."""

    @property
    def busy(self) -> bool:
        """Whether a task runs or waits."""
        return self._thread is not None

    def start(
        self,
        task: Callable[[Callable[[Any], None]], Any],
        on_done: Receiver,
        on_part: Receiver | None = None,
        on_error: Receiver | None = None,
    ) -> None:
        """Do a task in the background.

        Args:
            task: takes a function to which it may hand partial outcomes; runs in the worker thread.
            on_done: takes what the task returned, on the GUI thread.
            on_part: takes the partial outcomes, likewise.
            on_error: takes a message when the task raised; without it the log alone says so.
        """

        def work(post: Callable[[Any], None]) -> Any:
            return task(lambda part: post((on_part, part)))

        with self._lock:
            self._tasks.append((work, on_done, on_error))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="workbench-files")
                self._thread.start()

    def stop(self) -> None:
        """Let the tasks end, readings early, and the thread with them."""
        self.hurry.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        self.hurry.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._thread = None
                    return
                task, on_done, on_error = self._tasks.popleft()
            try:
                self._mail.post((on_done, task(self._mail.post)))
            except Exception as error:  # it must not end the thread with tasks still waiting
                if on_error is None:
                    _log.exception("a background task failed")
                else:
                    self._mail.post((on_error, f"{type(error).__name__}: {error}"))

    def _take(self, items: list[tuple[Receiver | None, Any]]) -> None:
        for receiver, value in items:
            if receiver is not None:
                receiver(value)
