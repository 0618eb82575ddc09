"""Judging a run's best model on a split, and showing the samples behind the numbers."""

import functools
import tempfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workbench.attended import unless_abandoned
from workbench.control import Control, Emit
from workbench.data.named_samples import check_split, places_in, places_of
from workbench.data.prepare import PreparedData, prepare
from workbench.data.prepared import InputsOf
from workbench.errors import UserError
from workbench.events import Note, Progress
from workbench.experiment import Experiment
from workbench.figures import Figure
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import EvaluateRequest, SamplesRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import LoadedModel, load_model, read_about
from workbench.runs.writer import store_evaluation
from workbench.specs import spec_from_json
from workbench.tasks.task import Evaluation, Evidence

_BATCH = 256
_SHOWN_OF_MEANING = 200  # characters
_BATCH_BYTES = 32 * 1024**2
_LARGEST_IN_MEMORY = 512 * 1024**2

SavedModel = Callable[[], LoadedModel]


def evaluate(request: EvaluateRequest, emit: Emit, control: Control) -> Evaluation:
    """Judge a run's best model on a split and keep the numbers in `evaluation.json`.

    Raises:
        UserError: the run has no model yet, the data are gone, or the split is empty or unknown.
        Stopped: it was asked to stop.
    """
    folder, experiment, data = open_run(request.run, request.split, emit, control)
    compare_data(folder, data, emit)
    evaluation = evaluate_model(folder, experiment, data, request.split, emit, control)
    with unless_abandoned():
        store_evaluation(folder, request.split, evaluation.numbers, evaluation.answers)
    return evaluation


def compare_data(folder: RunFolder, data: PreparedData, emit: Emit) -> None:
    """Tell when the data are not those of the training. Raises `UserError` when the model cannot be used on them."""
    about = read_about(folder.model_path) or {}
    for key, spec in (("input", data.input), ("target", data.target)):
        known = spec_from_json(about[key]) if key in about else spec
        if known.meaning == spec.meaning:
            continue
        now, then = (
            ", ".join([name for name in one.meaning if name not in other.meaning] or one.meaning)[:_SHOWN_OF_MEANING]
            for one, other in ((spec, known), (known, spec))
        )
        raise UserError(
            _(
                "The data of the run {name!r} have other columns or classes than its model was trained on: {now} in "
                "place of {then}. Bring them back as they were, or train its experiment again as a new run."
            ).format(name=folder.name, now=now, then=then)
        )
    if folder.environment().get("data", data.fingerprint) != data.fingerprint:
        emit(
            Note(
                _(
                    "The data have changed since the run was trained: its splits may be others, and hold samples that "
                    "it was trained on."
                )
            )
        )


def saved_model(folder: RunFolder) -> SavedModel:
    """The saved model of a run, opened when it is first asked for and then kept: a large network takes seconds."""
    return functools.cache(lambda: load_model(folder.model_path))


def evaluate_model(
    folder: RunFolder,
    experiment: Experiment,
    data: PreparedData,
    split: str,
    emit: Emit | None = None,
    control: Control | None = None,
    answers: np.ndarray | None = None,
    saved: SavedModel | None = None,
) -> Evaluation:
    """The evaluation of the saved model of a run on data at hand; its `answers` to all of them need no model."""
    evaluation = judge(folder, experiment, data, data.splits[split], emit, control, answers, saved)
    trainer = registry().trainers.get(experiment.trainer.name)
    more = trainer.figures(folder, experiment, data, emit or _nobody)
    # How it was found comes first: it is what such a trainer is chosen for.
    return replace(evaluation, figures=(*more, *evaluation.figures))


def judge(
    folder: RunFolder,
    experiment: Experiment,
    data: PreparedData,
    indices: np.ndarray,
    emit: Emit | None = None,
    control: Control | None = None,
    answers: np.ndarray | None = None,
    saved: SavedModel | None = None,
) -> Evaluation:
    """What the task says of the saved model's answers to some samples of the data."""
    saved = saved or saved_model(folder)
    outputs = _outputs(saved, data, indices, emit, control) if answers is None else answers[indices]
    task = registry().tasks.get(experiment.task.name)
    targets = data.targets[indices]
    losses = task.sample_losses(outputs, targets, data.target, experiment)
    names = tuple(data.names[index] for index in indices)

    def predict(inputs: np.ndarray) -> np.ndarray:
        loaded = saved()
        return loaded.answers(np.asarray(loaded.network.predict_on_batch(inputs)))

    return task.evaluate(
        Evidence(outputs, targets, losses, data.target, names, data.input, InputsOf(data.inputs, indices), predict)
    )


def _nobody(_event: object) -> None:
    """Where nobody watches."""


def _outputs(
    saved: SavedModel, data: PreparedData, indices: np.ndarray, emit: Emit | None, control: Control | None
) -> np.ndarray:
    loaded = saved()
    batch = max(1, min(_BATCH, _BATCH_BYTES // max(1, data.inputs[0].nbytes)))
    outputs = None
    for start in range(0, len(indices), batch):
        if control is not None:
            control.check()
        part = np.asarray(loaded.network.predict_on_batch(data.inputs[indices[start : start + batch]]))
        part = loaded.answers(part)
        if outputs is None:
            outputs = _room_for((len(indices), *part.shape[1:]), part.dtype)
        outputs[start : start + len(part)] = part
        if emit is not None:
            emit(Progress(_("evaluating"), min(start + batch, len(indices)), len(indices)))
    return outputs


def _room_for(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array, on the disk where it is large: an answer per pixel soon takes more than there is of memory."""
    if np.prod(shape, dtype=np.float64) * dtype.itemsize <= _LARGEST_IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:  # the map keeps it until it is let go
        return np.memmap(file, dtype, "w+", shape=shape)


def show_samples(request: SamplesRequest, emit: Emit, control: Control) -> Figure:
    """Samples of a split with what they are: a gallery of pictures, or a table.

    Raises:
        UserError: the run or its data are gone, or an index is outside of the split.
    """
    _folder, experiment, data = open_run(request.run, request.split, emit, control)
    task = registry().tasks.get(experiment.task.name)
    kind = registry().inputs.get(data.input.kind)
    return kind.show(
        data,
        places_of(data, request.split, request.indices),
        lambda index: task.describe(data.targets[index], data.target),
        lambda picture, index: task.paint(picture, data.targets[index], data.target),
        request.indices,
        _("Samples"),
    )


def open_run(run: str, split: str, emit: Emit, control: Control) -> tuple[RunFolder, Experiment, PreparedData]:
    """A run that has a model, with its data. Raises `UserError` where there is none, or the split is empty."""
    check_split(split)
    folder = RunFolder(run)
    experiment = folder.experiment()
    if not folder.model_path.exists():
        raise UserError(
            _("The run {name!r} has no model yet: it ended before its first epoch. Train it again.").format(
                name=folder.name
            )
        )
    data = prepare(experiment, emit, control)
    places_in(data, split)
    return folder, experiment, data
