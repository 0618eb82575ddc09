"""The job behind the Predict page: files, folders or a picture from anywhere, answered one by one.

A file that cannot be read gets an answer too: the reason. Pictures are decoded, resized by the model's own code and
sent through the model in batches; the answer is the one a bare `keras.saving.load_model` gives for the picture at its
own size.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.data.decoding import PICTURE_SUFFIXES, decode_bytes, decode_file
from workbench.data.source import UnreadableSampleError
from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure
from workbench.i18n import _
from workbench.inspection import gradients
from workbench.inspection.grad_cam import candidates, find_evidence, heatmap_figure
from workbench.inspection.layers import last_convolution
from workbench.inspection.loaded import OpenModel, open_model
from workbench.inspection.pictures import shrunk
from workbench.requests import PredictRequest
from workbench.tasks.task import Answer

THUMBNAIL = 96
MAX_HEATMAPS = 64
_BATCH = 32
_BATCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PredictedItem:
    """What came out for one picture.

    Attributes:
        path: where it came from; empty for a picture given as bytes.
        answer: the decoded prediction, or None.
        error: why there is none, or an empty string.
        seconds: decoding, resizing and its share of the batch's time in the model.
        pixels: a thumbnail, uint8 (height, width) or (height, width, 3), the longest side at most 96; None where
            the file could not be read.
        figures: a heatmap, where one was asked for.
    """

    path: str
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0
    pixels: np.ndarray | None = None
    figures: tuple[Figure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """`path` with `class`, `probability`, `top`; or with `error`."""
        values = {"error": self.error} if self.answer is None else self.answer.values
        return {"path": self.path, **values}


@dataclass(frozen=True)
class Predictions:
    """Everything that was asked for, in the order it was given; `choices` are the names of the classes."""

    items: tuple[PredictedItem, ...]
    choices: tuple[str, ...] = ()


def predict(request: PredictRequest, emit: Emit, control: Control) -> Predictions:
    """Predict pictures with a saved model.

    Raises:
        UserError: the model cannot be opened, or nothing was given to predict.
        Stopped: it was asked to stop.
    """
    if not request.paths and not request.pixels:
        raise UserError(_("There is nothing to predict: name picture files or folders."))
    opened = open_model(request.model)
    if opened.loaded.target is None:
        shape = opened.model.output_shape
        raise UserError(_("The output of this model, {shape}, is not one value per class.").format(shape=shape))
    found = [PredictedItem("")] if request.pixels else []
    for path in request.paths:
        found.extend(_found_at(path))
    items: list[PredictedItem] = []
    heatmaps = MAX_HEATMAPS if request.heatmap and last_convolution(opened.model) else 0
    for batch in _batches(_decoded(found, request.pixels, opened, control)):
        control.check()
        items.extend(_answered(batch, opened, request.top, max(0, heatmaps - len(items))))
        if len(found) > 1:
            emit(Progress(_("predicting"), len(items), len(found)))
    return Predictions(tuple(items), opened.choices)


def _found_at(path: str) -> Iterator[PredictedItem]:
    """A file as it was given; the pictures in a folder and the folders within."""
    place = Path(path).expanduser()
    if not place.is_dir():
        yield PredictedItem(path)
        return
    pictures = sorted(file for file in place.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())
    if not pictures:
        yield PredictedItem(path, error=_("the folder holds no pictures"))
    yield from (PredictedItem(str(file)) for file in pictures)


def _decoded(
    found: Iterable[PredictedItem], content: bytes, opened: OpenModel, control: Control
) -> Iterator[tuple[PredictedItem, np.ndarray | None]]:
    for item in found:
        control.check()
        start = time.perf_counter()
        picture = None
        if not item.error:
            try:
                picture = (
                    decode_file(Path(item.path).expanduser(), opened.channels)
                    if item.path
                    else decode_bytes(content, opened.channels)
                )
            except UnreadableSampleError as error:
                item = replace(item, error=str(error))
        yield replace(item, seconds=time.perf_counter() - start), picture


def _batches(
    decoded: Iterable[tuple[PredictedItem, np.ndarray | None]],
) -> Iterator[list[tuple[PredictedItem, np.ndarray | None]]]:
    """Lists of neither too many pictures nor too many bytes."""
    batch, size = [], 0
    for item, picture in decoded:
        batch.append((item, picture))
        size += 0 if picture is None else picture.nbytes
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _answered(
    batch: list[tuple[PredictedItem, np.ndarray | None]], opened: OpenModel, top: int, heatmaps: int
) -> Iterator[PredictedItem]:
    pictures = [picture for _item, picture in batch if picture is not None]
    if not pictures:
        yield from (item for item, _picture in batch)
        return
    start = time.perf_counter()
    resized = opened.resized(pictures)
    figures: dict[int, tuple[Figure, ...]] = {}
    if heatmaps:
        outputs, figures = _with_heatmaps(resized, pictures, opened, heatmaps)
    else:
        outputs = gradients.outputs(opened.model)(opened.inputs(resized))
    answers = opened.task.decode(outputs, opened.loaded.target, top)
    share = (time.perf_counter() - start) / len(pictures)
    position = 0
    for item, picture in batch:
        if picture is None:
            yield item
            continue
        seconds = item.seconds + share
        if np.isfinite(outputs[position]).all():
            yield replace(
                item, answer=answers[position], seconds=seconds, pixels=shrunk(picture, THUMBNAIL),
                figures=figures.get(position, ()),
            )  # fmt: skip
        else:
            reason = _("the model answers with values that are not numbers; its training diverged")
            yield replace(item, error=reason, seconds=seconds, pixels=shrunk(picture, THUMBNAIL))
        position += 1


def _with_heatmaps(
    resized: np.ndarray, pictures: list[np.ndarray], opened: OpenModel, count: int
) -> tuple[np.ndarray, dict[int, tuple[Figure, ...]]]:
    """The outputs of all, and the heatmap of the predicted class over the first `count` pictures."""
    inputs = opened.inputs(resized)
    evidence = find_evidence(opened.model, candidates(opened.model, ""), inputs[:count])
    figures = {
        position: (heatmap_figure(opened.shown(picture, resized[position]), "", found, opened.choices),)
        for position, (picture, found) in enumerate(zip(pictures, evidence, strict=False))
    }
    return gradients.outputs(opened.model)(inputs), figures
