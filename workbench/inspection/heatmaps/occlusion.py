"""Occlusion: what the score loses when a part of the picture is covered (Zeiler and Fergus 2014, arXiv:1311.2901)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.events import Progress
from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection, scorer, settle
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network.batches import in_batches
from workbench.inspection.network.windows import RectangleScores, rectangle_scores
from workbench.section import setting


class OcclusionSection(HeatmapSection):
    """Settings of occlusion."""

    size: int = setting(
        15, title=mark("Size"), unit="px", ge=1, le=512,
        help=mark("Side of the grey square that covers a part of the picture, at the network's input size."),
    )  # fmt: skip
    stride: int = setting(
        8, title=mark("Stride"), unit="px", ge=1, le=512,
        help=mark("How far the square moves each time; smaller is finer, and slower by the square of it."),
    )  # fmt: skip


class Occlusion(HeatmapMethod):
    """A grey square wanders over the picture, and the score is asked each time."""

    name = "occlusion"
    title = mark("Occlusion")
    help = mark("Covers the picture with a grey square, place by place: warm is where the score drops most.")
    section = OcclusionSection
    paper = "Zeiler and Fergus 2014, arXiv:1311.2901"
    quick = False

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; a forward pass per place of the square."""
        inputs, params = question.inputs.astype(np.float32), question.params
        settled = settle(model, inputs, asked)
        found = []
        for sample, picture in enumerate(inputs):
            size = (min(params.size, picture.shape[0]), min(params.size, picture.shape[1]))
            region = None if settled.region is None else settled.region[sample]
            drops = drop_map(
                scorer(model, settled, sample), picture, params.size, params.stride, grey_of(question.inputs),
                question.control, lambda done, total: question.emit(Progress(_("Occlusion"), done, total)),
                rectangle_scores(model, picture, size, int(settled.index[sample]), region),
            )  # fmt: skip
            note = _("A grey square of {size} px moved by {stride} px; the highest drop of the score is {drop:.3g}.")
            note = note.format(size=params.size, stride=params.stride, drop=float(drops.max()))
            found.append(Heat(settled.outputs[sample], int(settled.index[sample]), np.maximum(drops, 0), note=note))
        return found


def drop_map(
    scores: Callable[[np.ndarray], np.ndarray],
    picture: np.ndarray,
    size: int,
    stride: int,
    grey: float,
    control: Control,
    progress: Callable[[int, int], None] = lambda done, total: None,
    covered_scores: RectangleScores | None = None,
) -> np.ndarray:
    """The mean drop of the score over all squares that cover a pixel, float32 (rows, columns).

    Args:
        scores: of pictures (n, rows, columns, channels), the score of each, (n,); called from two threads.
        picture: (rows, columns, channels) as the network takes it.
        size: side of the square in pixels; cut to the picture's.
        stride: how far it moves; the last square of a row ends at the edge.
        grey: what it is filled with.
        control: asked all the time.
        progress: is told how many squares of how many are done.
        covered_scores: a shorter way to the scores of covered pictures, where there is one (see `network.windows`).
    """
    rows, columns = picture.shape[:2]
    height, width = min(size, rows), min(size, columns)
    places = [(top, left) for top in starts(rows, height, stride) for left in starts(columns, width, stride)]
    whole = float(scores(picture[None])[0])

    def of_covered(part: slice) -> np.ndarray:
        if covered_scores is not None:
            return covered_scores(places[part], grey)
        batch = np.repeat(picture[None], part.stop - part.start, axis=0)
        for each, (top, left) in zip(batch, places[part], strict=True):
            each[top : top + height, left : left + width] = grey
        return scores(batch)

    # Where a network is computed for crops at first, a picture takes less memory; 8 fill what 4 whole ones do.
    values = picture.size if covered_scores is None else picture.size // 2
    total, covered = np.zeros((rows, columns)), np.zeros((rows, columns))
    done = 0
    for part, found in in_batches(of_covered, len(places), values, control):
        for (top, left), value in zip(places[part], found, strict=True):
            total[top : top + height, left : left + width] += whole - value
            covered[top : top + height, left : left + width] += 1
        done += len(found)
        progress(done, len(places))
    return (total / np.maximum(covered, 1)).astype(np.float32)


def starts(length: int, size: int, stride: int) -> Iterator[int]:
    """Where squares begin along an axis, so that all of it is covered where they overlap or touch."""
    yield from range(0, length - size, stride)
    yield length - size


def grey_of(inputs: np.ndarray) -> float:
    """The middle of the values the network takes: grey levels, or values from 0 to 1."""
    return 127.5 if inputs.dtype == np.uint8 or float(inputs.max(initial=0)) > 1.5 else 0.5


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Occlusion())
