"""What came of a run, as the checks after it look at it: its history, and how it does on both splits."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import spec_from_json
from workbench.tasks.task import Task

_JUDGED_STATES = ("completed", "stopped", "interrupted")


@dataclass(frozen=True)
class Numbers:
    """How the best model does on a split.

    Attributes:
        value: of the metric that the task is judged by.
        error: what is left of the error of guessing: 0 is perfect, 1 no better than guessing.
        samples: how many were asked, 0 where unknown.
        by_saved_model: whether the saved model was asked; else it is the epoch's own value.
    """

    value: float
    error: float
    samples: int
    by_saved_model: bool


@dataclass(frozen=True)
class Outcome:
    """A run that ended, with what is known of it.

    Attributes:
        experiment: what was asked for; `task` what it learned.
        rows: of `metrics.csv`.
        best: the row of the best epoch, -1 without epochs.
        guessing: the metrics of the best answer that is the same for all samples.
        training: how the best model does on samples it learned from, or None where that is not known.
        validation: likewise on those it did not.
        answers: per class how often it was true and how often answered, on samples it did not learn from.
    """

    experiment: Experiment
    task: Task
    rows: tuple[dict[str, float], ...]
    best: int
    guessing: dict[str, float]
    training: Numbers | None
    validation: Numbers | None
    answers: dict[str, tuple[int, int]]

    def series(self, name: str) -> np.ndarray:
        """A value of every epoch; NaN where it is not known."""
        return np.array([row.get(name, math.nan) for row in self.rows], float)

    @property
    def lowest_training_error(self) -> float:
        """What was left of the error of guessing in the epoch that was best on training samples."""
        name = self.task.judged_by
        errors = (self.task.error({name: value}, self.guessing) for value in self.series(name).tolist())
        return min((error for error in errors if error is not None and math.isfinite(error)), default=math.inf)

    def heeds(self, field: str) -> bool:
        """Whether a setting of the training means anything to the trainer."""
        uses = registry().trainers.get(self.experiment.trainer.name).uses
        return not uses or field in uses


def outcome(folder: RunFolder) -> Outcome | None:
    """What came of a run; None while it goes on, when it failed, and when it cannot be read."""
    try:
        experiment = folder.experiment()
    except UserError:  # a newer version's, or damaged: whoever shows the run says so
        return None
    if folder.state() not in _JUDGED_STATES:
        return None
    task = registry().tasks.get(experiment.task.name)
    rows = tuple(folder.metrics())
    best = _best(rows, experiment.training.monitor, task)
    judged = folder.judged()
    learned = _dictionary(judged.get("learned"))
    guessing = _dictionary(learned.get("guessing")) or _guessing(folder, task)
    row = rows[best] if best >= 0 else {}
    means = {"train": row, "validation": {name[4:]: value for name, value in row.items() if name.startswith("val_")}}
    found = {split: _numbers(task, guessing, _dictionary(learned.get(split)), mean) for split, mean in means.items()}
    return Outcome(
        experiment, task, rows, best, guessing, found["train"], found["validation"], _answers(judged.get("answers"))
    )


def _best(rows: tuple[dict[str, float], ...], monitor: str, task: Task) -> int:
    """The row of the best epoch, by the value that the training judged by."""
    plain = monitor.removeprefix("val_")
    name = monitor if rows and monitor in rows[0] else plain
    values = np.array([row.get(name, math.nan) for row in rows], float)
    if not np.isfinite(values).any():
        return -1
    better = np.nanargmin if task.metric_directions().get(plain, "min") == "min" else np.nanargmax
    return int(better(np.where(np.isfinite(values), values, math.nan)))


def _numbers(task: Task, guessing: dict[str, float], part: dict[str, Any], mean: dict[str, float]) -> Numbers | None:
    saved = _dictionary(part.get("numbers"))
    metrics = saved if task.judged_by in saved else mean
    value = metrics.get(task.judged_by)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    error = task.error({task.judged_by: value}, guessing)
    if error is None:
        return None
    return Numbers(float(value), float(error), int(part.get("samples", 0)), metrics is saved)


def _guessing(folder: RunFolder, task: Task) -> dict[str, float]:
    """As far as it follows from the target alone, for runs that did not keep it."""
    try:
        about = read_about(folder.model_path) if folder.model_path.is_file() else None
        return task.guessing(np.zeros(0), spec_from_json(about["target"])) if about else {}
    except (UserError, KeyError, TypeError, ValueError):  # damaged, or of another version
        return {}


def _answers(splits: Any) -> dict[str, tuple[int, int]]:
    """Of validation and test together; of no split that it learned from."""
    total: dict[str, tuple[int, int]] = {}
    for split, counts in _dictionary(splits).items():
        if split == "train":
            continue
        for name, (true, answered) in _dictionary(counts).items():
            before = total.get(name, (0, 0))
            total[name] = (before[0] + int(true), before[1] + int(answered))
    return total


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
