"""Integrated gradients: what every pixel adds to a score on the way from a baseline to the picture.

Sundararajan, Taly and Yan 2017, arXiv:1703.01365. The contributions of all pixels add up to the difference of the
scores; how far they do not is told, as a measure of whether the steps suffice.
"""

from typing import Any, Literal

import numpy as np

from workbench.i18n import _, mark
from workbench.inspection.heatmaps.baselines import LABELS, Baseline, baseline
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection, settle
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.heatmaps.sampling import Variants, mean_gradient
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients
from workbench.section import setting

_TOO_LARGE_A_GAP = 0.05


class IntegratedGradientsSection(HeatmapSection):
    """Settings of integrated gradients."""

    steps: int = setting(
        50, title=mark("Steps"), ge=2, le=1000,
        help=mark("Pictures on the way from the baseline: more are more exact and take longer."),
    )  # fmt: skip
    baseline: Baseline = setting(
        "black", title=mark("Baseline"), labels=LABELS,
        help=mark("The picture in which there is nothing to see. What has its colour counts for nothing: on a black "
                  "baseline, black pixels."),
    )  # fmt: skip
    shown: Literal["for", "against", "both"] = setting(
        "for", title=mark("Shown"),
        help=mark("Pixels that raise the score, that lower it, or both."),
        labels={"for": mark("What speaks for it"), "against": mark("What speaks against it"), "both": mark("Both")},
    )  # fmt: skip


class IntegratedGradients(HeatmapMethod):
    """The gradient along the straight way from a baseline, times the difference, summed over the channels."""

    name = "integrated_gradients"
    title = mark("Integrated gradients")
    help = mark("Shows what every pixel adds to the score, compared with a picture in which there is nothing to see.")
    section = IntegratedGradientsSection
    paper = "Sundararajan et al. 2017, arXiv:1703.01365"
    quick = False
    brightest = 99.0

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; a forward and a backward pass per step."""
        params, found = question.params, []
        for picture in question.inputs:
            settled = settle(model, picture[None], asked)
            start = baseline(params.baseline, picture, question.opened.white)
            gradient = mean_gradient(
                model, on_the_way(start, picture, params.steps), params.steps, settled, question.emit,
                question.control, _(self.title),
            )  # fmt: skip
            added = ((picture - start) * gradient).sum(axis=-1)
            ends = np.stack([start, picture.astype(np.float32)])
            _outputs, (low, high) = gradients.scores(model)(ends, *settled.repeated(len(ends)))
            signed = {"for": np.maximum(added, 0), "against": np.maximum(-added, 0), "both": np.abs(added)}
            note = _what_adds_up(float(high - low), float(added.sum(dtype=np.float64)), params.shown)
            found.append(Heat(settled.outputs[0], int(settled.index[0]), signed[params.shown], note=note))
        return found


def on_the_way(start: np.ndarray, end: np.ndarray, steps: int) -> Variants:
    """The middles of so many equal steps from one picture to another (the midpoint rule)."""
    difference = end.astype(np.float32) - start

    def variants(first: int, last: int) -> np.ndarray:
        shares = (np.arange(first, last, dtype=np.float32) + np.float32(0.5)) / np.float32(steps)
        return start + shares[:, None, None, None] * difference

    return variants


def _what_adds_up(difference: float, added: float, shown: str) -> str:
    kinds = {"for": _("Shown is what raises the score."), "against": _("Shown is what lowers the score."),
             "both": _("Shown is what raises or lowers the score.")}  # fmt: skip
    gap = abs(difference - added)
    share = gap / abs(difference) if difference else 0.0
    text = _("The score is {difference:.3g} above the baseline's; the pixels add up to {added:.3g} (gap {share:.1%}).")
    notes = [kinds[shown], text.format(difference=difference, added=added, share=share)]
    if share > _TOO_LARGE_A_GAP:
        notes.append(_("More steps make the gap smaller."))
    return " ".join(notes)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(IntegratedGradients())
