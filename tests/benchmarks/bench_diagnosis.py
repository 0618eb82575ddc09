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

import numpy as np
import psutil
from bench_training import BATCH, STEPS, VALIDATION, experiment_of, take_turn, turn, wait_for_epoch

SIDES = ("unwatched", "watched", "unwatched")
NETWORKS = {
    "small": {"name": "simple_cnn", "filters": [8, 16]},
    "deep": {"name": "resnet_cifar", "depth": 20, "width_multiplier": 0.25},
}


def write_data(folder: Path) -> Path:
    """Pictures of noise, 28 x 28, with a brighter band at one of ten places, which is to be found: no fault is told."""
    generator = np.random.default_rng(0)
    count = BATCH * STEPS + VALIDATION
    labels = generator.integers(0, 10, count)
    rows = np.arange(28)[None, :, None, None] // 2 - 2
    images = generator.integers(0, 156, (count, 28, 28, 1)) + 60 * (rows == labels[:, None, None, None])
    images = images.astype(np.uint8)
    first = BATCH * STEPS
    path = folder / "bands.npz"
    np.savez(path, x_train=images[:first], y_train=labels[:first], x_val=images[first:], y_val=labels[first:])
    return path


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
    [turn(child) for child in children]
    before = [processor_seconds(child) for child in children]
    rounds = [[turn(child) for child in children] for _ in range(slices)]
    processor = [processor_seconds(child) - start for child, start in zip(children, before, strict=True)]
    for child in children:
        child.kill()
        child.communicate()
    without, watched, again = (sum(side) for side in zip(*rounds, strict=True))
    return {
        "watched / unwatched": watched / without,
        "watched / unwatched, middle slice": median(ours / bare for bare, ours, _again in rounds),
        "unwatched / unwatched": again / without,
        "processor time, watched / unwatched": processor[1] / processor[0],
        "processor time, unwatched / unwatched": processor[2] / processor[0],
        "seconds of an epoch": without / len(rounds),
        "slices": len(rounds),
    }


def processor_seconds(child: subprocess.Popen) -> float:
    """What a side has used so far on all cores: what others do on this machine hardly changes it."""
    times = psutil.Process(child.pid).cpu_times()
    return times.user + times.system


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
