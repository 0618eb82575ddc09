"""A recipe for CIFAR-10 trained by the command line on the sample of it: 10,000 training and 2,000 test pictures.

Not a benchmark by itself. A share of the training pictures, as the recipe's splits have it, chooses the best epoch;
the accuracy is the one on the test pictures, which the training never sees.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "cifar10" / "cifar10_sample.npz"
_AS_BEFORE = ("preprocessing.height=32", "preprocessing.width=32", "preprocessing.channels=3")


def missing(sample: Path) -> str:
    """Why nothing can be measured, or an empty text."""
    return "" if sample.is_file() else f"no sample of CIFAR-10 at {sample}"


def command(recipe: str, sample: Path, runs: str, changes: tuple[str, ...] = ()) -> list[str]:
    """What `workbench train` is called with; another dataset brings other pictures, so their size is said again."""
    from workbench.recipes import recipe as named

    settings = ("dataset.name=npz", f"dataset.path={sample}", *_AS_BEFORE, *changes)
    flags = [part for setting in settings for part in ("--set", setting)]
    return ["train", str(named(recipe).path), *flags, "--runs", runs]


def trained(recipe: str, sample: Path, changes: tuple[str, ...] = ()) -> dict[str, Any]:
    """Parameters, epochs, minutes (start of the process, evaluation and all) and accuracy of one training."""
    from workbench.runs.folder import RunFolder
    from workbench.runs.model_file import load_model

    with tempfile.TemporaryDirectory() as home:
        runs = f"{home}/runs"
        environment = {**os.environ, "WORKBENCH_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "3"}
        started = time.perf_counter()
        child = subprocess.run(
            [sys.executable, "-m", "workbench", *command(recipe, sample, runs, changes)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        minutes = (time.perf_counter() - started) / 60
        if child.returncode:
            raise RuntimeError(f"{recipe} did not finish:\n{child.stderr[-2_000:]}")
        run = RunFolder(next(Path(runs).iterdir()))
        epochs = run.metrics()
        return {
            "parameters": load_model(run.model_path).model.count_params(),
            "epochs": len(epochs),
            "minutes": minutes,
            "training accuracy": epochs[-1]["accuracy"],
            "test accuracy": run.evaluation()["test"]["accuracy"],
        }
