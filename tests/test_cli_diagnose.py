"""`workbench diagnose`: exit 0 without findings, 1 with, 2 for bad input; as lines for people and as JSON."""

import json

import pytest

from workbench.cli import run
from workbench.events import Finished, Found
from workbench.experiment import new_experiment
from workbench.experiment_toml import write_experiment
from workbench.finding import Finding
from workbench.recipes import recipe
from workbench.runs.writer import RunWriter, create_run_folder, store_learned


def written(folder, **changes):
    experiment = new_experiment("digits", "simple_cnn")
    for path, value in changes.items():
        experiment = experiment.changed(path.replace("__", "."), value)
    write_experiment(experiment, folder / "experiment.toml")
    return str(folder / "experiment.toml")


def test_a_healthy_experiment_leaves_with_0(home, tmp_path, capsys):
    assert run(["diagnose", written(tmp_path)]) == 0
    assert "Nothing was found" in capsys.readouterr().out


def test_a_trial_step_tells_what_an_epoch_takes_and_is_no_fault(home, tmp_path, capsys):
    assert run(["diagnose", written(tmp_path), "--trial", "--json"]) == 0
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (record["name"], record["severity"]) == ("trial_step", "information")
    assert "A step of 32 samples fits" in record["seen"]
    assert "multiply-adds a sample" in record["seen"]


def test_findings_leave_with_1_and_say_what_to_change(home, tmp_path, capsys):
    path = written(tmp_path, overrides__scaling_factor=1 / 225)
    assert run(["diagnose", path]) == 1
    printed = capsys.readouterr().out
    assert "warning: The pictures are divided by 225." in printed
    assert "overrides.scaling_factor = -" in printed
    assert run(["diagnose", path, "--json"]) == 1
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert record["name"] == "scaling_factor"
    assert record["changes"] == {"overrides.scaling_factor": None}


def test_a_dataset_that_is_absent_keeps_nothing_from_being_checked_that_needs_no_data(home, capsys, tmp_path):
    experiment = recipe("membranes").experiment().changed("training.optimizer.learning_rate", 5.0)
    write_experiment(experiment, tmp_path / "membranes.toml")
    assert run(["diagnose", str(tmp_path / "membranes.toml")]) == 1
    printed = capsys.readouterr().out
    assert "what needs none is checked" in printed
    assert "The learning rate is 5" in printed


def test_what_is_no_experiment_and_no_run_is_bad_input(home, tmp_path, capsys):
    assert run(["diagnose", str(tmp_path / "absent.toml")]) == 2
    assert run(["diagnose", "no-such-run"]) == 2
    assert "no-such-run" in capsys.readouterr().err


def test_a_run_is_diagnosed_by_its_name(home, tmp_path, capsys):
    experiment = new_experiment("digits", "simple_cnn").changed("overrides.output_activation", "sigmoid")
    folder = create_run_folder(experiment, tmp_path / "runs")
    assert run(["diagnose", folder.name, "--runs", str(tmp_path / "runs"), "--no-data"]) == 1
    assert "A sigmoid stands at the output of 10 classes" in capsys.readouterr().out


def test_a_rate_is_looked_for_and_a_batch_overfitted_with_their_curves_as_files(home, tmp_path, capsys):
    path = written(tmp_path, architecture="mlp")
    assert run(["diagnose", path, "--find-rate", "--one-batch", "--set", "samples=8", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "information: The loss falls fastest around a learning rate of" in printed
    assert "training.optimizer.learning_rate = " in printed
    assert "It knows 8 samples by heart" in printed
    assert (tmp_path / "find_rate_01_loss_over_the_learning_rate.csv").exists()
    assert (tmp_path / "one_batch_01_loss_on_one_batch.csv").exists()


def test_a_batch_that_cannot_be_learned_leaves_with_1_and_tells_every_reason_once(home, tmp_path, capsys):
    path = written(tmp_path, overrides__output_activation="linear", overrides__loss_expects="probabilities")
    assert run(["diagnose", path, "--one-batch", "--set", "steps=40", "--json"]) == 1
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["name"] for record in records] == ["logits_taken_for_probabilities", "one_batch_not_learned"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "steps=40"], "belong to --find-rate and --one-batch"),
        (["--out", "figures"], "belong to --find-rate and --one-batch"),
        (["--find-rate", "--no-data"], "Leave out --no-data"),
        (["--one-batch", "--set", "steps"], "--set takes key=value"),
        (["--one-batch", "--set", "stepps=40"], "Did you mean 'steps'?"),
    ],
)
def test_options_that_do_not_go_together_are_bad_input(home, tmp_path, capsys, options, message):
    assert run(["diagnose", written(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def run_that_ended(tmp_path, training, validation):
    """A run with what a training leaves of its accuracies."""
    folder = create_run_folder(new_experiment("digits", "simple_cnn"), tmp_path / "runs")
    with RunWriter(folder) as writer:
        writer.metrics([{"epoch": 1, "loss": 1.0, "val_loss": 1.0}])
        writer.event(Finished("completed", str(folder.path)))
    numbers = {"train": training, "validation": validation}
    parts = {split: {"numbers": {"accuracy": value}, "samples": 500} for split, value in numbers.items()}
    store_learned(folder, {**parts, "guessing": {"accuracy": 0.1}})
    return folder


def test_a_run_that_learned_well_is_said_to_and_leaves_with_0(home, tmp_path, capsys):
    run_folder = run_that_ended(tmp_path, 0.99, 0.98)
    assert run(["diagnose", str(run_folder.path), "--no-data"]) == 0
    printed = capsys.readouterr().out
    assert "information: Low bias and low variance: accuracy 99.0 % on training samples" in printed
    assert "Nothing was found" in printed


def test_what_was_told_while_it_trained_and_what_is_seen_afterwards_leave_with_1(home, tmp_path, capsys):
    run_folder = run_that_ended(tmp_path, 0.99, 0.6)
    told = Finding("dead_units", "error", "All units are dead.", "Why.", "Lower the rate").to_json()
    with RunWriter(run_folder) as writer:
        writer.event(Found(0, told))
        writer.event(Finished("completed", str(run_folder.path)))
    assert run(["diagnose", run_folder.name, "--runs", str(tmp_path / "runs"), "--no-data", "--json"]) == 1
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["name"] for record in records] == ["dead_units", "high_variance"]
    assert records[1]["changes"] == {"augmentation.shift": 0.1, "augmentation.zoom": 0.1}
