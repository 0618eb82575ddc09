"""Work that a stop need not wait for: it goes on in a thread while its owner looks out for a stop.

Tracing a large network, or one call of it, cannot be interrupted; the answer to whoever stopped it can still come at
once. What was left behind ends by itself, with the piece of work it is at.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from workbench.control import Control

_LOOK_OUT_SECONDS = 0.05

Result = TypeVar("Result")


def attended(control: Control, work: Callable[[], Result]) -> Result:
    """The result of `work()`, or what it raised.

    Raises:
        Stopped: the control was asked to stop; within 100 ms of that, whatever the work is at.
    """
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # raised again where the work was asked for
            failure.append(error)

    thread = threading.Thread(target=run, name="inspection", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_OUT_SECONDS)
        control.check()
    if failure:
        raise failure[0]
    return outcome[0]
