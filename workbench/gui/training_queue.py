"""Trainings, one at a time: a worker thread drives the training engine, a timer brings its events to the window.

Events are never turned into one Qt signal per batch: the worker appends them to a list, a timer on the GUI thread
takes the list a few times a second and merges what can be merged. A run ends with exactly one `Finished`, also when
its engine died: then it is written here.
"""

import dataclasses
import logging
import threading
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.control import Stopped
from workbench.errors import UserError
from workbench.events import BatchesDone, Continued, Event, Finished, Paused, PhaseFinished, PhaseStarted, RunStarted
from workbench.i18n import _

DRAIN_MILLISECONDS = 120
STOP_GRACE_MILLISECONDS = 20_000
JOIN_SECONDS = 10.0

_log = logging.getLogger(__name__)


@dataclasses.dataclass(eq=False)
class Training:
    """One training, from its submission to its end. `state`: queued, running, completed, stopped, failed."""

    request: Any
    name: str
    state: str = "queued"
    run: str = ""
    finished: bool = False
    killed: bool = False
    submitted: float = dataclasses.field(default_factory=time.monotonic)


class TrainingQueue(QObject):
    """What trains now and what waits for it."""

    event = Signal(object)  # every event of the running training, merged, a few times a second
    state_changed = Signal()  # something was queued, began, paused, was asked to stop, ended
    stop_overdue = Signal()  # a stop was asked for and nothing happened for the grace time: offer to kill

    def __init__(self, engine: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self.current: Training | None = None
        self.paused = False
        self.stopping = False
        self.last_event_time = 0.0
        self._engine_start = 0.0
        self._closed = False
        self._waiting: list[Training] = []
        self._events: list[tuple[Training, Event | None]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self, interval=DRAIN_MILLISECONDS)
        self._timer.timeout.connect(self._drain)
        self._overdue = QTimer(self, singleShot=True, interval=STOP_GRACE_MILLISECONDS)
        self._overdue.timeout.connect(self.stop_overdue)

    @property
    def running(self) -> bool:
        """Whether a training runs now (paused counts)."""
        return self.current is not None

    @property
    def queue(self) -> tuple[Training, ...]:
        """What waits, in order."""
        return tuple(self._waiting)

    def submit(self, request: Any) -> None:
        """Train (`TrainRequest`) or go on (`ResumeRequest`): at once when nothing runs, else after what waits."""
        self._waiting.append(Training(request, _name(request)))
        if self.current is None:
            self._next()
        else:
            self.state_changed.emit()

    def start(self) -> None:
        """Start the engine, so that the first training need not wait for it."""
        if not self._closed:
            self.engine.start()

    def remove(self, index: int) -> None:
        """Take a training that waits out of the queue."""
        del self._waiting[index]
        self.state_changed.emit()

    def clear(self) -> None:
        """Forget everything that waits."""
        self._waiting.clear()
        self.state_changed.emit()

    def stop(self) -> None:
        """Ask the running training to stop after its batch, keeping everything."""
        if self.current is not None:
            self.stopping = True
            self.engine.stop()
            self._overdue.start()
            self.state_changed.emit()

    def stop_now(self) -> None:
        """Kill the engine of the running training; its last checkpoint stays."""
        if self.current is not None:
            self.stopping = True
            self.current.killed = True
            self.engine.kill()
            self.state_changed.emit()

    def pause(self) -> None:
        """Ask the running training to wait."""
        if self.current is not None and not self.stopping:
            self.engine.pause()

    def resume(self) -> None:
        """Let a paused training go on."""
        if self.current is not None:
            self.engine.resume()

    def seconds_of_silence(self) -> float:
        """How long ago the running training last said anything."""
        return time.monotonic() - self.last_event_time if self.current is not None else 0.0

    def close(self) -> None:
        """End everything: what waits is forgotten, what runs is killed."""
        self._closed = True
        self._waiting.clear()
        if self.current is not None:
            self.current.killed = True
        self._timer.stop()
        self._overdue.stop()
        self.engine.close()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
            self._thread = None
        self._drain()

    def _next(self) -> None:
        self.current = self._waiting.pop(0) if self._waiting else None
        self.paused = self.stopping = False
        if self.current is not None:
            self.current.state = "running"
            self.last_event_time = time.monotonic()
            self._thread = threading.Thread(target=self._work, args=(self.current,), name="workbench-training")
            self._thread.start()
            self._timer.start()
        self.state_changed.emit()
        if self.current is not None and not self.engine.ready:
            self._engine_start = time.monotonic()
            self.event.emit(PhaseStarted("engine"))

    def _work(self, training: Training) -> None:
        def emit(event: Event) -> None:
            if isinstance(event, RunStarted):
                training.run = event.run
            if isinstance(event, Finished):
                training.finished = True
            self._post(training, event)

        try:
            self.engine.run(training.request, emit)
            if not training.finished:
                self._end(training, "failed", _("The training ended without saying how."))
        except Stopped:
            self._end(training, "stopped", "")
        except UserError as error:
            self._end(training, "failed", str(error))
        except Exception as error:  # the engine died or broke: the run is closed here, the window lives
            if training.killed:
                self._end(training, "stopped", _("Killed. Resume goes on from the last finished epoch."))
            else:
                _log.info("a training failed", exc_info=True)
                self._end(training, "failed", str(error) or type(error).__name__)
        self._post(training, None)

    def _end(self, training: Training, state: str, message: str) -> None:
        """Give the run its one end, unless the job gave it already. Runs in the worker thread."""
        if training.finished:
            return
        training.finished = True
        end = Finished(state, training.run, message)
        if training.run:
            from workbench.runs.writer import finish

            try:
                end = finish(training.run, state, message)
            except (OSError, UserError) as error:  # a full disk: the end is shown at least
                end = Finished(state, training.run, f"{message}\n{error}")
        self._post(training, end)

    def _post(self, training: Training, event: Event | None) -> None:
        with self._lock:
            self._events.append((training, event))

    def _drain(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        if not events:
            self._insist()
            return
        self.last_event_time = time.monotonic()
        if self._engine_start:
            self.event.emit(PhaseFinished("engine", self.last_event_time - self._engine_start))
            self._engine_start = 0.0
        for training, event in _merged(events):
            if event is None:
                self._ended()
            else:
                self._tell(training, event)

    def _insist(self) -> None:
        """Ask again what an engine could not hear yet, because the job had not reached it."""
        if self.current is not None and self.stopping and not self.current.finished and self.engine.busy:
            if self.current.killed:
                self.engine.kill()
            else:
                self.engine.stop()

    def _tell(self, training: Training, event: Event) -> None:
        match event:
            case Paused():
                self.paused = True
            case Continued():
                self.paused = False
            case Finished():
                training.state = event.state
                training.run = training.run or event.run
                self._overdue.stop()
        self.event.emit(event)
        if isinstance(event, (Paused, Continued, RunStarted)):
            self.state_changed.emit()

    def _ended(self) -> None:
        """The worker thread is through with the current training."""
        self._overdue.stop()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
            self._thread = None
        if not self._waiting:
            self._timer.stop()
        self._next()


def _merged(events: list[tuple[Training, Event | None]]) -> list[tuple[Training, Event | None]]:
    """The same events with neighbouring batches of one epoch in one event."""
    merged: list[tuple[Training, Event | None]] = []
    for training, event in events:
        last = merged[-1][1] if merged else None
        if isinstance(event, BatchesDone) and isinstance(last, BatchesDone) and last.epoch == event.epoch:
            merged[-1] = (training, dataclasses.replace(event, losses=last.losses + event.losses))
        else:
            merged.append((training, event))
    return merged


def _name(request: Any) -> str:
    experiment = getattr(request, "experiment", None)
    if experiment is None:
        return Path(request.run).name
    return experiment.name or f"{experiment.dataset.name} · {experiment.architecture.name}"
