"""Layer-CAM: every place of a map weighted by its own gradient (Jiang et al. 2021, doi:10.1109/TIP.2021.3089943)."""

from collections.abc import Sequence
from typing import Any

from workbench.i18n import mark
from workbench.inspection.heatmaps.grad_cam import GradCam, Maps
from workbench.inspection.network import gradients


class LayerCam(GradCam):
    """The maps of a layer, every place weighted by how much it raises the score of a class."""

    name = "layer_cam"
    title = mark("Layer-CAM")
    help = mark("As Grad-CAM, for any layer: early ones show fine detail, where Grad-CAM shows little.")
    paper = "Jiang et al. 2021, doi:10.1109/TIP.2021.3089943"

    def maps(self, model: Any, layers: Sequence[str]) -> Maps:
        """See `GradCam.maps`."""
        return gradients.weighted_maps(model, layers, _weighted, self.name)


def _weighted(maps: Any, gradient: Any) -> Any:
    from keras import ops

    return ops.relu(ops.sum(maps * ops.relu(gradient), axis=-1))


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(LayerCam())
