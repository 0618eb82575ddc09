"""Lines of equal value on a grid: marching squares (Lorensen and Cline, 1987), for all cells of a level at once."""

import numpy as np

LEVELS = 12
# For each of the 16 ways in which a cell's corners lie above the level, the pairs of edges its lines join.
# Corners count 1, 2, 4, 8 from the lower left counter-clockwise; edges 0 bottom, 1 right, 2 top, 3 left.
_JOINED = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 2), (0, 1)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((0, 2),), 10: ((3, 0), (1, 2)), 11: ((1, 2),), 12: ((1, 3),), 13: ((0, 1),), 14: ((0, 3),),
}  # fmt: skip


def contour_lines(x: np.ndarray, y: np.ndarray, values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the pieces of a level's line, two by two; none where a corner of a cell is no number.

    Args:
        x: (columns,).
        y: (rows,).
        values: (rows, columns).
        level: the value along the line.

    Returns:
        x and y of the ends, (2 n,) each.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    corners = (values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1])
    case = sum((corner > level).astype(np.intp) << bit for bit, corner in enumerate(corners))
    case[np.isnan(sum(corners))] = 0
    across, along = [], []
    for number, pairs in _JOINED.items():
        rows, columns = np.nonzero(case == number)
        if not rows.size:
            continue
        for pair in pairs:
            ends = [_on_edge(x, y, values, level, rows, columns, edge) for edge in pair]
            across.append(np.stack([ends[0][0], ends[1][0]], axis=1).ravel())
            along.append(np.stack([ends[0][1], ends[1][1]], axis=1).ravel())
    if not across:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(across), np.concatenate(along)


def contour_levels(values: np.ndarray, count: int = LEVELS) -> np.ndarray:
    """So many levels in even steps, strictly between the lowest and the highest value; none for a flat surface."""
    numbers = values[np.isfinite(values)]
    if not numbers.size or numbers.min() == numbers.max():
        return np.zeros(0)
    return np.linspace(numbers.min(), numbers.max(), count + 2)[1:-1]


def _on_edge(
    x: np.ndarray, y: np.ndarray, values: np.ndarray, level: float, rows: np.ndarray, columns: np.ndarray, edge: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where the level crosses an edge of the cells, by a straight line between its two corners."""
    (row, column), (to_row, to_column) = (
        ((0, 0), (0, 1)), ((0, 1), (1, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0)),
    )[edge]  # fmt: skip
    start = values[rows + row, columns + column]
    end = values[rows + to_row, columns + to_column]
    share = (level - start) / (end - start)
    left, right = x[columns + column], x[columns + to_column]
    below, above = y[rows + row], y[rows + to_row]
    return left + share * (right - left), below + share * (above - below)
