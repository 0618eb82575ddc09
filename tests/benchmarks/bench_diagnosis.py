"""A training that is watched for faults against the same training with `training.watch = false`.

Two processes take turns, an epoch of about a second each; a third one, unwatched as well, shows what the machine itself
contributes. Compared are whole minutes, not single epochs, for the layers are looked at in some of them only. The first
minute of a training is the dearest: later, looks come at growing distances.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench_training import experiment_of, take_turn, turn, wait_for_epoch, write_data

SIDES = ("unwatched", "watched", "unwatched")
NETWORKS = {
    "small": {"name": "simple_cnn", "filters": [8, 16]},
    "deep": {"name": "resnet_cifar", "depth": 20, "width_multiplier": 0.25},
}


def run(network: str, side: str, path: str, epochs: int) -> None:
    """The job that `workbench train` runs in the foreground."""
    from workbench.control import Control
    from workbench.events import EpochFinished
    from workbench.experiment import from_values
    from workbench.requests import TrainRequest
    from workbench.training.session import train

    values = {**experiment_of(path, epochs).model_dump(), "architecture": NETWORKS[network]}
    experiment = from_values(values, "the benchmark").changed("training.watch", side == "watched")

    def emit(event):
        if isinstance(event, EpochFinished):
            take_turn()

    with tempfile.TemporaryDirectory() as runs:
        train(TrainRequest(experiment, runs), emit, Control())


def compared(network: str, path: str, slices: int) -> dict[str, float]:
    """Ratios over all slices and of the middle one; seconds of an epoch."""
    children = [
        subprocess.Popen(
            [sys.executable, __file__, network, side, path, str(slices + 3)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for side in SIDES
    ]
    for child in children:  # the first epoch holds building and tracing: not compared
        wait_for_epoch(child)
    rounds = [[turn(child) for child in children] for _ in range(slices + 1)][1:]
    for child in children:
        child.kill()
        child.communicate()
    without, watched, again = (sum(side) for side in zip(*rounds, strict=True))
    return {
        "watched / unwatched": watched / without,
        "watched / unwatched, middle slice": median(ours / bare for bare, ours, _again in rounds),
        "unwatched / unwatched": again / without,
        "seconds of an epoch": without / len(rounds),
        "slices": len(rounds),
    }


def measure(slices: int = 40) -> dict[str, dict[str, float]]:
    """The cost of watching a small network, where the loop itself counts, and a deep one, where looks are long."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(write_data(Path(folder)))
        return {
            "small network": compared("small", path, slices),
            "20 layers": compared("deep", path, slices // 2),
        }


if __name__ == "__main__":
    if len(sys.argv) == 5:
        run(*sys.argv[1:4], int(sys.argv[4]))
    else:
        print(json.dumps(measure(), indent=2))
