"""Many variants of one picture, a few at a time: the pace of all methods that ask a network again and again.

Two batches are under way at a time, where they are small: what one cannot spread over the cores, the other fills.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

import numpy as np

from workbench.control import Control

_AT_A_TIME = 2
_VALUES = 640_000  # of a batch: 4 pictures of 224 x 224 in colour; looked at forwards, larger ones leave the caches
_MOST = 16
_LOOK_OUT_SECONDS = 0.05

Result = TypeVar("Result")


def in_batches(
    work: Callable[[slice], Result],
    count: int,
    values: int,
    control: Control,
    most: int = _VALUES,
    variants: int = _MOST,
    at_a_time: int = _AT_A_TIME,
) -> Iterator[tuple[slice, Result]]:
    """What `work` makes of batches that cover so many variants, as they are done, in any order.

    Args:
        work: called from `at_a_time` threads.
        count: how many variants there are.
        values: how many numbers one of them has.
        control: asked all the time.
        most: how many numbers a batch may have.
        variants: how many variants it may have.
        at_a_time: how many batches are under way together.

    Raises:
        Stopped: asked to, within 100 ms.
    """
    size = int(np.clip(most // values, 1, variants))
    given_up = threading.Event()

    def one(part: slice) -> tuple[slice, Result] | None:
        return None if given_up.is_set() else (part, work(part))

    pool = ThreadPoolExecutor(at_a_time, thread_name_prefix="inspection")
    parts = (slice(first, min(first + size, count)) for first in range(0, count, size))
    waiting: set[Future] = {pool.submit(one, part) for part in parts}
    try:
        while waiting:
            finished, waiting = wait(waiting, _LOOK_OUT_SECONDS, FIRST_COMPLETED)
            control.check()
            for future in finished:
                yield future.result()
    finally:
        given_up.set()
        pool.shutdown(wait=False, cancel_futures=True)
