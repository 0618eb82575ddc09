"""What a layer makes of many samples of a split, with the model's answers to them: one pass, kept with the model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.inspector import Question
from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.gradients import kept
from workbench.inspection.network.layers import final_layer, find_layer, named_layers, output_shape
from workbench.inspection.network.tap import tapped
from workbench.inspection.network.taps import paced
from workbench.tasks.classification import class_probabilities

_KEPT = 2
_MOST_BYTES = 512 * 1024**2
_BEHIND_THE_SCORES = ("Activation", "Softmax", "Sigmoid", "Normalization", "Rescaling", "Reshape")


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


def usual_layer(model: Any, ends_in_features: bool) -> str:
    """The layer before the one that gives the scores; where a classifier follows the network, its last one."""
    layers = named_layers(model)
    names = feature_layers(model)
    if ends_in_features or not names:
        return names[-1] if names else ""
    rest = list(names)
    while len(rest) > 1 and type(layers[rest[-1]]).__name__ in _BEHIND_THE_SCORES:
        rest.pop()
    return rest[-2] if len(rest) > 1 else names[-1]


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
            _("The {split} split has {count} samples; places in a plane take at least 4. Choose another split.").format(
                split=split.name, count=len(split.indices)
            )
        )
    known = vars(model).setdefault("_workbench_features", {})
    key = (layer, split.name, len(wanted), split.data.fingerprint)
    found = known.pop(key, None) or _computed(question, layer, wanted)
    known[key] = found
    while len(known) > _KEPT:
        known.pop(next(iter(known)))
    return found


def _computed(question: Question, layer: str, wanted: np.ndarray) -> Features:
    model, inputs, asked = question.opened.model, question.split.inputs, len(wanted)
    most = max(4, _MOST_BYTES // (4 * int(output_shape(find_layer(model, layer))[-1] or 1)))
    if most < asked:
        wanted = wanted[np.linspace(0, asked - 1, most).astype(np.int64)]
    run = kept(model, ("features", layer), lambda: _compiled(model, layer))
    parts: list[np.ndarray] = []
    told: list[_Told] = []
    for part in paced(len(wanted), _("looking at samples"), question.emit, question.control):
        seen, answers = run(as_float(question.opened.inputs(inputs[wanted[part]])))
        parts.append(as_array(seen))
        told.append(_told(question, as_array(answers), wanted[part]))
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
    outputs = opened.loaded.answers(outputs)
    targets = np.asarray(question.split.targets[chosen])
    losses = np.asarray(opened.task.sample_losses(outputs, targets, data.target, opened.run.experiment()), np.float64)
    if data.target.strata_names:
        chances = class_probabilities(outputs, len(data.target.class_names))
        given = chances.argmax(axis=1)
        return given, chances[np.arange(len(given)), given], losses
    if data.target.columns:
        return outputs.reshape(len(outputs), -1)[:, 0].astype(np.float64), None, losses
    return None, None, losses


def _compiled(model: Any, name: str) -> Any:
    from keras import ops

    layer = find_layer(model, name)

    def forward(inputs: Any) -> list[Any]:
        with tapped(model, layer) as tap:
            result = model(inputs, training=False)
        seen = result if layer is final_layer(model) else tap.activation
        if len(seen.shape) > 2:
            seen = ops.mean(ops.cast(seen, "float32"), axis=tuple(range(1, len(seen.shape) - 1)))
        return [seen, result]

    return compiled(model, forward)
