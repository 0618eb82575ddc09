"""The same experiment gives the same numbers from the command line, from the window's engine, and across a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from workbench.engine import Engine
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


def command(*arguments):
    return [sys.executable, "-m", "workbench", *map(str, arguments)]


def numbers(run):
    return [{key: row[key] for key in row if key != "seconds"} for row in RunFolder(run).metrics()]


@pytest.fixture(scope="module")
def toml(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiments") / "Thí nghiệm số 1.toml"
    write_experiment(experiment(epochs=3), path)
    return path


@pytest.fixture(scope="module")
def run_of_the_command_line(toml, tmp_path_factory):
    answer = subprocess.run(
        command("train", toml, "--runs", tmp_path_factory.mktemp("runs"), "--json"),
        capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    end = json.loads(answer.stdout.splitlines()[-1])
    assert (end["event"], end["state"]) == ("finished", "completed")
    return end["run"]


def test_the_windows_engine_and_the_command_line_give_identical_numbers(run_of_the_command_line, tmp_path):
    engine = Engine("training")
    try:
        run = engine.run(TrainRequest(experiment(epochs=3), str(tmp_path)), lambda event: None)
    finally:
        engine.close()
    assert numbers(run) == numbers(run_of_the_command_line)
    mine, theirs = (RunFolder(each).evaluation() for each in (run, run_of_the_command_line))
    assert mine == theirs


def test_a_run_killed_in_mid_epoch_is_interrupted_readable_and_resumes_to_the_same_end(
    toml, run_of_the_command_line, tmp_path
):
    process = subprocess.Popen(
        command("train", toml, "--runs", tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not any(summary.epochs_done for summary in list_runs(tmp_path)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    (summary,) = list_runs(tmp_path)
    assert summary.state == "interrupted"
    assert summary.epochs_done in (1, 2)
    assert RunFolder(summary.path).checkpoint_path.exists()
    assert RunFolder(summary.path).experiment() == experiment(epochs=3)
    assert RunFolder(summary.path).events()

    answer = subprocess.run(
        command("resume", summary.name, "--json", "--runs", tmp_path),
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout.splitlines()[-1])["state"] == "completed"
    assert numbers(summary.path) == numbers(run_of_the_command_line)
