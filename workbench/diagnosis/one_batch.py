"""The job that overfits one batch: can the network learn a few samples by heart?

Where it can, the network, the loss and the labels fit together, and gradients reach the weights; where it cannot, more
data or more epochs will not help. So nothing that hinders it on purpose takes part: no augmentation, no dropout, no
label smoothing and no class weights. The learning rate is the experiment's, without a schedule. The weights are thrown
away.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError

from workbench.control import Control, Emit
from workbench.data.batches import Batch
from workbench.data.prepare import prepare
from workbench.data.prepared import PreparedData
from workbench.diagnosis.diagnose import facts_of
from workbench.diagnosis.trial_network import TrialNetwork, trainer_of, trial_network, without_dropout
from workbench.diagnosis.tried import Tried
from workbench.events import Progress
from workbench.experiment import Experiment
from workbench.figures import Curve, Curves
from workbench.finding import Finding, look
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.requests import OneBatchRequest
from workbench.section import Section, explain, setting
from workbench.tasks.task import Task

_MISTAKES_LEFT = 0.03  # of those of guessing, as the task counts them
_LOSS_LEFT = 0.1  # of the loss at the start, beside that
_LOSS_LEFT_ALONE = 0.05  # where the task does not know what guessing comes to
_ON_ITS_WAY = 0.5
_DIVERGED = 10.0  # times the loss at the start
_DRAWS = 20
_ENOUGH = 50  # steps that tell something where the time was up
_FEWEST = 4  # steps from which it can be told where the loss is going


class OneBatchSection(Section):
    """How many samples, and for how long."""

    samples: int = setting(
        32, title=mark("Samples"), ge=2, le=4096,
        help=mark("At most as many as a batch of the experiment has, and as the network has weights for."),
    )  # fmt: skip
    steps: int = setting(
        300, title=mark("Steps"), help=mark("After so many it is given up."), ge=10, le=100_000
    )  # fmt: skip
    seconds: float = setting(
        180.0, title=mark("Time"), unit="s", help=mark("After so long it is given up, too."), gt=0, le=86_400
    )  # fmt: skip


def overfit(request: OneBatchRequest, emit: Emit, control: Control) -> Tried:
    """Train an experiment on one batch until it is known by heart.

    Returns:
        The verdict; where it failed, also what the checks before training find. The loss over the steps.

    Raises:
        UserError: the experiment cannot be trained, or its trainer does not go in steps.
        Stopped: it was asked to stop.
    """
    try:
        section = OneBatchSection.model_validate(request.params)
    except ValidationError as error:
        raise explain(error, _("Overfitting one batch"), OneBatchSection) from None
    trainer_of(request.experiment)
    experiment = _unhindered(request.experiment)
    data = prepare(experiment, emit, control)
    control.check()
    task = registry().tasks.get(experiment.task.name)
    with trial_network(experiment, data, emit, control, change=without_dropout) as network:
        indices = _samples(task, data, _how_many(network, task, section), network.stage.settings.seed)
        course = _train(network, indices, section, emit, control)
        rate = network.stage.settings.optimizer.learning_rate, network.path_of_the_rate
    verdict = _verdict(course, *rate)
    reasons: tuple[Finding, ...] = ()
    if not course.learned:
        found = look(registry().checks, "before", facts_of(request.experiment, True, emit, control))
        reasons = tuple(finding for finding in found if finding.severity != "information")
    return Tried((_with_a_hint(verdict, reasons), *reasons), (_figure(course),))


def _unhindered(experiment: Experiment) -> Experiment:
    """Without augmentation and label smoothing: with them the loss of one batch never comes near 0."""
    plain = experiment.changed("training.label_smoothing", 0.0)
    return plain.model_copy(update={"augmentation": type(plain.augmentation)()})


def _how_many(network: TrialNetwork, task: Task, section: OneBatchSection) -> int:
    """At most half as many as there are weights for each answer: a network without hidden layers can do no more."""
    per_answer = network.parameters // (2 * max(1, task.output(network.data.target).units))
    return max(2, min(section.samples, network.stage.settings.batch_size, per_answer))


def _samples(task: Task, data: PreparedData, count: int, seed: int) -> np.ndarray:
    """Training samples, as many of each class as there can be, of which something can be learned."""
    training = data.splits["train"]
    generator = np.random.default_rng(seed)
    for _draw in range(_DRAWS):
        drawn = generator.permutation(training)
        classes = data.target.strata(data.targets[drawn]) if data.target.strata_names else None
        if classes is not None:
            drawn = drawn[np.argsort(_turns(np.asarray(classes)), kind="stable")]
        chosen = np.sort(drawn[:count])
        if not task.unlearnable(np.asarray(data.targets[chosen]), data.target):
            break
    return chosen


def _turns(classes: np.ndarray) -> np.ndarray:
    """For every sample how many of its class come before it."""
    turns = np.zeros(len(classes), int)
    for each in np.unique(classes):
        members = np.flatnonzero(classes == each)
        turns[members] = np.arange(len(members))
    return turns


@dataclass(frozen=True)
class Course:
    """How it went.

    Attributes:
        samples: in the batch.
        losses: of every step, before its change of the weights.
        metrics: of the batch at the last step.
        guessing: the same of the best answer that is the same for all; empty where unknown.
        error: what is left of the error of guessing, 0 to 1; None where unknown.
        learned: whether the batch is known by heart.
        late: whether the time was up before the steps were.
    """

    samples: int
    losses: tuple[float, ...]
    metrics: dict[str, float]
    guessing: dict[str, float]
    error: float | None
    learned: bool = False
    late: bool = False

    @property
    def start(self) -> float:
        """The loss before anything was learned."""
        return self.losses[0]

    @property
    def diverged(self) -> bool:
        """Whether the loss is no number any more, or far above where it began."""
        last = self.losses[-1]
        return not math.isfinite(last) or last > _DIVERGED * max(abs(self.start), 1e-12)


def _train(
    network: TrialNetwork, indices: np.ndarray, section: OneBatchSection, emit: Emit, control: Control
) -> Course:
    data, task = network.data, registry().tasks.get(network.experiment.task.name)
    targets = np.asarray(data.targets[indices])
    guessing = task.guessing(targets, data.target)
    batch: Batch = (np.asarray(data.inputs[indices]), np.asarray(task.encode(targets, data.target)), None)
    course = Course(len(indices), (), {}, guessing, None)
    began = 0.0
    for number, (loss, metrics) in enumerate(_steps(network, batch, section.steps), start=1):
        error = task.error(metrics, guessing)
        course = replace(course, losses=(*course.losses, loss), metrics=metrics, error=error)
        course = replace(course, learned=_is_learned(course))
        numbers = ", ".join(f"{name} {value:.3g}" for name, value in metrics.items())
        emit(Progress(_("one batch: {numbers}").format(numbers=numbers), number, section.steps))
        control.check()
        if number == 1:
            began = time.perf_counter()  # making the graph of a large network takes longer than many steps
        course = replace(course, late=time.perf_counter() - began > section.seconds and number < section.steps)
        if course.learned or course.late or not math.isfinite(loss):
            break
    return course


def _steps(network: TrialNetwork, batch: Batch, steps: int) -> Iterator[tuple[float, dict[str, float]]]:
    for _step in range(steps):
        network.steps.reset()
        loss = network.train(batch)
        yield loss, {**network.steps.means(), "loss": loss}


def _is_learned(course: Course) -> bool:
    loss, start = course.losses[-1], course.start
    if course.error is None:
        return loss <= _LOSS_LEFT_ALONE * start
    return course.error <= _MISTAKES_LEFT and loss <= _LOSS_LEFT * start


def _verdict(course: Course, rate: float, path: str) -> Finding:
    numbers = {
        "samples": course.samples, "start": course.start, "end": course.losses[-1], "steps": len(course.losses),
        "measures": _measures(course),
    }  # fmt: skip
    if course.learned:
        return Finding(
            "one_batch_learned", "information",
            _("It knows {samples} samples by heart after {steps} steps: the loss fell from {start:.3g} to "
              "{end:.3g}{measures}.").format(**numbers),
            _("Network, loss and labels fit together, and the learning rate is one that learns. What it makes of "
              "samples it has not seen is another question."),
            "",
        )  # fmt: skip
    if course.diverged:
        return Finding(
            "one_batch_diverged", "error",
            _("On one batch of {samples} samples the loss went from {start:.3g} to {end:.3g} in {steps} steps.").format(
                **numbers),
            _("The steps are too long, or the input is not scaled."),
            _("Set the learning rate to {rate:g}").format(rate=rate / 10), ((path, rate / 10),),
        )  # fmt: skip
    if _is_on_its_way(course):
        return Finding(
            "one_batch_too_slow", "warning",
            _("It does not know {samples} samples by heart yet after {steps} steps, but it is on its way: the loss "
              "fell from {start:.3g} to {end:.3g}{measures}.").format(**numbers),
            _("It learns, but slowly, or not everything: the learning rate may be too small, units may be dead, or the "
              "network is too small to keep apart so many samples."),
            _("Find a learning rate, or give it more steps"),
        )  # fmt: skip
    if course.late and len(course.losses) < _ENOUGH:
        return Finding(
            "one_batch_undecided", "warning",
            _("The time was up after {steps} steps on {samples} samples: the loss went from {start:.3g} to "
              "{end:.3g}{measures}.").format(**numbers),
            _("So few steps of a large network do not tell whether it can learn."),
            _("Give it more time, or take a narrower network to try it"),
        )  # fmt: skip
    return Finding(
        "one_batch_not_learned", "error",
        _("It cannot learn {samples} samples by heart in {steps} steps: the loss went from {start:.3g} to "
          "{end:.3g}{measures}.").format(**numbers),
        _("A sound network learns so few samples by heart, whatever they are. Something keeps it from learning: more "
          "data or more epochs will not help."),
        _("Find a learning rate; then look at the labels and at the layers before the output"),
    )  # fmt: skip


def _is_on_its_way(course: Course) -> bool:
    """Whether much of the error is gone, and the loss still falls."""
    if len(course.losses) < _FEWEST:
        return False
    late = course.losses[-max(2, len(course.losses) // 4) :]
    falls = np.mean(late[len(late) // 2 :]) < np.mean(late[: len(late) // 2])
    left = course.error if course.error is not None else course.losses[-1] / course.start
    return bool(falls) and left < _ON_ITS_WAY and course.losses[-1] < _ON_ITS_WAY * course.start


def _measures(course: Course) -> str:
    """The metrics beside the loss, with what guessing comes to."""
    parts = []
    for name, value in course.metrics.items():
        if name == "loss":
            continue
        text = f"{name} {value:.3g}"
        if name in course.guessing and not course.learned:
            text += " " + _("(guessing: {value:.3g})").format(value=course.guessing[name])
        parts.append(text)
    return "".join(f", {part}" for part in parts)


def _with_a_hint(verdict: Finding, reasons: tuple[Finding, ...]) -> Finding:
    if not reasons or verdict.changes:
        return verdict
    return replace(verdict, remedy=_("Mend first what the checks before training find, below"))


def _figure(course: Course) -> Curves:
    steps = np.arange(1, len(course.losses) + 1)
    losses = Curve(_("loss"), steps, np.array(course.losses))
    return Curves(_("Loss on one batch"), _("Step"), _("Loss"), (losses,))
