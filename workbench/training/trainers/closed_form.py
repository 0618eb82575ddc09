"""`closed_form`: the best weights of a network without hidden layers, computed and not searched for."""

import math
from typing import Any, Literal

from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.experiment import Experiment, TrainerSection
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.section import setting
from workbench.training.steps import measured
from workbench.training.trainer import Problem, Solution, Trainer
from workbench.training.trainers.closed_form_code import closed_form_code
from workbench.training.trainers.last_layer import (
    loss_kind,
    output_layer,
    refuse_cut_pictures,
    refuse_hidden_layers,
    sums_of,
)
from workbench.training.trainers.solving import MOST_WEIGHTS, best_weights
from workbench.training_settings import TrainingSection

_SOLVED = ("squared", "binary", "categorical")


class ClosedFormSection(TrainerSection):
    """`closed_form` has no settings."""

    name: Literal["closed_form"] = setting("closed_form", title=mark("Trainer"), widget="hidden")


class ClosedForm(Trainer):
    """Least squares for numbers, Newton's method for classes."""

    name = "closed_form"
    title = mark("Closed form")
    help = mark(
        "Computes the best weights of a linear or logistic regression at once: by the normal equations, or by Newton's "
        "method. Optimizer, batch size and epochs do not matter. For classes that a plane parts without mistakes there "
        "are no best weights: it stops where the loss is nearly 0."
    )
    section = ClosedFormSection
    at_once = True
    deaf_to = ("augmentation.", "overrides.")
    uses = ("class_weights", "label_smoothing", "precision", "device")

    def refuse(self, experiment: Experiment, data: PreparedData, network: Any) -> None:
        """Only networks without hidden layers have a formula, and only for some losses."""
        refuse_hidden_layers(experiment, network, self.name)
        task = registry().tasks.get(experiment.task.name)
        kind = loss_kind(task.loss(experiment, data.target, network.from_logits))
        if kind not in _SOLVED:
            raise UserError(
                _(
                    "There is no closed form for this loss. Choose the mean squared error for numbers, or no label "
                    "smoothing for classes; or the trainer fit."
                )
            )
        count = sum(math.prod(variable.shape) for variable in network.trainable.trainable_variables)
        if kind != "squared" and count > MOST_WEIGHTS:
            raise UserError(
                _(
                    "The closed form of classes is for up to {most} weights; this network has {count}. Use the trainer "
                    "fit, or a smaller input."
                ).format(most=MOST_WEIGHTS, count=count)
            )

    def settings(self, experiment: Experiment, samples: int) -> TrainingSection:
        """All samples together."""
        return experiment.training.model_copy(update={"epochs": 1, "batch_size": max(samples, 1)})

    def solve(self, problem: Problem) -> Solution:
        """Compute the weights."""
        trainable = problem.network.trainable
        weights = best_weights(sums_of(trainable, problem.training), problem.check)
        output_layer(trainable).set_weights([weights[:-1].astype("float32"), weights[-1].astype("float32")])
        return Solution(problem.network.model, measured(trainable, problem.training, problem.validation))

    def keras_code(self, experiment: Experiment, data: PreparedData, network: Any) -> str:
        """See `closed_form_code`; Newton's method for many classes would be longer than all the rest."""
        task = registry().tasks.get(experiment.task.name)
        kind = loss_kind(task.loss(experiment, data.target, network.from_logits))
        if kind == "categorical":
            raise UserError(
                _(
                    "The closed form of more than two classes cannot be written as a Keras script yet. Choose the "
                    "trainer fit to copy this experiment."
                )
            )
        refuse_cut_pictures(network)
        return closed_form_code(kind, experiment.training.class_weights == "balanced")


def register(registry: Any) -> None:
    """Add it to the trainers."""
    registry.trainers.add(ClosedForm())
