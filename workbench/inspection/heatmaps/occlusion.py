"""Occlusion: what the score loses when a part of the picture is covered (Zeiler and Fergus 2014, arXiv:1311.2901)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from workbench.control import Control
from workbench.events import Progress
from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection, Settled, scorer, settle
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network.batches import in_batches
from workbench.inspection.network.windows import RectangleScores, rectangle_scores
from workbench.section import setting

_MOST_CROPS = 32


class OcclusionSection(HeatmapSection):
    """Settings of occlusion."""

    size: int = setting(
        0, title=mark("Size"), unit="px", zero=mark("by the picture"), ge=0, le=512,
        help=mark("Side of the grey square that covers a part of the picture, at the network's input size; 0 takes the "
                  "square root of the picture's shorter side: 15 of 224, 5 of 28."),
    )  # fmt: skip
    stride: int = setting(
        0, title=mark("Stride"), unit="px", zero=mark("half the size"), ge=0, le=512,
        help=mark("How far the square moves each time; smaller is finer, and slower by the square of it. 0 takes half "
                  "the size, rounded up."),
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
            side = params.size or round(min(picture.shape[:2]) ** 0.5)
            stride = params.stride or (side + 1) // 2
            size = (min(side, picture.shape[0]), min(side, picture.shape[1]))
            drops = drop_map(
                _covering(model, settled, sample, picture, size, question.control),
                picture.shape[:2], size, stride, grey_of(question.inputs),
                lambda done, total: question.emit(Progress(_("Occlusion"), done, total)),
            )  # fmt: skip
            note = _("A grey square of {size} px moved by {stride} px; the highest drop of the score is {drop:.3g}.")
            note = note.format(size=side, stride=stride, drop=float(drops.max()))
            found.append(Heat(settled.outputs[sample], int(settled.index[sample]), np.maximum(drops, 0), note=note))
        return found


class Covering(NamedTuple):
    """A picture to be covered: its score as it is, its scores covered, and `in_batches` set to the cost of these."""

    whole: float
    scores: RectangleScores
    batches: Callable[..., Iterator[tuple[slice, np.ndarray]]]


def _covering(
    model: Any, settled: Settled, sample: int, picture: np.ndarray, size: tuple[int, int], control: Control
) -> Covering:
    # Asked for anew below, so that what it holds is free again while the other way is prepared.
    whole = float(scorer(model, settled, sample)(picture[None])[0])
    region = None if settled.region is None else settled.region[sample]
    by_crops = rectangle_scores(model, picture, size, int(settled.index[sample]), region)
    if by_crops is None:
        return by_whole_pictures(scorer(model, settled, sample), picture, size, control, whole)
    # Little is computed of each: many at a time are as fast as two batches under way, and take less memory.
    batches = partial(in_batches, values=picture.size // 8, control=control, variants=_MOST_CROPS, at_a_time=1)
    return Covering(whole, by_crops, batches)


def by_whole_pictures(
    scores: Callable[[np.ndarray], np.ndarray], picture: np.ndarray, size: tuple[int, int], control: Control,
    whole: float,
) -> Covering:  # fmt: skip
    """A picture to be covered, for any network: all of it is computed each time.

    Args:
        scores: of pictures (n, rows, columns, channels), the score of each, (n,); called from two threads.
        picture: (rows, columns, channels) as the network takes it.
        size: rows and columns of the square, no more than the picture's.
        control: asked all the time.
        whole: the score of the picture as it is.
    """

    def covered_scores(places: Sequence[tuple[int, int]], value: float) -> np.ndarray:
        batch = np.repeat(picture[None], len(places), axis=0)
        for each, (top, left) in zip(batch, places, strict=True):
            each[top : top + size[0], left : left + size[1]] = value
        return scores(batch)

    return Covering(whole, covered_scores, partial(in_batches, values=picture.size, control=control))


def drop_map(
    covering: Covering,
    shape: tuple[int, int],
    size: tuple[int, int],
    stride: int,
    grey: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """The mean drop of the score over all squares that cover a pixel, float32 (rows, columns).

    Args:
        covering: the picture.
        shape: its rows and columns.
        size: those of the square, no more than the picture's.
        stride: how far it moves; the last square of a row ends at the edge.
        grey: what it is filled with.
        progress: is told how many squares of how many are done.
    """
    places = [(top, left) for top in starts(shape[0], size[0], stride) for left in starts(shape[1], size[1], stride)]
    total, covered = np.zeros(shape), np.zeros(shape)
    done = 0
    for part, found in covering.batches(lambda part: covering.scores(places[part], grey), len(places)):
        for (top, left), value in zip(places[part], found, strict=True):
            total[top : top + size[0], left : left + size[1]] += covering.whole - value
            covered[top : top + size[0], left : left + size[1]] += 1
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
