"""The window itself: how soon it is there, how smooth it stays, how much it grows, how fast a long curve is drawn."""

import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import numpy as np
import psutil
import window
from PySide6.QtCore import Qt, QTimer

TICK_SECONDS = 0.016
RUNS = 40
POINTS = 1_000_000
_START = """
import os, sys, time
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from workbench.gui.app import open_window
from workbench.gui.theme import prepare
app = QApplication(["workbench"])
prepare(app)
window = open_window([])
def usable():
    print(time.time() - float(sys.argv[1]), flush=True)
    os._exit(0)
window.first_painted.connect(lambda: QTimer.singleShot(0, usable))
window.show()
app.exec()
"""


def measure_start(times: int = 7) -> float:
    """Median seconds from starting a process to the window painted and its event loop answering."""
    seconds = []
    for _ in range(times):
        command = [sys.executable, "-c", _START, repr(time.time())]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        seconds.append(float(answer.stdout.splitlines()[-1]))
    return median(seconds)


def measure_gaps() -> dict[str, float]:
    """Gaps of a 16 ms ticker from the window shown through engine start, tracing, training and evaluation."""
    from workbench.gui.app import open_window
    from workbench.requests import TrainRequest

    window.application()
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    main = open_window([])
    main.resize(1280, 800)
    main.show()
    window.spin_until(lambda: main._painted)
    ticker = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=int(TICK_SECONDS * 1_000))
    ticker.timeout.connect(tick)
    last = time.perf_counter()
    ticker.start()
    workspace = main.workspace
    _run_loop_until(lambda: workspace.questions.engine.ready and workspace.training.engine.ready)
    main.show_page("train")
    with tempfile.TemporaryDirectory() as runs:
        workspace.training.submit(TrainRequest(large_experiment(), runs))
        _run_loop_until(lambda: not workspace.training.running, 600)
        main.show_page("evaluate")
        _run_loop_for(10)
        ticker.stop()
        main.close()
        window.spin(1.0)
    array = np.array(gaps)
    return {
        "longest gap, ms": 1_000 * float(array.max()),
        "95th percentile, ms": 1_000 * float(np.percentile(array, 95)),
        "share under 25 ms": float((array < 0.025).mean()),
        "ticks": len(array),
    }


def large_experiment():
    """25 million parameters in 50 convolutions, as many as a ResNet50 has, on the digits for one epoch."""
    from workbench.experiment import from_values

    layers = []
    for filters, count in ((64, 12), (128, 12), (256, 14), (512, 8), (640, 4)):
        layers += [{"kind": "convolution", "filters": filters, "kernel_size": 3, "padding": "same"}] * count
        layers += [{"kind": "batch_normalization"}, {"kind": "max_pooling", "pool_size": 2}]
    layers += [{"kind": "global_average_pooling"}]
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "digits"},
            "preprocessing": {"height": 32, "width": 32},
            "architecture": {"name": "layers", "layers": layers},
            "training": {"epochs": 1, "batch_size": 32},
        },
        "the benchmark",
    )


def measure_growth() -> dict[str, float]:
    """Bytes by which the window's process grows over 40 short runs, after five that warm it up."""
    from workbench.experiment import new_experiment
    from workbench.gui.app import open_window
    from workbench.requests import TrainRequest

    window.application()
    main = open_window([])
    main.show()
    main.show_page("train")
    training = main.workspace.training
    experiment = new_experiment("digits", "mlp").changed("training.epochs", 2)
    process = psutil.Process()
    sizes = []
    with tempfile.TemporaryDirectory() as runs:
        for _ in range(RUNS + 5):
            training.submit(TrainRequest(experiment, runs))
            window.spin_until(lambda: not training.running)
            sizes.append(process.memory_info().rss)
        main.close()
        window.spin(1.0)
    return {"growth a run, MB": (sizes[-1] - sizes[4]) / RUNS / 1e6, "window, MB": sizes[-1] / 1e6}


def measure_curve() -> float:
    """Median milliseconds to redraw the loss of 1,000,000 batches after one more."""
    from workbench.gui.pages.train.losses import LossHistory
    from workbench.gui.pages.train.plots import LossPlot

    app = window.application()
    history = LossHistory()
    history.add(0, tuple(np.random.default_rng(0).random(POINTS)))
    plot = LossPlot()
    plot.resize(1_000, 400)
    plot.show()
    plot.show_losses(history)
    app.processEvents()
    times = []
    for index in range(60):
        started = time.perf_counter()
        history.add(POINTS + index, (0.5,))
        plot.show_losses(history)
        plot.grab()
        times.append(time.perf_counter() - started)
    plot.close()
    return 1_000 * median(times)


def _run_loop_until(condition, seconds: float = 120.0) -> None:
    """Run a real event loop, which sleeps until there is something to do."""
    from PySide6.QtCore import QEventLoop

    loop = QEventLoop()
    deadline = time.monotonic() + seconds
    watch = QTimer(interval=200)
    watch.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > deadline else None)
    watch.start()
    loop.exec()
    watch.stop()


def _run_loop_for(seconds: float) -> None:
    end = time.monotonic() + seconds
    _run_loop_until(lambda: time.monotonic() >= end)


PARTS = {"start": measure_start, "gaps": measure_gaps, "growth": measure_growth, "curve": measure_curve}


def measure() -> dict[str, object]:
    """Every part in a process of its own."""
    answers = {}
    for part in PARTS:
        command = [sys.executable, __file__, part]
        environment = {**os.environ, "WORKBENCH_HOME": tempfile.mkdtemp(prefix="workbench-benchmark-")}
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1_200, env=environment)
        answers[part] = json.loads(answer.stdout.splitlines()[-1])
    return answers


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(PARTS[sys.argv[1]]()))
    else:
        print(json.dumps(measure(), indent=2))
