"""`two_phases`: first the head of a transfer alone, then the base with it from the boundary on, in one run."""

from typing import Any, Literal

from pydantic import field_validator

from workbench.architectures.base_network import base_layers, freeze
from workbench.architectures.source_code import source_of
from workbench.architectures.transfer import TransferSection
from workbench.architectures.transfer_code import LET_LEARN
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.experiment import Experiment, TrainerSection
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.training.optimizers import keras_optimizer
from workbench.training.trainer import Stage, StageCode, Trainer
from workbench.training_settings import Adam, ConstantSchedule, Optimizer, TrainingSection


class TwoPhasesSection(TrainerSection):
    """Settings of `two_phases`; those of the second phase stand in `[training]`."""

    name: Literal["two_phases"] = setting("two_phases", title=mark("Trainer"), widget="hidden")
    head_epochs: int = setting(
        3, title=mark("Epochs of the head"), ge=1, le=100_000,
        help=mark("How many of the epochs train the head only; the rest trains the base with it."),
    )  # fmt: skip
    head_optimizer: Optimizer = setting(
        title=mark("Optimizer of the head"), default_factory=Adam,
        help=mark("How a gradient becomes a step while the head alone learns."),
        labels={"sgd": "SGD", "adagrad": "Adagrad", "adadelta": "Adadelta", "rmsprop": "RMSprop", "adam": "Adam",
                "adamw": "AdamW", "nadam": "Nadam", "adamax": "Adamax"},
    )  # fmt: skip
    base_rate: float = setting(
        0.1, title=mark("Rate of the base"), gt=0, le=1,
        help=mark("In the second phase, the base learns with this share of the learning rate."),
    )  # fmt: skip

    @field_validator("head_optimizer", mode="before")
    @classmethod
    def _a_bare_name_means_its_defaults(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class TwoPhases(Trainer):
    """Feature extraction, then fine-tuning."""

    name = "two_phases"
    title = mark("Head first, then the base")
    help = mark(
        "For a transfer: trains the new head with the base as it is, then both from the boundary on, the base in "
        "smaller steps. Optimizer, learning rate and schedule of the training are those of the second phase."
    )
    section = TwoPhasesSection
    uses = tuple(name for name in TrainingSection.model_fields if name != "warmup_epochs")

    def refuse(self, experiment: Experiment, data: PreparedData, network: Any) -> None:
        """It takes a base, something of it to train, and an epoch for it."""
        if not isinstance(experiment.architecture, TransferSection):
            raise UserError(
                _(
                    "The trainer two_phases is for the architecture transfer, which has a base; {name} has none. Use "
                    "the trainer fit."
                ).format(name=experiment.architecture.name)
            )
        if not experiment.architecture.boundary:
            raise UserError(
                _(
                    "The second phase would train what the first did: the whole base is frozen. Give a layer of the "
                    "base as architecture.boundary, or use the trainer fit."
                )
            )
        if experiment.trainer.head_epochs >= experiment.training.epochs:
            raise UserError(
                _(
                    "No epoch is left for the second phase: {head} of {all} train the head. Make trainer.head_epochs "
                    "smaller or training.epochs larger."
                ).format(head=experiment.trainer.head_epochs, all=experiment.training.epochs)
            )

    def stage(self, experiment: Experiment, settings: TrainingSection, epoch: int) -> Stage:
        """See `Trainer.stage`."""
        section = experiment.trainer
        if epoch >= section.head_epochs:
            text = _("From epoch {epoch} on the base learns, too: {boundary}.")
            boundary = experiment.architecture.boundary
            told = _("all of it") if boundary == "all" else _("from {layer} on").format(layer=boundary)
            text = text.format(epoch=section.head_epochs + 1, boundary=told)
            return Stage(settings, section.head_epochs, _("base"), text)
        alone = settings.model_copy(
            update={
                "optimizer": section.head_optimizer, "schedule": ConstantSchedule(), "warmup_epochs": 0.0,
                "early_stopping": 0,  # it is the second phase that ends a run
            }
        )  # fmt: skip
        text = _("Up to epoch {epoch} the head alone learns.").format(epoch=section.head_epochs)
        return Stage(alone, 0, _("head"), text)

    def enter(self, stage: Stage, experiment: Experiment, network: Any) -> Any:
        """See `Trainer.enter`."""
        base = base_layers(network.model)
        if not stage.first_epoch:
            freeze(base, "", "")
            return keras_optimizer(stage.settings.optimizer)
        freeze(base, experiment.architecture.boundary, _("the network"))
        learned_before = [weight for layer in base for weight in layer.trainable_weights]
        return slower_for(learned_before, experiment.trainer.base_rate, keras_optimizer(stage.settings.optimizer))

    def enter_code(self, stage: Stage, experiment: Experiment, optimizer: str) -> StageCode:
        """See `Trainer.enter_code`."""
        if not stage.first_epoch:
            lines = ('base = model.get_layer("base")', "", "# First the head alone.", "base.trainable = False")
            return StageCode(optimizer, lines, source_of(slower_for))
        share = experiment.trainer.base_rate
        lines = ("", "# Then the base, too, in smaller steps.", LET_LEARN)
        return StageCode(f"slower_for(\n    base.trainable_variables, {share!r},\n    {optimizer},\n)", lines)


def slower_for(variables, share, optimizer):
    """An optimizer that moves these variables by a share of the learning rate."""
    slow = {id(variable) for variable in variables}

    class Slower(type(optimizer)):
        """Scaling gradients would not do: Adam's steps do not depend on their size."""

        def update_step(self, gradient, variable, learning_rate):
            # On TensorFlow `variable` is the backend's own, not Keras' that we know.
            known = self._trainable_variables[self._get_variable_index(variable)]
            rate = learning_rate * share if id(known) in slow else learning_rate
            super().update_step(gradient, variable, rate)

        def _apply_weight_decay(self, variables):
            """AdamW's decay goes by the learning rate, too."""
            whole = self.weight_decay
            if whole is None:
                return
            super()._apply_weight_decay([variable for variable in variables if id(variable) not in slow])
            self.weight_decay = whole * share
            super()._apply_weight_decay([variable for variable in variables if id(variable) in slow])
            self.weight_decay = whole

    return Slower.from_config(optimizer.get_config())


def register(registry: Any) -> None:
    """Add it to the trainers."""
    registry.trainers.add(TwoPhases())
