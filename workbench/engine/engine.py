"""The window's side of an engine: one warm child process, replaced whenever it dies or has grown too much."""

import contextlib
import pickle
import queue
import signal
import threading
import tomllib
from pathlib import Path
from typing import Any

from workbench.control import Emit, Stopped
from workbench.engine.errors import EngineDiedError, JobFailedError
from workbench.engine.messages import Ask, Emitted, JobEnded, Ready, StartJob, Tell
from workbench.engine.process import EngineProcess
from workbench.errors import UserError
from workbench.i18n import _
from workbench.requests import ResumeRequest, TrainRequest

_CLOSE_SECONDS = 4.0


class Engine:
    """Runs jobs in a child process, one at a time. All methods may be called from any thread.

    Args:
        name: for its log and its threads ("training", "questions").
        device: `auto`, or `cpu` to hide the GPUs from it.
        memory_growth_limit: bytes by which the child may grow over its size when warm before it is replaced.
    """

    def __init__(self, name: str, *, device: str = "auto", memory_growth_limit: int = 2 * 2**30) -> None:
        self.name = name
        self.device = device
        self.memory_growth_limit = memory_growth_limit
        self._one_job = threading.Lock()
        self._state = threading.RLock()
        self._process: EngineProcess | None = None
        self._ending: list[EngineProcess] = []
        self._inbox: queue.SimpleQueue[tuple[EngineProcess, bytes | None]] = queue.SimpleQueue()
        self._job = 0
        self._busy = False
        self._closed = False

    def start(self) -> None:
        """Start the child if there is none; returns at once while it imports Keras.

        Raises:
            EngineDiedError: the system refuses another process, or the engine was closed.
        """
        with self._state:
            if self._closed:
                raise EngineDiedError(_("The engine was closed."), asked=True)
            if self._process is None:
                self._ending = [process for process in self._ending if process.exit_code is None]
                try:
                    self._process = EngineProcess(self.name, self.device, self._receive, self._process_ended)
                except OSError as error:
                    raise EngineDiedError(_("The engine cannot be started: {error}.").format(error=error)) from None

    def run(self, request: Any, emit: Emit) -> Any:
        """Run the job that answers the request and wait for it; `emit` is called on this thread.

        Returns:
            What the job answers.

        Raises:
            UserError: the job refused the request.
            Stopped: it was stopped and had nothing to keep.
            JobFailedError: it raised anything else.
            EngineDiedError: the child ended in the middle of it.
        """
        packed = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
        device = _device_of(request)
        with self._one_job:
            self._replace_for(device)
            with self._state:
                self.start()
                process = self._process
                process.device_in_use = device or process.device_in_use
                self._job += 1
                job = self._job
                self._busy = True
                process.mark_log()
                process.send(StartJob(job, packed))
            try:
                ended = self._wait(process, job, emit)
            except BaseException:
                process.send(Ask(job, "stop"))
                raise
            finally:
                self._busy = False
            log = process.log_excerpt() if ended.outcome == "failed" else ""
            if ended.spent or ended.memory_bytes - process.baseline_bytes > self.memory_growth_limit:
                self._replace()
        match ended.outcome:
            case "answered":
                return ended.value
            case "refused":
                raise UserError(ended.value)
            case "stopped":
                raise Stopped
            case _:
                raise JobFailedError(ended.value, log)

    def stop(self) -> None:
        """Ask the running job to end, keeping what it has."""
        self._ask("stop")

    def pause(self) -> None:
        """Ask the running job to wait."""
        self._ask("pause")

    def resume(self) -> None:
        """Let the running job go on."""
        self._ask("resume")

    def tell(self, values: dict[str, Any]) -> None:
        """Tell the running job something (see `Control.tell`); nothing where none runs."""
        with self._state:
            if self._busy and self._process is not None:
                self._process.send(Tell(self._job, values))

    def kill(self) -> None:
        """End the child at once, whatever it does; a fresh one takes its place."""
        with self._state:
            process, self._process = self._process, None
            if process is not None:
                self._ending.append(process)
                process.kill()

    def close(self) -> None:
        """End the child and wait until nothing of it is left. A running job ends as after `stop`, or is cut off."""
        with self._state:
            self._closed = True
            processes = [*self._ending, *([self._process] if self._process else [])]
        for process in processes:
            process.close(_CLOSE_SECONDS)

    @property
    def ready(self) -> bool:
        """Whether the child has imported everything and a job would begin at once."""
        process = self._process
        return process is not None and process.ready

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._busy

    @property
    def problem(self) -> str:
        """Why the child could not import Keras, in one line; empty when it could or has not tried yet."""
        process = self._process
        return process.problem if process is not None else ""

    @property
    def pid(self) -> int | None:
        """The child's process id, or None."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def memory_bytes(self) -> int:
        """The memory the child takes now."""
        process = self._process
        return process.memory_bytes if process is not None else 0

    def _ask(self, what: str) -> None:
        with self._state:
            if self._busy and self._process is not None:
                self._process.send(Ask(self._job, what))

    def _wait(self, process: EngineProcess, job: int, emit: Emit) -> JobEnded:
        while True:
            sender, body = self._inbox.get()
            if sender is not process:
                continue
            if body is None:
                raise EngineDiedError(_why_it_died(process), process.log_excerpt(), asked=process.killed)
            try:
                message = pickle.loads(body)
            except Exception as error:
                raise JobFailedError(f"{type(error).__name__}: {error}", process.log_excerpt()) from error
            match message:
                case Emitted(of, event) if of == job:
                    emit(event)
                case JobEnded(of) if of == job:
                    return message

    def _receive(self, process: EngineProcess, body: bytes) -> None:
        if not process.ready:
            message = pickle.loads(body)
            if isinstance(message, Ready):
                process.problem = message.problem
                process.baseline_bytes = message.memory_bytes
                process.ready = True
                return
        self._inbox.put((process, body))

    def _process_ended(self, process: EngineProcess) -> None:
        with self._state:
            if self._process is process:
                self._process = None
        self._inbox.put((process, None))
        # One that died by itself before it was ready would die again; the next job tries and tells.
        if process.ready or process.killed:
            with self._state, contextlib.suppress(EngineDiedError):
                self.start()

    def _replace(self) -> None:
        """End the child, which has no job, and wait until its memory has come back; a fresh one is started then."""
        process = self._process
        self.kill()
        if process is not None:
            process.close(0)

    def _replace_for(self, device: str | None) -> None:
        """A backend settles on a device once per process."""
        process = self._process
        if process is not None and device is not None and process.device_in_use not in (None, device):
            self._replace()


def _device_of(request: Any) -> str | None:
    match request:
        case TrainRequest():
            return request.experiment.training.device
        case ResumeRequest():
            try:
                values = tomllib.loads((Path(request.run) / "experiment.toml").read_text(encoding="utf-8"))
                return str(values.get("training", {}).get("device", "auto"))
            except (OSError, ValueError, AttributeError):
                return None  # the job will say what is wrong with the run
    return None


def _why_it_died(process: EngineProcess) -> str:
    if process.killed:
        return _("The engine was ended on request.")
    code = process.exit_code
    if code == -getattr(signal, "SIGKILL", 9):
        return _("The engine was killed from outside, most likely because the memory was used up. "
                 "Try a smaller batch size, smaller pictures or a smaller network.")  # fmt: skip
    if code is not None and code < 0:
        return _("The engine crashed ({signal}).").format(signal=signal.Signals(-code).name)
    return _("The engine ended unexpectedly (exit code {code}).").format(code=code)
