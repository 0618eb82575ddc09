"""What a training tells: every event to whoever watches and into the run's folder, and each phase with its seconds."""

import contextlib
import time
from collections.abc import Iterator

from workbench.control import Emit
from workbench.events import Event, PhaseFinished, PhaseStarted, Progress
from workbench.runs.writer import RunWriter
from workbench.training.log_lines import log_line


class Teller:
    """One stream of events with two readers. Until there is a folder, events wait for it."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._writer: RunWriter | None = None
        self._waiting: list[Event] = []

    def write_to(self, writer: RunWriter) -> None:
        """From now on everything is written into this run; what waited goes first."""
        self._writer = writer
        for event in self._waiting:
            self._write(event)
        self._waiting.clear()

    def tell(self, event: Event) -> None:
        """Tell an event. The watcher hears it also when the disk is full."""
        self._emit(event)
        if isinstance(event, Progress):
            return
        if self._writer is None:
            self._waiting.append(event)
        else:
            self._write(event)

    def log(self, text: str) -> None:
        """A line for people only."""
        if self._writer is not None:
            self._writer.log(text)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Tell that a phase begins and, when it ends well, how long it took."""
        self.tell(PhaseStarted(name))
        started = time.perf_counter()
        yield
        self.tell(PhaseFinished(name, round(time.perf_counter() - started, 3)))

    def _write(self, event: Event) -> None:
        self._writer.event(event)
        if line := log_line(event):
            self._writer.log(line)
