"""A table of 1,000,000 rows x 20 columns: how long it takes to load and to learn from, and in how much memory.

Run: `python tests/benchmarks/bench_tables.py`. A CSV of about 180 MB is written first (half a minute). A child process
then runs the job of `workbench train`: an epoch of an `mlp` in batches of 256, with its evaluation. Loading is
everything until the data are read, split and checked.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS, COLUMNS = 1_000_000, 20
_ROWS_AT_ONCE = 10_000


def write_table(path: Path) -> None:
    """Normal features with six decimals, the last column a noisy sum of some of them."""
    random = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        file.write(",".join([*(f"feature {number}" for number in range(1, COLUMNS)), "target"]) + "\n")
        for _chunk in range(ROWS // _ROWS_AT_ONCE):
            values = random.normal(size=(_ROWS_AT_ONCE, COLUMNS))
            values[:, -1] = values[:, :5].sum(axis=1) + 0.1 * values[:, -1]
            np.savetxt(file, values, fmt="%.6f", delimiter=",")


def run(path: str) -> None:
    """The child: train, and print what it took."""
    import resource

    from workbench.control import Control
    from workbench.data.sources.table_file import TableFileSection, TableFileSource
    from workbench.events import EpochFinished, Finished, PhaseFinished
    from workbench.experiment import from_values
    from workbench.requests import TrainRequest
    from workbench.training.session import train

    values = {
        "version": 1,
        "dataset": {"name": "table_file", "path": path},
        "architecture": {"name": "mlp"},
        "training": {"epochs": 1, "batch_size": 256},
    }
    started = time.perf_counter()
    TableFileSource().open(TableFileSection(path=path), lambda event: None)
    figures: dict[str, Any] = {"seconds to read the file": time.perf_counter() - started}

    def emit(event: Any) -> None:
        match event:
            case PhaseFinished(phase="data"):
                figures["seconds to load"] = event.seconds
            case EpochFinished():
                figures["seconds of an epoch"] = event.seconds
            case Finished():
                figures["R2 on the test split"] = event.metrics["test_r2"]

    with tempfile.TemporaryDirectory() as runs:
        train(TrainRequest(from_values(values, "the benchmark"), runs), emit, Control())
    figures["GiB at most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(figures))


def measure() -> dict[str, float]:
    """Write the table, train in a child, and give its figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path)
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "WORKBENCH_HOME": folder}
        child = subprocess.run(
            [sys.executable, __file__, str(path)], stdout=subprocess.PIPE, text=True, check=True, env=environment
        )
    return json.loads(child.stdout.splitlines()[-1])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        run(sys.argv[1])
    else:
        print(json.dumps(measure(), indent=2))
