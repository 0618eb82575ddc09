"""The network of an experiment, ready to be trained for some steps and thrown away: no run is made or touched."""

import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.architectures.assembly import Network, assemble
from workbench.control import Control, Emit
from workbench.data.batches import Batch, Batches, order
from workbench.data.prepared import PreparedData
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.training.checkpoint import seed_variables
from workbench.training.devices import use_device
from workbench.training.failure import explain_failure
from workbench.training.loop import seed_epoch
from workbench.training.ready import balanced_weights
from workbench.training.steps import JointAugmentation, Steps, make_steps
from workbench.training.trainer import Stage, Trainer


@dataclass(frozen=True)
class TrialNetwork:
    """A compiled network with its data.

    Attributes:
        experiment: what it was made from.
        data: prepared; all of them.
        network: with the weights its training would begin with.
        stage: the first of the training: its settings are those in force.
        steps: trains it.
        seeds: the states of everything random in it.
    """

    experiment: Experiment
    data: PreparedData
    network: Network
    stage: Stage
    steps: Steps
    seeds: list[Any]

    @property
    def parameters(self) -> int:
        """How many numbers it learns."""
        return sum(int(np.prod(variable.shape)) for variable in self.network.trainable.trainable_variables)

    @property
    def path_of_the_rate(self) -> str:
        """The setting with the learning rate of the stage: a trainer may have an optimizer of its own for it."""
        optimizer = self.stage.settings.optimizer
        own = [name for name, value in self.experiment.trainer if value is optimizer]
        return f"trainer.{own[0]}.learning_rate" if own else "training.optimizer.learning_rate"

    def batches(self) -> Iterator[Batch]:
        """Batches of the training split as the training takes them, without end."""
        task, data, settings = registry().tasks.get(self.experiment.task.name), self.data, self.stage.settings
        weights = balanced_weights(task, data) if settings.class_weights == "balanced" else None
        targets = task.encode(data.targets, data.target)
        training = Batches(data.inputs, targets, weights, data.splits["train"], settings.batch_size)
        epoch = 0
        while True:
            seed_epoch(self.seeds, settings.seed, epoch)
            yield from training.epoch(order(settings.seed, epoch, len(training)))
            epoch += 1

    def train(self, batch: Batch, rate: float | None = None) -> float:
        """One step, at a learning rate or at the one in force; the loss of the batch before it.

        Raises:
            UserError: the memory does not suffice.
        """
        if rate is not None:
            self.network.trainable.optimizer.learning_rate = rate
        try:
            return float(self.steps.train(*batch))
        except Exception as error:  # whatever a backend raises, in words
            raise UserError(explain_failure(error, len(batch[0]))) from error


def trainer_of(experiment: Experiment) -> Trainer:
    """Its trainer.

    Raises:
        UserError: it does not go in steps, so that there is nothing to try.
    """
    trainer = registry().trainers.get(experiment.trainer.name)
    if trainer.uses and "optimizer" not in trainer.uses:
        raise UserError(
            _(
                "The trainer {trainer} finds the weights without a learning rate and without steps: there is nothing "
                "to try here. Choose the trainer fit."
            ).format(trainer=trainer.name)
        )
    return trainer


def without_dropout(model: Any) -> None:
    """Let the dropout layers of a model pass on everything; before it is compiled."""
    for layer in model._flatten_layers():  # also those inside of others, as in attention
        if hasattr(layer, "rate") and hasattr(layer, "seed_generator"):
            layer.rate = 0.0


@contextlib.contextmanager
def trial_network(
    experiment: Experiment,
    data: PreparedData,
    emit: Emit,
    control: Control,
    *,
    change: Callable[[Any], Any] | None = None,
) -> Iterator[TrialNetwork]:
    """Build and compile the network of an experiment, on its device, from its seed.

    Args:
        experiment: whose network it is.
        data: its data, prepared.
        emit: told what goes on.
        control: asked between the parts.
        change: called with the trained model before it is compiled.

    Raises:
        UserError: it cannot be trained like this.
        Stopped: it was asked to stop.
    """
    import keras

    trainer = trainer_of(experiment)
    task = registry().tasks.get(experiment.task.name)
    architecture = registry().architectures.get(experiment.architecture.name)
    settings = trainer.settings(experiment, len(data.splits["train"]))
    stage = trainer.stage(experiment, settings, 0)
    statistics = registry().inputs.get(data.input.kind).statistics(data, experiment.preprocessing)
    emit(Progress(_("building the network"), 0))
    control.check()
    keras.utils.set_random_seed(settings.seed)
    with use_device(settings.device):
        network = assemble(experiment, data.input, data.target, statistics)
        trainer.refuse(experiment, data, network)
        architecture.recall(experiment.architecture, network.model, data.input, emit, control)
        control.check()
        if change is not None:
            change(network.trainable)
        network.trainable.compile(
            optimizer=trainer.enter(stage, experiment, network),
            loss=task.loss(experiment, data.target, network.from_logits),
            metrics=task.metrics(data.target, network.from_logits),
            jit_compile=False,
        )
        moved = None if network.change is None else JointAugmentation(network.change, data.target)
        steps = make_steps(network.trainable, moved)
        first = data.splits["train"][:1]
        steps.build(np.asarray(data.inputs[first]), np.asarray(task.encode(data.targets[first], data.target)))
        seeds = [*seed_variables(network.trainable), *(moved.seeds if moved is not None else ())]
        try:
            yield TrialNetwork(experiment, data, network, stage, steps, seeds)
        finally:
            del network, steps, moved, seeds
            gc.collect()  # layers and graphs refer to each other, and a warm process goes on living
