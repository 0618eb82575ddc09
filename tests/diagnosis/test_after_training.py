"""The checks after a training: bias and variance, over-training, classes never predicted; on real and written runs."""

import json
import shutil

import numpy as np
import pytest

from workbench.control import Control
from workbench.diagnosis.after_overtraining import overtrained_since
from workbench.diagnosis.run_findings import findings_of_run
from workbench.events import Finished, Found
from workbench.experiment import from_values, new_experiment
from workbench.finding import Finding
from workbench.requests import TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.writer import RunWriter, create_run_folder, store_evaluation, store_learned
from workbench.training.session import train


def table(path, points, groups):
    rows = "\n".join(f"{x:.5f},{y:.5f},{group}" for (x, y), group in zip(points, groups, strict=True))
    path.write_text(f"x,y,group\n{rows}\n")
    return {"name": "table_file", "path": str(path), "target_kind": "class"}


def moons(path, count, noise):
    """Two half circles that reach into each other: no straight line parts them."""
    random = np.random.default_rng(0)
    upper, angle = random.random(count) < 0.5, np.pi * random.random(count)
    x, y = np.where(upper, np.cos(angle), 1 - np.cos(angle)), np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x, y], axis=1) + noise * random.standard_normal((count, 2))
    return table(path, points, np.where(upper, "upper", "lower"))


def with_a_rare_group(path):
    """Two groups beside each other and a rare one amid the left one."""
    random = np.random.default_rng(0)
    groups = random.choice(["left", "right", "rare"], 400, p=[0.46, 0.46, 0.08])
    middle = np.select([groups == "left", groups == "right"], [-2.0, 2.0], -1.5)
    points = np.stack([middle, np.zeros(400)], axis=1) + random.standard_normal((400, 2))
    return table(path, points, groups)


def experiment(dataset, architecture, epochs, rate, **more):
    training = {"epochs": epochs, "optimizer": {"name": "adam", "learning_rate": rate}, **more.pop("training", {})}
    values = {"version": 1, "dataset": dataset, "architecture": architecture, "training": training, **more}
    return from_values(values, "the test's experiment")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def trained(folder):
    """Trains an experiment and gives its folder."""

    def train_it(wanted):
        return RunFolder(train(TrainRequest(wanted, str(folder)), lambda _event: None, Control()))

    return train_it


@pytest.fixture(scope="module")
def under_fitted(folder, trained):
    return trained(experiment(moons(folder / "moons.csv", 300, 0.35), "logistic", 12, 0.1))


def found(folder):
    return {finding.name: finding for finding in findings_of_run(folder)}


def faults(folder):
    return [finding.name for finding in findings_of_run(folder) if finding.severity != "information"]


def written(home, rows, learned=None, answers=None, state="completed", **changes):
    """A run as a training leaves it, with these losses (and accuracies) per epoch."""
    wanted = new_experiment("digits", "simple_cnn").changed("training.epochs", max(len(rows), 1))
    for path, value in changes.items():
        wanted = wanted.changed(path.replace("__", "."), value)
    folder = create_run_folder(wanted, home / "runs")
    names = ("loss", "val_loss", "accuracy", "val_accuracy")
    with RunWriter(folder) as writer:
        writer.metrics([{"epoch": n, **dict(zip(names, row, strict=False))} for n, row in enumerate(rows, start=1)])
        writer.event(Finished(state, str(folder.path)))
    if learned:
        store_learned(folder, learned)
    if answers:
        store_evaluation(folder, "test", {}, answers)
    return folder


def parts(training, validation, samples=500):
    numbers = {"train": training, "validation": validation}
    known = {split: {"numbers": {"accuracy": value}, "samples": samples} for split, value in numbers.items()}
    return {**known, "guessing": {"accuracy": 0.1}}


def test_a_straight_line_through_the_moons_has_high_bias_and_hidden_layers_are_offered(under_fitted):
    finding = found(under_fitted)["high_bias"]
    assert finding.severity == "warning"
    assert "on training samples" in finding.seen
    mended = finding.mended(under_fitted.experiment())
    assert mended.architecture.name == "mlp"
    assert mended.trainer.name == "fit"


def test_a_run_without_stored_numbers_is_judged_by_its_epochs_and_that_is_said(under_fitted, tmp_path):
    shutil.copytree(under_fitted.path, tmp_path / "older")
    older = RunFolder(tmp_path / "older")
    (older.path / "evaluation.json").unlink()
    (finding,) = findings_of_run(older)
    assert finding.name.startswith("high_bias")
    assert "a mean over the best epoch" in finding.why


