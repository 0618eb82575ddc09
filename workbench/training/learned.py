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
from workbench.training.evaluation import SavedModel, judge

MOST = 250  # samples: an accuracy of 80 % is known to 2.5 points then
FEWEST = 50
_VALUES = 20_000_000  # of pictures and masks: larger samples are asked about less, so that it stays a matter of seconds
_A_TARGET = 10  # a value of a mask is judged by slower means than a pixel enters the network


def judge_what_was_learned(
    folder: RunFolder,
    experiment: Experiment,
    data: PreparedData,
    control: Control,
    metrics: dict[str, float],
    saved: SavedModel,
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
        saved: opens that model.
        answers: to all samples; with them no model is needed.
    """
    task = registry().tasks.get(experiment.task.name)
    training, validation = _part(data, "train"), data.splits["validation"]
    if not len(training) or not len(validation) or control.stop_requested:
        return
    learned: dict[str, Any] = {"validation": {"samples": len(validation)}}
    asked = {"train": training}
    if f"val_{task.judged_by}" not in metrics:
        asked["validation"] = _part(data, "validation")
    for split, indices in asked.items():
        evaluation = judge(folder, experiment, data, indices, answers=answers, saved=saved)
        learned[split] = {"numbers": evaluation.numbers, "samples": len(indices)}
    guessing = task.guessing(data.targets[_part(data, "validation")], data.target)
    store_learned(folder, {**learned, "guessing": guessing})


def _part(data: PreparedData, split: str) -> np.ndarray:
    """All samples of a split, or as many as are enough, drawn the same way every time."""
    values = np.size(data.inputs[0]) + _A_TARGET * np.size(data.targets[0])
    enough, indices = min(MOST, max(FEWEST, _VALUES // values)), data.splits[split]
    if len(indices) <= enough:
        return indices
    return np.sort(np.random.default_rng(0).choice(indices, enough, replace=False))
