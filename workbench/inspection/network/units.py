"""When the units of a layer do nothing any more: the words and limits of the training watch and of the inspection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.i18n import _, counted, mark

# Values beyond these are as good as at the end of the range: the slope there is below 0.02.
ENDS = {"sigmoid": (0.02, 0.98), "tanh": (-0.99, 0.99)}
RECTIFYING = ("relu", "relu6")
# Measured on networks that learn well: at most 46 % of a layer dead (wide dense ones), 9 % of its values saturated.
DEAD, SATURATED = 0.8, 0.75  # shares of a layer from which on it is in trouble
WHY_DEAD = mark(
    "A ReLU that is 0 for every sample has no slope: no gradient gets through, and it never comes back. Steps that "
    "were too long push units there."
)
WHY_SATURATED = mark(
    "At its ends the activation is flat: hardly any gradient gets through, and the layers before learn nothing. What "
    "goes into it is too large."
)
BY_HAND = mark("Put a batch normalisation between the layers, or set a smaller learning rate")
_NAMED = 3


@dataclass(frozen=True)
class UnitsSeen:
    """The units of a layer, behind its activation.

    Attributes:
        layer: its name.
        activation: `relu`, `relu6`, `sigmoid` or `tanh`.
        units: how many; a map counts as one.
        dead: how many of a rectifying layer were 0 for all samples, at all places.
        saturated: the share of values at the ends of the range of an activation that has two.
    """

    layer: str
    activation: str
    units: int
    dead: int = 0
    saturated: float = 0.0


def activation_of(layer: Any) -> str:
    """The activation of a layer, if it is one that can die or saturate; else an empty text."""
    import keras

    if isinstance(layer, keras.layers.ReLU):
        if layer.negative_slope or layer.threshold:
            return ""
        return "relu6" if layer.max_value == 6 else "relu"
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return name if name in RECTIFYING or name in ENDS else ""


def marks(activation: str, output: Any) -> np.ndarray:
    """For every unit its largest value, or the share of its values at the ends of the range."""
    from keras import ops

    axes = tuple(range(len(output.shape) - 1))
    if activation in ENDS:
        return np.asarray(ops.convert_to_numpy(ops.mean(at_its_ends(activation, output), axis=axes)))
    return np.asarray(ops.convert_to_numpy(ops.cast(ops.max(output, axis=axes), "float32")))


def at_its_ends(activation: str, output: Any) -> Any:
    """1.0 for every value at an end of the range of its activation, and 0.0 for the others."""
    from keras import ops

    low, high = ENDS[activation]
    return ops.cast(ops.logical_or(output < low, output > high), "float32")


def dead_layers(units: Iterable[UnitsSeen], share: float = DEAD) -> list[UnitsSeen]:
    """Layers of which most units never gave anything but 0, the worst first."""
    dead = [seen for seen in units if seen.dead >= max(1.0, share * seen.units)]
    return sorted(dead, key=lambda seen: -seen.dead / seen.units)


def saturated_layers(units: Iterable[UnitsSeen]) -> list[UnitsSeen]:
    """Layers whose values lie at the ends of their activation."""
    return [seen for seen in units if seen.saturated >= SATURATED]


def dead_text(dead: Sequence[UnitsSeen], samples: int) -> str:
    """Which layers are dead, in a sentence."""
    layers = _list([
        _("{dead} of {units} of {layer}").format(dead=seen.dead, units=seen.units, layer=seen.layer)
        if seen.dead < seen.units else _("all {units} of {layer}").format(units=seen.units, layer=seen.layer)
        for seen in dead
    ])  # fmt: skip
    text = counted(
        "Dead units, which gave 0 for the one sample: {layers}.",
        "Dead units, which gave 0 for all of {samples} samples: {layers}.",
        samples,
    )
    return text.format(samples=samples, layers=layers)


def saturated_text(saturated: Sequence[UnitsSeen]) -> str:
    """Which layers are saturated, in a sentence."""
    layers = _list([
        _("{share:.0%} of {layer} ({activation})").format(
            share=seen.saturated, layer=seen.layer, activation=seen.activation)
        for seen in saturated
    ])  # fmt: skip
    return _("Values at the ends of their activation: {layers}.").format(layers=layers)


def _list(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    shown = ", ".join(texts[:_NAMED])
    return _("{layers} and {count} more").format(layers=shown, count=more) if more > 0 else shown
