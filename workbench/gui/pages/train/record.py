"""What is known of a training, gathered from its events; the same for one that runs and one read from its folder."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from workbench.diagnosis.run_findings import once, told
from workbench.events import (
    BatchesDone,
    Continued,
    EpochFinished,
    Event,
    Finished,
    Found,
    Note,
    Paused,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunStarted,
    StageStarted,
)
from workbench.finding import Finding
from workbench.gui.pages.train.losses import LossHistory

SHORTEST_ALARM = 30.0
FIRST_EPOCH_ALARM = 120.0
SILENT_PHASE_ALARM = 180.0
TIMES_THE_USUAL = 10.0


@dataclass
class Phase:
    """A phase that began; `seconds` is None while it goes on."""

    name: str
    started: float
    seconds: float | None = None


@dataclass(eq=False)
class TrainingRecord:
    """A training so far. `version` changes with every event; `clock` tells seconds."""

    clock: Callable[[], float] = time.monotonic
    run: str = ""
    epochs: int = 0
    epoch: int = 0
    step: int = 0
    steps: int = 0
    learning_rate: float = 0.0
    samples_per_second: float = 0.0
    memory_bytes: int = 0
    best_epoch: int = -1
    paused: bool = False
    progress: Progress | None = None
    end: Finished | None = None
    phases: dict[str, Phase] = field(default_factory=dict)
    history: list[EpochFinished] = field(default_factory=list)
    at_once: bool = False  # whether all weights are found in one go: there are neither batches nor epochs to show
    stages: dict[int, str] = field(default_factory=dict)  # title by the epoch (0-based) a stage begins with
    notes: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    losses: LossHistory = field(default_factory=LossHistory)
    version: int = 0
    _first_batch: tuple[float, int] | None = None
    _pause_began: float = 0.0
    _last_event: float = 0.0
    _longest_gap: float = 0.0

    def take(self, event: Event) -> None:
        """Add an event."""
        self.version += 1
        now = self.clock()
        if self._first_batch is not None and not self.paused:
            self._longest_gap = max(self._longest_gap, now - self._last_event)
        self._last_event = now
        match event:
            case RunStarted():
                self._begin(event)
            case PhaseStarted():
                self.progress = None
                self.phases[event.phase] = Phase(event.phase, now)
                self.at_once = self.at_once or event.phase == "solve"
            case PhaseFinished():
                self.progress = None
                self.phases[event.phase] = Phase(event.phase, now - event.seconds, event.seconds)
            case Progress():
                self.progress = event
            case BatchesDone():
                self._batches(event, now)
            case EpochFinished():
                self._epoch(event)
            case Paused():
                self.paused, self._pause_began = True, now
            case Continued():
                self._continue(now)
            case StageStarted():
                self.stages[event.epoch] = event.title
                self.notes.append(event.text)
            case Note():
                self.notes.append(event.text)
            case Found():
                self.findings = once((*self.findings, told(event)))
            case Finished():
                self._finish(event)

    @property
    def batches_done(self) -> int:
        """Batches since the very beginning."""
        return self.epoch * self.steps + self.step

    @property
    def batches_total(self) -> int:
        """Batches of the whole training, 0 while unknown."""
        return self.epochs * self.steps

    def seconds_left(self) -> float | None:
        """The time until all epochs are done at the pace of this session, validation included; None while unknown."""
        if self._first_batch is None or self.end is not None:
            return None
        began, done_before = self._first_batch
        done = self.batches_done - done_before
        now = self._pause_began if self.paused else self.clock()
        return (now - began) / done * (self.batches_total - self.batches_done) if done > 0 else None

    def silent_too_long(self, silence: float) -> bool:
        """Whether so many seconds without an event are far more than usual for this training."""
        if self.paused or self.end is not None:
            return False
        if self._first_batch is None:
            return silence > SILENT_PHASE_ALARM
        shortest = SHORTEST_ALARM if self.history else FIRST_EPOCH_ALARM
        return silence > max(shortest, TIMES_THE_USUAL * self._longest_gap)

    def metric_names(self) -> list[str]:
        """The metrics besides the loss, without their twins on the validation split."""
        names = [name for name in self.history[-1].metrics if not name.startswith("val_")] if self.history else []
        return [name for name in names if name != "loss"]

    def go_on(self, clock: Callable[[], float], events: Iterable[Event]) -> None:
        """Turn the record of a run that was over into that of its continuation, which told these events so far."""
        self.clock = clock
        self.end = None
        self.phases = {}
        self.notes = []
        self._first_batch = None
        self._longest_gap = 0.0
        self._last_event = clock()
        for event in events:
            self.take(event)

    def _begin(self, event: RunStarted) -> None:
        self.run = event.run
        self.epochs = event.epochs
        self.epoch = event.first_epoch
        self.end = None
        self.history = [epoch for epoch in self.history if epoch.epoch < event.first_epoch]

    def _batches(self, event: BatchesDone, now: float) -> None:
        self.epoch, self.step, self.steps = event.epoch, event.step, event.steps
        self.learning_rate = event.learning_rate
        self.samples_per_second = event.samples_per_second
        number = self.batches_done - len(event.losses)
        self.losses.add(number, event.losses)
        if self._first_batch is None:
            self._first_batch = (now, self.batches_done)

    def _epoch(self, event: EpochFinished) -> None:
        self.history = [*(epoch for epoch in self.history if epoch.epoch < event.epoch), event]
        self.best_epoch = event.best_epoch
        self.learning_rate = event.learning_rate
        self.samples_per_second = event.samples_per_second
        self.memory_bytes = event.memory_bytes or self.memory_bytes

    def _continue(self, now: float) -> None:
        if self.paused and self._first_batch is not None:
            began, done = self._first_batch
            self._first_batch = (began + now - self._pause_began, done)
        self.paused = False

    def _finish(self, event: Finished) -> None:
        self.end = event
        self.run = event.run or self.run
        self.paused = False
        self.progress = None
        if event.best_epoch >= 0:
            self.best_epoch = event.best_epoch
        now = self.clock()
        for phase in self.phases.values():
            if phase.seconds is None:
                phase.seconds = now - phase.started


def record_of(events: Iterable[Event]) -> TrainingRecord:
    """The record of a training that is over, from the events in its folder."""
    record = TrainingRecord(clock=lambda: 0.0)
    for event in events:
        record.take(event)
    return record
