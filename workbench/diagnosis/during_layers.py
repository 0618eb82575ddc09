"""Layers in a training: units that are dead, activations at their ends, gradients that fade or grow with the depth."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from workbench.diagnosis.during_remedies import (
    mended_before,
    never_dead,
    normalised,
    rectified,
    scaled,
    smaller_rate,
)
from workbench.diagnosis.remedies import Remedy, first_that_fits
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.inspection.network.units import (
    BY_HAND,
    WHY_DEAD,
    WHY_SATURATED,
    dead_layers,
    dead_text,
    saturated_layers,
    saturated_text,
)
from workbench.training.observed import Observed
from workbench.training.probe import GradientSeen, Look

# Measured on networks that learn well: the first layers' gradient 0.03 to 14 times the last ones', each at most 6 times
# its weights.
_DEAD_WHERE_IT_GUESSES = 0.5  # of a layer
_DEEP = 4  # layers with weights: of fewer there is no first and last third
_FADED, _GROWN = 1e-3, 1e4  # the first layers' gradient by the last ones', each by the size of its weights
_HUGE = 1e4  # a gradient by the size of the weights


def fading(look: Look) -> float:
    """The gradient of the first third of the layers by that of the last third, each relative to its weights."""
    third = len(look.gradients) // 3
    if len(look.gradients) < _DEEP:
        return 1.0
    first = median(_relative(seen) for seen in look.gradients[:third])
    last = median(_relative(seen) for seen in look.gradients[-third:])
    return first / last if last > 0 else 1.0


def in_words(look: Look) -> list[str]:
    """Everything about the layers of a network that guesses which may be the reason for that, a sentence each."""
    dead, saturated = dead_layers(look.units, _DEAD_WHERE_IT_GUESSES), saturated_layers(look.units)
    ratio = fading(look)
    sentences = []
    if dead:
        sentences.append(dead_text(dead, look.samples))
    if saturated:
        sentences.append(saturated_text(saturated))
    if ratio < _FADED and not _is_cut(look):
        sentences.append(_fading_text(look, ratio))
    if _is_flat(look) and not _is_cut(look):
        sentences.append(_("No layer gets any gradient: where the network is now, the loss is flat."))
    if _exploding(look):
        sentences.append(_exploding_text(look))
    return sentences


def dead_units(observed: Observed) -> Iterator[Finding]:
    """ReLUs that never let anything through any more."""
    if observed.look is None or observed.fault or not (dead := dead_layers(observed.look.units)):
        return
    ways = (*mended_before(observed), *normalised(observed), *smaller_rate(observed), *never_dead(observed))
    remedy = first_that_fits(observed.experiment, ways, _(BY_HAND))
    yield Finding(
        "dead_units", "error" if _is_cut(observed.look) else "warning", dead_text(dead, observed.look.samples),
        _(WHY_DEAD), remedy.text, remedy.changes,
    )  # fmt: skip


def saturated_units(observed: Observed) -> Iterator[Finding]:
    """Sigmoids at 0 or 1, tanh at -1 or 1."""
    if observed.look is None or observed.fault or not (saturated := saturated_layers(observed.look.units)):
        return
    ways = (
        *mended_before(observed),
        *normalised(observed),
        *scaled(observed),
        *rectified(observed),
        *smaller_rate(observed),
    )
    remedy = first_that_fits(observed.experiment, ways, _(BY_HAND))
    yield Finding(
        "saturated_units", "warning", saturated_text(saturated),
        _(WHY_SATURATED), remedy.text, remedy.changes,
    )  # fmt: skip


def fading_gradients(observed: Observed) -> Iterator[Finding]:
    """Gradients that vanish on the way to the first layers."""
    if observed.look is None or observed.fault:
        return
    ratio = fading(observed.look)
    if ratio >= _FADED or _is_cut(observed.look):
        return
    ways: tuple[Remedy, ...] = (*mended_before(observed), *rectified(observed), *normalised(observed))
    remedy = first_that_fits(observed.experiment, ways, _(BY_HAND))
    yield Finding(
        "vanishing_gradients", "warning", _fading_text(observed.look, ratio),
        _("Every layer on the way back makes the gradient smaller. The first layers, which everything else builds on, "
          "stay as random as they began."),
        remedy.text, remedy.changes,
    )  # fmt: skip


def exploding_gradients(observed: Observed) -> Iterator[Finding]:
    """Gradients that grow on the way to the first layers, or are far larger than the weights."""
    if observed.look is None or observed.fault or not _exploding(observed.look):
        return
    ways = (*mended_before(observed), *scaled(observed), *normalised(observed), *smaller_rate(observed))
    remedy = first_that_fits(observed.experiment, ways, _(BY_HAND))
    yield Finding(
        "exploding_gradients", "warning", _exploding_text(observed.look),
        _("One step changes a layer by more than all it has learned; the loss jumps and often becomes NaN."),
        remedy.text, remedy.changes,
    )  # fmt: skip


def _is_cut(look: Look) -> bool:
    """Whether nothing gets through some layer, which explains gradients of 0 before it."""
    return any(seen.dead == seen.units for seen in look.units)


def _is_flat(look: Look) -> bool:
    return bool(look.gradients) and all(seen.gradient == 0 for seen in look.gradients)


def _relative(seen: GradientSeen) -> float:
    return seen.gradient / max(seen.weights, 1e-12)


def _exploding(look: Look) -> bool:
    grown = len(look.gradients) >= _DEEP and fading(look) > _GROWN
    return grown or any(_relative(seen) > _HUGE for seen in look.gradients)


def _fading_text(look: Look, ratio: float) -> str:
    first, last = look.gradients[0].layer, look.gradients[-1].layer
    if ratio == 0:
        return _("No gradient reaches {first} any more.").format(first=first)
    return _("The gradient fades from {last} to {first}: the first layers get {ratio:.0e} of what the last ones get, "
             "for their size.").format(first=first, last=last, ratio=ratio)  # fmt: skip


def _exploding_text(look: Look) -> str:
    largest = max(look.gradients, key=_relative)
    return _("The gradient of {layer} is {times:.1e} times as large as its weights.").format(
        layer=largest.layer, times=_relative(largest)
    )


def register(registry: Any) -> None:
    """Add the checks."""
    for name, title, help, function in (
        ("dead_units", mark("Dead units"), mark("ReLUs that never let anything through any more."), dead_units),
        ("saturated_units", mark("Saturated units"), mark("Sigmoids and tanh at the ends of their range."),
         saturated_units),
        ("vanishing_gradients", mark("Vanishing gradients"),
         mark("Gradients that fade on the way to the first layers."), fading_gradients),
        ("exploding_gradients", mark("Exploding gradients"),
         mark("Gradients far larger than the weights, or growing towards the first layers."), exploding_gradients),
    ):  # fmt: skip
        registry.checks.add(Check(name, title, help, "during", function))
