"""Seconds of an embedding with logistic regression for 10,000 pictures: the first time, and from the cache.

Run: `python tests/benchmarks/bench_embeddings.py`. Reach: the second time under 3 s.

The pictures are the CIFAR-10 sample of `shared/data` where it is present (10,000 for training, 2,000 for testing), else
drawn at random. Two bases: a simple CNN trained on the same pictures for an epoch, 128 features; and MobileNetV2 as
Keras has it, 1,280 features, without weights, since none can be downloaded here: its time is that of the real one, its
accuracy is not. Each is asked in a process that has Keras loaded, as the engine of the window has.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "cifar10" / "cifar10_sample.npz"
PICTURES = 10_000
REACH = 3.0
SMALL = {"name": "simple_cnn", "filters": [32, 64, 128], "padding": "same", "head": "global_average"}


def measure() -> dict[str, Any]:
    """Both bases, each twice with one value of C, and once with a search of three values in three folds."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_HOME"] = str(Path(folder) / "home")
        data = _data(Path(folder))
        small, _seconds = _run(Path(folder), {**data, "architecture": SMALL, "training": {"epochs": 1}})
        mobile = {"base": "keras", "application": "mobilenet_v2", "weights": "none"}
        return {
            "pictures": "CIFAR-10 sample" if SAMPLE.exists() else "random",
            "simple_cnn_128_features": _base(Path(folder), data, {"base": "run", "source": small}),
            "mobilenet_v2_1280_features_no_weights": _base(Path(folder), data, mobile),
            "reach_s": REACH,
        }


def _base(folder: Path, data: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    architecture = {"name": "transfer", **base}
    one = {"name": "classical_head", "folds": 0, "classifier": {"name": "logistic_regression", "c": [0.01]}}
    three = {"name": "classical_head", "folds": 3}
    return {
        name: _run(folder, {**data, "architecture": architecture, "trainer": trainer})[1]
        for name, trainer in (("first_time", one), ("second_time", one), ("search_of_3_values_in_3_folds", three))
    }


def _data(folder: Path) -> dict[str, Any]:
    import numpy as np

    path = SAMPLE
    if not path.exists():
        path = folder / "random.npz"
        random = np.random.default_rng(0)
        pictures = random.integers(0, 256, (PICTURES + 2_000, 32, 32, 3), np.uint8)
        labels = random.integers(0, 10, len(pictures))
        np.savez(path, x_train=pictures[:PICTURES], y_train=labels[:PICTURES], x_test=pictures[PICTURES:],
                 y_test=labels[PICTURES:])  # fmt: skip
    return {
        "dataset": {"name": "npz", "path": str(path)},
        "splits": {"validation": 0.0},
        "preprocessing": {"height": 32, "width": 32, "channels": 3},
    }


def _run(folder: Path, values: dict[str, Any]) -> tuple[str, dict[str, float]]:
    """The run, and the seconds it took: all of it, and the embedding with the classifier alone."""
    from workbench.control import Control
    from workbench.events import Finished, PhaseFinished
    from workbench.experiment import from_values
    from workbench.requests import TrainRequest
    from workbench.training.session import train

    events: list[Any] = []
    experiment = from_values({"version": 1, **values}, "the benchmark's experiment")
    started, processor = time.perf_counter(), time.process_time()
    run = train(TrainRequest(experiment, str(folder / "runs")), events.append, Control())
    whole, processor = time.perf_counter() - started, time.process_time() - processor
    (end,) = [event for event in events if isinstance(event, Finished)]
    if end.state != "completed":
        raise RuntimeError(end.message)
    solved = [event.seconds for event in events if isinstance(event, PhaseFinished) and event.phase == "solve"]
    return run, {
        "embedding_and_classifier_s": solved[0] if solved else float("nan"),
        "whole_run_s": round(whole, 2),
        "whole_run_processor_s": round(processor, 2),
        "test_accuracy": end.metrics["test_accuracy"],
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
