"""Runs a job for a command: Ctrl-C and SIGTERM ask it to stop, a second one ends the process.

The job has a thread of its own, so that the main thread answers a signal also while the job is deep in a library.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

from workbench.cli.exit_codes import INTERRUPTED
from workbench.control import Control, Emit
from workbench.events import Event
from workbench.jobs import run_job

_POLL_SECONDS = 0.5


class Foreground:
    """One job in the foreground."""

    def __init__(self) -> None:
        self._control = Control()
        self.interrupted = False
        self._answer: Any = None
        self._error: BaseException | None = None

    def run(self, request: Any, emit: Emit) -> Any:
        """Run the job and give back its answer.

        Raises:
            UserError, Stopped: as the job raises them; any other exception is a defect.
            BrokenPipeError: whoever read our output is gone; the job was stopped and kept what it had.
        """
        broken: list[BrokenPipeError] = []

        def emit_while_read(event: Event) -> None:
            if broken:
                return
            try:
                emit(event)
            except BrokenPipeError as error:
                broken.append(error)
                self._control.stop()

        thread = threading.Thread(target=self._work, args=(request, emit_while_read), name="job", daemon=True)
        with _signals_to(self._interrupt):
            thread.start()
            while thread.is_alive():
                thread.join(_POLL_SECONDS)
        if self._error is not None:
            raise self._error
        if broken:
            raise broken[0]
        return self._answer

    def _work(self, request: Any, emit: Emit) -> None:
        try:
            self._answer = run_job(request, emit, self._control)
        except BaseException as error:
            self._error = error

    def _interrupt(self) -> None:
        if self.interrupted:
            os._exit(INTERRUPTED)
        self.interrupted = True
        self._control.stop()


@contextlib.contextmanager
def _signals_to(interrupt: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may take signals; whoever called from another one deals with them
        return
    taken = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: interrupt()) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
