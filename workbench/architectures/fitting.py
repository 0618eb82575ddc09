"""Which architectures are made for which samples, and the one to begin with."""

from typing import Any

from pydantic import ValidationError

from workbench.architectures.architecture import Architecture
from workbench.data.source import DatasetSource
from workbench.errors import UserError
from workbench.experiment import DatasetSection, Experiment, new_experiment, task_for
from workbench.i18n import _
from workbench.registry import registry


def suits(architecture: Architecture, input_kind: str, target_kind: str) -> bool:
    """Whether an architecture is made for such samples.

    One that names no kind of target suits all that are one answer per sample.
    """
    if input_kind not in architecture.inputs:
        return False
    if architecture.targets:
        return target_kind in architecture.targets
    task = task_for(target_kind)
    return task is None or not task.output(task.learns.usual(2)).spatial


def fitting_architecture(source: DatasetSource, section: DatasetSection) -> Architecture:
    """The architecture to begin with: the source's own wish, or one made for these kinds of input and target.

    Raises:
        UserError: there is none.
    """
    if source.architecture:
        return registry().architectures.get(source.architecture)
    input_kind, target_kind = source.input_kind, source.target_kind(section)
    usual = new_experiment().architecture.name

    def preference(architecture: Architecture) -> tuple[bool, bool, bool]:
        return architecture.inputs[0] != input_kind, target_kind not in architecture.targets, architecture.name != usual

    fitting = [each for each in registry().architectures if suits(each, input_kind, target_kind)]
    if not fitting:
        text = _("No architecture here is made for the dataset {name}. Is a plugin missing?")
        raise UserError(text.format(name=source.name))
    return min(fitting, key=preference)


def begin_with(dataset: str, architecture: str = "") -> Experiment:
    """A complete experiment on a dataset with its defaults; without a name, with the architecture that fits."""
    source: DatasetSource = registry().datasets.get(dataset)
    try:
        chosen = architecture or fitting_architecture(source, source.section(name=dataset)).name
    except ValidationError:  # the section needs a path before it is one: the experiment explains it
        chosen = new_experiment().architecture.name
    return new_experiment(dataset, chosen)


def let_the_network_fit(values: dict[str, Any], old: Experiment) -> None:
    """Exchange, in the values of an experiment with another dataset, what is not made for the new samples.

    Args:
        values: as from `with_dataset`; architecture, training and trainer are changed in place.
        old: the experiment before.
    """
    source: DatasetSource = registry().datasets.get(values["dataset"]["name"])
    try:
        section = source.section.model_validate(values["dataset"])
    except ValidationError:  # the experiment explains it
        return
    target_kind = source.target_kind(section)
    if target_kind != registry().tasks.get(old.task.name).learns.kind:
        values.pop("trainer")
    chosen = registry().architectures.get(old.architecture.name)
    # One that was chosen for rows of a table may take pictures, too, but is nothing to begin with there.
    at_home = source.input_kind in (registry().datasets.get(old.dataset.name).input_kind, chosen.inputs[0])
    if at_home and suits(chosen, source.input_kind, target_kind):
        return
    fitting = fitting_architecture(source, section)
    values["architecture"] = {"name": fitting.name}
    values["training"] = {**values["training"], **fitting.default_training()}
    values.pop("trainer", None)
