"""The job that looks for a learning rate: the rate rises from batch to batch, and the loss tells where it is right.

After Smith (2015), "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.3, who lets the
rate rise in a straight line; here it rises by the same factor at every step, as usual since. The weights are thrown
away.

Which rate is suggested: of all up to the least loss, the one where the loss falls fastest over the logarithm of the
rate, but at most a tenth of the rate of the least loss; both are rules of thumb, and the smaller one is the safer. The
loss is smoothed forwards and backwards for that, so that the curve is not moved towards larger rates.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError, model_validator

from workbench.control import Control, Emit
from workbench.data.prepare import prepare
from workbench.diagnosis.trial_network import TrialNetwork, trainer_of, trial_network
from workbench.diagnosis.tried import Tried
from workbench.events import Progress
from workbench.figures import Curve, Curves
from workbench.finding import Finding, Severity
from workbench.i18n import _, mark
from workbench.requests import FindRateRequest
from workbench.section import Section, explain, setting

_MEMORY = 0.8  # share of the mean of the losses so far that is kept at every step
_DIVERGED = 4.0  # times the least smoothed loss
_AT_START = 0.15  # share of the steps whose rates are too small to change anything
_LEAST_FALL = 0.02  # of the loss at the start: anything less is no fall
_RISE = 0.05
_BELOW_THE_RISE = 10.0
_BEGUN = 0.1  # share of the whole fall
_BELOW_THE_LEAST = 10.0
_FAR_BELOW = 100.0
_FEWEST = 8  # steps
_HIGHEST = 2.0  # times the losses at the beginning: what is higher would hide the valley before it
_SHOWN_RISE = 0.5  # of the loss at the beginning


class RateFinderSection(Section):
    """Between which rates is looked, and how finely."""

    lowest: float = setting(1e-7, title=mark("Lowest rate"), help=mark("Of the first step."), gt=0, le=100)
    highest: float = setting(
        10.0, title=mark("Highest rate"), gt=0, le=100,
        help=mark("Of the last step; it ends before where the loss has become too large."),
    )  # fmt: skip
    steps: int = setting(100, title=mark("Steps"), help=mark("Batches, each at a higher rate."), ge=20, le=10_000)

    @model_validator(mode="after")
    def _lowest_is_lower(self) -> "RateFinderSection":
        if self.lowest >= self.highest:
            raise ValueError(_("the lowest rate {lowest:g} must be below the highest, {highest:g}").format(
                lowest=self.lowest, highest=self.highest))  # fmt: skip
        return self


def find_rate(request: FindRateRequest, emit: Emit, control: Control) -> Tried:
    """Look for a learning rate for an experiment.

    Returns:
        A finding with the rate as its change, and the curve of the loss over the rates.

    Raises:
        UserError: the experiment cannot be trained, or its trainer knows no learning rate.
        Stopped: it was asked to stop.
    """
    try:
        section = RateFinderSection.model_validate(request.params)
    except ValidationError as error:
        raise explain(error, _("The search for a learning rate"), RateFinderSection) from None
    experiment = request.experiment
    trainer_of(experiment)
    data = prepare(experiment, emit, control)
    control.check()
    with trial_network(experiment, data, emit, control) as network:
        rates, losses = _measured(network, section, emit, control)
        title, present = network.stage.title, network.stage.settings.optimizer.learning_rate
        path = network.path_of_the_rate
    found = judged(rates, losses)
    return Tried((_told(found, present, path, title),), (_figure(found, present),))


def _measured(
    network: TrialNetwork, section: RateFinderSection, emit: Emit, control: Control
) -> tuple[np.ndarray, np.ndarray]:
    """The rates and the loss of the batch that was then trained on, up to where the loss is too large."""
    rates = np.geomspace(section.lowest, section.highest, section.steps)
    losses: list[float] = []
    mean, least = 0.0, math.inf
    for number, (rate, batch) in enumerate(zip(rates.tolist(), network.batches(), strict=False), start=1):
        control.check()
        loss = network.train(batch, rate)
        if not math.isfinite(loss):
            break
        losses.append(loss)
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        smoothed = mean / (1 - _MEMORY**number)
        least = min(least, smoothed)
        emit(Progress(_("rate {rate:.2g}, loss {loss:.4g}").format(rate=rate, loss=loss), number, len(rates)))
        if number >= _FEWEST and smoothed > _DIVERGED * least:
            break
    return rates[: len(losses)], np.array(losses)


@dataclass(frozen=True)
class Found:
    """What the losses say.

    Attributes:
        rates: (n,) of the steps, rising; `losses` the loss of each, `smoothed` the same without its jumps.
        suggested: the rate that is suggested; 0.0 for none.
        least: the rate of the least loss; 0.0 where the loss never fell.
        rises: the rate from which on the loss rises above where it began; 0.0 where it never does.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggested: float
    least: float = 0.0
    rises: float = 0.0


