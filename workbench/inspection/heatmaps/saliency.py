"""Saliency: how much every pixel could change a score (Simonyan, Vedaldi and Zisserman 2014, arXiv:1312.6034)."""

from typing import Any

import numpy as np

from workbench.i18n import mark
from workbench.inspection.heatmaps.explained import Explained
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients


class Saliency(HeatmapMethod):
    """The gradient of the score by the picture: the largest absolute value of a pixel's channels."""

    name = "saliency"
    title = mark("Saliency")
    help = mark("Shows which pixels would change the score most if they changed a little. Noisy; see also SmoothGrad.")
    paper = "Simonyan et al. 2014, arXiv:1312.6034"
    brightest = 99.0

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; one forward and one backward pass."""
        inputs = question.inputs
        region = asked.places(model, inputs)
        outputs, _scores, found, index = gradients.input_gradients(model)(inputs, asked.indices(len(inputs)), region)
        return [
            Heat(output, target, largest_change(gradient))
            for output, target, gradient in zip(outputs, index.tolist(), found, strict=True)
        ]


def largest_change(gradient: np.ndarray) -> np.ndarray:
    """The largest absolute value over the channels, (rows, columns)."""
    return np.abs(gradient).max(axis=-1)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Saliency())
