"""Scores of a picture that changes in a small rectangle, without computing again what the rectangle does not reach.

Up to the cut (see `cuts`) the network is computed for a crop around the rectangle, and what the rectangle reaches is
pasted into the maps of the whole picture; from there on it is computed as ever (Nakandala, Kumar and Papakonstantinou
2019, "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN Explanations", SIGMOD; they do so in
every layer, here it is done once).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.cuts import Cut, best_cut
from workbench.inspection.network.folding import folded, folded_weights
from workbench.inspection.network.gradients import explained_scores
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.tap import caught, entered, tapped

RectangleScores = Callable[[Sequence[tuple[int, int]], float], np.ndarray]


def rectangle_scores(
    model: Any, picture: np.ndarray, size: tuple[int, int], index: int, region: np.ndarray | None
) -> RectangleScores | None:
    """A function of (places, value) -> the scores of the picture with that value in a rectangle at each place, (n,).

    It keeps to the weights of the moment it was asked for, as `gradients.scores`, and may be called from any thread.

    Args:
        model: a Keras model that `gradients.scores` takes.
        picture: float32 (rows, columns, channels) as the network takes it.
        size: rows and columns of the rectangles, no more than the picture's; a place is (top, left).
        index: of the unit explained, as in `gradients`.
        region: as in `gradients`, of this picture: (rows, columns), or None.

    Returns:
        None where the network has no beginning in which the influence of the rectangle stays small.
    """
    cut, *functions = kept(model, ("rectangle_scores", *size), lambda: _prepared(model, size))
    if cut is None or picture.shape[:2] != (cut.rows.pixels, cut.columns.pixels):
        return None
    fold, begin, finish = functions
    weights = fold()
    maps = [begin(as_float(picture[None]), weights)]

    def scores(places: Sequence[tuple[int, int]], value: float) -> np.ndarray:
        tops, lefts = np.array(places).T
        (rows, *at_rows), (columns, *at_columns) = cut.rows.places(tops), cut.columns.places(lefts)
        crops = np.empty((len(places), cut.rows.crop, cut.columns.crop, picture.shape[2]), np.float32)
        for crop, top, left, row, column in zip(crops, tops, lefts, rows, columns, strict=True):
            crop[:] = picture[row : row + cut.rows.crop, column : column + cut.columns.crop]
            crop[top - row : top - row + size[0], left - column : left - column + size[1]] = value
        window = cut.rows.window, cut.columns.window
        source = _cells(at_rows[0], at_columns[0], window, (cut.rows.crop_cells, cut.columns.crop_cells))
        target = _cells(at_rows[1], at_columns[1], window, (cut.rows.cells, cut.columns.cells))
        indices = np.full(len(places), index, np.int32)
        regions = None if region is None else as_float(np.repeat(region[None], len(places), axis=0))
        return as_array(finish(crops, source, target, indices, regions, weights, maps))

    return scores


def _prepared(model: Any, size: tuple[int, int]) -> tuple[Any, ...]:
    """The cut, and compiled: the weights folded; the maps at the cut; the scores from crops and these maps."""
    cut = best_cut(model, size)
    if cut is None:
        return (None,)
    units, channels = model.output_shape[-1], cut.shape[-1]

    def begin(pictures: Any, weights: Any) -> Any:
        with folded(model, weights):
            return _beginning(cut, pictures)

    def finish(crops: Any, source: Any, target: Any, index: Any, region: Any, weights: Any, maps: Any) -> Any:
        from keras import ops

        count = ops.shape(crops)[0]
        # Nothing is computed of it: what the network makes of it is replaced at the cut.
        nothing = ops.zeros((count, cut.rows.pixels, cut.columns.pixels, crops.shape[-1]))
        with folded(model, weights):
            found = ops.reshape(_beginning(cut, crops), (-1, channels))
            pasted = ops.scatter_update(
                ops.reshape(ops.tile(maps[0], (count, 1, 1, 1)), (-1, channels)),
                ops.reshape(target, (-1, 1)),
                ops.take(found, ops.reshape(source, (-1,)), axis=0),
            )
            pasted = ops.reshape(pasted, (-1, *cut.shape))
            with (
                entered(model, lambda value: value, nothing) as given,
                caught({"": cut.steps[-1].layer}, lambda _value, _name: pasted),
                tapped(model) as tap,
            ):
                result = model(given, training=False)
        return explained_scores(tap.score, result, index, region, units)[0]

    return cut, compiled(model, lambda: folded_weights(model)), compiled(model, begin), compiled(model, finish)


def _beginning(cut: Cut, pictures: Any) -> Any:
    """The maps at the cut of pictures of any size."""
    known = {cut.start: pictures}
    for step in cut.steps:
        taken = [known[each] for each in step.takes]
        known[step.gives] = step.layer(taken if len(taken) > 1 else taken[0])
    return known[cut.steps[-1].gives]


def _cells(rows: np.ndarray, columns: np.ndarray, window: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Numbers of the cells of a window in each of a stack of maps, counted through all of it, int32 (n, cells)."""
    down = rows[:, None] + np.arange(window[0]) + np.arange(len(rows))[:, None] * shape[0]
    across = columns[:, None] + np.arange(window[1])
    return (down[:, :, None] * shape[1] + across[:, None]).reshape(len(rows), -1).astype(np.int32)
