"""How a run's best model does on samples that it learned from beside samples that it did not: for the diagnosis.

The training metrics of an epoch cannot say that: they are means over the epoch while the weights change, with dropout
and augmentation on. So the saved model answers a part of both splits at the end of a run, which costs little.
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

MOST = 500  # samples of each split: an accuracy is known to about 2 points then


def judge_what_was_learned(
    folder: RunFolder, experiment: Experiment, data: PreparedData, control: Control, answers: np.ndarray | None = None
) -> None:
    """Keep in `evaluation.json` what the saved model does on both splits, and what guessing would.

    `learned` holds per split (`train`, `validation`) its `numbers` and how many `samples` they are of, and under
    `guessing` the metrics of the best answer that is the same for all. `answers` to all samples need no model.
    """
    parts: dict[str, Any] = {}
    for split in ("train", "validation"):
        indices = _part(data.splits[split])
        if not len(indices) or control.stop_requested:
            return
        evaluation = judge(folder, experiment, data, indices, answers=answers)
        parts[split] = {"numbers": evaluation.numbers, "samples": len(indices)}
    task = registry().tasks.get(experiment.task.name)
    guessing = task.guessing(data.targets[_part(data.splits["validation"])], data.target)
    store_learned(folder, {**parts, "guessing": guessing})


def _part(indices: np.ndarray) -> np.ndarray:
    """All of them, or as many as are enough, drawn the same way every time."""
    if len(indices) <= MOST:
        return indices
    return np.sort(np.random.default_rng(0).choice(indices, MOST, replace=False))
