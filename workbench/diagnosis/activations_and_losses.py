"""Activations, losses and labels that do not fit together."""

from collections.abc import Iterator
from typing import Any

from workbench.architectures import layers
from workbench.diagnosis.facts import Facts
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.registry import registry

_RECTIFYING = ("relu",)
_CHOOSING = ("softmax", "sigmoid")
_PASSING_ON = (layers.Dropout, layers.BatchNormalization, layers.ActivationLayer)


def relu_before_the_output(facts: Facts) -> Iterator[Finding]:
    """A ReLU on as many values as there are answers, right before the output layer."""
    if facts.output is None or facts.output.activation not in _CHOOSING:
        return
    narrow = _last_dense(facts)
    if narrow is None:
        return
    units, changes = narrow
    if units > facts.output.units:
        return
    yield Finding(
        "relu_before_softmax", "error",
        _("A dense layer of {units} units with a ReLU stands right before the {activation}.").format(
            units=units, activation=facts.output.activation
        ),
        _("A ReLU sets every negative value to 0 and lets no gradient through there. With only {units} units between "
          "the network and its answer, classes whose unit is dead are lost for good; often all units die and the "
          "network guesses: loss ln(classes), accuracy 1/classes.").format(units=units),
        _("Remove the dense layer before the output"), changes,
    )  # fmt: skip


def _last_dense(facts: Facts) -> tuple[int, tuple[tuple[str, Any], ...]] | None:
    """The units of the last dense layer where a ReLU follows it, and the changes that remove it."""
    hidden = facts.hidden
    rectified = False
    for number in range(len(hidden) - 1, -1, -1):
        layer = hidden[number]
        if isinstance(layer, layers.Dense):
            if not rectified and layer.activation not in _RECTIFYING:
                return None
            return layer.units, _without(facts, len(hidden) - number)
        if not isinstance(layer, _PASSING_ON):
            return None
        rectified = rectified or (isinstance(layer, layers.ActivationLayer) and layer.activation in _RECTIFYING)
    dense = getattr(facts.experiment.architecture, "dense", ())  # of a builder, under the extra layers
    if dense and (rectified or getattr(facts.experiment.architecture, "activation", "") in _RECTIFYING):
        return dense[-1], (("architecture.dense", tuple(dense[:-1])),)
    return None


def _without(facts: Facts, from_the_end: int) -> tuple[tuple[str, Any], ...]:
    """The changes that take away the dense layer, with what hangs on it."""
    extra = facts.experiment.overrides.extra_layers
    if from_the_end <= len(extra):
        return (("overrides.extra_layers", extra[: len(extra) - from_the_end]),)
    dense = getattr(facts.experiment.architecture, "dense", ())
    return (("architecture.dense", tuple(dense[:-1])),) if dense else ()


def output_fits_the_loss(facts: Facts) -> Iterator[Finding]:
    """Whether the loss gets what it expects."""
    overrides = facts.experiment.overrides
    chosen, expects = overrides.output_activation, overrides.loss_expects
    if facts.output is None or chosen == "auto":
        return
    usual = facts.output.activation
    changes = (("overrides.output_activation", "auto"), ("overrides.loss_expects", "auto"))
    remedy = _("Let the task choose the output activation and the loss")
    if usual not in _CHOOSING:
        if chosen != usual:
            yield Finding(
                "output_activation", "warning",
                _("The output goes through {chosen}, but numbers are to be learned.").format(chosen=chosen),
                _("It limits what the network can answer: values outside of its range can never be reached."),
                remedy, changes,
            )  # fmt: skip
        return
    if chosen == "linear" and expects == "probabilities":
        yield Finding(
            "logits_taken_for_probabilities", "error",
            _("The {usual} is missing: the loss gets logits but expects probabilities.").format(usual=usual),
            _("Logits are any numbers. The loss cuts them to between 0 and 1 before it takes a logarithm, and where it "
              "cuts there is no gradient: the loss often stays the same for all epochs."),
            remedy, changes,
        )  # fmt: skip
    elif chosen == "linear":
        yield Finding(
            "output_without_activation", "warning",
            _("The saved model has no {usual}: it answers with logits.").format(usual=usual),
            _("It learns, since the loss expects logits, but what it answers are no probabilities."), remedy, changes,
        )  # fmt: skip
    elif chosen not in _CHOOSING:
        yield Finding(
            "output_activation", "error",
            _("The output goes through {chosen}, where a {usual} belongs.").format(chosen=chosen, usual=usual),
            _("What it gives are no probabilities: they do not add up to 1, and where the {chosen} is flat nothing is "
              "learned.").format(chosen=chosen),
            remedy, changes,
        )  # fmt: skip
    elif expects == "logits":
        yield Finding(
            "probabilities_taken_for_logits", "error",
            _("The loss takes the probabilities of the {chosen} for logits.").format(chosen=chosen),
            _("A softmax is then applied twice. All answers look alike to the loss: it cannot fall below a high value "
              "and learning is slow."),
            remedy, changes,
        )  # fmt: skip
    if chosen in _CHOOSING and chosen != usual:
        yield _other_choice(facts, chosen, usual, remedy, changes)


def _other_choice(facts: Facts, chosen: str, usual: str, remedy: str, changes: tuple) -> Finding:
    units = facts.output.units
    if chosen == "sigmoid":
        return Finding(
            "sigmoid_with_several_classes", "error",
            _("A sigmoid stands at the output of {units} classes that exclude each other.").format(units=units),
            _("Every unit answers for itself, so the answers do not add up to 1, and the loss for classes that exclude "
              "each other does not fit them. A sigmoid belongs to a single unit."),
            remedy, changes,
        )  # fmt: skip
    return Finding(
        "softmax_with_one_unit", "error",
        _("A softmax stands at the output of {units} unit, where a {usual} belongs.").format(units=units, usual=usual),
        _("The softmax of one value is always 1, whatever the network does."), remedy, changes,
    )  # fmt: skip


def training_fits_the_task(facts: Facts) -> Iterator[Finding]:
    """Class weights and label smoothing where there are no classes."""
    training = facts.experiment.training
    if training.class_weights == "balanced" and not facts.target.strata_names:
        yield Finding(
            "class_weights_without_classes", "error",
            _("The class weights are balanced, but there are no classes to balance."),
            _("The training is refused like this."), _("Set the class weights to none"),
            (("training.class_weights", "none"),),
        )  # fmt: skip
    if training.label_smoothing and not registry().tasks.get(facts.experiment.task.name).smooths_labels:
        yield Finding(
            "label_smoothing_without_labels", "error",
            _("The label smoothing is {value}, but there are no labels to smooth.").format(
                value=training.label_smoothing
            ),
            _("The training is refused like this."), _("Set the label smoothing to 0"),
            (("training.label_smoothing", 0.0),),
        )  # fmt: skip


def register(registry: Any) -> None:
    """Add the checks."""
    registry.checks.add(Check(
        "relu_before_the_output", mark("ReLU before the output"),
        mark("A narrow dense layer with a ReLU right before the output layer."),
        "before", relu_before_the_output,
    ))  # fmt: skip
    registry.checks.add(Check(
        "output_fits_the_loss", mark("Output and loss"),
        mark("Whether the loss gets what it expects."),
        "before", output_fits_the_loss,
    ))  # fmt: skip
    registry.checks.add(Check(
        "training_fits_the_task", mark("Training and task"),
        mark("Class weights and label smoothing where there are no classes."),
        "before", training_fits_the_task,
    ))  # fmt: skip
