"""The experiment: what a user asks for, as one frozen, validated object and one small TOML file.

Nothing else describes a run. The sections of the dataset, the task and the architecture belong to whoever registered
that name, so that a plugin's parameters are validated and shown like built-in ones.
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator

from workbench.errors import UserError
from workbench.i18n import _, mark
from workbench.probe_settings import ProbesSection
from workbench.registry import registry
from workbench.section import Section, explain, setting
from workbench.training_settings import TrainingSection

EXPERIMENT_VERSION = 1
DEFAULT_TRAINER = "fit"


class DatasetSection(Section):
    """Base of every dataset's settings; a dataset adds its own fields."""

    name: str = setting(title=mark("Dataset"), help=mark("Where the samples come from."), widget="hidden")


class TaskSection(Section):
    """Base of every task's settings."""

    name: str = setting(title=mark("Task"), help=mark("What is learned."), widget="hidden")


class TrainerSection(Section):
    """Base of every trainer's settings; a trainer adds its own fields."""

    name: str = setting(title=mark("Trainer"), help=mark("How the weights are found."), widget="hidden")


class ArchitectureSection(Section):
    """Base of every architecture's settings; an architecture adds its own fields."""

    name: str = setting(title=mark("Architecture"), help=mark("The shape of the network."), widget="hidden")


