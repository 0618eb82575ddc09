"""An epoch of an image folder, reading only, from the second epoch on: the workbench against Keras' own reader.

Run: `python tests/benchmarks/bench_data_reading.py`. Generated pictures: 10,000 of 32 px, and 1,000 photographs read at
180 px. Both sides give shuffled batches of 32; both have read every file before, so that the operating system has them.
Ratios are medians of pair ratios of interleaved slices; `bare_to_bare` is the same measurement of Keras against itself.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

PAIRS = 30
SLICE_SECONDS = 1.0
BATCH_SIZE = 32
CLASSES = 10


def _write_pictures(folder: Path, count: int, height: int, width: int, suffix: str) -> None:
    """Smooth colours with some noise: they compress about as well as photographs do."""
    import cv2

    random = np.random.default_rng(0)
    for index in range(count):
        coarse = random.integers(0, 256, (6, 8, 3)).astype(np.uint8)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        picture += random.normal(0, 6, picture.shape)
        target = folder / f"class_{index % CLASSES}"
        target.mkdir(parents=True, exist_ok=True)
        pixels = np.clip(picture, 0, 255).astype(np.uint8)
        (target / f"{index:05d}{suffix}").write_bytes(cv2.imencode(suffix, pixels)[1].tobytes())


def _keras_epochs(folder: Path, size: int):
    import keras

    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(size, size), batch_size=BATCH_SIZE, verbose=False
    )

    def epoch() -> int:
        return sum(int(pictures.shape[0]) for pictures, _labels in dataset)

    return epoch


def _workbench_epochs(folder: Path, size: int):
    from workbench.control import Control
    from workbench.data.batches import Batches, order
    from workbench.data.prepare import prepare
    from workbench.experiment import from_values

    values = {
        "version": 1,
        "dataset": {"name": "image_folder", "path": str(folder)},
        "architecture": {"name": "simple_cnn"},
        "preprocessing": {"height": size, "width": size},
        "splits": {"validation": 0.0, "test": 0.0},
    }
    experiment = from_values(values, "the benchmark")
    start = time.perf_counter()
    data = prepare(experiment, lambda event: None, Control())
    fill_seconds = time.perf_counter() - start
    start = time.perf_counter()
    prepare(experiment, lambda event: None, Control())
    open_seconds = time.perf_counter() - start
    batches = Batches(data.inputs, data.targets, None, data.splits["train"], BATCH_SIZE)
    number = iter(range(1_000_000))

    def epoch() -> int:
        return sum(len(pictures) for pictures, _y, _w in batches.epoch(order(0, next(number), len(batches))))

    return epoch, fill_seconds, open_seconds


def _slice(epoch, seconds: float) -> float:
    """Seconds per epoch over a slice of time."""
    epochs, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        epoch()
        epochs += 1
    return (time.perf_counter() - start) / epochs


def _compare(first, second, pairs: int, seconds: float) -> tuple[float, float, float]:
    """Median of second / first, and the median seconds of both; the order within a pair alternates."""
    ratios, times = [], []
    for pair in range(pairs):
        if pair % 2:
            second_time, first_time = _slice(second, seconds), _slice(first, seconds)
        else:
            first_time, second_time = _slice(first, seconds), _slice(second, seconds)
        ratios.append(second_time / first_time)
        times.append((first_time, second_time))
    medians = np.median(times, axis=0)
    return float(np.median(ratios)), float(medians[0]), float(medians[1])


def measure(pairs: int = PAIRS, seconds: float = SLICE_SECONDS, small: int = 10_000, photographs: int = 1_000) -> dict:
    """Speed ratios (Keras' seconds / ours) and pictures a second, per kind of folder."""
    results: dict = {"pairs": pairs, "reach": 5.0}
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as home:
        before = os.environ.get("WORKBENCH_HOME")
        os.environ["WORKBENCH_HOME"] = home
        try:
            kinds = (
                ("small_32px", small, 32, 32, ".png", 32),
                ("photographs_180px", photographs, 375, 500, ".jpg", 180),
            )
            for name, count, height, width, suffix, size in kinds:
                folder = Path(home) / name
                _write_pictures(folder, count, height, width, suffix)
                results[name] = _measure_folder(folder, count, size, pairs, seconds)
        finally:
            if before is None:
                del os.environ["WORKBENCH_HOME"]
            else:
                os.environ["WORKBENCH_HOME"] = before
    return results


def _measure_folder(folder: Path, count: int, size: int, pairs: int, seconds: float) -> dict:
    keras_epoch = _keras_epochs(folder, size)
    our_epoch, fill_seconds, open_seconds = _workbench_epochs(folder, size)
    if keras_epoch() != count or our_epoch() != count:
        raise RuntimeError("one side does not read every picture")
    ratio, our_seconds, keras_seconds = _compare(our_epoch, keras_epoch, pairs, seconds)
    return {
        "speed_to_keras": ratio,
        "bare_to_bare": _compare(keras_epoch, keras_epoch, max(3, pairs // 3), seconds)[0],
        "pictures_per_second": count / our_seconds,
        "keras_pictures_per_second": count / keras_seconds,
        "first_decoding_seconds": fill_seconds,
        "opening_again_seconds": open_seconds,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
