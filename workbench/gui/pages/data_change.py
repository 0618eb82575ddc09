"""Taking another dataset: what follows from it changes with it, in one step that can be undone."""

from typing import Any

from pydantic import ValidationError

from workbench.architectures.architecture import Architecture
from workbench.data.source import DatasetSource
from workbench.errors import UserError
from workbench.experiment import Experiment, PreprocessingSection, from_values, new_experiment, with_dataset
from workbench.gui.document import Document
from workbench.i18n import _
from workbench.registry import registry
from workbench.tasks.task import Task


def change_dataset(document: Document, dataset: dict[str, Any], text: str, merge_key: str = "") -> str:
    """Change the dataset's section as one undoable step.

    The input and the task follow the dataset where another one was chosen, and also where it only points elsewhere and
    the user left the input as the dataset suggested it. An architecture that is not made for such samples gives way to
    one that is, with the training that suits it.

    Returns:
        An empty string, or what is wrong; nothing was changed then.
    """
    old = document.experiment
    values = with_dataset(old, dataset)
    if dataset["name"] == old.dataset.name and old.preprocessing != _suggested(old):
        values["preprocessing"] = old.preprocessing.model_dump()
    try:
        _let_the_network_fit(values, old)
        new = from_values(values, _("The dataset"))
    except UserError as error:
        return str(error)
    document.apply(new, text, merge_key)
    return ""


def suits(architecture: Architecture, input_kind: str, target_kind: str) -> bool:
    """Whether an architecture is made for such samples.

    One that names no kind of target suits all that are one answer per sample.
    """
    if input_kind not in architecture.inputs:
        return False
    if architecture.targets:
        return target_kind in architecture.targets
    task = _task_for(target_kind)
    return task is None or not task.output(task.learns.usual(2)).spatial


def fitting_architecture(input_kind: str, target_kind: str) -> Architecture | None:
    """The architecture to begin with: made for this kind of input in the first place, and for this kind of target."""
    usual = new_experiment().architecture.name

    def preference(architecture: Architecture) -> tuple[bool, bool, bool]:
        return architecture.inputs[0] != input_kind, target_kind not in architecture.targets, architecture.name != usual

    fitting = [
        architecture for architecture in registry().architectures if suits(architecture, input_kind, target_kind)
    ]
    return min(fitting, key=preference, default=None)


def _let_the_network_fit(values: dict[str, Any], old: Experiment) -> None:
    """Exchange an architecture and a trainer that are not made for the new samples."""
    source: DatasetSource = registry().datasets.get(values["dataset"]["name"])
    try:
        section = source.section.model_validate(values["dataset"])
    except ValidationError:  # the experiment explains it
        return
    target_kind = source.target_kind(section)
    if target_kind != registry().tasks.get(old.task.name).learns.kind:
        values.pop("trainer")
    if suits(registry().architectures.get(old.architecture.name), source.input_kind, target_kind):
        return
    fitting = fitting_architecture(source.input_kind, target_kind)
    if fitting is not None:
        values["architecture"] = {"name": fitting.name}
        values["training"] = {**values["training"], **fitting.default_training()}
        values.pop("trainer", None)


def _task_for(target_kind: str) -> Task | None:
    return next((task for task in registry().tasks if task.learns.kind == target_kind), None)


def _suggested(experiment: Experiment) -> PreprocessingSection:
    source: DatasetSource = registry().datasets.get(experiment.dataset.name)
    kind = registry().inputs.get(source.input_kind)
    return kind.preprocessing(**source.preprocessing(experiment.dataset))
