"""One run in a line, however broken it may be: what the table of runs shows, sorts and searches."""

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from typing import Any

from workbench.i18n import _
from workbench.runs.folder import RunFolder
from workbench.runs.notes import read_notes

NO_METRICS = frozenset({"epoch", "learning_rate", "seconds", "samples_per_second"})
_LOSSES = ("loss", "val_loss")


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs.

    Attributes:
        metric_name: the value shown as best (`val_accuracy`), empty when there is none yet.
        metric: its value at the best epoch.
        seconds: time spent training so far.
        created: seconds since 1970.
        problem: what is wrong with the folder, or why the run failed; empty otherwise.
        group: what it was put together with by its user; `tags` and `note` likewise.
        values: every metric at the best epoch by its name; those of the test split as `test_accuracy`.
        samples_per_second: on average over the epochs told of last; None where it is not known.
        parameters: of the network; None for a run of an older version.
    """

    name: str
    path: str
    dataset: str
    architecture: str
    state: str
    metric_name: str
    metric: float | None
    seconds: float
    created: float
    epochs_done: int
    epochs: int
    problem: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    samples_per_second: float | None = None
    parameters: int | None = None

    @property
    def seconds_per_epoch(self) -> float | None:
        """On average; None before the first epoch."""
        return self.seconds / self.epochs_done if self.epochs_done else None


def summarise_run(folder: RunFolder) -> RunSummary:
    """The line of one run. Never raises."""
    values, problem = _asked_for(folder)
    end = folder.end()
    history = folder.metrics()
    best = best_epoch(history, str(values.get("training", {}).get("monitor", "val_loss")))
    metric_name = _shown_metric(best)
    if end is not None and end.state == "failed":
        problem = problem or end.message
    epochs = values.get("training", {}).get("epochs", 0)
    environment = folder.environment()
    try:
        created = folder.path.joinpath("experiment.toml").stat().st_mtime
        created = float(environment.get("created", created))
    except (OSError, TypeError, ValueError):
        created = 0.0
    notes = read_notes(folder.path)
    parameters = environment.get("parameters")
    return RunSummary(
        name=folder.name,
        path=str(folder.path),
        dataset=str(values.get("dataset", {}).get("name", "")),
        architecture=str(values.get("architecture", {}).get("name", "")),
        state=end.state if end is not None else folder.state(),
        metric_name=metric_name,
        metric=best.get(metric_name),
        seconds=sum(row.get("seconds", 0.0) for row in history),
        created=created,
        epochs_done=len(history),
        epochs=epochs if isinstance(epochs, int) else 0,
        problem=problem,
        group=notes.group,
        tags=notes.tags,
        note=notes.note,
        values=_all_values(best, folder.evaluation()),
        samples_per_second=_speed(folder),
        parameters=parameters if isinstance(parameters, int) else None,
    )


def best_epoch(history: list[dict[str, float]], monitor: str) -> dict[str, float]:
    """The row of the epoch that is best by the monitored value, or by the loss where there is no such value."""
    if not history:
        return {}
    monitored = monitor if monitor in history[0] else "loss"
    sign = 1 if monitored.endswith("loss") else -1

    def judged(row: dict[str, float]) -> float:
        value = sign * row.get(monitored, 0.0)
        return math.inf if math.isnan(value) else value

    return min(history, key=judged)


def _asked_for(folder: RunFolder) -> tuple[dict, str]:
    """The plain values of `experiment.toml`, without validating plugins that may be gone."""
    try:
        values = tomllib.loads((folder.path / "experiment.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, _("experiment.toml cannot be read: {error}").format(error=error)
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    return sections, ""


def _shown_metric(best: dict[str, float]) -> str:
    """The first metric that is not a loss, of the validation samples where there are any; else the loss."""
    names = [name for name in best if name not in NO_METRICS and name not in _LOSSES]
    validation = [name for name in names if name.startswith("val_")]
    losses = [name for name in ("val_loss", "loss") if name in best]
    return next(iter((*validation, *names, *losses)), "")


def _all_values(best: dict[str, float], evaluation: Any) -> dict[str, float]:
    values = {name: value for name, value in best.items() if name not in NO_METRICS}
    test = evaluation.get("test") if isinstance(evaluation, dict) else None
    for name, value in test.items() if isinstance(test, dict) else ():
        if isinstance(value, int | float):
            values[f"test_{name}"] = float(value)
    return values


def _speed(folder: RunFolder) -> float | None:
    known = [epoch.samples_per_second for epoch in folder.last_epochs() if math.isfinite(epoch.samples_per_second)]
    return sum(known) / len(known) if known else None
