"""What a model answers to all samples of a split, and what it makes of them: computed once, and kept with the model."""

from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.data.named_samples import places_in
from workbench.data.prepared import InputsOf, PreparedData
from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.loaded import OpenModel
from workbench.inspection.network import gradients
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import named_layers, output_shape
from workbench.inspection.network.taps import paced
from workbench.inspection.samples.one_pass import seen_and_answered
from workbench.tasks.classification import class_probabilities

_KEPT = 6  # answers and features of the three splits


def answers_of(opened: OpenModel, data: PreparedData, split: str, emit: Emit, control: Control) -> np.ndarray:
    """The answers of the whole model to the samples of a split, (n, ...) float32."""
    run, inputs = gradients.outputs(opened.model), _inputs(data, split)

    def compute() -> np.ndarray:
        parts = paced(len(inputs), _("Asking the model"), emit, control)
        return np.concatenate([opened.loaded.answers(run(opened.inputs(inputs[part]))) for part in parts])

    return kept(opened.model, ("answers", data.fingerprint, split), compute, kind="of_splits", most=_KEPT)


def probabilities_of(opened: OpenModel, data: PreparedData, outputs: np.ndarray) -> np.ndarray:
    """What answers say of the classes, (n, classes), each row with the sum 1.

    Raises:
        UserError: the samples are of no classes.
    """
    if not data.target.strata_names:
        raise UserError(_("This needs data whose samples are each of one class."))
    if opened.run.experiment().overrides.output_activation == "linear":  # then they are no probabilities yet
        outputs = (
            1 / (1 + np.exp(-outputs)) if outputs.shape[-1] == 1 else np.exp(outputs - outputs.max(-1, keepdims=True))
        )
    chances = np.clip(class_probabilities(outputs, len(data.target.class_names)), 0, None).astype(np.float64)
    return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-30)


def features_of(
    opened: OpenModel, data: PreparedData, split: str, layer: str, emit: Emit, control: Control
) -> np.ndarray:
    """What a layer makes of the samples of a split, (n, d) float32; of maps, the mean over their places.

    Raises:
        UserError: there is no such layer.
        Stopped: it was asked to stop.
    """
    inputs = _inputs(data, split)

    def compute() -> np.ndarray:
        parts = seen_and_answered(opened, inputs, layer, emit, control)
        return np.concatenate([features for _part, features, _answers in parts])

    return kept(opened.model, (f"features {layer}", data.fingerprint, split), compute, kind="of_splits", most=_KEPT)


def feature_layer(opened: OpenModel) -> str:
    """The layer whose output the model decides by: the one before the last layer with weights of its own.

    Raises:
        UserError: there is nothing before it but the sample itself.
    """
    layers = named_layers(opened.model)
    names = list(layers)
    if not opened.explainable:  # the network ends in the features, and the classifier follows it
        return names[-1]
    deciding = [name for name in names if getattr(layers[name], "kernel", None) is not None]
    if deciding:
        source = _source_of(layers[deciding[-1]])
        before = [name for name in names if layers[name] is source]
        if before:
            return before[-1]
        earlier = [name for name in names[: names.index(deciding[-1])] if len(output_shape(layers[name])) > 1]
        if earlier:
            return earlier[-1]
    raise UserError(_("This model has no layer before the one that decides, and so no features. Name a layer."))


def _inputs(data: PreparedData, split: str) -> InputsOf:
    return InputsOf(data.inputs, places_in(data, split))


def _source_of(layer: Any) -> Any:
    """What computed the only input of a layer, or None."""
    try:
        return layer.input._keras_history.operation
    except (AttributeError, ValueError):
        return None
