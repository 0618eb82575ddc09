"""The same experiment gives the same numbers from the command line, from the window's engine, and across a kill."""

import json
import os
import signal

import pytest

from workbench.cli import run as workbench
from workbench.engine import Engine, EngineDiedError
from workbench.events import BatchesDone, EpochFinished
from workbench.experiment import from_values
from workbench.experiment_toml import write_experiment
from workbench.requests import TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.index import list_runs


def experiment(epochs):
    return from_values(
        {
            "version": 1,
            "name": "Số đếm",
            "dataset": {"name": "digits"},
            "preprocessing": {"height": 12, "width": 12},
            "augmentation": {"shift": 0.1},
            "architecture": {"name": "simple_cnn", "filters": [8, 8], "dropout": 0.2},
            "training": {"epochs": epochs, "batch_size": 8, "schedule": "cosine"},
        },
        "the test's experiment",
    )


def numbers(run):
    return [{key: row[key] for key in row if key != "seconds"} for row in RunFolder(run).metrics()]


@pytest.fixture(scope="module")
def toml(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiments") / "Thí nghiệm số 1.toml"
    write_experiment(experiment(epochs=3), path)
    return path


@pytest.fixture(scope="module")
def run_of_the_command_line(toml, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    assert workbench(["train", str(toml), "--runs", str(runs)]) == 0
    (summary,) = list_runs(runs)
    assert summary.state == "completed"
    return str(summary.path)


@pytest.fixture
def engine():
    engine = Engine("training")
    yield engine
    engine.close()


def test_the_windows_engine_and_the_command_line_give_identical_numbers(run_of_the_command_line, engine, tmp_path):
    run = engine.run(TrainRequest(experiment(epochs=3), str(tmp_path)), lambda event: None)
    assert numbers(run) == numbers(run_of_the_command_line)
    mine, theirs = (RunFolder(each).evaluation() for each in (run, run_of_the_command_line))
    assert mine == theirs


def test_a_run_killed_in_mid_epoch_is_interrupted_readable_and_resumes_to_the_same_end(
    run_of_the_command_line, engine, tmp_path, capfd
):
    engine.start()
    pid, finished = engine.pid, []

    def kill_in_the_second_epoch(event):
        if isinstance(event, EpochFinished):
            finished.append(event)
        if finished and isinstance(event, BatchesDone) and engine.pid == pid:
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(EngineDiedError):
        engine.run(TrainRequest(experiment(epochs=3), str(tmp_path)), kill_in_the_second_epoch)
    engine.close()  # another took the place of the killed one

    (summary,) = list_runs(tmp_path)
    assert summary.state == "interrupted"
    assert summary.epochs_done in (1, 2)
    assert RunFolder(summary.path).checkpoint_path.exists()
    assert RunFolder(summary.path).experiment() == experiment(epochs=3)
    assert RunFolder(summary.path).events()

    capfd.readouterr()
    assert workbench(["resume", summary.name, "--json", "--runs", str(tmp_path)]) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["state"] == "completed"
    assert numbers(summary.path) == numbers(run_of_the_command_line)
