"""The five CIFAR-10 networks of a student's report: as they were written, faults included, and mended.

Run: `python tests/benchmarks/bench_cifar10_report.py [--only vgg16 ...] [--sides mended as_written] [--epochs 1]`. Each
recipe of `resources/experiments/cifar10_report` is trained by `workbench train` on the sample of CIFAR-10 (10,000
training and 2,000 test pictures): the mended ones whole, in minutes on two cores; those as written, which ask for 50
epochs of the full-size network, for as many as `--epochs` says. Every row tells how many epochs it had.
"""

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sample_training import SAMPLE, missing, trained

NETWORKS = ("vgg16", "vgg19", "resnet50", "inception", "xception")
SIDES = ("mended", "as_written")


def measure(
    sample: Path = SAMPLE,
    networks: tuple[str, ...] = NETWORKS,
    sides: tuple[str, ...] = SIDES[:1],
    epochs_as_written: int = 1,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Figures per network and side, each told as a row of a table once there; nothing where the sample is absent."""
    if reason := missing(sample):
        return {"skipped": reason}
    limits = {"mended": (), "as_written": (f"training.epochs={epochs_as_written}",)}
    figures: dict[str, Any] = {}
    for network in networks:
        for side in sides:
            found = trained(f"cifar10_report/{network}_{side}", sample, limits[side])
            figures.setdefault(network, {})[side] = found
            if tell:
                tell(row(f"{network}_{side}", found))
    return figures


def row(name: str, found: dict[str, Any]) -> str:
    """A training as a row of the table."""
    return (
        f"| {name} | {found['parameters']:,} | {found['epochs']} | {found['minutes']:.1f} | "
        f"{found['test accuracy']:.1%} |"
    )


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="an .npz with x_train, y_train, x_test, y_test")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=NETWORKS, metavar="NETWORK")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--epochs", type=int, default=1, help="of those as written")
    arguments = parser.parse_args()
    print("| recipe | parameters | epochs | minutes | test accuracy |\n| --- | --- | --- | --- | --- |", flush=True)
    found = measure(
        arguments.sample,
        tuple(arguments.only),
        tuple(arguments.sides),
        arguments.epochs,
        partial(print, flush=True),
    )
    print(json.dumps(found, indent=2))
