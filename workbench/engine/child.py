"""The process of an engine: `python -m workbench.engine.child`, spawned by `workbench.engine.engine`.

Three threads. The main one runs the jobs. One reads the pipe, so that a stop arrives while a job runs, and ends the
process when the window is gone. One imports Keras at low priority and then ends.
"""

import faulthandler
import gc
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

import psutil

from workbench.control import Control, Stopped
from workbench.engine.messages import Ask, Emitted, JobEnded, Ready, StartJob, Tell, pack, read
from workbench.errors import UserError
from workbench.events import Event, Finished
from workbench.i18n import _
from workbench.jobs import JOBS, prepare_environment, run_job

GRACE_SECONDS = 2.0
_WARM_UP_NICENESS = 10


class Child:
    """One engine process: what it is asked over `source`, it answers over `sink`."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._sending = threading.Lock()
        self._jobs: queue.SimpleQueue[StartJob] = queue.SimpleQueue()
        self._controls: dict[int, Control] = {}
        self._warm_up = threading.Thread(target=self._import_everything, name="warm-up", daemon=True)
        self._training_failed = False

    def serve(self) -> None:
        """Answer jobs until the window is gone."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._warm_up.start()
        while True:
            self._answer(self._jobs.get())

    def _listen(self) -> None:
        while (body := read(self._source)) is not None:
            match pickle.loads(body):
                case StartJob() as start:
                    self._controls[start.job] = Control()
                    self._jobs.put(start)
                case Ask(job, what) if control := self._controls.get(job):
                    getattr(control, what)()
                case Tell(job, values) if control := self._controls.get(job):
                    control.tell(values)
        self._end()

    def _end(self) -> None:
        """The window is gone: a running job may put away what it has, then the process ends whatever it does."""
        running = list(self._controls.values())
        for control in running:
            control.stop()
        deadline = time.monotonic() + GRACE_SECONDS
        while self._controls and time.monotonic() < deadline:
            time.sleep(0.02)
        sys.stderr.flush()
        os._exit(0)

    def _import_everything(self) -> None:
        began = time.monotonic()
        problem = ""
        _lower_priority_of_this_thread()
        try:
            from workbench.registry import registry

            registry()
            importlib.import_module("keras")
            for place in JOBS.values():
                importlib.import_module(place.partition(":")[0])
            # Else every full collection looks through all the libraries: 0.3 s in which no other thread runs, as the
            # one that hears of a stop.
            gc.collect()
            gc.freeze()
        except BaseException as error:
            # Also a SystemExit or an exception group of a broken installation: the window must hear of it.
            traceback.print_exc()
            problem = _one_line(error)
        self._send(Ready(time.monotonic() - began, _memory_bytes(), problem))

    def _answer(self, start: StartJob) -> None:
        # What plugins define can only be unpickled once they are loaded.
        self._warm_up.join()
        control = self._controls[start.job]
        self._training_failed = False
        outcome, value = self._run(start, control)
        spent = self._training_failed or (outcome == "failed" and value == _out_of_memory())
        message = JobEnded(start.job, outcome, value, _memory_bytes(), spent)
        try:
            packed = pack(message)
        except Exception as error:
            traceback.print_exc()
            packed = pack(JobEnded(start.job, "failed", _one_line(error), _memory_bytes(), spent))
        self._send_packed(packed)
        del self._controls[start.job]

    def _run(self, start: StartJob, control: Control) -> tuple[Any, Any]:
        def emit(event: Event) -> None:
            if isinstance(event, Finished) and event.state == "failed":
                self._training_failed = True
            self._send(Emitted(start.job, event))

        try:
            return "answered", run_job(pickle.loads(start.request), emit, control)
        except UserError as error:
            return "refused", str(error)
        except Stopped:
            return "stopped", ""
        except BaseException as error:
            traceback.print_exc()
            sys.stderr.flush()
            return "failed", _explain(error)

    def _send(self, message: Any) -> None:
        self._send_packed(pack(message))

    def _send_packed(self, packed: bytes) -> None:
        try:
            with self._sending:
                self._sink.write(packed)
                self._sink.flush()
        except (OSError, ValueError):
            # The window is gone; `_listen` notices and ends the process. A job must not stumble over it.
            pass


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:400]}" if text else type(error).__name__


def _explain(error: BaseException) -> str:
    if _is_out_of_memory(error):
        return _out_of_memory()
    if isinstance(error, ImportError):
        return _("{error}. The installation is incomplete; `workbench doctor` says what is missing.").format(
            error=_one_line(error)
        )
    return _one_line(error)


def _is_out_of_memory(error: BaseException) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(
        sign in text for sign in ("resourceexhausted", "resource_exhausted", "out of memory", "unable to allocate")
    )


def _out_of_memory() -> str:
    return _("The memory did not suffice. Try a smaller batch size, smaller pictures or a smaller network.")


def _memory_bytes() -> int:
    return psutil.Process().memory_info().rss


def _lower_priority_of_this_thread() -> None:
    """On Linux priorities are per thread: the imports give way to the window, the jobs of the main thread do not."""
    if sys.platform == "linux":
        import numpy  # noqa: F401  its thread pool must not inherit the low priority

        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _WARM_UP_NICENESS)


def main() -> None:
    """Take the pipe away from standard input and output, so that nothing a library prints can corrupt it."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    faulthandler.enable()
    # Ctrl-C in the terminal of the window is for the window to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_environment()
    Child(source, sink).serve()


if __name__ == "__main__":
    main()
