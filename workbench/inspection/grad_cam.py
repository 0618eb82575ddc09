"""Grad-CAM: where the network looks for a class (Selvaraju et al. 2017, arXiv:1610.02391)."""

from typing import Any

import numpy as np

from workbench.errors import UserError, did_you_mean
from workbench.figures import Bars, Figure, Heatmap
from workbench.i18n import _, mark
from workbench.inspection import gradients
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.layers import find_layer, last_convolution, output_shape, spatial_layers
from workbench.section import Section, setting

_SHOWN_CLASSES = 10


class GradCamSection(Section):
    """Settings of Grad-CAM."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer whose maps are weighted; empty takes the last convolution."),
    )  # fmt: skip
    target: str = setting(
        "", title=mark("Class"), widget="target",
        help=mark("The class whose evidence is shown; empty takes the predicted one."),
    )  # fmt: skip


class GradCam(Inspector):
    """The maps of a layer, weighted by how much each raises the score of a class."""

    name = "grad_cam"
    title = mark("Grad-CAM")
    help = mark("Shows where in the picture the network finds evidence for a class.")
    section = GradCamSection

    def layers(self, model: Any) -> list[str]:
        """The layers from the first convolution on that still have maps."""
        return spatial_layers(model)

    def inspect(self, model: Any, question: Question) -> Findings:
        """A heatmap over every picture, and the class probabilities of each."""
        layer = resolve_layer(model, question.params.layer)
        if not question.choices:
            raise UserError(_("Grad-CAM explains a class, but the output of this model is not one value per class."))
        wanted = target_index(question.params.target, question.choices)
        result, maps = class_maps_of(model, layer, question.inputs, wanted)
        figures: list[Figure] = []
        targets = [wanted if wanted >= 0 else int(row.argmax()) for row in result]
        for picture, caption, row, heat, target in zip(
            question.pictures, question.captions, result, maps, targets, strict=True
        ):
            figures.append(heatmap_figure(picture, caption, heat, layer, question.choices[target], row[target]))
            figures.append(_probabilities(row, question.choices))
        return Findings(tuple(figures), layer, question.choices[targets[0]])


def class_maps_of(model: Any, layer: str, inputs: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of all classes (n, classes) and the map of one class (-1: the likeliest) per picture."""
    result, maps = gradients.class_maps(model, layer)(inputs, np.full(len(inputs), target, np.int32))
    result = result.reshape(len(result), -1)
    return (np.concatenate([1 - result, result], axis=1) if result.shape[1] == 1 else result), maps


def resolve_layer(model: Any, name: str) -> str:
    """The name of a layer that has maps; an empty one stands for the last convolution.

    Raises:
        UserError: there is no such layer, it has no maps, or the model has no convolution at all.
    """
    suitable = spatial_layers(model)
    if not suitable:
        raise UserError(_("Grad-CAM needs a convolution, and this model has none."))
    if not name:
        return last_convolution(model)
    shape = output_shape(find_layer(model, name))
    if name not in suitable:
        raise UserError(_(
            "The layer {name!r} has no maps of a convolution (its output is {shape}). Grad-CAM can look at: {layers}."
        ).format(name=name, shape=shape[1:], layers=", ".join(suitable)))  # fmt: skip
    return name


def target_index(name: str, choices: tuple[str, ...]) -> int:
    """The index of a class by its name; -1 for an empty name.

    Raises:
        UserError: no class has that name.
    """
    if not name:
        return -1
    if name in choices:
        return choices.index(name)
    hint = did_you_mean(name, choices)
    listed = ", ".join(choices if len(choices) <= 40 else [*choices[:40], "..."])
    raise UserError(
        _("There is no class called {name!r}.{hint} The classes are: {classes}.").format(
            name=name, hint=f" {hint}" if hint else "", classes=listed
        )
    )


def heatmap_figure(
    picture: np.ndarray, caption: str, heat: np.ndarray, layer: str, target: str, probability: float
) -> Heatmap:
    """The heatmap of one picture with a note on what it shows."""
    note = _("Layer {layer}, class {target} ({percent:.1f} %).").format(
        layer=layer, target=target, percent=100 * float(probability)
    )
    if not heat.any():
        note = f"{note} {_('Nothing in this layer speaks for the class.')}"
    title = _("Grad-CAM of {caption}").format(caption=caption) if caption else _("Grad-CAM")
    return Heatmap(title, picture, heat.astype(np.float32), note=note)


def _probabilities(row: np.ndarray, choices: tuple[str, ...]) -> Bars:
    best = np.argsort(-row, kind="stable")[:_SHOWN_CLASSES]
    return Bars(
        _("Class probabilities"),
        tuple(choices[index] for index in best),
        {_("Probability"): tuple(float(row[index]) for index in best)},
        value_label=_("Probability"),
    )


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(GradCam())
