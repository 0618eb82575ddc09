"""R² of the diabetes data: `linear` by closed form beside scikit-learn's `LinearRegression` on the same split.

Run: `python tests/benchmarks/bench_closed_form.py`. Reach: equal to 1e-6.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SPLITS = ("train", "validation", "test")


def measure(seed: int = 0) -> dict[str, Any]:
    """Both R² per split, and the largest difference."""
    from sklearn.linear_model import LinearRegression

    from workbench.control import Control
    from workbench.data.prepare import prepare
    from workbench.experiment import from_values
    from workbench.requests import EvaluateRequest, TrainRequest
    from workbench.training.evaluation import evaluate
    from workbench.training.session import train

    experiment = from_values(
        {
            "version": 1,
            "dataset": {"name": "diabetes"},
            "splits": {"seed": seed},
            "architecture": {"name": "linear"},
            "trainer": {"name": "closed_form"},
        },
        "the benchmark's experiment",
    )
    with tempfile.TemporaryDirectory() as folder:
        run = train(TrainRequest(experiment, str(Path(folder) / "runs")), _ignore, Control())
        ours = {
            split: evaluate(EvaluateRequest(run, split), _ignore, Control()).numbers["r2"] for split in SPLITS
        }  # fmt: skip
    data = prepare(experiment, _ignore, Control())
    inputs, targets = data.inputs.astype("float64"), data.targets.astype("float64").reshape(-1)
    reference = LinearRegression().fit(inputs[data.splits["train"]], targets[data.splits["train"]])
    theirs = {
        split: float(reference.score(inputs[data.splits[split]], targets[data.splits[split]])) for split in SPLITS
    }  # fmt: skip
    return {
        "closed_form_r2": ours,
        "scikit_learn_r2": theirs,
        "largest_difference": max(abs(ours[split] - theirs[split]) for split in SPLITS),
        "reach": 1e-6,
    }


def _ignore(_event: object) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
