"""What all heatmaps have in common: the base of their inspectors, and the one figure they are shown in.

A method says how warm every place of a picture is; the rest (what is explained, what cannot be, the figure with its
note) is here.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.figures import Figure, Heatmap
from workbench.i18n import _
from workbench.inspection.heatmaps.explained import REGION_SETTINGS, Explained, HeatmapSection, explained
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network import gradients


@dataclass(frozen=True)
class Heat:
    """What a method found in one picture.

    Attributes:
        output: what the model answers, without the batch axis.
        target: the index that was explained.
        values: float32 (rows, columns) over the picture, 0 and above, of any scale and size; more is warmer.
        layer: the layer it was found in, where there is one.
        note: what else there is to know, whole sentences.
    """

    output: np.ndarray
    target: int
    values: np.ndarray
    layer: str = ""
    note: str = ""


class HeatmapMethod(Inspector):
    """Base of the inspectors whose answer is a heatmap over every picture.

    Attributes:
        brightest: the percentile of the values that is drawn brightest. Below 100 where single pixels stick out so far
            that nothing else would be seen.
    """

    section = HeatmapSection
    family = "heatmaps"
    explains_answers = True
    map_settings = REGION_SETTINGS
    brightest: float = 100.0

    def layers(self, model: Any) -> list[str]:
        """None: the method looks at the whole network."""
        return []

    @abstractmethod
    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """What there is to see in every picture of the question (`inputs`), which need not show pictures.

        Args:
            model: a Keras model, which may be another one than the question's (with other weights).
            question: `params` are of this method's section.
            asked: what is explained.

        Raises:
            UserError: the method cannot look into this model.
            Stopped: asked to, within 200 ms of work.
        """

    def inspect(self, model: Any, question: Question) -> Findings:
        """A heatmap over every picture, and what the model answers to each."""
        gradients.check_explainable(model)
        if not question.choices:
            raise UserError(
                _(
                    "{method} explains a class or a value, but nobody knows what the output of this model means. "
                    "Look at its feature maps instead."
                ).format(method=_(self.title))
            )
        asked = explained(question.params, question.choices, model)
        found = self.heat(model, question, asked)
        check_finite(found)
        answers = question.decode(np.stack([heat.output for heat in found]))
        figures: list[Figure] = []
        for picture, caption, heat, answer in zip(question.pictures, question.captions, found, answers, strict=True):
            figures.append(heatmap_figure(self, picture, caption, heat, question.choices, answer.text))
            figures += answer.figures
        return Findings(tuple(figures), found[0].layer, question.choices[found[0].target])


def check_finite(found: list[Heat]) -> None:
    """Refuse what holds no numbers.

    Raises:
        UserError: an answer or a heatmap has values that are not finite.
    """
    if not all(np.isfinite(heat.output).all() for heat in found):
        raise UserError(
            _(
                "The model answers with values that are not numbers, so that there is nothing to explain. Its training "
                "diverged: train it again with a smaller learning rate, or take an earlier epoch."
            )
        )
    if not all(np.isfinite(heat.values).all() for heat in found):
        raise UserError(
            _(
                "The gradients of this model are not finite numbers for this picture, so that no heatmap can be made "
                "of them. Try Occlusion, which needs none, or train with less extreme weights."
            )
        )


def heatmap_figure(
    method: HeatmapMethod, picture: np.ndarray, caption: str, heat: Heat, choices: tuple[str, ...], answer: str
) -> Heatmap:
    """The heatmap over one picture with a note on what it shows, and what the model answers.

    Args:
        method: whose it is.
        picture: uint8, what is shown beneath.
        caption: what to call the picture, or empty.
        heat: what was found.
        choices: the names of what can be explained.
        answer: what the model says, in one line.
    """
    texts = {"layer": heat.layer, "target": choices[heat.target], "answer": answer}
    text = (
        _("Layer {layer}, evidence for: {target}. The model says: {answer}.")
        if heat.layer
        else _("Evidence for: {target}. The model says: {answer}.")
    )
    notes = [text.format(**texts), heat.note]
    if not heat.values.any():
        notes.append(_("Nothing in this layer speaks for it.") if heat.layer else _("Nothing speaks for it."))
    title = _("{method} of {caption}") if caption else "{method}"
    return Heatmap(
        title.format(method=_(method.title), caption=caption),
        picture,
        scaled(heat.values, method.brightest),
        note=" ".join(note for note in notes if note),
    )


def scaled(values: np.ndarray, brightest: float = 100.0) -> np.ndarray:
    """Values from 0 to 1, float32: 1 is the given percentile, or the highest value where that is 0."""
    high = float(np.percentile(values, brightest)) or float(values.max())
    return np.clip(values / high if high > 0 else values, 0, 1).astype(np.float32)
