"""The training loop: epochs of batches that can be stopped, paused and gone on with at any batch.

Everything random in an epoch (order, dropout, augmentation) follows from (seed, epoch), so that a loop which goes on
from a checkpoint does exactly what an uninterrupted one would have done.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import psutil

from workbench.control import Control
from workbench.data.batches import Batches, order
from workbench.events import BatchesDone, Continued, EpochFinished, Paused
from workbench.training.checkpoint import Checkpoint, capture, restore, seed_variables
from workbench.training.failure import DivergedError
from workbench.training.fault import Fault
from workbench.training.judge import Judge
from workbench.training.schedules import LearningRates
from workbench.training.steps import JointAugmentation, make_steps
from workbench.training.teller import Teller
from workbench.training.watch import Progress, Watch
from workbench.training_settings import TrainingSection

_TELL_SECONDS = 0.05


@dataclass
class Position:
    """Where a training is: `step` batches of `epoch` (0-based) are done, with the sum of their losses."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    samples: int = 0
    seconds: float = 0.0


class TrainingLoop:
    """Trains a compiled model; what is saved, and when, is the session's business.

    Args:
        model: the compiled training model.
        training: batches of the training split; `validation` likewise, or None without one.
        settings: the training section.
        judge: decides on the best epoch and on early stopping.
        rates: the learning rate at every step.
        teller: takes the events.
        control: asked at every batch.
        augmentation: moves inputs and targets of training batches together, or None.
    """

    def __init__(
        self,
        model: Any,
        training: Batches,
        validation: Batches | None,
        settings: TrainingSection,
        judge: Judge,
        rates: LearningRates,
        teller: Teller,
        control: Control,
        augmentation: JointAugmentation | None = None,
    ) -> None:
        self.position = Position()
        self.history: list[dict[str, float]] = []
        self.judge = judge
        self._model = model
        self._training, self._validation = training, validation
        self._settings, self._rates = settings, rates
        self._teller, self._control = teller, control
        self._augmentation = augmentation
        self._steps = make_steps(model, augmentation)
        self._seeds = [*seed_variables(model), *(augmentation.seeds if augmentation is not None else ())]
        self._rate_in_force = math.nan
        self._watch: Watch | None = None
        self._started = self._told = time.perf_counter()
        self._process = psutil.Process()

    @property
    def model(self) -> Any:
        """The compiled training model."""
        return self._model

    @property
    def training(self) -> Batches:
        """The training split."""
        return self._training

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or early stopping has ended it."""
        return self.position.epoch >= self._settings.epochs or self.stopped_early

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping has ended it."""
        return self.judge.wants_to_stop(self._settings)

    def build(self) -> None:
        """Make all variables of model, metrics and optimizer."""
        x, y, _weights = next(self._training.epoch(np.arange(len(self._training))))
        self._steps.build(x, y)

    def change(self, settings: TrainingSection, rates: LearningRates) -> None:
        """Go on with the model as it was compiled anew, between two epochs; the waiting for something better, too."""
        self._settings, self._rates = settings, rates
        self._rate_in_force = math.nan
        self.judge.wait_anew()
        self._steps = make_steps(self._model, self._augmentation)
        self.build()

    def watch_with(self, watch: Watch) -> None:
        """Let this training be watched from here on."""
        self._watch = watch
        watch.begin(self.position.epoch * self._training.steps + self.position.step, self.history)

    def checkpoint(self) -> Checkpoint:
        """The present state."""
        values = {"position": asdict(self.position), "history": self.history, "judge": self.judge.to_json()}
        return capture(self._model, self._steps.state() if self.position.step else [], values, self._seeds)

    def go_on_from(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint, after `build`. Raises `UserError` when it is another network's."""
        restore(self._model, checkpoint, self._seeds)
        self.position = Position(**checkpoint.values["position"])
        self.history = checkpoint.values["history"]
        self.judge = Judge(**checkpoint.values["judge"])
        if self.position.step:
            self._steps.restore(checkpoint.metrics)

    def begin_epoch(self) -> Iterator[Any]:
        """The batches of the present epoch that are not done yet; everything random is set for it."""
        if self.position.step == 0:
            seed_epoch(self._seeds, self._settings.seed, self.position.epoch)
            self._steps.reset()
        if self._watch is not None:
            self._watch.epoch_begins(self)
        permutation = order(self._settings.seed, self.position.epoch, len(self._training))
        return iter(self._training.epoch(permutation, first_step=self.position.step))

    def train(self, batches: Iterator[Any], limit: int | None = None) -> bool:
        """Do the next batches of the epoch, all or `limit`; whether there was no request to stop."""
        seconds_before = self.position.seconds
        self._started = self._told = time.perf_counter()
        losses: list[Any] = []
        sizes: list[int] = []
        done = 0
        wanted = self._training.steps if limit is None else limit
        while done < wanted and self._may_go_on(losses, sizes):
            batch = next(batches, None)
            if batch is None:
                break
            losses.append(self.step(*batch))
            sizes.append(len(batch[0]))
            done += 1
            if time.perf_counter() - self._told >= _TELL_SECONDS:
                self._tell_batches(losses, sizes)
        self._tell_batches(losses, sizes)
        self.position.seconds = seconds_before + time.perf_counter() - self._started
        return not self._control.stop_requested

    def step(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Any:
        """Learn from a batch; the answer is its loss, which `float()` turns into a number."""
        self._set_learning_rate()
        loss = self._steps.train(x, y, weights)
        self.position.step += 1
        return loss

    def as_trained(self, x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
        """A batch as the next step would see it, augmented; nothing moves."""
        states = [np.asarray(seed) for seed in self._seeds]
        if self._augmentation is not None:
            x, y = self._augmentation(x, y)
        for operation in self._model.operations[1:-1]:
            x = operation(x, training=True) if getattr(operation, "_call_has_training_arg", False) else operation(x)
        for seed, state in zip(self._seeds, states, strict=True):
            seed.assign(state)
        return x, y

    @property
    def stop_requested(self) -> bool:
        """Whether it was asked to stop."""
        return self._control.stop_requested

    @property
    def epoch_complete(self) -> bool:
        """Whether all batches of the present epoch are done."""
        return self.position.step >= self._training.steps

    def close_epoch(self) -> bool:
        """Validate, judge and tell the end of the epoch; whether it was the best so far."""
        started = time.perf_counter()
        position = self.position
        metrics = {**self._steps.means(), "loss": position.loss_sum / max(1, position.samples)}
        training_seconds = position.seconds
        if self._validation is not None:
            self._steps.reset()
            for x, y, _weights in self._validation.evaluation():
                self._steps.validate(x, y)
            metrics.update({f"val_{name}": value for name, value in self._steps.means().items()})
        is_best = self.judge.see(position.epoch, metrics, self._settings)
        seconds = position.seconds + time.perf_counter() - started
        self.history.append(
            {"epoch": position.epoch + 1, **metrics, "learning_rate": self._rate_in_force, "seconds": round(seconds, 3)}
        )
        self._teller.tell(
            EpochFinished(
                epoch=position.epoch,
                metrics=metrics,
                learning_rate=self._rate_in_force,
                seconds=seconds,
                samples_per_second=position.samples / max(training_seconds, 1e-9),
                best=is_best,
                best_epoch=self.judge.best_epoch,
                memory_bytes=self._process.memory_info().rss,
            )
        )
        if self._watch is not None:
            self._watch.epoch_closed(self._progress(metrics))
        self.position = Position(epoch=position.epoch + 1)
        return is_best

    def _may_go_on(self, losses: list[Any], sizes: list[int]) -> bool:
        if self._control.paused:
            self._tell_batches(losses, sizes)
            self._teller.tell(Paused())
            paused = time.perf_counter()
            self._control.wait_while_paused()
            self._started += time.perf_counter() - paused
            self._told = time.perf_counter()
            self._teller.tell(Continued())
        return not self._control.stop_requested

    def _set_learning_rate(self) -> None:
        rate = self._rates.at(self.position.epoch, self.position.step, self.judge.plateau_factor)
        if rate != self._rate_in_force:
            self._model.optimizer.learning_rate = rate
            self._rate_in_force = rate

    def _tell_batches(self, losses: list[Any], sizes: list[int]) -> None:
        """Turn the waiting losses into numbers, tell them, and fail on one that is no number."""
        if not losses:
            return
        values = [float(loss) for loss in losses]
        now = time.perf_counter()
        seconds, self._told = now - self._told, now
        position = self.position
        position.loss_sum += sum(value * size for value, size in zip(values, sizes, strict=True))
        position.samples += sum(sizes)
        self._teller.tell(
            BatchesDone(
                epoch=position.epoch,
                step=position.step,
                steps=self._training.steps,
                losses=tuple(values),
                learning_rate=self._rate_in_force,
                samples_per_second=sum(sizes) / max(seconds, 1e-9),
            )
        )
        for index, value in enumerate(values):
            if not math.isfinite(value):
                raise self._diverged(Fault(position.epoch, position.step - len(values) + index + 1, value))
        losses.clear()
        sizes.clear()
        if self._watch is not None:
            self._told += self._watch.batches(values, seconds, self._progress)

    def _diverged(self, fault: Fault) -> DivergedError:
        return DivergedError(fault if self._watch is None else self._watch.faulty(fault, self, self._progress()))

    def _progress(self, metrics: dict[str, float] | None = None) -> Progress:
        """How far the present epoch is; `metrics` as far as they are known already."""
        position = self.position
        if metrics is None:
            metrics = {**self._steps.means(), "loss": position.loss_sum / max(1, position.samples)}
        return Progress(position.epoch, metrics, position.samples, tuple(self.history))


def seed_epoch(seeds: list[Any], seed: int, epoch: int) -> None:
    """Set the states of all seed generators from (seed, epoch); a `.keras` file does not keep them."""
    for index, variable in enumerate(seeds):
        state = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
        variable.assign(state.astype("uint32"))
