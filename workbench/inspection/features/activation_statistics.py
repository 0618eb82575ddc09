"""Activation statistics: which units of a layer never do anything, or do the same for every sample of a split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workbench.data.named_samples import places_in
from workbench.errors import UserError
from workbench.figures import Bars, Curve, Curves, Figure, Table
from workbench.i18n import _, counted, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.layers import named_layers, output_shape
from workbench.inspection.network.taps import look_at, paced
from workbench.inspection.network.units import (
    BY_HAND,
    ENDS,
    RECTIFYING,
    WHY_DEAD,
    WHY_SATURATED,
    UnitsSeen,
    activation_of,
    at_its_ends,
    dead_layers,
    dead_text,
    saturated_layers,
    saturated_text,
)
from workbench.section import Section, setting

_CAPPED = "relu6"
_LINEAR = "linear"
_SAME_FOR_ALL = 1e-4  # a standard deviation of all values that small beside their size: the layer says one thing
_NAMED_IN_BARS = 40


class ActivationStatisticsSection(Section):
    """Settings of the activation statistics."""

    layers: Literal["activations", "all"] = setting(
        "activations", title=mark("Layers"),
        labels={"activations": mark("with an activation"), "all": mark("all")},
        help=mark("Only what comes out of activations, or the output of every layer."),
    )  # fmt: skip
    samples: int = setting(
        512, title=mark("At most"), unit="samples", ge=1, le=1_000_000,
        help=mark("How many samples of the split are sent through the network, spread evenly over it."),
    )  # fmt: skip


@dataclass
class _Layer:
    """What was gathered of a layer so far."""

    name: str
    activation: str
    highest: np.ndarray | None = None
    count: int = 0
    zeros: float = 0.0
    ends: float = 0.0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared distances from the mean

    def add(self, highest: np.ndarray, numbers: np.ndarray, count: int) -> None:
        """A batch: the highest value of every unit; shares of zeros and of values at the ends, mean, variance."""
        self.highest = highest if self.highest is None else np.maximum(self.highest, highest)
        zeros, ends, mean, variance = (float(value) for value in numbers)
        total = self.count + count
        # Chan, Golub and LeVeque 1983: variances of parts are joined without a difference of large numbers.
        self.squares += variance * count + (mean - self.mean) ** 2 * self.count * count / total
        self.mean += (mean - self.mean) * count / total
        self.zeros += (zeros - self.zeros) * count / total
        self.ends += (ends - self.ends) * count / total
        self.count = total

    @property
    def seen(self) -> UnitsSeen:
        """What the training watch would have seen."""
        dead = int(np.count_nonzero(self.highest <= 0)) if self.activation in RECTIFYING else 0
        return UnitsSeen(self.name, self.activation, len(self.highest), dead, self.ends)

    @property
    def deviation(self) -> float:
        """The standard deviation of all values."""
        return float(np.sqrt(self.squares / self.count))


class ActivationStatistics(Inspector):
    """How the units of every layer behave over a split."""

    name = "activation_statistics"
    title = mark("Activation statistics")
    help = mark("Counts dead and saturated units and zeros of every layer over the samples of a split.")
    paper = "Glorot & Bengio 2010; Lu et al. 2019, arXiv:1903.06733"
    section = ActivationStatisticsSection
    subject = "split"
    family = "layers"
    quick = False

    def layers(self, model: Any) -> list[str]:
        """None to choose from: all are looked at."""
        return []

    def inspect(self, model: Any, question: Question) -> Findings:
        """A table, bars, curves over the depth, and what is wrong in words."""
        watched = _watched(model, question.params.layers)
        if not watched:
            raise UserError(_("This model has no layer with an activation. Look at all layers."))
        places_in(question.split.data, question.split.name)  # raises where it has none
        samples = question.split.inputs
        count = min(question.params.samples, len(samples))
        chosen = np.unique(np.linspace(0, len(samples) - 1, count).astype(np.int64))
        layers = _gathered(model, watched, samples, chosen, question)
        return Findings(_figures(layers, len(chosen), question.split.name))


def _watched(model: Any, which: str) -> dict[str, str]:
    """The activation of every layer that is looked at: its name, or an empty text where it has none."""
    found: dict[str, str] = {}
    for name, layer in named_layers(model).items():
        activation = activation_of(layer) or _other_activation(layer)
        if len(output_shape(layer)) > 1 and (which == "all" or activation):
            found[name] = activation
    return found


def _other_activation(layer: Any) -> str:
    """The name of an activation that neither dies nor saturates; empty for none."""
    if type(layer).__name__ in ("LeakyReLU", "PReLU", "ELU", "Softmax", "ReLU"):
        return type(layer).__name__.lower()
    name = getattr(getattr(layer, "activation", None), "__name__", _LINEAR)
    return "" if name == _LINEAR else name


def _gathered(
    model: Any, watched: dict[str, str], samples: Any, chosen: np.ndarray, question: Question
) -> list[_Layer]:
    def look(caught: dict[str, Any]) -> list[Any]:
        return [tensor for name in watched for tensor in _numbers(caught[name], watched[name])]

    run = look_at(model, watched, look, "activation_statistics")
    layers = [_Layer(name, activation) for name, activation in watched.items()]
    sizes = [_values_of_one(model, name) for name in watched]
    for part in paced(len(chosen), _("looking at samples"), question.emit, question.control, most=64):
        found = run(question.opened.inputs(samples[chosen[part]]))
        for number, layer in enumerate(layers):
            highest, numbers = found[2 * number : 2 * number + 2]
            layer.add(highest, numbers, sizes[number] * (part.stop - part.start))
    return layers


def _numbers(output: Any, activation: str) -> tuple[Any, Any]:
    """Within the graph: the highest value of every unit; shares of zeros and at the ends, mean and variance of all."""
    from keras import ops

    output = ops.cast(output, "float32")
    highest = ops.max(output, axis=tuple(range(len(output.shape) - 1)))
    zeros = ops.mean(ops.cast(ops.equal(output, 0.0), "float32"))
    if activation in ENDS:
        ends = ops.mean(at_its_ends(activation, output))
    elif activation == _CAPPED:
        ends = ops.mean(ops.cast(output >= 6.0, "float32"))
    else:
        ends = ops.zeros(())
    return highest, ops.stack([zeros, ends, ops.mean(output), ops.var(output)])


def _values_of_one(model: Any, name: str) -> int:
    """How many values the layer gives for a sample, relative to the other batches: 1 where the size is not fixed."""
    shape = output_shape(named_layers(model)[name])[1:]
    return int(np.prod(shape)) if None not in shape else 1


def _figures(layers: Sequence[_Layer], samples: int, split: str) -> tuple[Figure, ...]:
    title = _("Activations on the {split} split").format(split=split)
    said = "warning" if any(map(_trouble, layers)) else "note"
    return (
        Table(title, _columns(), tuple(_row(layer) for layer in layers), **{said: _words(layers, samples)}),
        _bars(layers),
        _curves(layers),
    )


def _columns() -> tuple[str, ...]:
    """What matters first: where there is little room, the last ones are out of sight."""
    return (_("Layer"), _("Trouble"), _("Dead"), _("Saturated"), _("Zeros"), _("Mean"), _("Deviation"), _("Units"),
            _("Activation"))  # fmt: skip


def _row(layer: _Layer) -> tuple[Any, ...]:
    seen = layer.seen
    rectifies = layer.activation in RECTIFYING
    dead = f"{seen.dead} ({seen.dead / seen.units:.0%})" if rectifies else None
    ends = f"{layer.ends:.1%}" if layer.activation in ENDS or layer.activation == _CAPPED else None
    return (layer.name, _trouble(layer), dead, ends, f"{layer.zeros:.1%}", float(f"{layer.mean:.4g}"),
            float(f"{layer.deviation:.4g}"), seen.units, layer.activation or _LINEAR)  # fmt: skip


def _trouble(layer: _Layer) -> str:
    if not np.isfinite(layer.mean):
        return _("not a number")
    if dead_layers([layer.seen]):
        return _("dead")
    if saturated_layers([layer.seen]):
        return _("saturated")
    return _("the same for all") if _says_nothing(layer) else ""


def _says_nothing(layer: _Layer) -> bool:
    return layer.deviation <= _SAME_FOR_ALL * abs(layer.mean)


def _words(layers: Sequence[_Layer], samples: int) -> str:
    """Which layers are in trouble, and what to do; or that none is."""
    seen = [layer.seen for layer in layers]
    parts = []
    broken = [layer.name for layer in layers if not np.isfinite(layer.mean)]
    if broken:
        text = _("{layer} gives values that are no numbers, and so does all behind it: the training diverged.")
        parts.append(text.format(layer=broken[0]))
    if dead := dead_layers(seen):
        parts += [dead_text(dead, samples), _(WHY_DEAD)]
    if saturated := saturated_layers(seen):
        parts += [saturated_text(saturated), _(WHY_SATURATED)]
    if dead or saturated:
        parts.append(f"{_(BY_HAND)}.")
    constant = [layer.name for layer in layers if _says_nothing(layer) and not dead_layers([layer.seen])]
    if constant:
        parts.append(_("{layer} gives the same value everywhere and for every sample.").format(layer=constant[0]))
    if not parts:
        some = sum(unit.dead for unit in seen)
        text = counted(
            "No layer is in trouble on the one sample.", "No layer is in trouble on {samples} samples.", samples
        )
        parts.append(text.format(samples=samples))
        if some:
            text = counted(
                "{dead} single unit gave 0 for all of them, which is usual.",
                "{dead} single units gave 0 for all of them, which is usual.",
                some,
            )
            parts.append(text.format(dead=some))
    return " ".join(parts)


def _bars(layers: Sequence[_Layer]) -> Bars:
    """Shares per layer; of a deep network the worst layers."""
    worst = sorted(layers, key=lambda layer: -max(layer.seen.dead / layer.seen.units, layer.ends, layer.zeros))
    kept = set(map(id, worst[:_NAMED_IN_BARS]))
    shown = [layer for layer in layers if id(layer) in kept]
    note = ""
    if len(shown) < len(layers):
        text = _("The {shown} of {all} layers with the largest shares, in their order in the network.")
        note = text.format(shown=len(shown), all=len(layers))
    series = {
        _("Dead units"): tuple(layer.seen.dead / layer.seen.units for layer in shown),
        _("Saturated values"): tuple(layer.ends for layer in shown),
        _("Zeros"): tuple(layer.zeros for layer in shown),
    }
    return Bars(_("Dead, saturated, zero"), tuple(layer.name for layer in shown), series, _("Share"), note=note)


def _curves(layers: Sequence[_Layer]) -> Curves:
    depth = np.arange(1, len(layers) + 1, dtype=float)
    curves = (
        Curve(_("Mean"), depth, np.array([layer.mean for layer in layers])),
        Curve(_("Standard deviation"), depth, np.array([layer.deviation for layer in layers])),
    )
    note = _("A deviation that grows or fades from layer to layer is what normalisation mends.")
    return Curves(_("Size of the activations"), _("Layer, from the input on"), _("Value"), curves, note=note)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(ActivationStatistics())
