"""Learning rates far from what an optimizer usually takes, and too large ones for deep plain networks."""

from collections.abc import Iterator
from typing import Any

from workbench.diagnosis.facts import Facts, is_normalization, is_weighted, joins
from workbench.finding import Check, Finding
from workbench.i18n import _, mark

# The usual range of every optimizer of Keras for networks with hidden layers: between fine-tuning and the largest that
# trains with normalisation.
_USUAL = {
    "sgd": (1e-5, 0.5), "adagrad": (1e-4, 0.5), "adadelta": (1e-3, 10.0), "rmsprop": (1e-6, 0.01),
    "adam": (1e-6, 0.01), "adamw": (1e-6, 0.01), "nadam": (1e-6, 0.01), "adamax": (1e-6, 0.02),
}  # fmt: skip
_WITHOUT_HIDDEN_LAYERS = 10  # a single layer stands rates so many times as large
# Simonyan and Zisserman (2014) could not train 16 plain layers from random weights alone; He et al. (2015) could not
# train 30.
_DEEP = 12
_LARGEST_FOR_PLAIN = {"adam": 3e-4, "adamw": 3e-4, "nadam": 3e-4, "adamax": 6e-4, "rmsprop": 3e-4, "sgd": 0.02}
_LARGEST_FOR_TRAINED = {"adam": 3e-4, "adamw": 3e-4, "nadam": 3e-4, "adamax": 6e-4, "rmsprop": 3e-4, "sgd": 0.01}
_SMALL = 1e-4
_SMALL_SGD = 0.01


def usual_range(facts: Facts) -> Iterator[Finding]:
    """A rate outside of the optimizer's usual range."""
    optimizer = facts.experiment.training.optimizer
    if not facts.uses_mini_batches or optimizer.name not in _USUAL:
        return
    low, high = _USUAL[optimizer.name]
    if sum(is_weighted(row) for row in facts.rows) <= 1:
        high *= _WITHOUT_HIDDEN_LAYERS
    rate = optimizer.learning_rate
    if low <= rate <= high:
        return
    default = type(optimizer).model_fields["learning_rate"].default
    if rate > high:
        why = _("Steps are so long that they jump over every minimum: the loss rises, jumps or becomes NaN.")
    else:
        why = _("Steps are so short that hardly anything is learned in any reasonable time.")
    yield Finding(
        "learning_rate", "error" if rate > 10 * high else "warning",
        _("The learning rate is {rate:g}; {optimizer} usually takes {low:g} to {high:g}.").format(
            rate=rate, optimizer=optimizer.name, low=low, high=high
        ),
        why, _("Set the learning rate to {rate:g}").format(rate=default),
        (("training.optimizer.learning_rate", default),),
    )  # fmt: skip


def deep_plain_network(facts: Facts) -> Iterator[Finding]:
    """Many layers one after the other, without normalisation or shortcuts, at a rate for shallow ones."""
    rows = facts.rows
    depth = sum(is_weighted(row) for row in rows)
    if depth < _DEEP or not facts.uses_mini_batches or any(is_normalization(row) or joins(row) for row in rows):
        return
    optimizer = facts.experiment.training.optimizer
    largest = _LARGEST_FOR_PLAIN.get(optimizer.name)
    if largest is None or optimizer.learning_rate <= largest:
        return
    rate = _SMALL_SGD if optimizer.name == "sgd" else _SMALL
    changes: list[tuple[str, Any]] = [("training.optimizer.learning_rate", rate)]
    remedy = _("Set the learning rate to {rate:g}").format(rate=rate)
    if getattr(facts.experiment.architecture, "normalization", "") == "none":
        changes = [("architecture.normalization", "batch")]
        remedy = _("Put batch normalisation between the layers")
    yield Finding(
        "deep_plain_network", "error",
        _("{depth} plain layers stand one after the other, without normalisation or shortcuts, and {optimizer} is to "
          "train them with a learning rate of {rate:g}.").format(
            depth=depth, optimizer=optimizer.name, rate=optimizer.learning_rate),
        _("On the way through so many layers gradients vanish or explode, and the first long steps kill the ReLUs: the "
          "network stays at guessing, loss ln(classes) and accuracy 1/classes."),
        remedy, tuple(changes),
    )  # fmt: skip


def trained_layers(facts: Facts) -> Iterator[Finding]:
    """A base that was trained before goes on learning, at a rate made for random weights."""
    section, optimizer = facts.experiment.architecture, facts.experiment.training.optimizer
    if not getattr(section, "boundary", "") or getattr(section, "weights", "") == "none" or not facts.uses_mini_batches:
        return
    largest = _LARGEST_FOR_TRAINED.get(optimizer.name)
    rate = optimizer.learning_rate * getattr(facts.experiment.trainer, "base_rate", 1.0)
    if largest is None or rate <= largest:
        return
    yield Finding(
        "rate_for_trained_layers", "warning",
        _("Layers that were trained before are to learn further with {optimizer} and a learning rate of "
          "{rate:g}.").format(optimizer=optimizer.name, rate=rate),
        _("The head begins with random weights, so the first gradients are large and wrong: at such a rate they wipe "
          "out what the base has learned."),
        _("Set the learning rate to {rate:g}").format(rate=largest / 10),
        (("training.optimizer.learning_rate", largest / 10),),
    )  # fmt: skip


def register(registry: Any) -> None:
    """Add the checks."""
    registry.checks.add(Check(
        "learning_rate", mark("Learning rate"),
        mark("Whether it is far from the optimizer's usual range."),
        "before", usual_range,
    ))  # fmt: skip
    registry.checks.add(Check(
        "deep_plain_network", mark("Depth"),
        mark("Many plain layers without normalisation at too large a learning rate."),
        "before", deep_plain_network,
    ))  # fmt: skip
    registry.checks.add(Check(
        "trained_layers", mark("Rate of trained layers"),
        mark("Whether layers that were trained before would be overwritten."),
        "before", trained_layers,
    ))  # fmt: skip
