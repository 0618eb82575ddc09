"""Scores of a picture that changes in a small rectangle, without computing again what the rectangle does not reach.

Stage by stage (see `cuts`) the network is computed for a crop around what changes, made of the maps of the whole
picture and of what the stage before gave; behind the last stage it is computed as ever (Nakandala, Kumar and
Papakonstantinou 2019, "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN Explanations", SIGMOD;
they do so in every layer, here it is done where it saves more than it costs to put a crop together).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.cuts import Span, Stage, best_stages
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
    stages, *functions = kept(model, ("rectangle_scores", *size), lambda: _prepared(model, size))
    if not stages or picture.shape[:2] != (stages[0].rows.pixels, stages[0].columns.pixels):
        return None
    fold, begin, finish = functions
    weights = fold()
    maps = begin(as_float(picture[None]), weights)

    def scores(places: Sequence[tuple[int, int]], value: float) -> np.ndarray:
        tops, lefts = np.array(places).T
        at = _places(stages, tops, lefts)
        crops = np.empty((len(places), stages[0].rows.crop, stages[0].columns.crop, picture.shape[2]), np.float32)
        for crop, top, left, row, column in zip(crops, tops, lefts, at[0][0][0], at[0][1][0], strict=True):
            crop[:] = picture[row : row + crop.shape[0], column : column + crop.shape[1]]
            crop[top - row : top - row + size[0], left - column : left - column + size[1]] = value
        indices = np.full(len(places), index, np.int32)
        regions = None if region is None else as_float(np.repeat(region[None], len(places), axis=0))
        return as_array(finish(crops, indices, regions, weights, maps, *_sources(stages, at)))

    return scores


def _prepared(model: Any, size: tuple[int, int]) -> tuple[Any, ...]:
    """The stages, and compiled: the weights folded; the maps behind each stage; the scores from crops and maps."""
    stages = best_stages(model, size)
    if not stages:
        return ((),)
    units, height, width = model.output_shape[-1], stages[0].rows.pixels, stages[0].columns.pixels

    def begin(pictures: Any, weights: Any) -> Any:
        maps = [pictures]
        with folded(model, weights):
            for stage in stages:
                maps.append(_behind(stage, maps[-1]))
        return maps[1:]

    def finish(crops: Any, index: Any, region: Any, weights: Any, maps: Any, *sources: Any) -> Any:
        from keras import ops

        # Nothing is computed of it: what the network makes of it is replaced at the last cut.
        nothing = ops.zeros((ops.shape(crops)[0], height, width, crops.shape[-1]))
        changed = crops
        with folded(model, weights):
            for stage, whole, source in zip(stages, maps, sources, strict=True):
                channels = stage.shape[-1]
                pieces = [ops.reshape(each, (-1, channels)) for each in (whole, _behind(stage, changed))]
                changed = ops.take(ops.concatenate(pieces), source, axis=0)
            with (
                entered(model, lambda value: value, nothing) as given,
                caught({"": stages[-1].steps[-1].layer}, lambda _value, _name: changed),
                tapped(model) as tap,
            ):
                result = model(given, training=False)
        return explained_scores(tap.score, result, index, region, units)[0]

    return stages, compiled(model, lambda: folded_weights(model)), compiled(model, begin), compiled(model, finish)


def _behind(stage: Stage, maps: Any) -> Any:
    """What a stage makes of maps of any size."""
    known = {stage.start: maps}
    for step in stage.steps:
        taken = [known[each] for each in step.takes]
        known[step.gives] = step.layer(taken if len(taken) > 1 else taken[0])
    return known[stage.steps[-1].gives]


def _places(stages: Sequence[Stage], rows: np.ndarray, columns: np.ndarray) -> list[tuple[Any, Any]]:
    """`Span.places` of every stage, of its rows and columns, for rectangles that begin there in the picture."""
    at = []
    for stage in stages:
        at.append((stage.rows.places(rows), stage.columns.places(columns)))
        rows, columns = (each[2] for each in at[-1])
    return at


def _sources(stages: Sequence[Stage], at: list[tuple[Any, Any]]) -> list[np.ndarray]:
    """For every stage, which cells the next one's crops consist of; behind the last, the whole maps.

    Counted through the cells of the whole picture's maps and, behind them, through those of the crops' maps;
    int32 (n, rows, columns).
    """
    wanted = [
        ((rows[0], stage.rows.crop), (columns[0], stage.columns.crop))
        for stage, (rows, columns) in zip(stages[1:], at[1:], strict=True)
    ]
    zero, last = np.zeros(len(at[0][0][0]), int), stages[-1]
    wanted.append(((zero, last.rows.cells), (zero, last.columns.cells)))
    return [_source(*about) for about in zip(stages, at, wanted, strict=True)]


def _source(stage: Stage, places: tuple[Any, Any], wanted: tuple[Any, Any]) -> np.ndarray:
    """Of one stage, for the parts of its maps `wanted`: by rows and columns, where each begins and their length."""
    row, crop_row, row_changes = _along(stage.rows, places[0], *wanted[0])
    column, crop_column, column_changes = _along(stage.columns, places[1], *wanted[1])
    of_whole = row[:, :, None] * stage.columns.cells + column[:, None]
    crop_row = crop_row + np.arange(len(crop_row))[:, None] * stage.rows.crop_cells
    of_crops = crop_row[:, :, None] * stage.columns.crop_cells + crop_column[:, None]
    of_crops += stage.rows.cells * stage.columns.cells
    return np.where(row_changes[:, :, None] & column_changes[:, None], of_crops, of_whole).astype(np.int32)


def _along(span: Span, places: Any, first: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Along an axis: cells of the whole map, the same in the map of the crop, and whether they change; (n, length)."""
    _crop, window_in_crop, window = places
    cells = first[:, None] + np.arange(length)
    in_window = cells - window[:, None]
    return cells, in_window + window_in_crop[:, None], (in_window >= 0) & (in_window < span.window)
