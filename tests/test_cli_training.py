"""Commands on a real run: train, stop, resume, evaluate, predict, inspect, compare."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from workbench.cli import run
from workbench.experiment import new_experiment
from workbench.experiment_toml import write_experiment
from workbench.runs.folder import RunFolder
from workbench.runs.index import list_runs

COMMAND = [sys.executable, "-m", "workbench"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home with one run of two epochs, trained by the command line, and what that printed."""
    folder = tmp_path_factory.mktemp("cli")
    patched = pytest.MonkeyPatch()
    patched.setenv("WORKBENCH_HOME", str(folder / "home"))
    write_experiment(new_experiment().changed("training.epochs", 40), folder / "digits.toml")
    changes = ["--set", "training.epochs=2", "--set", "name=thử một"]
    done = subprocess.run(
        [*COMMAND, "train", str(folder / "digits.toml"), *changes, "--json"], capture_output=True, check=False
    )
    yield folder, done
    patched.undo()


@pytest.fixture
def trained(place):
    folder, _done = place
    return RunFolder(list_runs(folder / "home" / "runs")[-1].path)


@pytest.fixture
def pictures(tmp_path):
    """Three digits, a text that says it is a picture, and a folder with a name that is not ASCII."""
    import cv2
    from sklearn.datasets import load_digits

    folder = tmp_path / "ảnh của tôi"
    folder.mkdir()
    digits = load_digits()
    for index in range(3):
        pixels = (digits.images[index] * 15.9).astype(np.uint8)
        (folder / f"{index}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    (folder / "text.png").write_text("no picture", encoding="utf-8")
    return folder


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_training_prints_its_events_as_json_and_nothing_else(place):
    folder, done = place
    assert done.returncode == 0
    assert done.stderr == b""
    events = lines_of(done.stdout.decode("utf-8"))
    assert [event["epoch"] for event in events if event["event"] == "epoch_finished"] == [0, 1]
    assert sum(event["event"] == "finished" for event in events) == 1
    last = events[-1]
    assert (last["event"], last["state"]) == ("finished", "completed")
    assert RunFolder(last["run"]).state() == "completed"
    assert last["run"].startswith(str(folder / "home" / "runs"))
    assert RunFolder(last["run"]).experiment().name == "thử một"


def start_training(folder, runs):
    arguments = [str(folder / "digits.toml"), "--set", "training.epochs=5000", "--runs", str(runs), "--json"]
    process = subprocess.Popen(
        [*COMMAND, "train", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if json.loads(line)["event"] == "epoch_finished":
            return process
    raise AssertionError(process.communicate())


def test_ctrl_c_keeps_the_run_as_stopped_and_a_reader_that_goes_away_stops_the_resumed_one(place, tmp_path, capfd):
    folder, _done = place
    process = start_training(folder, tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    last = lines_of(out)[-1]
    assert (last["event"], last["state"]) == ("finished", "stopped")
    stopped = RunFolder(last["run"])
    assert stopped.state() == "stopped"
    done = len(stopped.metrics())
    assert run(["runs", "--runs", str(tmp_path), "--json"]) == 0
    assert lines_of(capfd.readouterr().out)[0]["state"] == "stopped"
    process = subprocess.Popen(
        [*COMMAND, "resume", stopped.name, "--runs", str(tmp_path), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    epochs = (json.loads(line) for line in process.stdout if '"epoch_finished"' in line)
    assert next(epochs)["epoch"] == done
    # Whoever reads goes away, as `head` does: it stops in the same way.
    process.stdout.close()
    assert process.wait(30) == 130
    assert process.stderr.read() == ""
    process.stderr.close()
    assert list_runs(tmp_path)[0].state == "stopped"


def test_evaluate_gives_one_object_with_split_loss_and_accuracy(place, trained, capfd):
    assert run(["evaluate", trained.name, "--json"]) == 0
    (record,) = lines_of(capfd.readouterr().out)
    assert record["split"] == "test"
    assert record["accuracy"] == pytest.approx(trained.evaluation()["test"]["accuracy"])
    assert record["loss"] > 0
    assert run(["evaluate", str(trained.path), "--split", "train"]) == 0
    assert capfd.readouterr().out.startswith("train  loss ")


def test_predict_gives_a_line_a_file_and_the_reason_for_the_one_that_is_no_picture(place, trained, pictures, capfd):
    assert run(["predict", trained.name, str(pictures), "--top", "3", "--json"]) == 0
    records = {os.path.basename(record["path"]): record for record in lines_of(capfd.readouterr().out)}
    assert sorted(records) == ["0.png", "1.png", "2.png", "text.png"]
    for index in range(3):
        record = records[f"{index}.png"]
        assert record["class"] == record["top"][0][0]
        assert record["probability"] == record["top"][0][1]
        assert len(record["top"]) == 3
    assert records["text.png"]["error"]
    assert run(["predict", trained.name, str(pictures)]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 4


def test_predict_with_nothing_that_can_be_read_is_bad_input(place, trained, pictures, capfd):
    assert run(["predict", trained.name, str(pictures / "text.png"), "--json"]) == 2
    assert "error" in lines_of(capfd.readouterr().out)[0]


def test_predict_takes_a_model_file_by_itself(place, trained, pictures, capfd):
    assert run(["predict", str(trained.model_path), str(pictures / "0.png"), "--json"]) == 0
    assert "class" in lines_of(capfd.readouterr().out)[0]


def test_inspect_writes_the_figures_as_pictures_and_tables(place, trained, pictures, tmp_path, capfd):
    out = tmp_path / "figures" / "of grad cam"
    target = ["--class", "3", "--out", str(out)]
    assert run(["inspect", trained.name, str(pictures / "0.png"), "--method", "grad_cam", *target, "--json"]) == 0
    (record,) = lines_of(capfd.readouterr().out)
    assert record["target"] == "3"
    assert {os.path.splitext(path)[1] for path in record["files"]} == {".png", ".csv"}
    assert all(os.path.getsize(path) > 100 for path in record["files"])
    assert run(["inspect", trained.name, "--sample", "0", "--method", "feature_maps", "--out", str(out)]) == 0
    assert "feature_maps" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--method", "grad_kam"], "grad_cam"),
        (["--method", "grad_cam", "--layer", "conv_9"], "conv_2"),
        (["--method", "grad_cam", "--class", "cat"], "cat"),
    ],
)
def test_inspect_says_which_methods_layers_and_classes_there_are(place, trained, tmp_path, capfd, arguments, word):
    assert run(["inspect", trained.name, "--sample", "0", "--out", str(tmp_path), *arguments]) == 2
    assert word in capfd.readouterr().err


def test_data_and_summary_and_code_describe_the_experiment(place, capfd):
    file = str(place[0] / "digits.toml")
    assert run(["data", file, "--json"]) == 0
    (report,) = lines_of(capfd.readouterr().out)
    assert report["samples"] == 1797
    assert sum(report["classes"].values()) == 1797
    assert sum(report["splits"].values()) == 1797
    assert run(["data", file]) == 0
    assert "1797 samples, 10 classes, input 28x28x1" in capfd.readouterr().out
    assert run(["summary", file, "--json"]) == 0
    (table,) = lines_of(capfd.readouterr().out)
    assert table["total"] == sum(row["parameters"] for row in table["layers"]) == 34_826
    assert run(["summary", file]) == 0
    assert "34,826 parameters" in capfd.readouterr().out
    assert run(["code", file]) == 0
    compile(capfd.readouterr().out, "script.py", "exec")


def test_a_network_that_cannot_be_built_is_bad_input(place, tmp_path, capfd):
    experiment = new_experiment(architecture="layers").changed(
        "architecture.layers", [{"kind": "convolution", "filters": 2, "kernel_size": 9}] * 5
    )
    write_experiment(experiment, tmp_path / "impossible.toml")
    assert run(["summary", str(tmp_path / "impossible.toml")]) == 2
    assert run(["train", str(tmp_path / "impossible.toml"), "--runs", str(tmp_path / "runs")]) == 2
    assert "conv" in capfd.readouterr().err


def test_a_training_that_diverges_fails_with_what_to_try(place, tmp_path, capfd):
    changes = [
        "--set",
        "training.optimizer={name='sgd', learning_rate=100.0}",
        "--set",
        "overrides.scaling_factor=1e20",
    ]
    file = str(place[0] / "digits.toml")
    assert run(["train", file, "--runs", str(tmp_path), "--json", *changes]) == 1
    captured = capfd.readouterr()
    last = lines_of(captured.out)[-1]
    assert (last["event"], last["state"]) == ("finished", "failed")
    assert last["message"] in captured.err
    assert "learning rate" in captured.err
    assert RunFolder(last["run"]).state() == "failed"


def test_runs_are_listed_compared_renamed_and_resumed_by_name(place, trained, capfd):
    assert run(["runs"]) == 0
    assert trained.name in capfd.readouterr().out
    assert run(["runs", "compare", trained.name, trained.name, "--json"]) == 0
    (comparison,) = lines_of(capfd.readouterr().out)
    assert comparison["differences"] == {}
    assert all(len(values) == 2 for curves in comparison["curves"].values() for values in curves.values())
    name = trained.name
    assert run(["runs", "rename", name, "tên mới"]) == 0
    assert run(["resume", name]) == 2
    assert run(["resume", "tên mới"]) == 2
    assert "larger total" in capfd.readouterr().err
    assert run(["resume", "tên mới", "--epochs", "3", "--json"]) == 0
    events = lines_of(capfd.readouterr().out)
    assert [event["epoch"] for event in events if event["event"] == "epoch_finished"] == [2]
    assert run(["runs", "rename", "tên mới", name]) == 0
