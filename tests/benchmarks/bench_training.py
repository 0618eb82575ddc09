"""Training from the command line against a bare `model.fit` of the same network, data, validation and checkpoints.

Three processes take turns, an epoch of about a second each: ours, bare, and a second bare one that shows what the
machine itself contributes. Reported is the median of the ratios of neighbouring slices.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

BATCH, STEPS, VALIDATION = 32, 400, 1_280
SIDES = ("bare", "ours", "bare")


def write_data(folder: Path) -> Path:
    """12,800 training and 1,280 validation pictures of noise with ten classes, 28 x 28."""
    generator = np.random.default_rng(0)
    count = BATCH * STEPS + VALIDATION
    images = generator.integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)
    labels = generator.integers(0, 10, count)
    first = BATCH * STEPS
    path = folder / "noise.npz"
    np.savez(path, x_train=images[:first], y_train=labels[:first], x_val=images[first:], y_val=labels[first:])
    return path


def experiment_of(path: str, epochs: int):
    """The experiment whose network `bare_network` builds in plain Keras."""
    from workbench.experiment import from_values

    return from_values(
        {
            "version": 1,
            "dataset": {"name": "npz", "path": path},
            "preprocessing": {"height": 28, "width": 28, "channels": 1},
            "architecture": {"name": "simple_cnn", "filters": [8, 16]},
            "training": {"epochs": epochs, "batch_size": BATCH},
        },
        "the benchmark",
    )


def bare_network():
    """The same network as `simple_cnn` with 8 and 16 filters."""
    import keras

    return keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10),
        ]
    )


def run_bare(path: str, epochs: int) -> None:
    """Fit with validation, the best model and a state to go on from kept at every epoch."""
    import keras

    class TakeTurns(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            take_turn()

    data = np.load(path)
    model = bare_network()
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    with tempfile.TemporaryDirectory() as folder:
        model.fit(
            data["x_train"],
            data["y_train"],
            batch_size=BATCH,
            epochs=epochs,
            validation_data=(data["x_val"], data["y_val"]),
            verbose=0,
            callbacks=[
                keras.callbacks.ModelCheckpoint(f"{folder}/best.keras", save_best_only=True),
                keras.callbacks.BackupAndRestore(f"{folder}/backup"),
                TakeTurns(),
            ],
        )


def run_ours(path: str, epochs: int) -> None:
    """The job that `workbench train` runs in the foreground."""
    from workbench.control import Control
    from workbench.events import EpochFinished
    from workbench.requests import TrainRequest
    from workbench.training.session import train

    def emit(event):
        if isinstance(event, EpochFinished):
            take_turn()

    with tempfile.TemporaryDirectory() as runs:
        train(TrainRequest(experiment_of(path, epochs), runs), emit, Control())


def take_turn() -> None:
    """Say that an epoch is over and wait for the next turn."""
    print("epoch", flush=True)
    sys.stdin.readline()


def measure(slices: int = 31) -> dict[str, float]:
    """Ratios of ours to bare and of bare to bare; seconds of a bare step."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_data(Path(folder))
        children = [
            subprocess.Popen(
                [sys.executable, __file__, side, str(path), str(slices + 3)],
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
    return {
        "ours / bare": median(ours / bare for bare, ours, _again in rounds),
        "bare / bare": median(again / bare for bare, _ours, again in rounds),
        "milliseconds of a bare step": 1_000 * median(bare for bare, _ours, _again in rounds) / STEPS,
        "slices": len(rounds),
    }


def turn(child: subprocess.Popen) -> float:
    """Let one side do an epoch; its seconds."""
    started = time.perf_counter()
    child.stdin.write("go\n")
    child.stdin.flush()
    wait_for_epoch(child)
    return time.perf_counter() - started


def wait_for_epoch(child: subprocess.Popen) -> None:
    """Read until the child says that its epoch is over."""
    for line in child.stdout:
        if line.strip() == "epoch":
            return
    raise RuntimeError(f"a side of the benchmark ended with {child.wait()}")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        (run_ours if sys.argv[1] == "ours" else run_bare)(sys.argv[2], int(sys.argv[3]))
    else:
        print(json.dumps(measure(), indent=2))
