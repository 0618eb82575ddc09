"""The contract of a trainer: how the weights of a network are found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.architectures.assembly import Network
from workbench.control import Emit
from workbench.data.batches import Batches
from workbench.data.prepare import PreparedData
from workbench.experiment import Experiment, TrainerSection
from workbench.figures import Figure
from workbench.runs.folder import RunFolder
from workbench.runs.head import Head
from workbench.training.optimizers import keras_optimizer
from workbench.training_settings import TrainingSection


@dataclass(frozen=True)
class Stage:
    """A part of a training with an optimizer of its own.

    Attributes:
        settings: in force in it; their `epochs` are those of the whole training.
        first_epoch: where it begins, 0-based.
        title: a short name for plots, empty where the whole training is one stage.
        text: what happens in it, for people.
    """

    settings: TrainingSection
    first_epoch: int = 0
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class Problem:
    """What a trainer needs that finds all weights at once.

    Attributes:
        experiment: what was asked for.
        data: all samples and their splits.
        network: built; `network.trainable` is compiled with the loss and the metrics of the task.
        training: the training split as batches; `validation` likewise, or None without one.
        settings: in force.
        folder: of the run, for what is to be looked at later.
        tell: takes events, `Progress` above all.
        check: to be called between two pieces of work: waits while paused, raises `Stopped` when asked to stop.
    """

    experiment: Experiment
    data: PreparedData
    network: Network
    training: Batches
    validation: Batches | None
    settings: TrainingSection
    folder: RunFolder
    tell: Emit
    check: Callable[[], None]


@dataclass(frozen=True)
class Solution:
    """What a trainer found at once.

    Attributes:
        model: the Keras model to save, from a raw sample to the answer.
        metrics: `loss` and the task's metrics on the training split, those on the validation split with `val_` before.
        head: the classifier behind the model, which gives only its features then; or None.
        answers: of both to all samples of the data, where the trainer knows them already.
    """

    model: Any
    metrics: dict[str, float]
    head: Head | None = None
    answers: np.ndarray | None = None


@dataclass(frozen=True)
class StageCode:
    """The beginning of a stage as source.

    Attributes:
        optimizer: an expression.
        before: lines before the network is compiled; they find `model` and `trainable`.
        definitions: functions that these call, or empty.
    """

    optimizer: str
    before: tuple[str, ...] = ()
    definitions: str = ""


class Trainer:
    """A way to find the weights. This one does what `fit` does: mini-batches and an optimizer; others override."""

    name: str
    title: str
    help: str
    section: type[TrainerSection]
    uses: tuple[str, ...] = ()  # the fields of `[training]` that have a meaning for it; empty where all have
    deaf_to: tuple[str, ...] = ()  # what it refuses or takes no notice of outside of `[training]`: starts of paths
    at_once: bool = False  # whether `solve` finds all weights in one go, in place of epochs

    def refuse(self, experiment: Experiment, data: PreparedData, network: Any) -> None:
        """Raise `UserError` when it cannot train such a network; nothing was made then."""

    def settings(self, experiment: Experiment, samples: int) -> TrainingSection:
        """The training settings in force, given the number of training samples."""
        return experiment.training

    def stage(self, experiment: Experiment, settings: TrainingSection, epoch: int) -> Stage:
        """The stage an epoch (0-based) belongs to; `settings` are those of the method of that name."""
        return Stage(settings)

    def enter(self, stage: Stage, experiment: Experiment, network: Any) -> Any:
        """Called before the network is compiled for a stage: decides what learns, and gives the Keras optimizer."""
        return keras_optimizer(stage.settings.optimizer)

    def enter_code(self, stage: Stage, experiment: Experiment, optimizer: str) -> StageCode:
        """For *Copy as Keras code*: what `enter` does; `optimizer` is the expression of the stage's own."""
        return StageCode(optimizer)

    def begin(self, loop: Any, folder: Any) -> None:
        """Called once the variables exist and, when a run goes on, have their values; before the first batch."""

    def end_epoch(self, loop: Any, folder: Any) -> None:
        """Called after every epoch, before its model is saved."""

    def solve(self, problem: Problem) -> Solution:
        """Find all weights in one go; for trainers that are `at_once`. May raise `Stopped`: then there is no model."""
        raise NotImplementedError

    def figures(self, folder: Any, experiment: Experiment, data: PreparedData, emit: Emit) -> tuple[Figure, ...]:
        """What it has to add to the evaluation of a run, from what it left in the run's folder."""
        return ()

    def keras_code(self, experiment: Experiment, data: PreparedData, network: Any) -> str:
        """For *Copy as Keras code*: lines that find the weights in place of `fit`; empty where `fit` does.

        They find `model`, whose output layer is called `logits`, `trainable`, with the layers up to what the loss takes
        in its layer `network`, `x_train` and `y_train` there. Raises `UserError` where a few lines cannot tell it.
        """
        return ""
