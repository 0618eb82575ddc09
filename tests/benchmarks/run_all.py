"""All figures of the README in one table, and as JSON.

    uv run python tests/benchmarks/run_all.py [--json FILE] [--only NAME] [--long]

Ratios come from interleaved slices in one run; absolute figures hold for the machine named above the table. Leave the
machine alone while it runs (about 20 minutes, with `--long` more than an hour).
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BENCHMARKS = {
    "training": "bench_training",
    "window_training": "bench_window_training",
    "window": "bench_window",
    "runs": "bench_runs",
    "data_reading": "bench_data_reading",
    "grad_cam": "bench_grad_cam",
    "tables": "bench_tables",
    "closed_form": "bench_closed_form",
    "membranes": "bench_membranes",
    "drive": "bench_drive",
    "embeddings": "bench_embeddings",
    "embeddings_view": "bench_embeddings_view",
    "inspection": "bench_inspection",
    "live": "bench_live",
    "diagnosis": "bench_diagnosis",
    "probes": "bench_probes",
    "cifar10_report": "bench_cifar10_report",
    "small_pictures": "bench_small_pictures",
}
LONG = ("cifar10_report", "small_pictures", "probes")


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    parser.add_argument("--only", choices=list(BENCHMARKS), help="measure one part only")
    parser.add_argument("--long", action="store_true", help=f"also {', '.join(LONG)}, which train for long")
    arguments = parser.parse_args()
    chosen = [arguments.only] if arguments.only else [name for name in BENCHMARKS if arguments.long or name not in LONG]
    figures: dict[str, Any] = {"machine": machine(), "measured": time.strftime("%Y-%m-%d")}
    print(f"{figures['machine']}\n")
    print(f"{'figure':<72}{'measured':>14}")
    for name in chosen:
        measure: Callable[[], dict[str, Any]] = importlib.import_module(BENCHMARKS[name]).measure
        figures[name] = measure()
        for line in table_lines(figures[name], name):
            print(line, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def machine() -> str:
    """What it was measured on, in a line."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def table_lines(values: Any, prefix: str) -> list[str]:
    """A line per number, its place in front."""
    if isinstance(values, dict):
        return [line for key, value in values.items() for line in table_lines(value, f"{prefix} | {key}")]
    shown = f"{values:.3f}" if isinstance(values, float) else str(values)
    return [f"{prefix:<72}{shown:>14}"]


if __name__ == "__main__":
    main()
