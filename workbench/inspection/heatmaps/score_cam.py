"""Score-CAM: the maps of a layer, weighted by the score of what each lets through (Wang et al. 2020).

arXiv:1910.01279, algorithm 1. Needs no gradients, but a forward pass per map.
"""

from typing import Any

import numpy as np

from workbench.events import Progress
from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, settle
from workbench.inspection.heatmaps.grad_cam import GradCamSection, candidates
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients
from workbench.inspection.network.layers import layers_before_the_answer
from workbench.inspection.network.taps import Pace
from workbench.section import setting

_MOST_AT_ONCE = 16  # as in occlusion


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
        score = gradients.scores(model)
        found = []
        for sample, maps in enumerate(gradients.activations(model, layer)(inputs)):
            picture, region = inputs[sample], None if settled.region is None else settled.region[sample]
            chosen = liveliest(maps, params.channels)
            scores = np.empty(len(chosen), np.float32)
            for part in Pace(_MOST_AT_ONCE).slices(len(chosen)):
                question.control.check()
                masked = picture * masks(maps[..., chosen[part]], picture.shape[:2])[..., None]
                regions = None if region is None else np.repeat(region[None], len(masked), axis=0)
                index = np.full(len(masked), settled.index[sample], np.int32)
                scores[part] = score(masked, index, regions)[1]
                question.emit(Progress(_(self.title), part.stop, len(chosen)))
            note = _("{count} of {all} maps were tried; the others are the same everywhere or vary less.")
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
