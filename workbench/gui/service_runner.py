"""The window's service: one at a time, in an engine of its own, so that neither questions nor trainings wait for it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.engine import Engine
from workbench.gui.workers import STOP_GRACE_MILLISECONDS, Questions
from workbench.requests import ServeRequest


def _own_engine() -> Engine:
    # On the processor: a GPU is for who trains.
    return Engine("services", device="cpu")


class ServiceRunner(QObject):
    """Runs a service; the engine is started with the first one and ends with the window."""

    event = Signal(object)  # every event of the service
    state_changed = Signal()
    ended = Signal(str)  # what went wrong; empty when it was stopped as asked

    def __init__(self, parent: QObject | None = None, make_engine: Callable[[], Any] = _own_engine) -> None:
        super().__init__(parent)
        self._make_engine = make_engine
        self._questions: Questions | None = None
        self.running = False
        self.stopping = False
        self._overdue = QTimer(self, singleShot=True, interval=STOP_GRACE_MILLISECONDS)
        self._overdue.timeout.connect(self._kill)

    def start(self, request: ServeRequest) -> None:
        """Start a service, if none runs."""
        if self.running:
            return
        if self._questions is None:
            self._questions = Questions(self._make_engine(), self)
        self.running, self.stopping = True, False
        self.state_changed.emit()
        self._questions.ask(request, self._answered, self._failed, self.event.emit)

    def stop(self) -> None:
        """Ask the service to end; one that does not is killed after a grace time."""
        if self.running and not self.stopping:
            self.stopping = True
            self._questions.engine.stop()
            self._overdue.start()
            self.state_changed.emit()

    def tell(self, values: dict[str, Any]) -> None:
        """Tell the running service something, by name (see `Control.tell`)."""
        if self.running:
            self._questions.engine.tell(values)

    def close(self) -> None:
        """End the service and its engine; nothing is told any more."""
        self._overdue.stop()
        if self._questions is not None:
            self._questions.close()
            self._questions = None

    def _answered(self, _answer: object) -> None:
        self._end("")

    def _failed(self, message: str) -> None:
        self._end("" if self.stopping else message)

    def _end(self, message: str) -> None:
        self._overdue.stop()
        self.running = self.stopping = False
        self.state_changed.emit()
        self.ended.emit(message)

    def _kill(self) -> None:
        if self.running:
            self._questions.engine.kill()
