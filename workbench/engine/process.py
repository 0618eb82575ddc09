"""The handle of one engine process: its pipe, the two threads that serve it, its log. It is used once."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import psutil

from workbench.engine.messages import pack, read
from workbench.paths import settings_folder

_LOG_LIMIT_BYTES = 1_000_000
_EXCERPT_CHARACTERS = 4_000
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class EngineProcess:
    """A running child. Messages that arrive are given, still pickled, to `on_message` on a thread of its own.

    Args:
        name: of the engine; its log is named after it.
        device: `cpu` hides the GPUs from it.
        on_message: takes each message.
        on_end: called once, after the process has ended.
    """

    def __init__(
        self,
        name: str,
        device: str,
        on_message: Callable[["EngineProcess", bytes], None],
        on_end: Callable[["EngineProcess"], None],
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._log_path = _fresh_log(name)
        self._log_start = 0
        self.mark_log()
        with _opened(self._log_path) as log:
            self._process = subprocess.Popen(
                # -P: a file in the folder the window was started from must not take the place of a module.
                [sys.executable, "-P", "-m", "workbench.engine.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(device),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        self.ready = False
        self.problem = ""
        self.baseline_bytes = 0
        self.device_in_use: str | None = None
        self.killed = False
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Two threads: a stop must never wait for a pipe that the child does not empty.
        self._threads = [
            threading.Thread(target=self._write, name=f"engine-{name}-write", daemon=True),
            threading.Thread(target=self._read, name=f"engine-{name}-read", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._process.returncode

    @property
    def memory_bytes(self) -> int:
        """The memory it takes now; 0 when it has ended."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def send(self, message: Any) -> None:
        """Queue a message; never blocks."""
        self._outbox.put(pack(message))

    def kill(self) -> None:
        """End it at once."""
        self.killed = True
        self._process.kill()

    def close(self, timeout: float) -> None:
        """End it politely, after `timeout` seconds by force, and wait until nothing of it is left."""
        self._outbox.put(None)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def mark_log(self) -> None:
        """Let the excerpt begin here."""
        with contextlib.suppress(OSError):
            self._log_start = self._log_path.stat().st_size if self._log_path.exists() else 0

    def log_excerpt(self) -> str:
        """The end of what it has written since the last mark."""
        try:
            with self._log_path.open("rb") as log:
                log.seek(self._log_start)
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return text[-_EXCERPT_CHARACTERS:].strip()

    def _write(self) -> None:
        stdin = self._process.stdin
        try:
            while (packed := self._outbox.get()) is not None:
                stdin.write(packed)
                stdin.flush()
        except OSError:
            pass  # it has died; the reading thread says so
        with contextlib.suppress(OSError):
            stdin.close()

    def _read(self) -> None:
        with self._process.stdout as stdout:
            while (body := read(stdout)) is not None:
                self._on_message(self, body)
        self._process.wait()
        self._outbox.put(None)
        self._on_end(self)


def _fresh_log(name: str) -> Path:
    path = settings_folder() / "logs" / f"engine-{name}.log"
    with contextlib.suppress(OSError):  # on Windows another window may still write to it
        if path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".old.log"))
    return path


def _opened(log: Path) -> IO[bytes]:
    """The log to append to; where it cannot be written (a full disk), the engine runs without one."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError:
        return open(os.devnull, "wb")


def _environment(device: str) -> dict[str, str]:
    environment = dict(os.environ)
    paths = [str(_PACKAGE_PARENT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    if device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
        environment["JAX_PLATFORMS"] = "cpu"
    return environment
