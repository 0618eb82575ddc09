"""Gradients summed over many variants of one picture: the work of SmoothGrad and of integrated gradients.

The sum is made where the gradients are, so that the memory is that of a few variants, however many there are. Two
batches are under way at a time: what one cannot spread over the cores, the other fills.
"""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.events import Progress
from workbench.inspection.heatmaps.explained import Settled
from workbench.inspection.network import gradients

_AT_A_TIME = 2
_VALUES = 1_280_000  # of a batch: 8 pictures of 224 x 224 in colour; larger ones take more memory and no less time
_MOST = 16
_LOOK_OUT_SECONDS = 0.05

Variants = Callable[[int, int], np.ndarray]


def mean_gradient(
    model: Any, variants: Variants, count: int, settled: Settled, emit: Emit, control: Control, what: str
) -> np.ndarray:
    """The mean gradient of the score by the picture over its variants, float32 (rows, columns, channels).

    Args:
        model: a Keras model.
        variants: (first, last) -> those variants, float32 (n, rows, columns, channels); called from two threads.
        count: how many there are.
        settled: what is explained, of this picture alone.
        emit: is told how many are done.
        control: asked all the time.
        what: to call it in the progress.

    Raises:
        Stopped: asked to, within 100 ms.
    """
    part_of, whole_of = gradients.summed_input_gradients(model)
    size = _batch_size(settled, variants)
    total: np.ndarray | None = None
    given_up = threading.Event()

    def one(first: int) -> tuple[int, np.ndarray | None]:
        last = min(first + size, count)
        if given_up.is_set():
            return 0, None
        index = np.repeat(settled.index, last - first)
        region = None if settled.region is None else np.repeat(settled.region, last - first, axis=0)
        return last - first, part_of(variants(first, last), index, region)

    pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="inspection")
    waiting: set[Future] = {pool.submit(one, first) for first in range(0, count, size)}
    done = 0
    try:
        while waiting:
            finished, waiting = wait(waiting, _LOOK_OUT_SECONDS, FIRST_COMPLETED)
            control.check()
            for future in finished:
                number, part = future.result()
                total = part if total is None else total + part
                done += number
                emit(Progress(what, done, count))
    finally:
        given_up.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return whole_of(total / count, variants(0, 1).shape[1:])


def _batch_size(settled: Settled, variants: Variants) -> int:
    return int(np.clip(_VALUES // variants(0, 1).size, 1, _MOST))
