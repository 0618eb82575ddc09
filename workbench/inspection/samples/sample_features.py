"""What a layer makes of many samples of a split, with the model's answers to them: one pass, kept with the model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.data.prepared import InputsOf
from workbench.errors import UserError
from workbench.i18n import _, counted
from workbench.inspection.inspector import Question
from workbench.inspection.loaded import OpenModel
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import find_layer, named_layers, output_shape
from workbench.inspection.samples.one_pass import seen_and_answered
from workbench.inspection.samples.whole_split import feature_layer
from workbench.tasks.classification import class_probabilities

_KEPT = 2
_MOST_BYTES = 512 * 1024**2

_Told = tuple[np.ndarray | None, np.ndarray | None, np.ndarray]


@dataclass(frozen=True)
class Features:
    """Samples as a layer sees them.

    Attributes:
        samples: (n,) their indices in the split, ascending.
        values: float32, (n, d); of a layer with spatial extent the mean over it.
        given: (n,) the class answered or the (first) value; None where the answer is neither.
        confidence: (n,) the probability of the class answered; None where there are no classes.
        losses: (n,) of every sample.
        fewer: whether they are fewer than were asked for, because more would not fit into memory.
    """

    samples: np.ndarray
    values: np.ndarray
    given: np.ndarray | None
    confidence: np.ndarray | None
    losses: np.ndarray
    fewer: bool


def feature_layers(model: Any) -> list[str]:
    """The layers whose output has features: all but those that give places only."""
    return [name for name, layer in named_layers(model).items() if len(output_shape(layer)) > 1]


def usual_layer(opened: OpenModel) -> str:
    """The layer the model decides by; where there is none, the last one with features, or an empty string."""
    names = feature_layers(opened.model)
    try:
        return feature_layer(opened) if names else ""
    except UserError:
        return names[-1]


def features_of(question: Question, layer: str, count: int) -> Features:
    """At most `count` samples of the split, spread evenly over it.

    Raises:
        UserError: the split has too few samples, or the network answers with values that are no numbers.
        Stopped: it was asked to stop.
    """
    model, split = question.opened.model, question.split
    find_layer(model, layer)
    wanted = np.unique(np.linspace(0, len(split.indices) - 1, min(count, len(split.indices))).astype(np.int64))
    if len(wanted) < 4:
        raise UserError(
            counted(
                "The {split} split has one sample; places in a plane take at least 4. Choose another split.",
                "The {split} split has {count} samples; places in a plane take at least 4. Choose another split.",
                len(split.indices),
            ).format(split=split.name, count=len(split.indices))
        )
    key = (layer, split.name, len(wanted), split.data.fingerprint)
    return kept(model, key, lambda: _computed(question, layer, wanted), kind="features", most=_KEPT)


def _computed(question: Question, layer: str, wanted: np.ndarray) -> Features:
    model, asked = question.opened.model, len(wanted)
    most = max(4, _MOST_BYTES // (4 * int(output_shape(find_layer(model, layer))[-1] or 1)))
    if most < asked:
        wanted = wanted[np.linspace(0, asked - 1, most).astype(np.int64)]
    chosen = InputsOf(question.split.data.inputs, question.split.indices[wanted])
    parts: list[np.ndarray] = []
    told: list[_Told] = []
    for part, seen, answers in seen_and_answered(question.opened, chosen, layer, question.emit, question.control):
        parts.append(seen)
        told.append(_told(question, answers, wanted[part]))
    features = np.concatenate(parts)
    if not np.isfinite(features).all():
        raise UserError(
            _("The layer {layer!r} gives values that are not numbers; the training diverged.").format(layer=layer)
        )
    given, confidence, losses = (
        None if column[0] is None else np.concatenate(column) for column in zip(*told, strict=True)
    )
    return Features(wanted, features, given, confidence, losses, len(wanted) < asked)


def _told(question: Question, outputs: np.ndarray, chosen: np.ndarray) -> _Told:
    """What a batch is answered, how sure, and its losses."""
    opened, data = question.opened, question.split.data
    targets = np.asarray(question.split.targets[chosen])
    losses = np.asarray(opened.task.sample_losses(outputs, targets, data.target, opened.run.experiment()), np.float64)
    if data.target.strata_names:
        chances = class_probabilities(outputs, len(data.target.class_names))
        given = chances.argmax(axis=1)
        return given, chances[np.arange(len(given)), given], losses
    if data.target.columns:
        return outputs.reshape(len(outputs), -1)[:, 0].astype(np.float64), None, losses
    return None, None, losses
