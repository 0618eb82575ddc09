"""How a run's best model does on samples that it learned from beside samples that it did not: for the diagnosis.

The training metrics of an epoch cannot say that: they are means over the epoch while the weights change, with dropout
and augmentation on. So the saved model answers a part of the training samples at the end of a run, which costs little.
What it does on validation samples is known from its epoch.
"""

from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.prepared import PreparedData
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.writer import store_learned
from workbench.training.evaluation import judge

MOST = 250  # samples: an accuracy of 80 % is known to 2.5 points then


def judge_what_was_learned(
    folder: RunFolder,
    experiment: Experiment,
    data: PreparedData,
    control: Control,
    metrics: dict[str, float],
    answers: np.ndarray | None = None,
) -> None:
    """Keep in `evaluation.json` what the saved model does on samples it learned from, and what guessing would.

    `learned` holds per split (`train`, `validation`) how many `samples` were asked and the `numbers` of those that do
    not stand in `metrics.csv`, and under `guessing` the metrics of the best answer that is the same for all.

    Args:
        folder: of the run, with its model.
        experiment: what was trained.
        data: likewise.
        control: nothing is judged when a stop was asked for.
        metrics: of the best epoch.
        answers: to all samples; with them no model is needed.
    """
    task = registry().tasks.get(experiment.task.name)
    training, validation = _part(data.splits["train"]), data.splits["validation"]
    if not len(training) or not len(validation) or control.stop_requested:
        return
    learned: dict[str, Any] = {"validation": {"samples": len(validation)}}
    asked = {"train": training}
    if f"val_{task.judged_by}" not in metrics:
        asked["validation"] = _part(validation)
    for split, indices in asked.items():
        evaluation = judge(folder, experiment, data, indices, answers=answers)
        learned[split] = {"numbers": evaluation.numbers, "samples": len(indices)}
    guessing = task.guessing(data.targets[_part(validation)], data.target)
    store_learned(folder, {**learned, "guessing": guessing})


def _part(indices: np.ndarray) -> np.ndarray:
    """All of them, or as many as are enough, drawn the same way every time."""
    if len(indices) <= MOST:
        return indices
    return np.sort(np.random.default_rng(0).choice(indices, MOST, replace=False))
