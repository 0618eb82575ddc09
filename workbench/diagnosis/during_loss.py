"""The loss in a training: stuck at what guessing gives, running away, no number any more."""

import math
from collections.abc import Iterator
from statistics import fmean, median, pvariance
from typing import Any

from workbench.diagnosis.during_layers import in_words
from workbench.diagnosis.during_remedies import (
    faults_before,
    mended_before,
    normalised,
    rectified,
    scaled,
    smaller_rate,
    usual_rate,
)
from workbench.diagnosis.remedies import Remedy, first_that_fits
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.training.observed import Observed

_ENOUGH = 128  # batches, after the warm-up
_SAMPLES = 1_000  # in the metrics of an epoch: of fewer, accuracy says little
_WINDOW = 128
_AS_GOOD_AS_GUESSING = 0.98  # of the error of guessing is left
_NOISE, _FALL = 3.0, 0.004  # a fall of the loss that counts: so many standard errors, or this share of it
_RUNAWAY, _RUNAWAY_WINDOW = 3.0, 64
_NEAR = 0.02  # of ln(classes)


def stuck_at_guessing(observed: Observed) -> Iterator[Finding]:
    """No better than guessing, and no way down."""
    if observed.fault or not _guesses(observed) or not (_is_flat(observed) or _comes_down_to_guessing(observed)):
        return
    reasons, remedy = _why_it_is_stuck(observed)
    yield Finding("stuck_at_guessing", "error", _stuck_text(observed), " ".join(reasons), remedy.text, remedy.changes)


def divergence(observed: Observed) -> Iterator[Finding]:
    """A loss far above where it began, for many batches, and not on its way back."""
    if observed.fault or observed.steps < _RUNAWAY_WINDOW + 32 or len(observed.recent) < _RUNAWAY_WINDOW:
        return
    window = observed.recent[-_RUNAWAY_WINDOW:]
    half = len(window) // 2
    began = max(observed.start[0], _of_guessing(observed))
    now = median(window[half:])
    if now < _RUNAWAY * began or min(window) < began or now < 0.8 * median(window[:half]):
        return
    remedy = first_that_fits(
        observed.experiment, (*mended_before(observed), *smaller_rate(observed)), _("Set a smaller learning rate")
    )
    yield Finding(
        "divergence", "error",
        _("The loss is {now:.3g} at batch {steps}; it began at {began:.3g}.").format(
            now=now, steps=observed.steps, began=observed.start[0]),
        _("The training diverges: its steps are so long that each lands higher up than the one before."),
        remedy.text, remedy.changes,
    )  # fmt: skip


def not_a_number(observed: Observed) -> Iterator[Finding]:
    """NaN or infinity for a loss."""
    if observed.fault is None:
        return
    fault = observed.fault
    ways = (*mended_before(observed), *scaled(observed), *smaller_rate(observed), *normalised(observed))
    remedy = first_that_fits(observed.experiment, ways, _("Set a smaller learning rate, and scale the inputs"))
    seen = _("The loss became {loss} at epoch {epoch}, batch {step}.").format(
        loss=fault.loss, epoch=fault.epoch + 1, step=fault.step
    )
    yield Finding(
        "not_a_number", "error", f"{seen} {fault.text}".strip(),
        _("What is no number stays none: every weight it reaches is lost, and the training cannot go on."),
        remedy.text, remedy.changes,
    )  # fmt: skip


def _guesses(observed: Observed) -> bool:
    """Whether the metrics of enough samples are no better than those of guessing."""
    task = registry().tasks.get(observed.experiment.task.name)
    guess = observed.guessing.get(task.judged_by)
    waited = observed.steps - observed.warmup_steps
    whole = observed.steps % observed.steps_of_an_epoch == 0
    if observed.error is None or guess is None or waited < _ENOUGH or len(observed.recent) < _WINDOW:
        return False
    if observed.samples < _SAMPLES and not whole:
        return False
    limit = _AS_GOOD_AS_GUESSING
    if task.metric_directions()[task.judged_by] == "max" and 0 < guess < 1:
        limit = min(limit, 1 - _NOISE * math.sqrt(guess / (1 - guess) / max(observed.samples, 1)))
    return observed.error >= limit


def _is_flat(observed: Observed) -> bool:
    losses = observed.recent[-(3 * observed.steps // 4) :]  # the very first ones fall to guessing
    half = len(losses) // 2
    before, after = losses[:half], losses[half:]
    fall = fmean(before) - fmean(after)
    noise = math.sqrt(pvariance(before) / len(before) + pvariance(after) / len(after))
    return fall < max(_NOISE * noise, _FALL * abs(fmean(before)))


def _comes_down_to_guessing(observed: Observed) -> bool:
    """A loss that falls, but from so far above that it says nothing: it is still worse than guessing."""
    half = observed.recent[-len(observed.recent) // 2 :]
    guess = _of_guessing(observed)
    return 0 < guess < fmean(half) and observed.steps - observed.warmup_steps >= 2 * _ENOUGH


def _stuck_text(observed: Observed) -> str:
    task = registry().tasks.get(observed.experiment.task.name)
    name = task.judged_by
    value, guess = observed.metrics[name], observed.guessing[name]
    loss = fmean(observed.recent[-_WINDOW:])
    classes = len(observed.target.strata_names)
    about = ""
    if classes > 1 and abs(loss - math.log(classes)) < _NEAR * math.log(classes):
        about = _(", the logarithm of {classes}").format(classes=classes)
    if task.metric_directions()[name] == "max" and 0 <= guess <= 1:
        values = f"{100 * value:.1f} %", f"{100 * guess:.1f} %"
    else:
        values = f"{value:.4g}", f"{guess:.4g}"
    return _("After {steps} batches the loss is at {loss:.4g}{about}, with {metric} {value}. Guessing gives "
             "{guess}.").format(
        steps=observed.steps, loss=loss, about=about, metric=name, value=values[0], guess=values[1])  # fmt: skip


def _why_it_is_stuck(observed: Observed) -> tuple[list[str], Remedy]:
    mended = mended_before(observed)
    of_layers = in_words(observed.look) if observed.look is not None else []
    reasons = [*(finding.seen for finding in faults_before(observed)), *of_layers]
    ways = [*mended, *rectified(observed), *normalised(observed)] if of_layers else [*mended]
    if not reasons:
        reasons = [_(
            "The network answers the same to everything, as if it saw nothing. Its layers are alive: the steps may be "
            "too long or too short, or the targets may not belong to the samples."
        )]  # fmt: skip
        ways += usual_rate(observed)
    by_hand = _("Try a learning rate ten times smaller, and look whether the targets belong to the samples")
    return reasons, first_that_fits(observed.experiment, (*ways, *smaller_rate(observed)), by_hand)


def _of_guessing(observed: Observed) -> float:
    classes = len(observed.target.strata_names)
    return math.log(classes) if classes > 1 else 0.0


def register(registry: Any) -> None:
    """Add the checks."""
    for name, title, help, function in (
        ("stuck_at_guessing", mark("Stuck at guessing"), mark("A loss that stays where guessing would be."),
         stuck_at_guessing),
        ("divergence", mark("Divergence"), mark("A loss that runs away from where it began."), divergence),
        ("not_a_number", mark("Not a number"), mark("A loss that became NaN, and where that first arose."),
         not_a_number),
    ):  # fmt: skip
        registry.checks.add(Check(name, title, help, "during", function))
