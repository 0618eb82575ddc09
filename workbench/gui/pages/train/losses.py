"""The loss of every batch: a growing array, and the few points of it that a plot of some hundred columns can show.

Drawing a million points is mostly drawing pixels over each other. A column of pixels shows the lowest and the highest
value that fall on it, so only those two are drawn: a spike in one batch keeps its full height.
"""

import math

import numpy as np

SMOOTHING = 0.95
_FIRST_CAPACITY = 4096


class LossHistory:
    """Losses by batch number, counted over the whole training, with their exponential moving average."""

    def __init__(self) -> None:
        self.first = 0
        self._count = 0
        self._raw = np.empty(_FIRST_CAPACITY, np.float32)
        self._smooth = np.empty(_FIRST_CAPACITY, np.float32)

    def __len__(self) -> int:
        return self._count

    @property
    def raw(self) -> np.ndarray:
        """The losses as they were, float32, shape (n,)."""
        return self._raw[: self._count]

    @property
    def smooth(self) -> np.ndarray:
        """Their moving average, float32, shape (n,)."""
        return self._smooth[: self._count]

    def add(self, number: int, losses: tuple[float, ...]) -> None:
        """Add losses of consecutive batches, `number` being that of the first.

        A number that was there already takes back what follows: a killed run goes on from its last whole epoch.
        """
        if self._count == 0:
            self.first = number
        elif number < self.first:
            self.first, self._count = number, 0
        start = min(number - self.first, self._count)  # batches that are missing are drawn together
        end = start + len(losses)
        self._grow(end)
        self._raw[start:end] = losses
        average = float(self._smooth[start - 1]) if start else 0.0
        for index, loss in enumerate(losses, start):
            if loss - loss == 0.0:  # infinity and not a number would stay in the average for good
                # A plain mean at first: a weight of 5 % from the start would drag the first loss along.
                average += max(1.0 - SMOOTHING, 1.0 / (index + 1)) * (loss - average)
            self._smooth[index] = average
        self._count = end

    def _grow(self, needed: int) -> None:
        if needed <= len(self._raw):
            return
        capacity = max(needed, 2 * len(self._raw))
        for name in ("_raw", "_smooth"):
            larger = np.empty(capacity, np.float32)
            larger[: self._count] = getattr(self, name)[: self._count]
            setattr(self, name, larger)

    def extremes(self, low: float, high: float, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """The x and y of the raw losses between two batch numbers, at most two a column; not a number is a gap."""
        start, stop = self._range(low, high)
        values = self._raw[start:stop]
        if len(values) <= 2 * columns:
            return np.arange(start, stop, dtype=np.float64) + self.first, values
        width = -(-len(values) // columns)
        # Columns begin at multiples of their width, so that the picture stands still while losses are added.
        edges = np.arange(start - start % width, stop, width)
        edges[0] = start
        edges -= start
        low_high = np.empty((len(edges), 2), np.float32)
        np.fmin.reduceat(values, edges, out=low_high[:, 0])
        np.fmax.reduceat(values, edges, out=low_high[:, 1])
        x = np.repeat(edges + (start + self.first), 2).astype(np.float64)
        return x, low_high.reshape(-1)

    def trend(self, low: float, high: float, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """The x and y of the moving average between two batch numbers, at most one point a column."""
        start, stop = self._range(low, high)
        width = max(-(-(stop - start) // columns), 1)
        indices = np.arange(start, stop, width)
        if len(indices) and indices[-1] != stop - 1:
            indices = np.append(indices, stop - 1)
        return indices.astype(np.float64) + self.first, self._smooth[indices]

    def _range(self, low: float, high: float) -> tuple[int, int]:
        start = max(math.floor(low) - self.first - 1, 0)
        stop = min(math.ceil(high) - self.first + 2, self._count)
        return min(start, stop), stop
