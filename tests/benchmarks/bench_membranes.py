"""Cell membranes by the shipped recipe: Dice on the slices of the stack that were held back.

Run: `python tests/benchmarks/bench_membranes.py [--data FOLDER] [--seeds 0 1 2]`. The recipe
`resources/experiments/membranes.toml` trains as `workbench train` would (about 5 minutes a seed on two cores); every
seed holds back another block of four neighbouring slices. Each held-back slice is then predicted whole, as a dropped
picture is, from overlapping tiles, and the mask of the answer is compared with the true one at 512 x 512 pixels.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "membrane" / "train"


def measure(data: Path = SHARED, seeds: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Figures per seed; nothing where the data are absent."""
    if not data.is_dir():
        return {"skipped": f"no data at {data}"}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as home:
        before = os.environ.get("WORKBENCH_HOME")
        os.environ["WORKBENCH_HOME"] = home
        try:
            return {f"seed {seed}": _measure(data, seed, Path(home)) for seed in seeds}
        finally:
            del os.environ["WORKBENCH_HOME"]
            if before is not None:
                os.environ["WORKBENCH_HOME"] = before


def _measure(data: Path, seed: int, home: Path) -> dict[str, Any]:
    from workbench.control import Control
    from workbench.data.prepare import prepare
    from workbench.experiment import read_experiment
    from workbench.inspection.prediction import predict
    from workbench.paths import resources
    from workbench.registry import registry
    from workbench.requests import PredictRequest, TrainRequest
    from workbench.runs.folder import RunFolder
    from workbench.training.session import train

    def silent(event: Any) -> None:
        """Nobody watches."""

    experiment = read_experiment(resources() / "experiments" / "membranes.toml")
    experiment = experiment.changed("dataset.pictures", str(data / "image"))
    experiment = experiment.changed("dataset.masks", str(data / "label"))
    experiment = experiment.changed("splits.seed", seed)
    started = time.perf_counter()
    run = train(TrainRequest(experiment, str(home / "runs")), silent, Control())
    seconds = time.perf_counter() - started

    prepared = prepare(experiment, silent, Control())
    held_back = sorted(
        {prepared.paths[index] for index in prepared.splits["test"]}, key=lambda path: int(Path(path).stem)
    )
    samples = registry().datasets.get("image_masks").open(experiment.dataset, silent)
    answers = predict(PredictRequest(run, tuple(held_back)), silent, Control())
    dice = {}
    for item in answers.items:
        truth = samples.read_target(samples.paths.index(item.path)) > 0
        found = next(figure for figure in item.answer.figures if figure.kind == "image").pixels > 0
        dice[f"slice {Path(item.path).stem}"] = 2 * float((truth & found).sum()) / float(truth.sum() + found.sum())
    tiles = RunFolder(run).evaluation()["test"]
    return {
        "mean Dice of membrane": float(np.mean(list(dice.values()))),
        "Dice per slice": dice,
        "Dice of all tiles together": float(tiles["dice"]),
        "training slices": len({prepared.paths[index] for index in prepared.splits["train"]}),
        "seconds to train and evaluate": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED, help="a folder with image and label in it")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.data, tuple(arguments.seeds)), indent=2))
