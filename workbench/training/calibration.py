"""The job `calibrate`: mend the confidence of a run's classifier by one temperature, or take that back.

The weights and the bias of the layer before the softmax or sigmoid are divided by the temperature. That is the same as
dividing its scores, so a bare `keras.saving.load_model` gives the mended probabilities, no answer changes, and
`temperature` in the file's `workbench.json` is all that is needed to take it back.
"""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.attended import unless_abandoned
from workbench.control import Control, Emit
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.events import Note, Progress
from workbench.experiment import Experiment
from workbench.figures import Figure
from workbench.i18n import _
from workbench.requests import CalibrateRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import LoadedModel, load_model, read_about, save_model
from workbench.runs.writer import RunWriter, forget_numbers, store_evaluation
from workbench.tasks import calibration
from workbench.tasks.calibration_figures import reliability_diagram
from workbench.training.evaluation import compare_data, judge, open_run

_BATCH = 64
_BATCH_BYTES = 4 * 1024**2
_JUDGED = ("validation", "test")
NUMBERS = ("calibration_error", "loss")


@dataclass(frozen=True)
class Calibrated:
    """What came of it.

    Attributes:
        temperature: the one the file stands at now; 1 is the network as it was trained.
        before: per split what it was before, `calibration_error` and `loss`; empty after an undo.
        after: the same as the saved file gives them now.
        figures: a reliability diagram per split, before and after.
    """

    temperature: float
    before: dict[str, dict[str, float]]
    after: dict[str, dict[str, float]]
    figures: tuple[Figure, ...] = ()


def temperature_of(path: str) -> float:
    """The temperature of a run's model, read without Keras; 1 where it was never mended, or there is no model.

    Raises:
        UserError: the model file is damaged.
    """
    folder = RunFolder(path)
    about = read_about(folder.model_path) if folder.model_path.exists() else None
    return float((about or {}).get("temperature", 1.0))


def calibrate(request: CalibrateRequest, emit: Emit, control: Control) -> Calibrated:
    """Fit a temperature on a split and store it in the run's model, or take the stored one back.

    The numbers in `evaluation.json` are those of the new file afterwards. Stopped before the file is written, all is as
    it was; stopped later, the numbers are missing until somebody asks for them.

    Raises:
        UserError: the run is training, its model is no classifier with a softmax or sigmoid, or no temperature is best.
        Stopped: it was asked to stop.
    """
    folder, experiment, data = open_run(request.run, request.split, emit, control)
    compare_data(folder, data, emit)
    with RunWriter(folder) as writer:
        loaded = load_model(folder.model_path)
        scores_of, layer = _ending(loaded, folder)
        known = float(loaded.about.get("temperature", 1.0))
        if request.undo:
            if known == 1:
                raise UserError(
                    _("The confidence of the run {name!r} was never mended, so there is nothing to take back.").format(
                        name=folder.name
                    )
                )
            change, scores = 1 / known, {}
        else:
            splits = [split for split in dict.fromkeys((request.split, *_JUDGED)) if len(data.splits[split])]
            scores = {split: _scores(scores_of, data, split, emit, control) for split in splits}
            targets = np.asarray(data.targets[data.splits[request.split]])
            change = calibration.fit_temperature(scores[request.split], targets, control.check)
        control.check()
        temperature = 1.0 if request.undo else known * change
        layer.set_weights([weight / change for weight in layer.get_weights()])
        mended = folder.path / ".calibrated.keras"
        save_model(loaded.model, mended, {**loaded.about, "temperature": temperature})
        try:
            with unless_abandoned():
                forget_numbers(folder)  # first: missing numbers are asked for again, wrong ones never
                os.replace(mended, folder.model_path)
                writer.log(f"calibrated: the temperature of the model is {temperature:.6g} now")
        finally:
            mended.unlink(missing_ok=True)
        after = _judged(folder, experiment, data, emit, control)
    before, figures = _compared(scores, change, data)
    return Calibrated(temperature, before, after, figures)


def _ending(loaded: LoadedModel, folder: RunFolder) -> tuple[Any, Any]:
    """The network up to the scores before softmax or sigmoid, and the layer that gives them.

    Raises:
        UserError: there are none.
    """
    import keras

    if loaded.target is None or not loaded.target.strata_names:
        raise UserError(
            _(
                "Only a model that tells classes apart has a confidence to mend; that of the run {name!r} does not."
            ).format(name=folder.name)
        )
    if loaded.head is not None:
        raise UserError(
            _(
                "The answers of the run {name!r} come from a classifier of scikit-learn behind the network, which has "
                "no scores that a temperature could divide. Train a linear one, or a network with a softmax."
            ).format(name=folder.name)
        )
    network = loaded.network
    last, node, _index = network.output._keras_history
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    tensors = last._inbound_nodes[node].input_tensors
    layer = tensors[0]._keras_history.operation if tensors else None
    ends = type(last).__name__ == "Softmax" or activation in ("softmax", "sigmoid")
    linear = (
        isinstance(layer, keras.layers.Dense | keras.layers.Conv2D) and layer.activation is keras.activations.linear
    )
    if not (ends and linear) or loaded.about is None:
        raise UserError(
            _(
                "Mending takes a model that ends in a dense or convolution layer with a softmax or sigmoid of its own "
                "behind it; that of the run {name!r} ends in {layer}. Leave overrides.output_activation on auto."
            ).format(name=folder.name, layer=f"{last.name} ({activation or type(last).__name__})")
        )
    return keras.Model(network.input, tensors[0]), layer


def _scores(model: Any, data: PreparedData, split: str, emit: Emit, control: Control) -> np.ndarray:
    indices = data.splits[split]
    batch = max(1, min(_BATCH, _BATCH_BYTES // max(1, data.inputs[0].nbytes)))
    parts = []
    for start in range(0, len(indices), batch):
        control.check()
        parts.append(np.asarray(model.predict_on_batch(data.inputs[indices[start : start + batch]])))
        emit(Progress(_("asking the model"), min(start + batch, len(indices)), len(indices)))
    return np.concatenate(parts)


def _judged(
    folder: RunFolder, experiment: Experiment, data: PreparedData, emit: Emit, control: Control
) -> dict[str, dict[str, float]]:
    """The numbers that the saved file gives now, kept in `evaluation.json`."""
    found = {}
    for split in _JUDGED:
        if not len(data.splits[split]):
            continue
        evaluation = judge(folder, experiment, data, data.splits[split], emit, control)
        with unless_abandoned():
            store_evaluation(folder, split, evaluation.numbers, evaluation.answers)
        found[split] = {name: evaluation.numbers[name] for name in NUMBERS if name in evaluation.numbers}
    if "test" not in found:
        emit(Note(_("There is no test split: how much was mended is known on the samples it was fitted on only.")))
    return found


def _compared(
    scores: dict[str, np.ndarray], change: float, data: PreparedData
) -> tuple[dict[str, dict[str, float]], tuple[Figure, ...]]:
    """What it was before, and a diagram of both per split."""
    titles = {"train": _("Training samples"), "validation": _("Validation samples"), "test": _("Test samples")}
    before, figures = {}, []
    for split, logits in scores.items():
        targets = np.asarray(data.targets[data.splits[split]])
        parts = {
            name: calibration.of_answers(calibration.tempered(logits, temperature), targets)
            for name, temperature in ((_("Before"), 1.0), (_("After"), change))
        }
        loss = calibration.negative_log_likelihood(logits, targets)
        before[split] = {"calibration_error": parts[_("Before")].error, "loss": loss}
        figures.append(replace(reliability_diagram(parts), title=titles[split]))
    return before, tuple(figures)
