"""The job behind the Predict page: files, folders, a picture from anywhere or typed rows, answered one by one.

What cannot be read gets an answer too: the reason. Samples are read and prepared by the code of their kind and sent
through the model in batches; the answer is the one a bare `keras.saving.load_model` gives for the raw sample.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.data.input_kind import Asked
from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure
from workbench.i18n import _
from workbench.inspection.heatmaps.grad_cam import GradCam, candidates, find_evidence
from workbench.inspection.heatmaps.heatmap_method import heatmap_figure
from workbench.inspection.loaded import OpenModel, open_model
from workbench.inspection.network.layers import layers_before_the_answer
from workbench.inspection.pictures import shrunk
from workbench.requests import PredictRequest
from workbench.tasks.task import Answer

THUMBNAIL = 96
MAX_HEATMAPS = 64
_BATCH = 32
_BATCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PredictedItem:
    """What came out for one picture or row.

    Attributes:
        path: where it came from; empty for what was given directly.
        name: what to call it beside the path ("row 2"), or empty.
        answer: the decoded prediction, or None.
        error: why there is none, or an empty string.
        seconds: decoding, resizing and its share of the batch's time in the model.
        pixels: a thumbnail, uint8 (height, width) or (height, width, 3), the longest side at most 96; None where
            the file could not be read.
        figures: a heatmap, where one was asked for.
        row: for a row of a table, its values by column.
    """

    path: str
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0
    pixels: np.ndarray | None = None
    figures: tuple[Figure, ...] = ()
    name: str = ""
    row: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """`path` (and `name`) with the values of the answer, or with `error`."""
        values = {"error": self.error} if self.answer is None else self.answer.values
        return {"path": self.path, **({"name": self.name} if self.name else {}), **values}


@dataclass(frozen=True)
class Predictions:
    """Everything that was asked for, in the order it was given; `choices` are the names of the classes."""

    items: tuple[PredictedItem, ...]
    choices: tuple[str, ...] = ()


def predict(request: PredictRequest, emit: Emit, control: Control) -> Predictions:
    """Predict pictures or rows with a saved model.

    Raises:
        UserError: the model cannot be opened, or nothing was given to predict.
        Stopped: it was asked to stop.
    """
    if not request.paths and not request.pixels and not request.rows:
        raise UserError(_("There is nothing to predict: name files or folders."))
    opened = open_model(request.model)
    if opened.loaded.target is None:
        shape = opened.model.output_shape
        raise UserError(
            _(
                "The output of this model, {shape}, is neither a value per class nor a map of them. Make a model of "
                "one such output, and save that."
            ).format(shape=shape)
        )
    found = opened.kind.asked(request.paths, request.pixels, request.rows, opened.loaded.input, control)
    items: list[PredictedItem] = []
    explains = bool(opened.choices) and opened.explainable and bool(layers_before_the_answer(opened.model))
    heatmaps = MAX_HEATMAPS if request.heatmap and explains else 0
    for batch in _batches(found):
        control.check()
        items.extend(_answered(batch, opened, request.top, max(0, heatmaps - len(items))))
        if len(items) > 1:
            emit(Progress(_("predicting"), len(items), batch[-1].total))
    return Predictions(tuple(items), opened.choices)


def _batches(found: Iterable[Asked]) -> Iterator[list[Asked]]:
    """Lists of neither too many samples nor too many bytes."""
    batch, size = [], 0
    for item in found:
        batch.append(item)
        size += 0 if item.sample is None else item.sample.nbytes
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _answered(batch: list[Asked], opened: OpenModel, top: int, heatmaps: int) -> Iterator[PredictedItem]:
    samples = [item.sample for item in batch if item.sample is not None]
    if not samples:
        yield from (PredictedItem(item.path, error=item.error, name=item.name, row=item.row) for item in batch)
        return
    start = time.perf_counter()
    pictures = samples if samples[0].ndim == 3 else []
    outputs = opened.predicted(samples)
    answers = _decoded(outputs, opened, top, pictures)
    figures = _heatmaps(samples[:heatmaps], answers, opened) if heatmaps else {}
    share = (time.perf_counter() - start) / len(samples)
    position = 0
    for item in batch:
        if item.sample is None:
            yield PredictedItem(item.path, error=item.error, name=item.name, row=item.row)
            continue
        usable = bool(np.isfinite(outputs[position]).all())
        yield PredictedItem(
            item.path,
            answers[position] if usable else None,
            "" if usable else _("the model answers with values that are not numbers; its training diverged"),
            item.seconds + share,
            shrunk(item.sample, THUMBNAIL) if pictures else None,
            figures.get(position, ()) if usable else (),
            item.name,
            item.row,
        )
        position += 1


def _decoded(outputs: list[np.ndarray], opened: OpenModel, top: int, pictures: list[np.ndarray]) -> list[Answer]:
    target = opened.loaded.target
    if len({output.shape for output in outputs}) == 1:
        return opened.task.decode(np.stack(outputs), target, top, pictures)
    return [
        opened.task.decode(output[None], target, top, [picture])[0]
        for output, picture in zip(outputs, pictures, strict=True)
    ]


def _heatmaps(pictures: list[np.ndarray], answers: list[Answer], opened: OpenModel) -> dict[int, tuple[Figure, ...]]:
    """The heatmap of what was predicted over every picture."""
    prepared = opened.prepared(pictures)
    evidence = find_evidence(opened.model, candidates(opened.model, ""), opened.inputs(prepared))
    method = GradCam()
    return {
        position: (
            heatmap_figure(method, opened.shown(picture, prepared[position]), "", found, opened.choices, answer.text),
        )
        for position, (picture, answer, found) in enumerate(zip(pictures, answers, evidence, strict=False))
    }
