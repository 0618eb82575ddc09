"""All runs of a folder: a line each, however broken one of them may be; renaming and deleting."""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from send2trash import TrashPermissionError, send2trash

from workbench.errors import UserError
from workbench.i18n import _
from workbench.runs.folder import RunFolder
from workbench.runs.writer import run_name


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs.

    Attributes:
        metric_name: the value shown as best (`val_accuracy`), empty when there is none yet.
        metric: its value at the best epoch.
        seconds: time spent training so far.
        created: seconds since 1970.
        problem: what is wrong with the folder, or why the run failed; empty otherwise.
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


def list_runs(runs: Path | str) -> list[RunSummary]:
    """All runs in the folder, newest first. Never raises: a broken run is listed with its problem."""
    try:
        folders = [RunFolder(entry) for entry in Path(runs).iterdir() if RunFolder(entry).exists()]
    except OSError:
        return []
    summaries = [summarise_run(folder) for folder in folders]
    return sorted(summaries, key=lambda summary: (-summary.created, summary.name))


def summarise_run(folder: RunFolder) -> RunSummary:
    """The line of one run. Never raises."""
    values, problem = _asked_for(folder)
    end = folder.end()
    history = folder.metrics()
    metric_name, metric = _best_value(history, str(values.get("training", {}).get("monitor", "val_loss")))
    if end is not None and end.state == "failed":
        problem = problem or end.message
    epochs = values.get("training", {}).get("epochs", 0)
    try:
        created = folder.path.joinpath("experiment.toml").stat().st_mtime
        created = float(folder.environment().get("created", created))
    except (OSError, TypeError, ValueError):
        created = 0.0
    return RunSummary(
        name=folder.name,
        path=str(folder.path),
        dataset=str(values.get("dataset", {}).get("name", "")),
        architecture=str(values.get("architecture", {}).get("name", "")),
        state=end.state if end is not None else folder.state(),
        metric_name=metric_name,
        metric=metric,
        seconds=sum(row.get("seconds", 0.0) for row in history),
        created=created,
        epochs_done=len(history),
        epochs=epochs if isinstance(epochs, int) else 0,
        problem=problem,
    )


def _asked_for(folder: RunFolder) -> tuple[dict, str]:
    """The plain values of `experiment.toml`, without validating plugins that may be gone."""
    try:
        values = tomllib.loads((folder.path / "experiment.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, _("experiment.toml cannot be read: {error}").format(error=error)
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    return sections, ""


def _best_value(history: list[dict[str, float]], monitor: str) -> tuple[str, float | None]:
    """The first metric that is not a loss, at the epoch that is best by the monitored value."""
    if not history:
        return "", None
    monitored = monitor if monitor in history[0] else "loss"
    sign = 1 if monitored.endswith("loss") else -1
    best = min(history, key=lambda row: sign * row.get(monitored, 0.0))
    skipped = {"epoch", "learning_rate", "seconds", "samples_per_second", "loss", "val_loss"}
    names = [name for name in best if name not in skipped]
    validation = [name for name in names if name.startswith("val_")]
    name = (validation or names or [monitored])[0]
    return name, best[name]


def rename_run(folder: RunFolder, name: str) -> RunFolder:
    """Give the run another name. Raises `UserError` for a name that is taken, or while the run is running."""
    _refuse_while_running(folder)
    target = folder.path.with_name(run_name(name))
    if target.exists() and target != folder.path:
        raise UserError(_("There is already a run called {name!r}. Choose another name.").format(name=target.name))
    try:
        folder.path.rename(target)
    except OSError as error:
        raise UserError(
            _("The run {name!r} cannot be renamed: {reason}.").format(name=folder.name, reason=error)
        ) from None
    return RunFolder(target)


class NoTrashError(UserError):
    """The run lies where the desktop has no trash; it can only be deleted for good."""


def delete_run(folder: RunFolder, *, for_good: bool = False) -> None:
    """Move the run to the trash of the desktop, or delete it for good.

    Raises:
        NoTrashError: there is no trash where it lies.
        UserError: it is running, or its files cannot be deleted.
    """
    _refuse_while_running(folder)
    if for_good:
        _erase(folder)
        return
    try:
        send2trash(folder.path)
    except (OSError, TrashPermissionError) as error:
        raise NoTrashError(
            _("The run {name!r} cannot be moved to the trash: {reason}. Delete its folder {path} yourself.").format(
                name=folder.name, reason=error, path=folder.path
            )
        ) from None


def _erase(folder: RunFolder) -> None:
    try:
        shutil.rmtree(folder.path)
    except OSError as error:
        raise UserError(
            _("The run {name!r} cannot be deleted: {reason}.").format(name=folder.name, reason=error)
        ) from None


def _refuse_while_running(folder: RunFolder) -> None:
    if folder.is_locked():
        raise UserError(_("The run {name!r} is running. Stop it first.").format(name=folder.name))
