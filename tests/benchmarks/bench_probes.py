"""A training with probes of 8 samples, 3 layers and Grad-CAM against the same training without, in epochs of 30 s.

    uv run python tests/benchmarks/bench_probes.py [--seconds 30] [--epochs 6]

Two processes take turns, an epoch each; a third one, without probes as well, shows what the machine itself contributes.
What the probes do belongs to the turn after their epoch. The first epoch that is compared holds their compiling, too,
and is named by itself. How many samples make an epoch of so many seconds is measured before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_training import BATCH, experiment_of, take_turn, turn, wait_for_epoch

SIDES = ("without", "with", "without")
NETWORK = {"name": "simple_cnn", "filters": [16, 32, 64]}
PROBES = {"samples": 8, "method": "grad_cam"}
VALIDATION, TRIED = 2_000, 6_400


def write_data(folder: Path, count: int) -> Path:
    """Pictures of noise, 28 x 28, with a brighter band at one of ten places."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, count + VALIDATION)
    images = generator.integers(0, 196, (count + VALIDATION, 28, 28, 1), dtype=np.uint8)
    for label in range(10):
        images[labels == label, 2 * label + 4 : 2 * label + 6] += 60
    path = folder / f"bands-{count}.npz"
    np.savez(
        path, x_train=images[:count], y_train=labels[:count], x_val=images[count:], y_val=labels[count:]
    )  # fmt: skip
    return path


def run(side: str, path: str, epochs: int) -> None:
    """The job that `workbench train` runs in the foreground."""
    from workbench.control import Control
    from workbench.events import EpochFinished, Note
    from workbench.experiment import from_values
    from workbench.requests import TrainRequest
    from workbench.runs.probe_files import ProbeFiles
    from workbench.training.session import train

    values = {**experiment_of(path, epochs).model_dump(), "architecture": NETWORK}
    values["probes"] = PROBES if side == "with" else {}

    with tempfile.TemporaryDirectory() as runs:

        def emit(event):
            if isinstance(event, Note):
                raise RuntimeError(event.text)
            if isinstance(event, EpochFinished):
                kept = [len(ProbeFiles(folder).epochs()) for folder in Path(runs).iterdir()]
                assert kept == [event.epoch if side == "with" else 0]
                take_turn()

        train(TrainRequest(from_values(values, "the benchmark"), runs), emit, Control())


def start(side: str, path: Path, epochs: int) -> subprocess.Popen:
    """A side of the comparison, through its first epoch, which holds building and tracing."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--side", side, "--data", str(path), "--epochs", str(epochs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for_epoch(child)
    return child


def end(children: list[subprocess.Popen]) -> None:
    """End the sides."""
    for child in children:
        child.kill()
        child.communicate()


def samples_for(folder: Path, seconds: float) -> int:
    """How many training samples make an epoch of so many seconds, a tenth to spare."""
    child = start("without", write_data(folder, TRIED), 4)
    taken = min(turn(child) for _ in range(2))
    end([child])
    return max(BATCH, round(1.1 * TRIED * seconds / taken / BATCH) * BATCH)


def measure(seconds: float = 30.0, epochs: int = 6) -> dict[str, float]:
    """Ratios of all epochs, of the first one with compiling, and of the later ones; seconds of an epoch without."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write_data(folder, samples_for(folder, seconds))
        children = [start(side, path, epochs + 3) for side in SIDES]
        rounds = np.array([[turn(child) for child in children] for _ in range(epochs)])
        end(children)
    without, ours, again = rounds.sum(axis=0)
    later = rounds[1:].sum(axis=0)
    return {
        "with probes / without": ours / without,
        "with probes / without, first epoch": rounds[0, 1] / rounds[0, 0],
        "with probes / without, later epochs": later[1] / later[0],
        "without / without": again / without,
        "seconds of an epoch without": without / epochs,
        "epochs": epochs,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=6, help="to compare")
    parser.add_argument("--side", choices=("with", "without"), help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        run(arguments.side, arguments.data, arguments.epochs)
    else:
        began = time.perf_counter()
        print(json.dumps(measure(arguments.seconds, arguments.epochs), indent=2))
        print(f"{time.perf_counter() - began:.0f} s in all")