def judged(rates: np.ndarray, losses: np.ndarray) -> Found:
    """Where the loss falls fastest, where it is least and where it begins to rise."""
    if len(losses) < _FEWEST:
        return Found(rates, losses, losses, 0.0)
    beginning = max(3, round(_AT_START * len(losses)))
    start = float(losses[:beginning].mean())
    smoothed = _without_jumps(np.minimum(losses, _HIGHEST * losses[:beginning].max()))
    lowest = int(smoothed.argmin())
    fall = start - smoothed[lowest]
    jumps = float(np.std(losses[:beginning] - smoothed[:beginning]))
    higher = np.flatnonzero(_without_jumps(losses) <= start + max(_RISE * abs(start), 2 * jumps))[-1] + 1
    rises = float(rates[higher]) if higher < len(rates) else 0.0
    if fall < max(_LEAST_FALL * abs(start), jumps) or lowest < beginning:
        return Found(rates, losses, smoothed, rises / _BELOW_THE_RISE, rises=rises)
    least = float(rates[lowest])
    steepest = float(rates[_steepest(np.log10(rates[: lowest + 1]), (start - smoothed[: lowest + 1]) / fall)])
    return Found(rates, losses, smoothed, min(steepest, least / _BELOW_THE_LEAST), least, rises)


def _steepest(places: np.ndarray, fallen: np.ndarray) -> int:
    """Where it falls fastest; `fallen` rises from about 0 to 1. Jumps before it begins to fall do not count."""
    begins = int(np.flatnonzero(fallen <= _BEGUN)[-1]) if (fallen <= _BEGUN).any() else 0
    return begins + int(np.gradient(fallen[begins:], places[begins:]).argmax())


def _without_jumps(losses: np.ndarray) -> np.ndarray:
    """A running mean with the right weight at its beginning, there and back again: it comes neither early nor late."""

    def one_way(values: np.ndarray) -> np.ndarray:
        means, mean = np.empty(len(values)), 0.0
        for number, value in enumerate(values, start=1):
            mean = _MEMORY * mean + (1 - _MEMORY) * value
            means[number - 1] = mean / (1 - _MEMORY**number)
        return means

    return (one_way(losses) + one_way(losses[::-1])[::-1]) / 2


def _told(found: Found, present: float, path: str, stage: str) -> Finding:
    why = _("The rate rose from batch to batch; what the network learned is thrown away.")
    if stage:
        why += " " + _("It is the rate of the first stage of the training: {stage}.").format(stage=stage)
    rate = float(f"{found.suggested:.1e}")
    remedy = _("Set the learning rate to {rate:g}").format(rate=rate)
    changes: tuple[tuple[str, Any], ...] = ((path, rate),)
    if not found.suggested:
        return _nothing_found(found)
    if not found.least:
        return Finding(
            "no_learning_rate", "warning",
            _("In {count} steps the loss fell at no learning rate; from {rises:.2g} on it rises.").format(
                count=len(found.rates), rises=found.rises),
            _("Some networks need longer before their loss begins to fall, others cannot learn: overfitting one batch "
              "tells. A tenth of the rate at which the loss rises is a guess."),
            remedy, changes,
        )  # fmt: skip
    severity: Severity = "information"
    seen = _("The loss falls fastest around a learning rate of {rate:g} and is least at {least:.2g}.").format(
        rate=rate, least=found.least)  # fmt: skip
    if present > found.least:
        severity = "warning"
        seen += " " + _("The experiment's, {present:g}, lies above: the loss rises there.").format(present=present)
    elif present < rate / _FAR_BELOW:
        severity = "warning"
        seen += " " + _("The experiment's, {present:g}, is far below: learning will take long.").format(present=present)
    else:
        seen += " " + _("The experiment's, {present:g}, is one that learns, too.").format(present=present)
    return Finding("learning_rate_found", severity, seen, why, remedy, changes)


def _nothing_found(found: Found) -> Finding:
    remedy = _("Overfit one batch, and see what the other checks find")
    if len(found.losses) < _FEWEST:
        return Finding(
            "no_learning_rate", "error",
            _("The loss is no number after {count} steps, at the lowest learning rates already.").format(
                count=len(found.losses)),
            _("It cannot be the learning rate: the input, the labels or the network are at fault."), remedy,
        )  # fmt: skip
    return Finding(
        "no_learning_rate", "error",
        _("No learning rate from {low:.2g} to {high:.2g} changes the loss.").format(
            low=found.rates[0], high=found.rates[-1]),
        _("It is not the learning rate that keeps it from learning. No gradient reaches the weights, or what reaches "
          "the output is the same for all samples."),
        remedy,
    )  # fmt: skip


def _figure(found: Found, present: float) -> Curves:
    """The losses, as far as they do not rise so high that nothing else can be seen."""
    beginning = max(found.smoothed[:_FEWEST], default=0.0)
    high = np.flatnonzero(found.smoothed > beginning + _SHOWN_RISE * abs(beginning))
    shown = slice(0, int(high[0]) + 1 if len(high) else None)
    rates = found.rates[shown]
    marks = [(_("suggested"), float(f"{found.suggested:.1e}"))] if found.suggested else []
    if len(rates) and rates[0] <= present <= rates[-1]:
        marks.append((_("now"), present))
    return Curves(
        _("Loss over the learning rate"), _("Learning rate"), _("Loss"),
        (Curve(_("loss"), rates, found.losses[shown]), Curve(_("smoothed"), rates, found.smoothed[shown])),
        tuple(marks), logarithmic_x=True,
    )  # fmt: skip
