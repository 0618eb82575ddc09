"""What a model takes and what can be done with it, as far as its file says: no Keras."""

from typing import Any

from workbench.errors import UserError
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import ImageInput, InputSpec, spec_from_json


def input_of(model: str) -> InputSpec | None:
    """What the model of a run folder, or a model file, takes; None where that is not written in it."""
    folder = RunFolder(model)
    registry()  # plugins know more kinds of input
    try:
        about = read_about(folder.model_path if folder.exists() else model) if model else None
        return spec_from_json(about["input"]) if about is not None else None
    except (UserError, KeyError, TypeError):  # whoever opens the model says what is wrong with it
        return None


def input_kind(model: str) -> str:
    """The kind of what it takes: by its file, or by the run's dataset before there is one; else pictures."""
    spec = input_of(model)
    if spec is not None:
        return spec.kind
    folder = RunFolder(model)
    try:
        return (
            registry().datasets.get(folder.experiment().dataset.name).input_kind if folder.exists() else ImageInput.kind
        )
    except UserError:  # the run's experiment is damaged, or of a plugin that is gone
        return ImageInput.kind


def inspectors_for(kind: str) -> list[Any]:
    """The methods that look into models of that kind of input."""
    return [inspector for inspector in registry().inspectors if kind in inspector.inputs]