class SplitsSection(Section):
    """How samples are divided; splits that come ready-made with a dataset are kept."""

    validation: float = setting(
        0.15, title=mark("Validation"), help=mark("Share of the samples that choose the best epoch."),
        ge=0.0, le=0.8, widget="slider",
    )  # fmt: skip
    test: float = setting(
        0.15, title=mark("Test"), help=mark("Share of the samples kept for the final evaluation."),
        ge=0.0, le=0.8, widget="slider",
    )  # fmt: skip
    stratified: bool = setting(
        True, title=mark("Stratified"), help=mark("Keep the share of every class the same in each split.")
    )
    seed: int = setting(0, title=mark("Seed"), help=mark("The same seed gives the same splits."), ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> "SplitsSection":
        if self.validation + self.test > 0.95:
            raise ValueError(_("validation and test together leave less than 5 % to train on; make one smaller"))
        return self


class CorrectionsSection(Section):
    """Samples to leave out and labels to change, from a list that stands beside the data."""

    file: str = setting(
        "", title=mark("List"), widget="file",
        help=mark("A list of samples to leave out and of labels to change; empty: the data as they are."),
    )  # fmt: skip
    digest: str = setting(
        "", title=mark("Digest of the list"), widget="hidden",
        help=mark("What the list was: another one is refused then. A run has it, so that it can be repeated."),
    )  # fmt: skip


class PreprocessingSection(Section):
    """Base of what is done to a sample before the network, inside the model; its kind of input adds the fields."""


class AugmentationSection(Section):
    """Base of the random changes to training samples; its kind of input adds the fields."""

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        return False


class OverridesSection(Section):
    """For experts, and for showing mistakes: normally empty. Each takes the place of what the task would choose."""

    output_activation: Literal["auto", "linear", "softmax", "sigmoid", "relu", "tanh"] = setting(
        "auto", title=mark("Output activation"), help=mark("Automatic lets the task choose."), advanced=True
    )
    loss_expects: Literal["auto", "logits", "probabilities"] = setting(
        "auto", title=mark("Loss expects"), advanced=True,
        help=mark("What the loss takes the network's output for, whether it is that or not."),
    )  # fmt: skip
    scaling_factor: float | None = setting(
        None, title=mark("Scaling factor"), advanced=True,
        help=mark("Multiply the values 0-255 by this instead of what the scaling would do."),
    )  # fmt: skip
    extra_layers: tuple[dict[str, Any], ...] = setting(
        (), title=mark("Extra layers"), advanced=True, widget="layers",
        help=mark("Layers put right before the output layer, as in the layer stack."),
    )  # fmt: skip


class Experiment(Section):
    """One experiment. Frozen: a change makes a new one (`changed`)."""

    version: Literal[1] = setting(1, title=mark("Version"), widget="hidden")
    name: str = setting("", title=mark("Name"), help=mark("Shown in the list of runs."), max_length=120)
    dataset: SerializeAsAny[DatasetSection] = setting(title=mark("Dataset"))
    corrections: CorrectionsSection = setting(
        title=mark("Corrections"), default_factory=CorrectionsSection, optional=True
    )
    splits: SplitsSection = setting(title=mark("Splits"), default_factory=SplitsSection)
    preprocessing: SerializeAsAny[PreprocessingSection] = setting(title=mark("Input"))
    augmentation: SerializeAsAny[AugmentationSection] = setting(title=mark("Augmentation"))
    task: SerializeAsAny[TaskSection] = setting(title=mark("Task"))
    architecture: SerializeAsAny[ArchitectureSection] = setting(title=mark("Architecture"))
    trainer: SerializeAsAny[TrainerSection] = setting(title=mark("Trainer"))
    training: TrainingSection = setting(title=mark("Training"), default_factory=TrainingSection)
    overrides: OverridesSection = setting(title=mark("Overrides"), default_factory=OverridesSection)
    probes: ProbesSection = setting(title=mark("Probes"), default_factory=ProbesSection, optional=True)

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_the_dataset_decides(cls, values: Any) -> Any:
        """Resolve the dataset first: it gives the kinds and the defaults of preprocessing, augmentation and task."""
        if not isinstance(values, dict) or "dataset" not in values:
            return values
        dataset = _resolve(registry().datasets, values["dataset"], "dataset")
        source = registry().datasets.get(dataset.name)
        target_kind = source.target_kind(dataset)
        suggested = {"preprocessing": source.preprocessing(dataset), "task": source.task(dataset), "augmentation": {}}
        given = {name: _with(values.get(name, {}), defaults) for name, defaults in suggested.items()}
        given["task"] = _with(given["task"], {"name": _default_task(target_kind)})
        task = _resolve(registry().tasks, given["task"], "task")
        _refuse_other_kind(task.name, dataset, target_kind)
        return {"trainer": DEFAULT_TRAINER, **values, "dataset": dataset, **given, "task": task}

    @field_validator("preprocessing", "augmentation", mode="before")
    @classmethod
    def _use_the_section_of_the_kind_of_input(cls, value: Any, info: ValidationInfo) -> Any:
        if "dataset" not in info.data:
            return value
        kind = registry().inputs.get(registry().datasets.get(info.data["dataset"].name).input_kind)
        section = getattr(kind, info.field_name)
        # Its faults are told with those of the other sections: see `explain`.
        return section.model_validate(value.model_dump() if isinstance(value, Section) else value)

    @field_validator("architecture", "trainer", mode="before")
    @classmethod
    def _use_the_registered_section(cls, value: Any, info: ValidationInfo) -> Any:
        return _resolve(getattr(registry(), f"{info.field_name}s"), value, info.field_name)

    def changed(self, path: str, value: Any) -> "Experiment":
        """A copy with one setting changed, `path` as in `training.optimizer.learning_rate`.

        Changing a name that selects a section (`dataset.name`, `training.optimizer.name`) starts it from its defaults.

        Raises:
            UserError: there is no such setting, or it does not take that value.
        """
        values = self.model_dump()
        *parents, key = path.split(".")
        if key == "name" and parents in (["dataset"], ["architecture"], ["task"], ["trainer"]):
            values[parents[0]] = {"name": value}
            if parents == ["dataset"]:
                values = with_dataset(self, {"name": value})
            return from_values(values, path)
        section = values
        for parent in parents:
            section = section.get(parent) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise UserError(_("There is no section {path!r} in an experiment.").format(path=".".join(parents)))
        if key == "name" and parents and section.get(key) != value:
            section.clear()  # another optimizer or schedule has other settings
        section[key] = value
        return from_values(values, path)


def with_dataset(experiment: Experiment, dataset: dict[str, Any]) -> dict[str, Any]:
    """The values of an experiment with another dataset.

    What follows from the dataset starts from its defaults; the augmentation and the architecture are kept where they
    suit the new kind of samples, and the corrections where the samples come from the same place.
    """
    values = {**experiment.model_dump(), "dataset": dataset}
    for follower in ("preprocessing", "task"):
        values.pop(follower)
    old = registry().datasets.get(experiment.dataset.name)
    new = registry().datasets.get(dataset["name"])
    if dataset["name"] != old.name or _places(experiment.dataset.model_dump(), old) != _places(dataset, new):
        values.pop("corrections")
    if old.input_kind != new.input_kind:
        values.pop("augmentation")
    return values


def _places(dataset: dict[str, Any], source: Any) -> list[Any]:
    """The files and folders that the settings of a dataset name."""
    hints = {name: (field.json_schema_extra or {}).get("widget") for name, field in source.section.model_fields.items()}
    return [dataset.get(name) or "" for name, hint in hints.items() if hint in ("file", "folder")]


def _with(given: Any, defaults: dict[str, Any]) -> Any:
    """What was given, with defaults for what was not."""
    if isinstance(given, str):
        given = {"name": given}
    return {**defaults, **given} if isinstance(given, dict) else given


def task_for(target_kind: str) -> Any | None:
    """The task that learns such targets unless another is asked for, the first one registered; or None."""
    return next((task for task in registry().tasks if task.learns.kind == target_kind), None)


def _default_task(target_kind: str) -> str:
    task = task_for(target_kind)
    if task is not None:
        return task.name
    raise UserError(
        _("No task here learns targets of the kind {kind!r}. Is a plugin missing?").format(kind=target_kind)
    )


def _refuse_other_kind(task: str, dataset: DatasetSection, target_kind: str) -> None:
    if registry().tasks.get(task).learns.kind == target_kind:
        return
    registry().datasets.get(dataset.name).columns(dataset)  # a table that is gone is why, and says so
    fitting = [other.name for other in registry().tasks if other.learns.kind == target_kind]
    raise UserError(_("The task {task} does not fit the dataset {dataset}. Tasks that do: {fitting}.").format(
        task=task, dataset=dataset.name, fitting=", ".join(fitting)))  # fmt: skip


def _resolve(catalog: Any, value: Any, kind: str) -> Any:
    if isinstance(value, Section):
        return value
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        raise UserError(
            _("The section {kind!r} must be a table with a name, not {value!r}.").format(kind=kind, value=value)
        )
    if "name" not in value:
        raise UserError(_("The name of the {kind} is missing. Known are: {names}.").format(
            kind=_(kind), names=", ".join(sorted(catalog.names()))))  # fmt: skip
    section = catalog.get(value["name"]).section
    try:
        return section.model_validate(value)
    except ValidationError as error:
        raise explain(error, f"[{kind}]", section) from None


def from_values(values: dict[str, Any], what: str) -> Experiment:
    """An experiment from plain values.

    Args:
        values: nested dictionaries, as TOML gives them.
        what: what the values are, for the message ("the file x.toml").

    Raises:
        UserError: anything is unknown, missing or out of its limits; every fault is named.
    """
    version = values.get("version")
    if isinstance(version, int) and version > EXPERIMENT_VERSION:
        raise UserError(
            _("{what} is of version {version}; this workbench reads up to {ours}. Update the workbench.").format(
                what=what, version=version, ours=EXPERIMENT_VERSION
            )
        )
    missing = [key for key in ("version", "dataset", "architecture") if key not in values]
    if missing:
        raise UserError(_(
            "{what} lacks {missing}. An experiment needs version = {version}, [dataset] with a name and [architecture] "
            "with a name; `workbench new` prints a complete one."
        ).format(what=what, missing=", ".join(missing), version=EXPERIMENT_VERSION))  # fmt: skip
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise explain(error, what, Experiment) from None


def read_experiment(path: Path) -> Experiment:
    """The experiment in a TOML file.

    Raises:
        UserError: the file cannot be read, is not TOML, or is not an experiment.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(_("There is no file {path}. `workbench new` prints a complete experiment.").format(
            path=path)) from None  # fmt: skip
    except (OSError, ValueError) as error:
        raise UserError(_("{path} cannot be read: {error}").format(path=path, error=error)) from None
    return _with_places_beside(parse_experiment(text, str(path)), path)


def _with_places_beside(experiment: Experiment, path: Path) -> Experiment:
    """A list of corrections that is named without a folder lies beside the experiment's file, wherever that goes."""
    named = experiment.corrections.file
    if not named or Path(named).expanduser().is_absolute():
        return experiment
    beside = experiment.corrections.model_copy(update={"file": str(path.absolute().parent / named)})
    return experiment.model_copy(update={"corrections": beside})


def parse_experiment(text: str, what: str) -> Experiment:
    """The experiment in a TOML text; `what` names its origin in messages."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(_("{what} is not valid TOML: {error}").format(what=what, error=error)) from None
    return from_values(values, what)


def new_experiment(dataset: str = "digits", architecture: str = "simple_cnn") -> Experiment:
    """A complete experiment with the defaults of everything, and the training that suits the architecture."""
    training = registry().architectures.get(architecture).default_training()
    return from_values(
        {
            "version": EXPERIMENT_VERSION,
            "dataset": {"name": dataset},
            "architecture": {"name": architecture},
            "training": training,
        },
        "the new experiment",
    )
