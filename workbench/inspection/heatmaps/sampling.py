"""Gradients summed over many variants of one picture: the work of SmoothGrad and of integrated gradients.

The sum is made where the gradients are, so that the memory is that of a few variants, however many there are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.events import Progress
from workbench.inspection.heatmaps.explained import Settled
from workbench.inspection.network import gradients
from workbench.inspection.network.batches import in_batches

_VALUES = 1_280_000  # of a batch: 8 pictures of 224 x 224 in colour; larger ones take more memory and no less time

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

    def summed(part: slice) -> np.ndarray:
        return part_of(variants(part.start, part.stop), *settled.repeated(part.stop - part.start))

    total: np.ndarray | None = None
    done = 0
    for part, gradient in in_batches(summed, count, variants(0, 1).size, control, _VALUES):
        total = gradient if total is None else total + gradient
        done += part.stop - part.start
        emit(Progress(what, done, count))
    return whole_of(total / count, variants(0, 1).shape[1:])
