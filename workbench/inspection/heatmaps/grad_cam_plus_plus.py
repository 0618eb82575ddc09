"""Grad-CAM++: Grad-CAM that counts every place where a map speaks for a class (Chattopadhay et al. 2018).

arXiv:1710.11063, equation 19, with the exponential of the score before the softmax as the score.
"""

from collections.abc import Sequence
from typing import Any

from workbench.i18n import mark
from workbench.inspection.heatmaps.grad_cam import GradCam, Maps
from workbench.inspection.network import gradients


class GradCamPlusPlus(GradCam):
    """The maps of a layer, weighted by where each raises the score of a class."""

    name = "grad_cam_plus_plus"
    title = mark("Grad-CAM++")
    help = mark("As Grad-CAM, better where a picture shows the same thing several times.")
    paper = "Chattopadhay et al. 2018, arXiv:1710.11063"

    def maps(self, model: Any, layers: Sequence[str]) -> Maps:
        """See `GradCam.maps`."""
        return gradients.weighted_maps(model, layers, _weighted, self.name)


def _weighted(maps: Any, gradient: Any) -> Any:
    from keras import ops

    # The paper's g^2 / (2 g^2 + sum(maps) g^3), shortened by g^2, which would underflow.
    below = 2.0 + ops.sum(maps, axis=(1, 2), keepdims=True) * gradient
    share = ops.where(ops.abs(below) > 1e-6, 1.0 / ops.where(ops.abs(below) > 1e-6, below, 1.0), 0.0)
    weights = ops.sum(share * ops.relu(gradient), axis=(1, 2), keepdims=True)
    return ops.relu(ops.sum(weights * maps, axis=-1))


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(GradCamPlusPlus())
