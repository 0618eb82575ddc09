"""A network that looks at one frame after the other: the answer, a heatmap, or a mask over the picture."""

import time
from dataclasses import dataclass

import numpy as np

from workbench.errors import UserError
from workbench.figures import Adjustable, Bars, Image
from workbench.i18n import _
from workbench.inspection.heatmaps.explained import Explained, answers_with_a_map, target_index
from workbench.inspection.heatmaps.grad_cam import candidates, find_evidence
from workbench.inspection.loaded import open_model
from workbench.inspection.network.layers import layers_before_the_answer
from workbench.specs import ImageInput
from workbench.tasks.task import Answer

GRAD_CAM = "grad_cam"


@dataclass(frozen=True)
class Seen:
    """What the network says of a frame.

    Attributes:
        text: the answer in one line.
        bars: names with values from 0 to 1, the likeliest first.
        pixels: what to show, uint8 (height, width, 3).
        heat: float32 in [0, 1] over the pixels, or None.
        over: what else is laid over the pixels, of their shape, or None.
        seconds: what the network took.
    """

    text: str
    bars: tuple[tuple[str, float], ...]
    pixels: np.ndarray
    heat: np.ndarray | None
    over: np.ndarray | None
    seconds: float


class Eye:
    """A model, opened to look at pictures.

    Raises:
        UserError: it cannot be opened, takes no pictures, or nobody knows what its answer means.
    """

    def __init__(self, model: str) -> None:
        self._opened = open_model(model)
        loaded = self._opened.loaded
        if not isinstance(loaded.input, ImageInput):
            raise UserError(
                _("This model takes rows of a table, and a camera gives pictures. Choose a model that takes pictures.")
            )
        if loaded.target is None:
            shape = self._opened.model.output_shape
            raise UserError(
                _(
                    "The output of this model, {shape}, is neither a value per class nor a map of them. Make a model "
                    "of one such output, and save that."
                ).format(shape=shape)
            )
        self._maps = answers_with_a_map(self._opened.model)
        preprocessing = self._opened.preprocessing
        whole = preprocessing.resize == "stretch" and not loaded.cuts
        self._sees_all = whole
        self.no_heatmap = self._no_heatmap()
        """Why there can be no heatmap of this model's answers; empty where there can."""
        self._layers = [] if self.no_heatmap else candidates(self._opened.model, "")

    def _no_heatmap(self) -> str:
        if self._maps:
            return _("This model answers for every pixel: its answer is shown over the picture instead of a heatmap.")
        if not self._opened.explainable:
            return _("There is no heatmap: the classifier of this model is no part of the network.")
        if not layers_before_the_answer(self._opened.model) or not self._opened.choices:
            return _("There is no heatmap: this model has no convolution, or its answer cannot be explained.")
        return ""

    def check_target(self, name: str) -> None:
        """Raise `UserError` if the model knows no such class."""
        target_index(name, self._opened.choices)

    def look(self, picture: np.ndarray, heatmap: str, target: str, top: int) -> Seen:
        """What the network says of a picture, uint8 RGB."""
        start = time.perf_counter()
        sample = self._sample(picture)
        pixels, heat = picture, None
        if heatmap == GRAD_CAM and not self.no_heatmap:
            prepared = self._opened.prepared([sample])
            model = self._opened.model
            asked = Explained(target_index(target, self._opened.choices))
            found = find_evidence(model, self._layers, self._opened.inputs(prepared), asked)[0]
            output, heat = found.output, found.values / max(float(found.values.max()), 1e-20)
            if not self._sees_all:  # the heatmap lies over what the network sees
                pixels = _as_rgb(prepared[0])
        else:
            output = self._opened.predicted([sample])[0]
        seconds = time.perf_counter() - start
        if not np.isfinite(output).all():
            text = _("the model answers with values that are not numbers; its training diverged")
            return Seen(text, (), pixels, None, None, seconds)
        answer = self._opened.task.decode(output[None], self._opened.loaded.target, top, [sample])[0]
        over = _laid_over(answer) if self._maps else None
        return Seen(answer.text, _bars(answer, top), pixels, heat, over, seconds)

    def warm_up(self, heatmap: str, top: int) -> None:
        """Compile what `look` needs."""
        size = self._opened.loaded.input
        self.look(np.zeros((size.height, size.width, 3), np.uint8), heatmap, "", top)

    def _sample(self, picture: np.ndarray) -> np.ndarray:
        if self._opened.loaded.input.channels == 3:
            return picture
        import cv2

        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]


def _bars(answer: Answer, top: int) -> tuple[tuple[str, float], ...]:
    figure = next((figure for figure in answer.figures if isinstance(figure, Bars)), None)
    if figure is None:
        return ()
    values = next(iter(figure.series.values()))
    pairs = sorted(zip(figure.names, map(float, values), strict=True), key=lambda pair: -pair[1])
    return tuple(pairs[:top])


def _laid_over(answer: Answer) -> np.ndarray | None:
    """What an answer that is a picture paints over the one that was asked about, in full colours."""
    figure = answer.figures[0] if answer.figures else None
    if not isinstance(figure, Adjustable) or "blend" not in type(figure.params).model_fields:
        return None
    painted = figure.figures(figure.params.model_copy(update={"blend": 1.0}))[0]
    return _as_rgb(painted.pixels) if isinstance(painted, Image) else None


def _as_rgb(pixels: np.ndarray) -> np.ndarray:
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    return np.repeat(flat[..., None], 3, axis=2) if flat.ndim == 2 else flat
