"""Grad-CAM with class scores against one compiled forward call (MobileNetV2, 224 px), interleaved.

Run: `python tests/benchmarks/bench_grad_cam.py`. Ratios are medians of pair ratios; `bare_to_bare` is the same
measurement of the forward call against itself.
"""

import json
import time

import numpy as np

PAIRS = 30
SLICE_SECONDS = 1.0
OTHER_LAYERS = ("block_13_expand", "block_6_expand", "block_1_expand")


def _slice(call, seconds: float) -> float:
    """Seconds per call over a slice of time."""
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls


def _pair_ratio(call, bare, pairs: int, seconds: float) -> tuple[float, float]:
    """Median ratio of call / bare, and the median seconds of `call`; the order within a pair alternates."""
    ratios, times = [], []
    for pair in range(pairs):
        if pair % 2:
            bare_time, call_time = _slice(bare, seconds), _slice(call, seconds)
        else:
            call_time, bare_time = _slice(call, seconds), _slice(bare, seconds)
        ratios.append(call_time / bare_time)
        times.append(call_time)
    return float(np.median(ratios)), float(np.median(times))


def measure(pairs: int = PAIRS, seconds: float = SLICE_SECONDS, other_pairs: int = 5) -> dict:
    """Ratios and milliseconds by what was measured."""
    import keras
    import tensorflow as tf

    from workbench.inspection.network import gradients, layers

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(weights=None)
    picture = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    index = np.array([7], np.int32)
    forward = tf.function(lambda pictures: model(pictures, training=False))

    def bare():
        forward(picture).numpy()

    def at(layer):
        maps = gradients.class_maps(model, layer)
        return lambda: maps(picture, index)

    last = layers.last_convolution(model)
    grad_cam = at(last)
    for _ in range(5):
        bare()
        grad_cam()
    ratio, call_seconds = _pair_ratio(grad_cam, bare, pairs, seconds)
    bare_ratio, bare_seconds = _pair_ratio(bare, bare, pairs, seconds)
    others = {}
    for layer in OTHER_LAYERS:
        call = at(layer)
        call()
        others[layer] = _pair_ratio(call, bare, other_pairs, seconds)[0]
    return {
        "grad_cam_to_forward": ratio,
        "bare_to_bare": bare_ratio,
        "grad_cam_ms": 1000 * call_seconds,
        "forward_ms": 1000 * bare_seconds,
        "layer": last,
        "pairs": pairs,
        "reach": 1.3,
        "other_layers": others,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
