"""Batches of a prepared dataset, in an order that only the seed and the epoch decide."""

from collections.abc import Iterator

import numpy as np

Batch = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of `count` samples in an epoch; the same on every machine, whatever was drawn before."""
    return np.random.default_rng((seed, epoch)).permutation(count)


class Batches:
    """Batches of one split: inputs, encoded targets, weights or None.

    Args:
        inputs: (n, ...), all samples of the dataset.
        targets: (n, ...), as the loss takes them.
        weights: (n,) or None.
        indices: the samples of the split.
        batch_size: samples a batch; the last one of an epoch may be smaller.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None,
        indices: np.ndarray,
        batch_size: int,
    ) -> None:
        # Indexing the subclass np.memmap costs several microseconds a time.
        self._inputs = np.asarray(inputs)
        self._targets = np.asarray(targets)
        self._weights = weights
        self._indices = np.asarray(indices)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-len(self._indices) // self.batch_size)

    def epoch(self, order: np.ndarray, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch.

        Args:
            order: a permutation of `len(self)`.
            first_step: batches to skip, for going on in mid-epoch.
        """
        indices = self._indices[order]
        for step in range(first_step, self.steps):
            yield self._batch(indices[step * self.batch_size : (step + 1) * self.batch_size])

    def evaluation(self) -> Iterator[Batch]:
        """All batches, in the order of the split."""
        return self.epoch(np.arange(len(self._indices)))

    def some(self, count: int, batch_size: int) -> "Batches":
        """At most so many of the samples, spread evenly over the split, in batches of another size, unweighted."""
        chosen = self._indices[np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64)]
        chosen = chosen[np.random.default_rng(0).permutation(len(chosen))]  # a split may be sorted by class
        return Batches(self._inputs, self._targets, None, chosen, batch_size)

    def _batch(self, rows: np.ndarray) -> Batch:
        weights = None if self._weights is None else self._weights[rows]
        return self._inputs[rows], self._targets[rows], weights
