"""Grad-CAM: where the network looks for a class (Selvaraju et al. 2017, arXiv:1610.02391)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.architectures.table import LOGITS
from workbench.errors import UserError, did_you_mean
from workbench.figures import Figure, Heatmap
from workbench.i18n import _, mark
from workbench.inspection import gradients
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.layers import (
    find_layer,
    is_convolution,
    last_convolution,
    named_layers,
    output_shape,
    spatial_layers,
)
from workbench.section import Section, setting

_TRIED_LAYERS = 3


class GradCamSection(Section):
    """Settings of Grad-CAM."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer whose maps are weighted; empty takes the last convolution that finds anything."),
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
    family = "heatmaps"
    explains_answers = True

    def layers(self, model: Any) -> list[str]:
        """The layers from the first convolution on that still have maps."""
        return spatial_layers(model)

    def inspect(self, model: Any, question: Question) -> Findings:
        """A heatmap over every picture, and what the model answers to each."""
        layers = candidates(model, question.params.layer)
        if not question.choices:
            raise UserError(_("Grad-CAM explains a class or a value, but this model's output is neither."))
        target = target_index(question.params.target, question.choices)
        figures: list[Figure] = []
        evidence = find_evidence(model, layers, question.inputs, target)
        answers = question.decode(np.stack([found.output for found in evidence]))
        for picture, caption, found, answer in zip(
            question.pictures, question.captions, evidence, answers, strict=True
        ):
            figures.append(heatmap_figure(picture, caption, found, question.choices, answer.text))
            figures += answer.figures
        return Findings(tuple(figures), evidence[0].layer, question.choices[evidence[0].target])


@dataclass(frozen=True)
class Evidence:
    """What speaks for a class in one picture.

    Attributes:
        output: what the model answers.
        target: index of the class explained.
        layer: where it was looked for.
        heat: float32 in [0, 1], (rows, columns).
        blank_layers: layers that were tried before and found nothing.
    """

    output: np.ndarray
    target: int
    layer: str
    heat: np.ndarray
    blank_layers: tuple[str, ...] = ()


def find_evidence(model: Any, layers: list[str], inputs: np.ndarray, target: int = -1) -> list[Evidence]:
    """Evidence for a class (-1: the likeliest) per picture, from the first of the layers that finds any.

    Where all gradients of a layer point away from a class, as is usual behind a flattened head, Grad-CAM's map is
    blank; a picture for which that happens is looked at again one layer further down.
    """
    found: list[Evidence | None] = [None] * len(inputs)
    open_ones = np.arange(len(inputs))
    for depth, layer in enumerate(layers):
        asked = np.full(len(open_ones), target, np.int32)
        outputs, maps, chosen = gradients.class_maps(model, layer)(inputs[open_ones], asked)
        for index, row, heat, explained in zip(open_ones, outputs, maps, chosen.tolist(), strict=True):
            if found[index] is None or heat.any():
                found[index] = Evidence(row, explained, layer, heat, tuple(layers[:depth]) if heat.any() else ())
        open_ones = open_ones[~maps.any(axis=(1, 2))]
        if not len(open_ones):
            break
    return [evidence for evidence in found if evidence is not None]


def candidates(model: Any, name: str) -> list[str]:
    """The layers to look at in turn: the one that is named, or the last convolutions."""
    named = resolve_layer(model, name)
    if name:
        return [named]
    layers = named_layers(model)
    # The maps of the output layer itself are the answer, not what it comes from.
    names = [layer for layer in spatial_layers(model) if layer != LOGITS] or spatial_layers(model)
    convolutions = [layer for layer in names if is_convolution(layers[layer])]
    return convolutions[: -_TRIED_LAYERS - 1 : -1]


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
    picture: np.ndarray, caption: str, found: Evidence, choices: tuple[str, ...], answer: str
) -> Heatmap:
    """The heatmap over one picture with a note on what it shows, and what the model answers."""
    note = _("Layer {layer}, evidence for: {target}. The model says: {answer}.").format(
        layer=found.layer, target=choices[found.target], answer=answer
    )
    if not found.heat.any():
        note = f"{note} {_('Nothing in this layer speaks for the class.')}"
    elif found.blank_layers:
        text = _("Nothing speaks for the class in {layers}.").format(layers=", ".join(found.blank_layers))
        note = f"{note} {text}"
    title = _("Grad-CAM of {caption}").format(caption=caption) if caption else _("Grad-CAM")
    return Heatmap(title, picture, found.heat.astype(np.float32), note=note)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(GradCam())
