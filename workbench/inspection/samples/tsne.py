"""t-SNE, step by step: it tells how far it is, and can be stopped between two steps.

After van der Maaten and Hinton 2008, with the settings of scikit-learn's and the neighbours found by it. The forces
between all pairs come from an interpolation on a grid and a Fourier transform (Linderman et al. 2019,
arXiv:1712.09005): the time of a step grows with the samples, not with their pairs. scikit-learn's own `TSNE` reports
nothing while it works, cannot be stopped, and takes several times as long.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Check = Callable[[], None]
Tell = Callable[[int, int], None]

EXAGGERATION, EXAGGERATED = 12.0, 250  # at first neighbours attract each other so many times as much, for so many steps
_NEIGHBOURS = 3  # times the perplexity
_ROWS_AT_A_TIME = 256
_NODES = 3  # of the interpolation in each box of the grid
_LEAST_BOXES = 50
_MOST_BOXES = 250
_BOXES_PER_UNIT = 1.5  # 1 leaves errors of 7 % in single gradients, which change the outcome little
_SMALLEST_GAIN = 0.01
_START = 1e-4  # standard deviation of the first places


@dataclass(frozen=True)
class Similarities:
    """Of samples to their neighbours, both ways: a sparse matrix by rows whose values sum to 1.

    Attributes:
        starts: (n + 1,): where the neighbours of a sample begin; `neighbours` and `values` are all of them.
        rows: the sample of each neighbour.
    """

    starts: np.ndarray
    rows: np.ndarray
    neighbours: np.ndarray
    values: np.ndarray


def usable_perplexity(perplexity: float, count: int) -> float:
    """The perplexity, or what is left of it among so few samples: each needs three times as many neighbours."""
    return max(1.0, min(perplexity, (count - 1) / _NEIGHBOURS))


def similarities(features: np.ndarray, perplexity: float, check: Check) -> Similarities:
    """How similar samples are to their nearest ones, for a number of neighbours that count.

    Args:
        features: (n, d), n at least 4.
        perplexity: as `usable_perplexity` gives it.
        check: called about ten times a second.
    """
    import scipy.sparse
    from sklearn.neighbors import NearestNeighbors

    count = len(features)
    wanted = min(count - 1, int(_NEIGHBOURS * perplexity))
    finder = NearestNeighbors(n_neighbors=wanted + 1).fit(features)
    chances, found = np.empty((count, wanted)), np.empty((count, wanted), np.int64)
    for start in range(0, count, _ROWS_AT_A_TIME):
        check()
        part = slice(start, min(start + _ROWS_AT_A_TIME, count))
        distances, neighbours = finder.kneighbors(features[part])
        # The sample itself is among its neighbours, first unless another lies at the same place.
        others = neighbours != np.arange(part.start, part.stop)[:, None]
        others[others.all(axis=1), -1] = False
        shape = (part.stop - part.start, wanted)
        found[part] = neighbours[others].reshape(shape)
        chances[part] = _chances(distances[others].reshape(shape) ** 2, perplexity)
    check()
    matrix = scipy.sparse.csr_matrix((chances.ravel(), (np.repeat(np.arange(count), wanted), found.ravel())))
    both = (matrix + matrix.T).tocsr()
    both.sum_duplicates()
    values = (both.data / both.data.sum()).astype(np.float32)
    rows = np.repeat(np.arange(count), np.diff(both.indptr))
    return Similarities(both.indptr, rows, both.indices, values)


def place(
    similar: Similarities, start: np.ndarray, steps: int, check: Check, tell: Tell = lambda done, total: None
) -> tuple[np.ndarray, float]:
    """Places in the plane in which neighbours stay neighbours.

    Args:
        similar: as from `similarities`.
        start: (n, 2), as the first two principal components; only their proportions count.
        steps: of gradient descent, at least `EXAGGERATED`.
        check: called before every step.
        tell: takes the steps done and their number.

    Returns:
        Float32 (n, 2), and the Kullback-Leibler divergence reached.
    """
    deviation = float(start[:, 0].std()) or 1.0
    places = (start * (_START / deviation)).astype(np.float64)
    rate = max(len(places) / EXAGGERATION / 4, 50.0)
    moved, gains = np.zeros_like(places), np.ones_like(places)
    for step in range(steps):
        check()
        early = step < EXAGGERATED
        slopes = gradient(similar, places, EXAGGERATION if early else 1.0)
        against = np.sign(slopes) != np.sign(moved)
        gains = np.maximum(np.where(against, gains + 0.2, gains * 0.8), _SMALLEST_GAIN)
        moved = (0.5 if early else 0.8) * moved - rate * gains * slopes
        places = places + moved
        places -= places.mean(axis=0)
        tell(step + 1, steps)
    return places.astype(np.float32), divergence(similar, places)


def gradient(similar: Similarities, places: np.ndarray, exaggeration: float = 1.0) -> np.ndarray:
    """The gradient of the divergence by the places, (n, 2)."""
    repelled, total = _repulsion(places)
    return 4 * (exaggeration * _attraction(similar, places) - repelled / total)


def divergence(similar: Similarities, places: np.ndarray) -> float:
    """The Kullback-Leibler divergence of the similarities in the plane from those of the features."""
    _repelled, total = _repulsion(places)
    apart = ((places[similar.rows] - places[similar.neighbours]) ** 2).sum(axis=1)
    known = np.maximum(similar.values, np.finfo(np.float32).tiny)
    return float((similar.values * (np.log(known) + np.log1p(apart) + np.log(total))).sum())


def _chances(squares: np.ndarray, perplexity: float) -> np.ndarray:
    """Rows of chances that fall with the squared distances, all of the same entropy: by halving their widths."""
    squares = squares - squares.min(axis=1, keepdims=True)
    low, high = np.zeros((len(squares), 1)), np.full((len(squares), 1), np.inf)
    width = 1 / np.maximum(squares.mean(axis=1, keepdims=True), 1e-300)
    for _step in range(64):
        raised = np.exp(-squares * width)
        sums = raised.sum(axis=1, keepdims=True)
        entropy = np.log(sums) + width * (squares * raised).sum(axis=1, keepdims=True) / sums
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, width, low), np.where(wide, high, width)
        width = np.where(np.isinf(high), width * 2, (low + high) / 2)
    return raised / sums


def _attraction(similar: Similarities, places: np.ndarray) -> np.ndarray:
    """For every sample the sum of p / (1 + d²) times the way to its neighbours, (n, 2)."""
    x, y = np.ascontiguousarray(places.T, np.float32)
    across, up = x[similar.rows] - x[similar.neighbours], y[similar.rows] - y[similar.neighbours]
    pull = similar.values / (1 + across * across + up * up)
    starts = similar.starts[:-1]
    return np.column_stack([np.add.reduceat(pull * across, starts), np.add.reduceat(pull * up, starts)])


def _repulsion(places: np.ndarray) -> tuple[np.ndarray, float]:
    """For every sample the sum of the way from all others / (1 + d²)², (n, 2); and the sum of 1 / (1 + d²) of all."""
    import scipy.fft
    import scipy.sparse

    count = len(places)
    low = places.min(axis=0)
    length = float((places.max(axis=0) - low).max()) * (1 + 1e-6) + 1e-9
    boxes = int(np.clip(np.ceil(_BOXES_PER_UNIT * length), _LEAST_BOXES, _MOST_BOXES))
    nodes = boxes * _NODES
    spacing = length / nodes
    weights, indices = _interpolation((places - low) / spacing, boxes)
    spread = scipy.sparse.csr_matrix((weights.ravel(), indices.ravel(), np.arange(0, 9 * count + 1, 9)),
                                     shape=(count, nodes * nodes))  # fmt: skip
    squares = (places**2).sum(axis=1)
    charges = np.column_stack([np.ones(count), places, squares])
    grid = np.moveaxis((spread.T @ charges).reshape(nodes, nodes, 4), 2, 0)
    size = scipy.fft.next_fast_len(2 * nodes - 1, real=True)
    steps = np.minimum(np.arange(size), size - np.arange(size)) * spacing
    kernel = 1 / (1 + steps[:, None] ** 2 + steps[None, :] ** 2) ** 2
    changed = scipy.fft.rfft2(grid, (size, size)) * scipy.fft.rfft2(kernel)
    felt = scipy.fft.irfft2(changed, (size, size))[:, :nodes, :nodes]
    ones, x, y, squared = (spread @ felt.reshape(4, -1).T).T
    # 1 / (1 + d²) is (1 + d²) / (1 + d²)², which the same sums give; a sample does not repel itself.
    total = float(((1 + squares) * ones - 2 * (places[:, 0] * x + places[:, 1] * y) + squared).sum()) - count
    return places * ones[:, None] - np.column_stack([x, y]), max(total, 1e-12)


def _interpolation(positions: np.ndarray, boxes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and indices (n, 9) of the nodes around each position, which counts in node spacings; polynomials of 3."""
    box = np.minimum((positions / _NODES).astype(np.int64), boxes - 1)
    inside = positions - _NODES * box - 0.5  # nodes lie at 0, 1 and 2
    along = np.stack(
        [(inside - 1) * (inside - 2) / 2, -inside * (inside - 2), inside * (inside - 1) / 2], axis=-1
    )  # fmt: skip
    weights = along[:, 0, :, None] * along[:, 1, None, :]
    first = _NODES * box
    node = np.arange(_NODES)
    indices = (first[:, 0, None, None] + node[:, None]) * (boxes * _NODES) + first[:, 1, None, None] + node[None, :]
    return weights.reshape(len(positions), -1), indices.reshape(len(positions), -1)
