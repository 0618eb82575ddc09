"""Grad-CAM: where the network looks for a class (Selvaraju et al. 2017, arXiv:1610.02391).

For segmentation, with the score of a class summed over a region: Seg-Grad-CAM (Vinogradova et al. 2020,
arXiv:2002.11434).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.architectures.table import LOGITS
from workbench.errors import UserError
from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients
from workbench.inspection.network.layers import (
    check_channels_last,
    find_layer,
    is_convolution,
    last_convolution,
    layers_before_the_answer,
    named_layers,
    output_shape,
)
from workbench.section import setting

_TRIED_LAYERS = 3
Maps = Callable[..., gradients.ClassMaps]


class GradCamSection(HeatmapSection):
    """Settings of Grad-CAM and its kin."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer whose maps are weighted; empty takes the last convolution that finds anything."),
    )  # fmt: skip


class GradCam(HeatmapMethod):
    """The maps of a layer, weighted by how much each raises the score of a class."""

    name = "grad_cam"
    title = mark("Grad-CAM")
    help = mark("Shows where in the picture the network finds evidence for a class.")
    section = GradCamSection
    paper = "Selvaraju et al. 2017, arXiv:1610.02391"

    def layers(self, model: Any) -> list[str]:
        """The layers from the first convolution on that still have maps."""
        return layers_before_the_answer(model)

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; one forward pass and the gradients behind the layer."""
        layers = candidates(model, question.params.layer, _(self.title))
        return find_evidence(model, layers, question.inputs, asked, self.maps(model, layers))

    def maps(self, model: Any, layers: Sequence[str]) -> Maps:
        """The compiled function that makes the maps, as `gradients.class_maps`."""
        return gradients.class_maps(model, *layers)


def find_evidence(
    model: Any, layers: Sequence[str], inputs: np.ndarray, asked: Explained | None = None, maps: Maps | None = None
) -> list[Heat]:
    """Evidence for a class per picture, from the first of the layers that finds any.

    Where all gradients of a layer point away from a class, as is usual behind a flattened head, Grad-CAM's map is
    blank; of a picture for which that happens, the map of the next layer is taken.
    """
    asked = asked or Explained()
    maps = maps or gradients.class_maps(model, *layers)
    outputs, heats, chosen = maps(inputs, asked.indices(len(inputs)), asked.places(model, inputs))
    found = []
    for picture, (output, target) in enumerate(zip(outputs, chosen.tolist(), strict=True)):
        depth = next((depth for depth, values in enumerate(heats) if values[picture].any()), 0)
        found.append(Heat(output, target, heats[depth][picture], layers[depth], _blank(layers[:depth])))
    return found


def candidates(model: Any, name: str, method: str = "Grad-CAM") -> list[str]:
    """The layers to look at in turn: the one that is named, or the last convolutions."""
    named = resolve_layer(model, name, method)
    if name:
        return [named]
    layers = named_layers(model)
    suitable = layers_before_the_answer(model)
    names = [layer for layer in suitable if layer != LOGITS] or suitable  # the scores are nearly the answer itself
    convolutions = [layer for layer in names if is_convolution(layers[layer])]
    return convolutions[: -_TRIED_LAYERS - 1 : -1]


def resolve_layer(model: Any, name: str, method: str = "Grad-CAM") -> str:
    """The name of a layer that has maps; an empty one stands for the last convolution.

    Raises:
        UserError: there is no such layer, it has no maps, or the model has no convolution at all.
    """
    suitable = layers_before_the_answer(model)
    if not suitable:
        check_channels_last(model)
        raise UserError(
            _(
                "{method} needs a convolution before the layer that answers, and this model has none. Saliency and "
                "Occlusion need none."
            ).format(method=method)
        )
    if not name:
        return last_convolution(model)
    shape = output_shape(find_layer(model, name))
    if name not in suitable:
        raise UserError(_(
            "The layer {name!r} has no maps of a convolution (its output is {shape}). {method} can look at: {layers}."
        ).format(name=name, shape=shape[1:], method=method, layers=", ".join(suitable)))  # fmt: skip
    return name


def _blank(layers: Sequence[str]) -> str:
    text = _("An earlier layer is shown, because nothing speaks for it in {layers}: the map there is empty.")
    return text.format(layers=", ".join(layers)) if layers else ""


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(GradCam())
