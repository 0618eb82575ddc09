"""How the weights of each layer are distributed, and the gradients of the loss by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.training.probe import Kernel

BINS = 48
_LAYERS, _VALUES = 64, 20_000  # at most; of more, some that are spread over all


@dataclass(frozen=True)
class Distribution:
    """Counts over bins of equal width from minus to plus the largest magnitude, and the root mean square."""

    counts: np.ndarray
    largest: float
    size: float


def distribution(values: np.ndarray) -> Distribution:
    """How values are distributed; what is no number is left out."""
    values = values[np.isfinite(values)].astype(np.float64)
    largest = float(np.abs(values).max()) if len(values) else 0.0
    limit = largest or 1.0
    counts, _edges = np.histogram(values, BINS, (-limit, limit))
    return Distribution(counts.astype(np.uint32), largest, float(np.sqrt(np.mean(values**2))) if len(values) else 0.0)


def chosen(kernels: Sequence[Kernel]) -> list[Kernel]:
    """At most so many of the kernels as are kept."""
    places = np.linspace(0, len(kernels) - 1, min(_LAYERS, len(kernels))).round().astype(int)
    return [kernels[place] for place in places]


def stored(kernels: Sequence[Kernel], before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of an epoch, see `workbench.runs.probe_files`.

    Args:
        kernels: those to keep.
        before: the arrays of the epoch that was kept before, for the largest magnitude of all.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, tensors in (
        ("weight", [kernel.value for kernel in kernels]),
        ("gradient", [kernel.gradient for kernel in kernels]),
    ):
        found = [distribution(_sample_of(tensor)) for tensor in tensors]
        largest = np.array([each.largest for each in found], np.float32)
        earlier = before.get(f"{name}_sizes", np.zeros((0, 3), np.float32))
        so_far = np.maximum(largest, earlier[:, 1]) if len(earlier) == len(found) else largest
        arrays[f"{name}_counts"] = np.array([each.counts for each in found], np.uint32).reshape(-1, BINS)
        sizes = np.array([each.size for each in found], np.float32)
        arrays[f"{name}_sizes"] = np.stack([largest, so_far, sizes], axis=-1).reshape(-1, 3)
    return arrays


def _sample_of(tensor: Any) -> np.ndarray:
    """Values of a tensor spread over it, few enough to be counted at once; none of a layer that does not learn."""
    from keras import ops

    if tensor is None:
        return np.zeros(0, np.float32)
    flat = ops.reshape(tensor, (-1,))
    step = max(1, flat.shape[0] // _VALUES)
    # An even step would meet the same place of every kernel again and again.
    step += (step > 1) * (1 - step % 2)
    return np.asarray(ops.convert_to_numpy(ops.cast(flat[::step], "float32")))
