"""Work that a stop need not wait for: it goes on in a thread while its owner looks out for a stop.

Opening a model, tracing a large network, or one call of it, cannot be interrupted; the answer to whoever stopped it can
still come at once. What was left behind ends at its next `control.check()`, nobody hears of it any more, and it writes
nothing (`unless_abandoned`). One piece of work is done at a time in a process: the next waits until what was left
behind has ended, so that two never use the same models, data or files.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from workbench.control import Control, Stopped

_LOOK_OUT_SECONDS = 0.05

Result = TypeVar("Result")

_one_at_a_time = threading.Lock()  # taken by the owner of a piece, given back by its thread
_here = threading.local()


class _Piece:
    """One piece of work; `run` is called in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._outcome: list[Any] = []
        self._failure: BaseException | None = None
        self.deciding = threading.RLock()
        self.abandoned = False

    def run(self) -> None:
        _here.piece = self
        try:
            self._outcome.append(self._work())
        except BaseException as error:  # raised again where the work was asked for
            self._failure = error
        finally:
            _one_at_a_time.release()

    def abandon(self) -> None:
        """Raise `Stopped`, once nothing is being written; not where it has just come to its end."""
        with self.deciding:
            self.abandoned = not self._outcome
        if self.abandoned:
            raise Stopped

    def result(self) -> Any:
        if self._failure is not None:
            raise self._failure
        return self._outcome[0]


def attended(control: Control, work: Callable[[], Result]) -> Result:
    """The result of `work()`, or what it raised.

    Within attended work, more of it is done at once: its owner looks out for it as well.

    Raises:
        Stopped: the control was asked to stop; within 100 ms of that, whatever the work is at.
    """
    if _piece_here() is not None:
        return work()
    _take_turn(control)
    piece = _Piece(work)
    thread = threading.Thread(target=piece.run, name="attended", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system has no more of them
        _one_at_a_time.release()
        raise
    while thread.is_alive():
        thread.join(_LOOK_OUT_SECONDS)
        if control.stop_requested:
            piece.abandon()
    return piece.result()


def wait_for_what_was_left(control: Control) -> None:
    """Wait until no attended work goes on in this process: for work that is not attended itself.

    Raises:
        Stopped: the control was asked to stop.
    """
    if _piece_here() is None:
        _take_turn(control)
        _one_at_a_time.release()


def work_goes_on() -> bool:
    """Whether attended work goes on in this process, be it left behind or not."""
    return _one_at_a_time.locked()


@contextmanager
def unless_abandoned() -> Iterator[None]:
    """Around what changes files: it happens before a stop is answered, or not at all; to be short therefore.

    Raises:
        Stopped: the stop of this attended work was answered already.
    """
    piece = _piece_here()
    if piece is None:
        yield
        return
    with piece.deciding:
        if piece.abandoned:
            raise Stopped
        yield


def _piece_here() -> _Piece | None:
    return getattr(_here, "piece", None)


def _take_turn(control: Control) -> None:
    while not _one_at_a_time.acquire(timeout=_LOOK_OUT_SECONDS):
        control.check()
