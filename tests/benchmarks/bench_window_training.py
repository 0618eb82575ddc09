"""Training from the window, with its Train page drawing, against a bare `model.fit`; and from click to first batch.

The bare sides and their turns are those of `bench_training`. While a bare side has its turn the window's training is
paused and the window idle.
"""

import json
import queue
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import window
from bench_training import experiment_of, turn, wait_for_epoch, write_data

from workbench.engine import Engine
from workbench.events import EpochFinished, Paused, PhaseFinished
from workbench.gui.main_window import MainWindow
from workbench.gui.workspace import Workspace
from workbench.requests import TrainRequest


class TurnTakingEngine(Engine):
    """Pauses after every epoch and notes when it did, in the thread that hears the events."""

    def __init__(self) -> None:
        super().__init__("training")
        self.paused_at: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.first_batch_at: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.take_turns = True

    def run(self, request, emit):
        """As the engine does, listening in."""

        def listen(event):
            match event:
                case EpochFinished() if self.take_turns:
                    self.pause()
                case Paused():
                    self.paused_at.put(time.perf_counter())
                case PhaseFinished(phase="first_batch"):
                    self.first_batch_at.put(time.perf_counter())
            emit(event)

        return super().run(request, listen)


def measure(slices: int = 31, clicks: int = 7) -> dict[str, float]:
    """Ratios of the window to bare and of bare to bare; seconds from click to first batch, and of bare."""
    window.application()
    engine = TurnTakingEngine()
    main = MainWindow(Workspace(Engine("questions", device="cpu"), engine))
    main.resize(1280, 800)
    main.show()
    main.show_page("train")
    engine.start()
    window.spin_until(lambda: engine.ready)
    with tempfile.TemporaryDirectory() as folder:
        path = write_data(Path(folder))
        ratios = _ratios(main, engine, path, folder, slices)
        first = _first_batches(main, engine, path, folder, clicks)
    main.workspace.document.undo_stack.setClean()
    main.close()
    window.spin(1.0)
    return {**ratios, **first}


def _ratios(main, engine, path: Path, folder: str, slices: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).with_name("bench_training.py")), "bare", str(path), str(slices + 3)]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for child in children:
        wait_for_epoch(child)
    training = main.workspace.training
    training.submit(TrainRequest(experiment_of(str(path), 10_000), folder))
    window.spin_until(lambda: not engine.paused_at.empty())
    engine.paused_at.get()
    rounds = []
    for _ in range(slices + 1):
        bare = turn(children[0])
        started = time.perf_counter()
        training.resume()
        window.spin_until(lambda: not engine.paused_at.empty())
        ours = engine.paused_at.get() - started
        rounds.append((bare, ours, turn(children[1])))
    for child in children:
        child.kill()
        child.communicate()
    training.stop()
    window.spin_until(lambda: not training.running)
    rounds = rounds[1:]
    return {
        "window / bare": median(ours / bare for bare, ours, _again in rounds),
        "bare / bare": median(again / bare for bare, _ours, again in rounds),
        "slices": len(rounds),
    }


def _first_batches(main, engine, path: Path, folder: str, clicks: int) -> dict[str, float]:
    """The first batch after a click with a warm engine, beside that of a bare process whose Keras is imported."""
    engine.take_turns = False
    experiment = experiment_of(str(path), 1)
    ours, bare = [], []
    for _ in range(clicks):
        started = time.perf_counter()
        main.workspace.training.submit(TrainRequest(experiment, folder))
        window.spin_until(lambda: not engine.first_batch_at.empty())
        ours.append(engine.first_batch_at.get() - started)
        main.workspace.training.stop()
        window.spin_until(lambda: not main.workspace.training.running)
        bare.append(_bare_first_batch(path))
    return {"click to first batch, seconds": median(ours[1:]), "bare first batch, seconds": median(bare[1:])}


def _bare_first_batch(path: Path) -> float:
    answer = subprocess.run(
        [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    return float(answer.stdout.splitlines()[-1])


def print_bare_first_batch(path: str) -> None:
    """Seconds from reading the data to the end of the first batch of `fit`, Keras being imported already."""
    import keras
    import numpy as np
    from bench_training import BATCH, bare_network

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            print(time.perf_counter() - started, flush=True)
            self.model.stop_training = True

    started = time.perf_counter()
    data = np.load(path)
    model = bare_network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    model.fit(data["x_train"][:BATCH], data["y_train"][:BATCH], batch_size=BATCH, verbose=0, callbacks=[Clock()])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print_bare_first_batch(sys.argv[1])
    else:
        print(json.dumps(measure(), indent=2))
