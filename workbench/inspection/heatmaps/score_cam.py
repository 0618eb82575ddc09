"""Score-CAM: the maps of a layer, weighted by the score of what each lets through (Wang et al. 2020).

arXiv:1910.01279, algorithm 1. Needs no gradients, but a forward pass per map.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.events import Progress
from workbench.i18n import _, counted, mark
from workbench.inspection.heatmaps.explained import Explained, scorer, settle
from workbench.inspection.heatmaps.grad_cam import GradCamSection, candidates
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients
from workbench.inspection.network.batches import in_batches
from workbench.inspection.network.layers import layers_before_the_answer
from workbench.section import setting


class ScoreCamSection(GradCamSection):
    """Settings of Score-CAM."""

    channels: int = setting(
        0, title=mark("Maps"), ge=0, le=65536,
        help=mark("How many maps of the layer are tried, those that vary most in this picture; 0 tries all of them. "
                  "Each costs a look at the picture."),
    )  # fmt: skip


class ScoreCam(HeatmapMethod):
    """The picture is darkened where a map is low, and the score of what is left is the weight of that map."""

    name = "score_cam"
    title = mark("Score-CAM")
    help = mark("As Grad-CAM, without gradients: shows the network what each map lets through, and asks for the score.")
    section = ScoreCamSection
    paper = "Wang et al. 2020, arXiv:1910.01279"
    quick = False

    def layers(self, model: Any) -> list[str]:
        """The layers from the first convolution on that still have maps."""
        return layers_before_the_answer(model)

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; a forward pass per map of the layer."""
        inputs, params = question.inputs.astype(np.float32), question.params
        layer = candidates(model, params.layer, _(self.title))[0]
        settled = settle(model, inputs, asked)
        found = []
        for sample, maps in enumerate(gradients.activations(model, layer)(inputs)):
            chosen = liveliest(maps, params.channels)
            scores = mask_scores(
                scorer(model, settled, sample), inputs[sample], maps[..., chosen], question.control,
                lambda done, total: question.emit(Progress(_(self.title), done, total)),
            )  # fmt: skip
            note = counted(
                "{count} of {all} maps was tried; the others are the same everywhere or vary less.",
                "{count} of {all} maps were tried; the others are the same everywhere or vary less.",
                len(chosen),
            )
            tried = note.format(count=len(chosen), all=maps.shape[-1]) if len(chosen) < maps.shape[-1] else ""
            heat = weighted(maps[..., chosen], scores)
            found.append(Heat(settled.outputs[sample], int(settled.index[sample]), heat, layer, tried))
        return found


def liveliest(maps: np.ndarray, count: int) -> np.ndarray:
    """The channels that vary most over the picture, in their order; those that do not vary make no mask.

    Args:
        maps: (rows, columns, channels).
        count: how many at most; 0 for all.
    """
    spread = maps.std(axis=(0, 1))
    order = np.argsort(-spread, kind="stable")[: count or None]
    return np.sort(order[np.ptp(maps, axis=(0, 1))[order] > 0])


def mask_scores(
    scores: Callable[[np.ndarray], np.ndarray],
    picture: np.ndarray,
    maps: np.ndarray,
    control: Control,
    progress: Callable[[int, int], None],
) -> np.ndarray:
    """The score of what each map lets through of a picture, float32 (channels,).

    Args:
        scores: of pictures (n, rows, columns, channels), the score of each, (n,); called from two threads.
        picture: (rows, columns, channels) as the network takes it.
        maps: (rows, columns, channels), of any size.
        control: asked all the time.
        progress: is told how many maps of how many are done.
    """

    def of_masked(part: slice) -> np.ndarray:
        return scores(picture * masks(maps[..., part], picture.shape[:2])[..., None])

    found, done = np.empty(maps.shape[-1], np.float32), 0
    for part, values in in_batches(of_masked, len(found), picture.size, control):
        found[part] = values
        done += len(values)
        progress(done, len(found))
    return found


def masks(maps: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Maps brought to a picture's size, each scaled from 0 to 1, float32 (channels, rows, columns).

    Args:
        maps: (rows, columns, channels).
        shape: rows and columns of the picture.
    """
    stacked = np.ascontiguousarray(np.moveaxis(maps, -1, 0), np.float32)
    # Linear along both axes, so that two products of matrices bring all maps there at once.
    large = _stretching(maps.shape[0], shape[0]) @ stacked @ _stretching(maps.shape[1], shape[1]).T
    low, high = large.min(axis=(1, 2), keepdims=True), large.max(axis=(1, 2), keepdims=True)
    return (large - low) / np.where(high > low, high - low, 1)


def weighted(maps: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The sum of the maps, weighted by a softmax of their scores, where it is above 0; float32 (rows, columns)."""
    if not len(scores):
        return np.zeros(maps.shape[:2], np.float32)
    # The score of an empty picture, which the paper subtracts from all of them, cancels out here.
    weights = np.exp(scores - scores.max())
    return np.maximum(maps @ (weights / weights.sum()), 0).astype(np.float32)


def _stretching(length: int, wanted: int) -> np.ndarray:
    """The matrix (wanted, length) of linear interpolation along an axis."""
    import cv2

    return cv2.resize(np.eye(length, dtype=np.float32), (length, wanted), interpolation=cv2.INTER_LINEAR)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(ScoreCam())
