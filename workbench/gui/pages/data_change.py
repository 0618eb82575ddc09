"""Taking another dataset: what follows from it changes with it, in one step that can be undone."""

from typing import Any

from workbench.architectures.fitting import let_the_network_fit
from workbench.data.source import DatasetSource
from workbench.errors import UserError
from workbench.experiment import Experiment, PreprocessingSection, from_values, with_dataset
from workbench.gui.document import Document
from workbench.i18n import _
from workbench.registry import registry


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
        let_the_network_fit(values, old)
        new = from_values(values, _("The dataset"))
    except UserError as error:
        return str(error)
    document.apply(new, text, merge_key)
    return ""


def _suggested(experiment: Experiment) -> PreprocessingSection:
    source: DatasetSource = registry().datasets.get(experiment.dataset.name)
    kind = registry().inputs.get(source.input_kind)
    return kind.preprocessing(**source.preprocessing(experiment.dataset))
