"""Judging a run's best model on a split, and showing the samples behind the numbers."""

import numpy as np

from workbench.control import Control, Emit
from workbench.data.prepare import PreparedData, prepare
from workbench.data.source import SPLIT_NAMES
from workbench.errors import UserError, did_you_mean
from workbench.events import Progress
from workbench.experiment import Experiment
from workbench.figures import Gallery, Tile
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import EvaluateRequest, SamplesRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import load_model
from workbench.runs.writer import store_evaluation
from workbench.tasks.task import Evaluation, Evidence

_BATCH = 256


def evaluate(request: EvaluateRequest, emit: Emit, control: Control) -> Evaluation:
    """Judge a run's best model on a split and keep the numbers in `evaluation.json`.

    Raises:
        UserError: the run has no model yet, the data are gone, or the split is empty or unknown.
        Stopped: it was asked to stop.
    """
    folder, experiment, data = _open(request.run, request.split, emit, control)
    evaluation = evaluate_model(folder, experiment, data, request.split, emit, control)
    store_evaluation(folder, request.split, evaluation.numbers)
    return evaluation


def evaluate_model(
    folder: RunFolder,
    experiment: Experiment,
    data: PreparedData,
    split: str,
    emit: Emit | None = None,
    control: Control | None = None,
) -> Evaluation:
    """The evaluation of the saved model of a run on data at hand."""
    indices = data.splits[split]
    outputs = _outputs(folder, data, indices, emit, control)
    task = registry().tasks.get(experiment.task.name)
    targets = data.targets[indices]
    losses = task.sample_losses(outputs, targets, data.target, experiment)
    names = tuple(data.names[index] for index in indices)
    return task.evaluate(Evidence(outputs, targets, losses, data.target, names))


def _outputs(
    folder: RunFolder, data: PreparedData, indices: np.ndarray, emit: Emit | None, control: Control | None
) -> np.ndarray:
    model = load_model(folder.model_path).model
    parts = []
    for start in range(0, len(indices), _BATCH):
        if control is not None:
            control.check()
        parts.append(np.asarray(model.predict_on_batch(data.images[indices[start : start + _BATCH]])))
        if emit is not None:
            emit(Progress(_("evaluating"), min(start + _BATCH, len(indices)), len(indices)))
    return np.concatenate(parts)


def show_samples(request: SamplesRequest, emit: Emit, control: Control) -> Gallery:
    """Pictures of samples of a split with what they are.

    Raises:
        UserError: the run or its data are gone, or an index is outside of the split.
    """
    _folder, experiment, data = _open(request.run, request.split, emit, control)
    task = registry().tasks.get(experiment.task.name)
    indices = data.splits[request.split]
    outside = [index for index in request.indices if not 0 <= index < len(indices)]
    if outside:
        raise UserError(
            _("Sample {index} is not in the {split} split, which has {count} samples (from 0).").format(
                index=outside[0], split=request.split, count=len(indices)
            )
        )
    tiles = tuple(
        Tile(
            np.squeeze(np.array(data.images[indices[index]])),
            task.describe(data.targets[indices[index]], data.target),
            index,
        )
        for index in request.indices
    )
    return Gallery(_("Samples"), tiles)


def _open(run: str, split: str, emit: Emit, control: Control) -> tuple[RunFolder, Experiment, PreparedData]:
    if split not in SPLIT_NAMES:
        raise UserError(
            _("There is no split {split!r}; it is one of {known}. {hint}")
            .format(split=split, known=", ".join(SPLIT_NAMES), hint=did_you_mean(split, SPLIT_NAMES))
            .strip()
        )
    folder = RunFolder(run)
    experiment = folder.experiment()
    if not folder.model_path.exists():
        raise UserError(
            _("The run {name!r} has no model yet: it ended before its first epoch. Train it again.").format(
                name=folder.name
            )
        )
    data = prepare(experiment, emit, control)
    if not len(data.splits[split]):
        raise UserError(_("The {split} split of this run has no samples. Choose another split.").format(split=split))
    return folder, experiment, data
