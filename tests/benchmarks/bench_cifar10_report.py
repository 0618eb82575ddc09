"""The five CIFAR-10 networks of a student's report: as they were written, faults included, and mended.

Run: `python tests/benchmarks/bench_cifar10_report.py [--only vgg16 ...] [--as-written 1]`. Each recipe of
`resources/experiments/cifar10_report` is trained by `workbench train` on the sample of CIFAR-10 (10,000 training and
2,000 test pictures): the mended ones whole, in minutes on two cores; those as written, which ask for 50 epochs
of the full-size network, for as many epochs as `--as-written` says (0 leaves them out), which is told in the result.
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


def measure(
    sample: Path = SAMPLE,
    networks: tuple[str, ...] = NETWORKS,
    epochs_as_written: int = 0,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Figures per network, each told as rows of a table when it is there; nothing where the sample is absent."""
    if reason := missing(sample):
        return {"skipped": reason}
    figures: dict[str, Any] = {}
    for network in networks:
        figures[network] = {"mended": trained(f"cifar10_report/{network}_mended", sample)}
        if epochs_as_written:
            limit = (f"training.epochs={epochs_as_written}",)
            figures[network]["as written"] = trained(f"cifar10_report/{network}_as_written", sample, limit)
        if tell:
            tell("\n".join(rows(network, figures[network])))
    return figures


def rows(network: str, figures: dict[str, dict[str, Any]]) -> list[str]:
    """A row of the table for each side."""
    return [
        f"| {network} {side} | {found['parameters']:,} | {found['epochs']} | {found['minutes']:.1f} | "
        f"{found['test accuracy']:.1%} |"
        for side, found in figures.items()
    ]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="an .npz with x_train, y_train, x_test, y_test")
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=NETWORKS, metavar="NETWORK")
    parser.add_argument("--as-written", type=int, default=1, metavar="EPOCHS", help="of those as written; 0: leave out")
    arguments = parser.parse_args()
    print("| network | parameters | epochs | minutes | test accuracy |\n| --- | --- | --- | --- | --- |", flush=True)
    found = measure(arguments.sample, tuple(arguments.only), arguments.as_written, partial(print, flush=True))
    print(json.dumps(found, indent=2))
