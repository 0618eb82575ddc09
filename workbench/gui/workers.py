"""The window's questions: one worker thread that hands them, one at a time, to the engine that answers questions.

Callbacks run on the GUI thread. The newest question of a key wins: an older one that waits is dropped, one that runs
is asked to stop and its answer thrown away.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from workbench.control import Stopped
from workbench.errors import UserError
from workbench.i18n import _

STOP_GRACE_MILLISECONDS = 15_000
JOIN_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Mailbox(QObject):
    """Items from any thread to a slot on the GUI thread: one wake-up for whatever came together."""

    _wake = Signal()

    def __init__(self, take: Callable[[list[Any]], None], parent: QObject) -> None:
        super().__init__(parent)
        self._take = take
        self._items: deque[Any] = deque()
        self._lock = threading.Lock()
        self._awake = False
        self._wake.connect(self._deliver)

    def post(self, item: Any) -> None:
        """Hand over an item; any thread."""
        with self._lock:
            self._items.append(item)
            if self._awake:
                return
            self._awake = True
        self._wake.emit()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            items = list(self._items)
            self._items.clear()
            self._awake = False
        self._take(items)


@dataclass(eq=False)
class _Asked:
    request: Any
    on_answer: Callable[[Any], None]
    on_error: Callable[[str], None] | None
    on_event: Callable[[Any], None] | None
    key: str
    dropped: bool = False


class Questions(QObject):
    """What the window wants to know, answered by one engine in the order it was asked."""

    busy_changed = Signal(bool)
    failed = Signal(str)  # a question without an `on_error` went wrong

    def __init__(self, engine: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self._waiting: list[_Asked] = []
        self._running: _Asked | None = None
        self._newest: dict[str, _Asked] = {}  # per key, until it is answered; only the GUI thread touches it
        self._condition = threading.Condition()
        self._closing = False
        self._busy = False
        self._mail = Mailbox(self._take, self)
        self._overdue = QTimer(self, singleShot=True, interval=STOP_GRACE_MILLISECONDS)
        self._overdue.timeout.connect(self._kill_hung_question)
        self._thread = threading.Thread(target=self._work, name="workbench-questions")
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a question runs or waits."""
        return self._busy

    def ask(
        self,
        request: Any,
        on_answer: Callable[[Any], None],
        on_error: Callable[[str], None] | None = None,
        on_event: Callable[[Any], None] | None = None,
        key: str = "",
    ) -> None:
        """Ask a question; the callbacks are called on the GUI thread.

        Args:
            request: a request of `workbench.requests`.
            on_answer: takes the answer.
            on_error: takes a message for the user; without it the message goes to `failed`.
            on_event: takes the job's events (`Progress`).
            key: the newest question of a key wins; an older one is never answered. Empty: never dropped.
        """
        asked = _Asked(request, on_answer, on_error, on_event, key)
        with self._condition:
            self._drop(key)
            if key:
                self._newest[key] = asked
            self._waiting.append(asked)
            self._condition.notify_all()
        self._tell_busy()

    def start(self) -> None:
        """Start the engine, so that the first question need not wait for it."""
        if not self._closing:
            self.engine.start()

    def drop(self, key: str) -> None:
        """Give up the questions of a key: they are never answered."""
        with self._condition:
            self._drop(key)
        self._tell_busy()

    def close(self) -> None:
        """Stop the engine and the thread; nothing is answered any more."""
        with self._condition:
            self._closing = True
            self._waiting.clear()
            if self._running is not None:
                self._running.dropped = True
            self._condition.notify_all()
        self._overdue.stop()
        self.engine.close()
        self._thread.join(JOIN_SECONDS)

    def _drop(self, key: str) -> None:
        if not key:
            return
        # Also one that is answered already, while its answer is on the way from the worker to the window.
        answered = self._newest.pop(key, None)
        if answered is not None and answered is not self._running:
            answered.dropped = True
        self._waiting = [asked for asked in self._waiting if asked.key != key]
        running = self._running
        if running is not None and running.key == key and not running.dropped:
            running.dropped = True
            self.engine.stop()
            self._overdue.start()

    def _work(self) -> None:
        while not self._closing:
            self._answer_next()

    def _answer_next(self) -> None:
        # Of its own, so that this thread lets go of the question, and of the widgets behind it, once it is answered.
        with self._condition:
            self._condition.wait_for(lambda: self._closing or self._waiting)
            if self._closing:
                return
            asked = self._running = self._waiting.pop(0)
        outcome = self._answer(asked)
        with self._condition:
            self._running = None
            if self._closing:
                return
        self._mail.post((asked, *outcome))

    def _answer(self, asked: _Asked) -> tuple[str, Any]:
        def emit(event: Any) -> None:
            if asked.on_event is not None and not asked.dropped:
                self._mail.post((asked, "event", event))

        try:
            return "answer", self.engine.run(asked.request, emit)
        except Stopped:
            return "stopped", None
        except UserError as error:
            return "error", str(error)
        except Exception as error:  # whatever broke in the engine, the window lives and says so
            if not asked.dropped and not self._closing:
                _log.info("a question failed", exc_info=True)
            return "error", str(error) or type(error).__name__

    def _take(self, items: list[tuple[_Asked, str, Any]]) -> None:
        for asked, kind, value in items:
            if kind != "event" and self._running is None:
                self._overdue.stop()
            if asked.dropped:
                continue
            if kind != "event" and self._newest.get(asked.key) is asked:
                del self._newest[asked.key]
            self._deliver(asked, kind, value)
        self._tell_busy()

    def _deliver(self, asked: _Asked, kind: str, value: Any) -> None:
        match kind:
            case "event":
                asked.on_event(value)
            case "answer":
                asked.on_answer(value)
            case "stopped":
                self._fail(asked, _("The question was stopped before it was answered."))
            case _:
                self._fail(asked, value)

    def _fail(self, asked: _Asked, message: str) -> None:
        if asked.on_error is not None:
            asked.on_error(message)
        else:
            self.failed.emit(message)

    def _kill_hung_question(self) -> None:
        if self._running is not None and self._running.dropped:
            self.engine.kill()

    def _tell_busy(self) -> None:
        busy = self._running is not None or bool(self._waiting)
        if busy != self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)
