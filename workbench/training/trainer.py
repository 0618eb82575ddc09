"""The contract of a trainer: how the weights of a network are found."""

from dataclasses import dataclass
from typing import Any

from workbench.control import Emit
from workbench.data.prepare import PreparedData
from workbench.experiment import Experiment, TrainerSection
from workbench.figures import Figure
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


class Trainer:
    """A way to find the weights. This one does what `fit` does: mini-batches and an optimizer; others override."""

    name: str
    title: str
    help: str
    section: type[TrainerSection]
    uses: tuple[str, ...] = ()  # the fields of `[training]` that have a meaning for it; empty where all have

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

    def begin(self, loop: Any, folder: Any) -> None:
        """Called once the variables exist and, when a run goes on, have their values; before the first batch."""

    def end_epoch(self, loop: Any, folder: Any) -> None:
        """Called after every epoch, before its model is saved."""

    def figures(self, folder: Any, experiment: Experiment, data: PreparedData, emit: Emit) -> tuple[Figure, ...]:
        """What it has to add to the evaluation of a run, from what it left in the run's folder."""
        return ()

    def keras_code(self, experiment: Experiment, data: PreparedData, network: Any) -> str:
        """For *Copy as Keras code*: lines that find the weights in place of `fit`; empty where `fit` does.

        They find `model`, `trainable` (with the layers between its input and what the loss takes in its layer
        `network`), `x_train` and `y_train` there. Raises `UserError` where it cannot be told in a few lines.
        """
        return ""
