"""A training that has begun: it tells one end, whatever happens, and leaves everything about it in its folder."""

import contextlib
import datetime
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any, Protocol

import numpy as np

from workbench.control import Control
from workbench.events import Finished, RunStarted
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.head import Head
from workbench.runs.model_file import describe_model, save_model
from workbench.runs.writer import RunWriter, store_evaluation
from workbench.training.checkpoint import Checkpoint
from workbench.training.evaluation import SavedModel, evaluate_model, saved_model
from workbench.training.failure import explain_failure, unscaled_column
from workbench.training.learned import judge_what_was_learned
from workbench.training.ready import Prepared
from workbench.training.teller import Teller
from workbench.training.trainer import Trainer

_VERSIONS_OF = ("workbench", "keras", "tensorflow", "jax", "numpy", "opencv-python-headless")
_NO_METRICS = ("epoch", "learning_rate", "seconds")


@dataclass(frozen=True)
class Execution:
    """Everything a training needs."""

    folder: RunFolder
    writer: RunWriter
    experiment: Experiment
    prepared: Prepared
    teller: Teller
    control: Control
    checkpoint: Checkpoint | None = None

    @property
    def trainer(self) -> Trainer:
        """How the weights are found."""
        return registry().trainers.get(self.experiment.trainer.name)

    def save_model(self, model: Any, head: Head | None = None) -> None:
        """Keep this Keras model, and the classifier behind it where there is one, as the best so far."""
        data = self.prepared.data
        save_model(model, self.folder.model_path, describe_model(self.experiment, data.input, data.target), head)


class Course(Protocol):
    """The way from the first batch to the last: epoch by epoch, or all at once.

    Attributes:
        first_epoch: where it begins, 0-based.
        best_epoch: the best one so far, -1 before there is any.
        history: a row of `metrics.csv` for each epoch.
        message: what to say of its end, where there is something.
        answers: of the best model to all samples, where they are known already; else None.
    """

    first_epoch: int
    best_epoch: int
    history: list[dict[str, float]]
    message: str
    answers: np.ndarray | None

    def run(self) -> str:
        """Go to the end; `completed` or `stopped`."""


def execute(execution: Execution, begin: Callable[[Execution], Course]) -> None:
    """Run a course to its end and tell that end, whatever it is.

    Args:
        execution: what is trained.
        begin: a function of it that gives its `Course`.
    """
    started = time.perf_counter()
    folder, teller, writer = execution.folder, execution.teller, execution.writer
    end = Finished("failed", str(folder.path), _("The training ended without saying why."))
    course: Course | None = None
    try:
        teller.write_to(writer)
        course = begin(execution)
        epochs = execution.prepared.settings.epochs
        teller.tell(RunStarted(str(folder.path), folder.name, epochs, course.first_epoch))
        _describe_environment(execution)
        writer.metrics(course.history)
        state = course.run()
        metrics = _best_metrics(course)
        if state == "completed":
            saved = saved_model(folder)
            metrics |= _test_metrics(execution, saved, course.answers)
            data, control = execution.prepared.data, execution.control
            judge_what_was_learned(folder, execution.experiment, data, control, metrics, saved, course.answers)
        end = Finished(state, str(folder.path), course.message, course.best_epoch, metrics)
    except Exception as error:  # whatever went wrong ends the run as failed, in words
        _log_traceback(writer)
        cause = unscaled_column(execution.prepared.data, execution.experiment.preprocessing)
        message = explain_failure(error, execution.prepared.settings.batch_size, cause)
        best = course.best_epoch if course is not None else -1
        end = Finished("failed", str(folder.path), message, best, _best_metrics(course) if course else {})
    finally:
        _tell_the_end(teller, end, round(time.perf_counter() - started, 3))


def _tell_the_end(teller: Teller, end: Finished, seconds: float) -> None:
    # On a full disk the watcher has heard it already; the folder then reads as interrupted and can be resumed.
    with contextlib.suppress(OSError):
        teller.tell(replace(end, seconds=seconds))


def _best_metrics(course: Course) -> dict[str, float]:
    best = course.best_epoch
    row = course.history[best] if 0 <= best < len(course.history) else {}
    return {name: value for name, value in row.items() if name not in _NO_METRICS}


def _test_metrics(execution: Execution, saved: SavedModel, answers: np.ndarray | None) -> dict[str, float]:
    """The numbers of the best model on the test split, where there is one."""
    data = execution.prepared.data
    if not len(data.splits["test"]) or execution.control.stop_requested:
        return {}
    with execution.teller.phase("evaluate"):
        evaluation = evaluate_model(execution.folder, execution.experiment, data, "test", answers=answers, saved=saved)
        store_evaluation(execution.folder, "test", evaluation.numbers, evaluation.answers)
    return {f"test_{name}": value for name, value in evaluation.numbers.items()}


def _describe_environment(execution: Execution) -> None:
    import keras

    execution.writer.environment(
        {
            "version": 1,
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "cores": os.cpu_count(),
            "backend": keras.backend.backend(),
            "versions": {name: _version(name) for name in _VERSIONS_OF},
            "device": execution.experiment.training.device,
            "seed": execution.experiment.training.seed,
            "parameters": int(execution.prepared.network.model.count_params()),
            "data": execution.prepared.data.fingerprint,
            "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        }
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _log_traceback(writer: RunWriter) -> None:
    with contextlib.suppress(OSError):
        writer.log(traceback.format_exc())
