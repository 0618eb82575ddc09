"""What an experiment will learn, as far as it is known while its data are not read."""

from dataclasses import dataclass

from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.specs import TargetSpec

_USUAL_CLASSES = 10


@dataclass(frozen=True)
class Expected:
    """A target.

    Attributes:
        target: with as many classes as the dataset states, or the usual number.
        stated: whether the dataset states them.
    """

    target: TargetSpec
    stated: bool


def expected_target(experiment: Experiment) -> Expected:
    """The target of an experiment without a look at its data."""
    task = registry().tasks.get(experiment.task.name)
    count = registry().datasets.get(experiment.dataset.name).stated_classes(experiment.dataset)
    return Expected(task.learns.usual(count or _USUAL_CLASSES), bool(count))
