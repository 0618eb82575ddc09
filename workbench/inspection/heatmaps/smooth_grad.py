"""SmoothGrad: the saliency of a picture, averaged over noisy copies (Smilkov et al. 2017, arXiv:1706.03825)."""

from typing import Any

import numpy as np

from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection, settle
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.heatmaps.saliency import largest_change
from workbench.inspection.heatmaps.sampling import Variants, mean_gradient
from workbench.inspection.inspector import Question
from workbench.section import setting


class SmoothGradSection(HeatmapSection):
    """Settings of SmoothGrad."""

    samples: int = setting(
        50, title=mark("Noisy copies"), ge=2, le=1000,
        help=mark("How many noisy copies are averaged: more make the heatmap smoother and take longer."),
    )  # fmt: skip
    noise: float = setting(
        0.15, title=mark("Noise"), ge=0, le=1,
        help=mark("Standard deviation of the noise, as a share of the range of the picture's values; 0.1 to 0.2 is "
                  "usual."),
    )  # fmt: skip
    seed: int = setting(
        0, title=mark("Seed"), ge=0, le=2**31 - 1, advanced=True,
        help=mark("The same seed gives the same noise."),
    )  # fmt: skip


class SmoothGrad(HeatmapMethod):
    """The mean of the gradients by noisy copies of the picture: the largest absolute value of a pixel's channels.

    The noise comes in pairs of opposite signs, which halves its cost and cancels what is linear in it.
    """

    name = "smooth_grad"
    title = mark("SmoothGrad")
    help = mark("Shows which pixels would change the score, averaged over noisy copies of the picture.")
    section = SmoothGradSection
    paper = "Smilkov et al. 2017, arXiv:1706.03825"
    quick = False
    brightest = 99.0

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; a forward and a backward pass per copy."""
        params, found = question.params, []
        for picture in question.inputs:
            settled = settle(model, picture[None], asked)
            variants = noisy_copies(picture, params.noise, params.seed)
            gradient = mean_gradient(
                model, variants, params.samples, settled, question.emit, question.control, _(self.title)
            )
            found.append(Heat(settled.outputs[0], int(settled.index[0]), largest_change(gradient)))
        return found


def noisy_copies(picture: np.ndarray, noise: float, seed: int) -> Variants:
    """Copies 2k and 2k + 1 differ from the picture, (rows, columns, channels), by the same noise of opposite signs.

    `noise` is the standard deviation as a share of the range of the picture's values.
    """
    picture = picture.astype(np.float32)
    scale = np.float32(noise * float(np.ptp(picture)))

    def variants(first: int, last: int) -> np.ndarray:
        copies = np.empty((last - first, *picture.shape), np.float32)
        drawn: dict[int, np.ndarray] = {}
        for place, number in enumerate(range(first, last)):
            pair, odd = divmod(number, 2)
            if pair not in drawn:
                draw = np.random.default_rng((seed, pair)).standard_normal(picture.shape, np.float32)
                drawn = {pair: draw * scale}
            (np.subtract if odd else np.add)(picture, drawn[pair], out=copies[place])
        return copies

    return variants


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(SmoothGrad())
