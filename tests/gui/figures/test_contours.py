"""Lines of equal value, held against a surface whose lines are known."""

import numpy as np

from workbench.gui.figures.contours import contour_levels, contour_lines

X, Y = np.linspace(-2, 2, 81), np.linspace(-2, 2, 61)
BOWL = X[None] ** 2 + Y[:, None] ** 2


def test_the_contour_of_a_bowl_is_a_closed_circle():
    x, y = contour_lines(X, Y, BOWL, 0.9)
    assert np.allclose(np.hypot(x, y), np.sqrt(0.9), atol=2e-3)
    ends, counts = np.unique(np.round(np.stack([x, y], axis=1), 9), axis=0, return_counts=True)
    assert len(ends) > 100
    assert set(counts.tolist()) == {2}  # every end of a piece is the end of another
    pieces = np.hypot(np.diff(x.reshape(-1, 2)), np.diff(y.reshape(-1, 2)))
    assert np.isclose(pieces.sum(), 2 * np.pi * np.sqrt(0.9), rtol=2e-3)


def test_all_sixteen_ways_of_a_cell_join_edges_that_the_level_crosses():
    for number in range(16):
        bits = [number >> bit & 1 for bit in range(4)]
        cell = np.array([[bits[0], bits[1]], [bits[3], bits[2]]], float)
        x, y = contour_lines(np.arange(2.0), np.arange(2.0), cell, 0.5)
        assert len(x) == {0: 0, 15: 0, 5: 4, 10: 4}.get(number, 2)
        middles = {(0.5, 0.0): bits[0] != bits[1], (1.0, 0.5): bits[1] != bits[2],
                   (0.5, 1.0): bits[2] != bits[3], (0.0, 0.5): bits[3] != bits[0]}  # fmt: skip
        assert set(zip(x.tolist(), y.tolist(), strict=True)) == {place for place, crossed in middles.items() if crossed}


def test_no_contour_runs_through_cells_without_a_number():
    values = BOWL.copy()
    values[:, X > 0] = np.nan
    values[0, 0] = np.inf
    x, _y = contour_lines(X, Y, values, 1.0)
    assert len(x)
    assert x.max() <= 0


def test_levels_lie_between_the_extremes_and_a_flat_surface_has_none():
    assert contour_levels(np.array([[0.0, 10.0, np.nan, np.inf]]), 4).tolist() == [2, 4, 6, 8]
    assert contour_levels(np.ones((3, 3))).size == 0
    assert contour_levels(np.full((2, 2), np.nan)).size == 0
