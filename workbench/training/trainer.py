"""The contract of a trainer: how the weights of a network are found."""

from typing import Any

from workbench.control import Emit
from workbench.data.prepare import PreparedData
from workbench.experiment import Experiment, TrainerSection
from workbench.figures import Figure
from workbench.training_settings import TrainingSection


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
