"""How whoever launched a job speaks to it while it runs: stop, pause, continue, news. Thread-safe."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from workbench.events import Event

Emit = Callable[[Event], None]


class Stopped(Exception):  # noqa: N818  it is no error
    """Raised inside a job that was asked to stop and has nothing to keep."""


class Checked(Protocol):
    """What a long piece of work asks now and then whether to go on."""

    def check(self) -> None:
        """Raise `Stopped` if it is to end."""


class Control:
    """Set from outside, asked by the job between two pieces of its work."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._go_on = threading.Event()
        self._go_on.set()
        self._told: dict[str, Any] = {}
        self._telling = threading.Condition()

    def stop(self) -> None:
        """Ask the job to end at the next opportunity, keeping what it has."""
        self._stop.set()
        self._go_on.set()

    def pause(self) -> None:
        """Ask the job to wait at the next opportunity."""
        if not self._stop.is_set():
            self._go_on.clear()

    def resume(self) -> None:
        """Let a paused job go on."""
        self._go_on.set()

    @property
    def stop_requested(self) -> bool:
        """Whether the job was asked to stop."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Whether the job was asked to wait."""
        return not self._go_on.is_set()

    def wait_while_paused(self, timeout: float | None = None) -> bool:
        """Block until resumed or stopped; whether that came within `timeout` seconds."""
        return self._go_on.wait(timeout)

    def tell(self, values: dict[str, Any]) -> None:
        """Tell a running service something, by name; what is told twice stands as it was told last."""
        with self._telling:
            self._told.update(values)
            self._telling.notify_all()

    @property
    def told(self) -> dict[str, Any]:
        """All that was told until now."""
        with self._telling:
            return dict(self._told)

    def wait_until_told(self, enough: Callable[[dict[str, Any]], bool], timeout: float) -> bool:
        """Block until what was told is enough, at most `timeout` seconds; whether it is."""
        with self._telling:
            return self._telling.wait_for(lambda: enough(self._told), timeout)

    def check(self) -> None:
        """Raise `Stopped` if the job was asked to stop."""
        if self._stop.is_set():
            raise Stopped
