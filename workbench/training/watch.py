"""Watches a training for what keeps a network from learning, at hardly any cost.

The numbers of the training itself are judged at growing distances. The layers are looked at only while all looks
together take less than a hundredth of the time. What a check suspects is looked into on more samples before it is told,
and told once in a run.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from workbench.events import Event, Found
from workbench.experiment import Experiment
from workbench.finding import Finding, look
from workbench.registry import registry
from workbench.specs import InputSpec, TargetSpec
from workbench.training.checkpoint import Checkpoint
from workbench.training.fault import Fault, find_fault
from workbench.training.observed import Observed
from workbench.training.probe import Look, Probe

_START, _RECENT = 32, 512
_FIRST_JUDGEMENT = 128  # batches: before, losses say nothing
_GROWTH = 1.25
_SHARE = 0.008  # of the time of the training, for looking at its layers
_LONGEST_PAUSE = 600.0  # seconds of training between two looks that the share allows
_FIRST_LOOK = {"tensorflow": 0.03, "jax": 5.0}  # JAX compiles every operation it has not met
_LITTLE = 0.5  # of the error of guessing is left: worth a look that the share would not allow yet
_STEPS_OF_A_LOOK = 4
_LARGEST_STATE = 400_000_000  # bytes
_THOROUGH = 8  # batches of a look that has to prove something


@dataclass(frozen=True)
class Subject:
    """What is trained; the attributes as in `Observed`, the table when asked for."""

    experiment: Experiment
    input: InputSpec
    target: TargetSpec
    guessing: dict[str, float]
    table: Callable[[], Any]
    warmup_steps: int = 0
    steps_of_an_epoch: int = 1


class Watch:
    """Hands a training to the checks of the moment `during`.

    Args:
        subject: what is trained.
        probe: looks at its layers.
        tell: takes the findings as events.
        log: takes a line for people.
        told: the names of the faults told before, in a run that goes on.
        saved: reads the latest checkpoint, if there is one.
    """

    def __init__(
        self,
        subject: Subject,
        probe: Probe,
        tell: Callable[[Event], None],
        log: Callable[[str], None],
        told: set[str],
        saved: Callable[[], Checkpoint | None],
    ) -> None:
        import keras

        self._subject, self._probe = subject, probe
        self._tell, self._log, self._told = tell, log, told
        self._start: list[float] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._steps = 0
        self._judge_at = _FIRST_JUDGEMENT
        self._trained = self._spent = self._looked_at = 0.0
        self._cost: float | None = None
        self._first_cost = _FIRST_LOOK.get(keras.backend.backend(), 5.0)
        self._look: Look | None = None
        self._saved, self._initial = saved, None
        self._prove_at = 0
        self._first_call = True

    def begin(self, steps: int, history: list[dict[str, float]]) -> None:
        """A run goes on: so many batches were done, with these epochs."""
        self._steps = steps
        self._judge_at = steps + _FIRST_JUDGEMENT
        if history:
            self._start = [history[0]["loss"]]

    def batches(self, losses: list[float], seconds: float, now: Callable[[], "Progress"]) -> float:
        """Take the losses of some batches and the time they took; the answer is the time used here."""
        self._start += losses[: max(0, _START - len(self._start))] if self._steps < _START else []
        self._recent.extend(losses)
        self._steps += len(losses)
        if self._first_call:  # the time of the first batch is that of compiling
            self._first_call = False
            return 0.0
        self._trained += seconds
        due = self._look_is_due(seconds / len(losses))
        if not due and self._steps < self._judge_at:
            return 0.0
        began = time.perf_counter()
        if due:
            self._look = self._looked(1)
            self._looked_at = self._trained
        if self._steps >= self._judge_at:
            self._judge_at = int(self._steps * _GROWTH)
        self._judge(now())
        return self._used(began)

    def epoch_closed(self, progress: "Progress") -> None:
        """Judge a finished epoch."""
        began = time.perf_counter()
        self._initial = None  # a checkpoint is written now
        if self._look is None and self._steps >= _FIRST_JUDGEMENT and self._learns_little(progress):
            self._look = self._looked(1)
        self._judge(progress)
        self._used(began)

    def epoch_begins(self, loop: Any) -> None:
        """Until there is a checkpoint, keep the state before the very first batch, where it is small."""
        if self._initial is None and loop.position.epoch == loop.position.step == 0:
            variables = [*loop.model.variables, *loop.model.optimizer.variables]
            if sum(math.prod(variable.shape) for variable in variables) * 4 <= _LARGEST_STATE:
                self._initial = loop.checkpoint()

    def faulty(self, fault: Fault, loop: Any, progress: "Progress") -> Fault:
        """Search for the place of a loss that is no number, and tell it."""
        try:
            fault = find_fault(loop, self._initial or self._saved(), fault, self._probe)
        except Exception as error:  # the training fails for what it failed for
            self._log(f"the fault could not be searched for: {type(error).__name__}: {error}")
        observed = replace(self._observed(progress), fault=fault, table=self._table())
        self._tell_all(self._found(observed), progress.epoch)
        return fault

    def _judge(self, progress: "Progress") -> None:
        observed = self._observed(progress)
        if not self._new(self._found(observed)) or self._steps < self._prove_at:
            return
        # Something is suspected: look well before it is told, and not again soon if it was nothing.
        self._prove_at = int(self._steps * _GROWTH)
        seen = self._looked(_THOROUGH)
        self._look = seen or self._look
        observed = replace(observed, look=self._look, thorough=seen is not None, table=self._table())
        self._tell_all(self._found(observed), progress.epoch)

    def _found(self, observed: Observed) -> tuple[Finding, ...]:
        try:
            return look(registry().checks, "during", observed)
        except Exception as error:  # a check of a plugin that fails is no reason for a training to fail
            self._log(f"the checks broke off: {type(error).__name__}: {error}")
            return ()

    def _learns_little(self, progress: "Progress") -> bool:
        error = self._observed(progress).error
        return error is not None and error > _LITTLE

    def _new(self, findings: tuple[Finding, ...]) -> list[Finding]:
        return [finding for finding in findings if finding.name not in self._told]

    def _tell_all(self, findings: tuple[Finding, ...], epoch: int) -> None:
        for finding in self._new(findings):
            self._told.add(finding.name)
            self._tell(Found(epoch, finding.to_json()))

    def _observed(self, progress: "Progress") -> Observed:
        subject = self._subject
        task = registry().tasks.get(subject.experiment.task.name)
        return Observed(
            subject.experiment, subject.input, subject.target, progress.epoch, self._steps,
            tuple(self._start), tuple(self._recent), progress.metrics, task.error(progress.metrics, subject.guessing),
            tuple(progress.history), subject.guessing, progress.samples, self._look,
            warmup_steps=subject.warmup_steps, steps_of_an_epoch=subject.steps_of_an_epoch,
        )  # fmt: skip

    def _look_is_due(self, step_seconds: float) -> bool:
        cost = self._cost if self._cost is not None else self._first_cost + _STEPS_OF_A_LOOK * step_seconds
        wanted = min(self._looked_at * _GROWTH, self._looked_at + _LONGEST_PAUSE)
        return self._trained >= wanted and self._spent + cost <= _SHARE * self._trained

    def _looked(self, batches: int) -> Look | None:
        began = time.perf_counter()
        try:
            seen = self._probe.look(batches)
        except Exception as error:  # a network that cannot be looked into is trained all the same
            self._log(f"the layers could not be looked at: {type(error).__name__}: {error}")
            self._cost = float("inf")
            return None
        if batches == 1:
            self._cost = time.perf_counter() - began
        return seen

    def _table(self) -> Any:
        try:
            return self._subject.table()
        except Exception:  # as above
            return None

    def _used(self, began: float) -> float:
        seconds = time.perf_counter() - began
        self._spent += seconds
        return seconds


@dataclass(frozen=True)
class Progress:
    """How far the training is, for `Observed`."""

    epoch: int
    metrics: dict[str, float]
    samples: int
    history: tuple[dict[str, float], ...]
