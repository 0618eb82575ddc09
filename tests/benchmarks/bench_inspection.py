"""Heatmaps against tf-keras-vis and xplique: time and memory, on MobileNetV2 and ResNet50 at 224 px, one picture.

    python tests/benchmarks/bench_inspection.py --peers /tmp/peers/bin/python [--networks ...] [--methods ...]

The peers need an environment of their own:

    uv venv /tmp/peers --python 3.11
    uv pip install --python /tmp/peers/bin/python tf-keras-vis xplique "tensorflow<2.22"

Both work with Keras 3, so that every side explains the same network with the same random weights, before its softmax.
Each side is a fresh process that has made the heatmap twice before; the sides take turns, the order alternates, and a
ratio is the median over the pairs of neighbours. Memory is the highest resident size of that process.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from inspection_worker import SIDES

WORKER = Path(__file__).with_name("inspection_worker.py")
PEERS = "WORKBENCH_PEERS"
NETWORKS = ("MobileNetV2", "ResNet50")
METHODS = SIDES["workbench"][1]
ROUNDS = {"grad_cam": 15, "score_cam": 3, "occlusion": 3}
TWICE = 2.0  # against the faster peer, where nothing else is said
REACH = {
    ("MobileNetV2", "grad_cam"): {"tf_keras_vis": 10.0, "xplique": 1 / 0.9},
    ("ResNet50", "grad_cam"): {"xplique": 1 / 0.9},
}
MISSING = (
    "needs the peers in an environment of their own: `uv venv /tmp/peers --python 3.11`, then `uv pip install "
    '--python /tmp/peers/bin/python tf-keras-vis xplique "tensorflow<2.22"`, then name it with --peers '
    f"/tmp/peers/bin/python (or in {PEERS})"
)


class Side:
    """A worker process of one side."""

    def __init__(self, python: str, side: str, network: str, method: str) -> None:
        root = str(WORKER.parents[2])
        self._process = subprocess.Popen(
            [python, str(WORKER), side, network, method],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if side != "workbench" else None,
            env={**os.environ, "PYTHONPATH": root} if side == "workbench" else dict(os.environ),
            text=True,
        )
        self._answer()

    def seconds(self, least: float) -> float:
        """Seconds per heatmap, over at least so many seconds."""
        self._tell(f"go {least}")
        return self._answer()["seconds"]

    def peak_bytes(self) -> int:
        """The highest resident size; the process ends with it."""
        self._tell("end")
        return self._answer()["peak_bytes"]

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            problem = self._process.stderr.read()[-2000:] if self._process.stderr else ""
            raise RuntimeError(f"{self._process.args} ended: {problem}")
        return json.loads(line)


@contextlib.contextmanager
def opened(python: str, network: str, method: str) -> Iterator[dict[str, Side]]:
    """A fresh process of every side that has the method."""
    sides: dict[str, Side] = {}
    try:
        for side, (_make, methods) in SIDES.items():
            if method in methods:
                sides[side] = Side(sys.executable if side == "workbench" else python, side, network, method)
        yield sides
    finally:
        for side in sides.values():
            side.close()


def compare(python: str, network: str, method: str) -> dict[str, Any]:
    """Milliseconds and peak of memory by side, and how many times as fast as each peer the workbench is."""
    rounds, least = ROUNDS.get(method, 7), 0.5
    with opened(python, network, method) as sides:
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        for turn in range(rounds):
            for side in list(sides)[:: 1 if turn % 2 else -1]:
                seconds[side].append(sides[side].seconds(least))
        peaks = {side: worker.peak_bytes() / 2**20 for side, worker in sides.items()}
    ours = np.array(seconds["workbench"])
    peers = [side for side in sides if side != "workbench"]
    times_as_fast = {side: float(np.median(np.array(seconds[side]) / ours)) for side in peers}
    fastest = min(peers, key=lambda side: np.median(seconds[side]))
    return {
        "milliseconds": {side: 1000 * float(np.median(values)) for side, values in seconds.items()},
        "times_as_fast_as": times_as_fast,
        "reach": REACH.get((network, method), {fastest: TWICE}),
        "peak_mib": peaks,
        "memory_to_faster_peer": peaks["workbench"] / peaks[fastest],
    }


def measure(
    python: str = "", networks: Sequence[str] = NETWORKS, methods: Sequence[str] = METHODS
) -> dict[str, dict[str, Any]]:
    """By network and method what `compare` gives, or why it was skipped."""
    python = python or os.environ.get(PEERS, "")
    if not python:
        return {"skipped": MISSING}
    figures: dict[str, dict[str, Any]] = {}
    for network in networks:
        figures[network] = {}
        for method in methods:
            figures[network][method] = found = compare(python, network, method)
            for line in lines(network, method, found):
                print(line, file=sys.stderr, flush=True)
    return figures


def lines(network: str, method: str, found: dict[str, Any]) -> list[str]:
    """A line per peer of the table."""
    ours, peak = found["milliseconds"]["workbench"], found["peak_mib"]["workbench"]
    texts = []
    for side, ratio in found["times_as_fast_as"].items():
        reach = found["reach"].get(side)
        wanted = f"reach {reach:4.1f}" if reach else " " * 10
        texts.append(
            f"{network:<12} {method:<21} {ours:8.1f} ms | {side:<12} {found['milliseconds'][side]:8.1f} ms | "
            f"{ratio:6.2f} times as fast, {wanted} | {peak:5.0f} MiB to {found['peak_mib'][side]:5.0f} MiB"
        )
    return texts


def main() -> None:
    """Measure, print the table and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default="", help="the Python of the environment that holds the peers")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.peers, arguments.networks, arguments.methods), indent=1))


if __name__ == "__main__":
    main()
