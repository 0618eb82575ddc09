"""The table of 10,000 runs: how soon it is there, how fast it is narrowed, how smooth the window stays meanwhile.

Each part is a process of its own, as a user meets it: `cold` reads all folders for the first time, `open` begins with
what an earlier process kept, `command` is `workbench runs list` after that.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

COUNT = int(os.environ.get("WORKBENCH_BENCHMARK_RUNS", "10000"))
QUERIES = ("kernels", "k", "tag:baseline", "state:completed dataset:digits val_accuracy>0.7", "-failed first week", "")
EPOCHS = 3


def make_runs(folder: Path, count: int) -> None:
    """Small run folders, as trainings of three epochs leave them behind."""
    from workbench.events import EpochFinished, Finished, to_json
    from workbench.experiment import new_experiment
    from workbench.experiment_toml import write_experiment
    from workbench.runs.notes import RunNotes, write_notes

    chance = random.Random(0)
    pattern = folder / "pattern"
    pattern.mkdir(parents=True)
    write_experiment(new_experiment(), pattern / "experiment.toml")
    experiment = (pattern / "experiment.toml").read_text(encoding="utf-8")
    write_notes(pattern, RunNotes("first week", ("baseline",), "Too wide a kernel."))
    notes = (pattern / "notes.toml").read_text(encoding="utf-8")
    shutil.rmtree(pattern)
    for number in range(count):
        run = folder / f"{chance.choice(('wide kernels', 'baseline', 'dropout 0.5'))}-{number:05}"
        run.mkdir()
        (run / "experiment.toml").write_text(experiment, encoding="utf-8")
        (run / "environment.json").write_text(json.dumps({"created": 1.7e9 + number, "parameters": 12_345}))
        best = chance.random()
        lines, rows = [], ["epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,samples_per_second"]
        for epoch in range(EPOCHS):
            numbers = {"loss": 1 - best, "accuracy": best, "val_loss": 1.1 - best, "val_accuracy": 0.9 * best}
            lines.append(EpochFinished(epoch, numbers, 1e-3, 1.5, 900.0, True, epoch))
            rows.append(f"{epoch + 1},{','.join(map(str, numbers.values()))},0.001,1.5,900")
        lines.append(Finished(chance.choice(("completed", "stopped", "failed")), str(run), ""))
        (run / "events.jsonl").write_text("".join(json.dumps(to_json(line)) + "\n" for line in lines))
        (run / "metrics.csv").write_text("\n".join(rows) + "\n")
        if number % 4 == 0:
            (run / "notes.toml").write_text(notes, encoding="utf-8")


def measure_page() -> dict[str, float]:
    """The real page in the real window: from showing it to 10,000 rows painted, then every query letter by letter."""
    import window
    from PySide6.QtCore import QTimer

    from workbench.gui.app import open_window

    application = window.application()
    main = open_window([])
    main.resize(1280, 800)
    main.show()
    window.spin(2.0)
    gaps, last = [], time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    ticker = QTimer(interval=16)
    ticker.timeout.connect(tick)
    ticker.start()
    assert main.pages.currentWidget().name != "runs"
    started = time.perf_counter()
    page = main.show_page("runs")
    window.spin_until(lambda: len(page.table_model.rows) == COUNT, 600)
    application.processEvents()
    page.table.viewport().grab()
    opened = time.perf_counter() - started
    window.spin_until(lambda: not page._reading, 600)
    read = time.perf_counter() - started
    window.spin(0.5)
    ticker.stop()
    slowest = []
    for query in QUERIES:
        times = []
        for end in range(len(query) + 1) if query else (0,):
            begun = time.perf_counter()
            page.search.field.setText(query[:end])
            page.table.viewport().grab()
            times.append(time.perf_counter() - begun)
        slowest.append(1_000 * max(times))
    by_column = []
    for column in range(page.table_model.columnCount()):
        begun = time.perf_counter()
        page.table.horizontalHeader().setSortIndicator(column, page.table.horizontalHeader().sortIndicatorOrder())
        page.table.viewport().grab()
        by_column.append(1_000 * (time.perf_counter() - begun))
    main.show_page("data")  # a window opens on the page it was closed on
    main.close()
    window.spin(0.5)
    return {
        "opens, s": opened,
        "all read again, s": read,
        "longest gap meanwhile, ms": 1_000 * max(gaps),
        "slowest letter of a filter, ms": max(slowest),
        "median of the queries' slowest, ms": median(slowest),
        "slowest column to sort by, ms": max(by_column),
    }


def measure_command(environment: dict[str, str]) -> float:
    """Seconds of `workbench runs list --json` in all, start of Python included."""
    command = [sys.executable, "-m", "workbench", "runs", "list", "--filter", "tag:baseline", "--json"]
    started = time.perf_counter()
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600, env=environment)
    seconds = time.perf_counter() - started
    assert len(answer.stdout.splitlines()) == (COUNT + 3) // 4
    return seconds


def measure() -> dict[str, object]:
    """Cold and warm, in processes of their own, over a folder that is made for it."""
    home = tempfile.mkdtemp(prefix="workbench-benchmark-")
    environment = {**os.environ, "WORKBENCH_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
    try:
        make_runs(Path(home) / "runs", COUNT)
        figures: dict[str, object] = {"runs": COUNT}
        for part in ("cold", "open"):
            command = [sys.executable, __file__, "page"]
            answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1_200, env=environment)
            figures[part] = json.loads(answer.stdout.splitlines()[-1])
        figures["command, s"] = measure_command(environment)
        return figures
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    print(json.dumps(measure_page() if sys.argv[1:] == ["page"] else measure(), indent=2 if not sys.argv[1:] else None))