def test_a_large_network_on_few_noisy_points_is_over_trained_since_an_early_epoch(folder, trained):
    few = moons(folder / "few.csv", 240, 0.45)
    large = {"name": "mlp", "dense": [128, 128], "dropout": 0.0}
    splits = {"validation": 0.4, "test": 0.1}
    run = trained(experiment(few, large, 50, 0.01, training={"batch_size": 16}, splits=splits))
    finding = found(run)["over_training"]
    epoch = int(finding.seen.split("epoch ")[1].split(":")[0])
    assert 2 <= epoch <= 25
    assert finding.changes == (("training.early_stopping", 5),)
    assert finding.mended(run.experiment()).training.early_stopping == 5


def test_a_rare_class_that_is_never_predicted_is_named_and_weights_are_offered(folder, trained):
    run = trained(experiment(with_a_rare_group(folder / "rare.csv"), "logistic", 10, 0.05))
    finding = found(run)["class_never_predicted"]
    assert "rare (" in finding.seen
    assert "left (" not in finding.seen
    assert finding.changes == (("training.class_weights", "balanced"),)
    weighted = trained(finding.mended(run.experiment()))
    assert "class_never_predicted" not in found(weighted)


def test_a_healthy_run_on_digits_has_no_faults_and_is_said_to_have_learned_well(trained):
    run = trained(new_experiment("digits", "simple_cnn").changed("training.epochs", 4))
    assert faults(run) == []
    finding = found(run)["learned_well"]
    assert finding.severity == "information"
    learned = run.judged()["learned"]
    assert learned["train"]["samples"] == 250
    assert learned["validation"]["samples"] == 270
    assert 0.09 < learned["guessing"]["accuracy"] < 0.15
    answers = run.judged()["answers"]["test"]
    assert sum(true for true, _answered in answers.values()) == sum(answered for _true, answered in answers.values())


@pytest.mark.parametrize(
    ("training", "validation", "name", "path"),
    [
        (0.99, 0.97, "learned_well", None),
        (0.60, 0.58, "high_bias", "training.epochs"),
        (0.99, 0.75, "high_variance", "augmentation.shift"),
        (0.70, 0.40, "high_bias_and_variance", "training.epochs"),
        (0.12, 0.10, "nothing_learned", None),
    ],
)
def test_each_of_the_cases_has_its_finding_with_what_to_do(home, training, validation, name, path):
    rows = [(2.0 - 0.1 * n, 2.0 - 0.09 * n, training - 0.05, validation) for n in range(10)]
    run = written(home, rows, parts(training, validation))
    (finding,) = findings_of_run(run)
    assert finding.name == name
    assert finding.remedy
    assert f"{100 * validation:.1f} % on validation samples" in finding.seen
    assert (finding.changes[0][0] if finding.changes else None) == path
    assert not finding.changes or finding.mended(run.experiment()) != run.experiment()


def test_what_holds_a_network_back_is_taken_away_before_it_is_made_larger(home):
    rows = [(1.0, 1.0)] * 8
    held_back = written(home, rows, parts(0.6, 0.6), architecture__dropout=0.5)
    assert found(held_back)["high_bias"].changes == (("architecture.dropout", 0.0),)
    free = written(home, rows, parts(0.6, 0.6), architecture__dropout=0.0)
    assert found(free)["high_bias"].changes == (("architecture.filters", (64, 128)),)


def test_with_augmentation_on_already_dropout_is_offered_against_variance(home):
    changes = {"augmentation__shift": 0.1, "architecture__dropout": 0.2}
    run = written(home, [(1.0, 1.0)] * 8, parts(0.99, 0.7), **changes)
    assert found(run)["high_variance"].changes == (("architecture.dropout", 0.5),)


def test_validation_better_than_training_is_explained_and_no_fault(home):
    run = written(home, [(1.0, 1.0)] * 3, parts(0.95, 0.98))
    (finding,) = findings_of_run(run)
    assert (finding.name, finding.severity) == ("learned_well", "information")
    assert "no fault" in finding.why


def test_a_difference_that_few_samples_make_by_chance_is_no_variance(home):
    assert "high_variance" in found(written(home, [(1.0, 1.0)] * 3, parts(0.97, 0.84, samples=500)))
    assert faults(written(home, [(1.0, 1.0)] * 3, parts(0.97, 0.84, samples=50))) == []


def falling(count):
    return np.exp(-np.arange(count) / (count / 4)) + 0.02


@pytest.mark.parametrize("jumps", [0.02, 0.1, 0.3])
def test_noise_on_a_falling_loss_is_not_taken_for_over_training(jumps):
    for seed in range(100):
        random = np.random.default_rng(seed)
        count = int(random.integers(5, 80))
        validation = (falling(count) + 0.3) * (1 + jumps * random.standard_normal(count))
        assert overtrained_since(falling(count), validation) is None


def test_the_epoch_is_found_through_noise():
    epochs = np.arange(40)
    rising = 0.5 * np.exp(-epochs / 4) + 0.4 + 0.02 * np.maximum(epochs - 12, 0)
    for seed in range(100):
        noise = 1 + 0.05 * np.random.default_rng(seed).standard_normal(40)
        assert 8 <= overtrained_since(np.exp(-epochs / 8), rising * noise) <= 17


def test_a_training_loss_that_rises_as_well_is_no_over_training():
    rising = np.linspace(0.5, 2.0, 20)
    assert overtrained_since(rising, rising) is None
    assert overtrained_since(np.full(20, np.nan), rising) is None


def test_early_stopping_that_did_its_work_is_no_over_training(home):
    rows = [(1.0 / n, 0.5 if n <= 4 else 0.5 + 0.1 * (n - 4)) for n in range(1, 13)]
    assert "over_training" in found(written(home, rows))
    assert "over_training" not in found(written(home, rows, training__early_stopping=11))


def test_over_training_while_the_accuracy_still_gains_is_no_fault(home):
    rows = [(1.0 / n, 0.5 + 0.05 * n, 0.5 + 0.02 * n, 0.5 + 0.015 * n) for n in range(1, 21)]
    finding = found(written(home, rows))["over_training"]
    assert finding.severity == "information"
    assert "still gained" in finding.why


def test_a_class_that_is_answered_far_too_seldom_is_named(home):
    answers = {"a": (100, 125), "b": (100, 98), "c": (30, 7), "d": (3, 0)}
    (finding,) = findings_of_run(written(home, [(1.0, 1.0)], answers=answers))
    assert finding.name == "class_seldom_predicted"
    assert finding.seen.endswith(": c (30 true, 7 answered).")


def test_a_network_that_answers_one_class_only_is_said_to_guess_and_not_made_larger(home):
    answers = {"a": (20, 80), "b": (20, 0), "c": (20, 0), "d": (20, 0)}
    (finding,) = findings_of_run(written(home, [(1.0, 1.0)], answers=answers))
    assert "Only 1 of 4 classes" in finding.why
    assert finding.changes == ()


def test_what_was_told_while_it_trained_is_listed_once_and_the_worst_first(home):
    run = written(home, [(1.0, 1.0)] * 3, parts(0.99, 0.7))
    dead = Finding("dead_units", "error", "All units are dead.", "Why.", "Lower the rate").to_json()
    with RunWriter(run) as writer:
        for finding in (dead, dead, {"name": "of a newer version"}):
            writer.event(Found(1, finding))
        writer.event(Finished("completed", str(run.path)))
    assert [finding.name for finding in findings_of_run(run)] == ["dead_units", "high_variance"]


def test_runs_that_cannot_be_judged_are_passed_over_in_silence(home):
    assert findings_of_run(written(home, [])) == ()
    assert findings_of_run(written(home, [(1.0, 1.0)], parts(0.5, 0.5), state="failed")) == ()
    newer = written(home, [(1.0, 1.0)], parts(0.5, 0.5))
    text = (newer.path / "experiment.toml").read_text().replace("version = 1", "version = 99")
    (newer.path / "experiment.toml").write_text(text)
    assert findings_of_run(newer) == ()
    damaged = written(home, [(1.0, 1.0)])
    (damaged.path / "evaluation.json").write_text(json.dumps({"learned": [], "answers": 3, "splits": {}}))
    assert findings_of_run(damaged) == ()
    going_on = written(home, [(1.0, 1.0)], parts(0.5, 0.5))
    (going_on.path / "events.jsonl").unlink()
    with RunWriter(going_on):
        assert findings_of_run(going_on) == ()
