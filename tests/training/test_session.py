"""Training, stopping, resuming and failing of real runs on the digits."""

import json
import math
import shutil

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import (
    BatchesDone,
    Continued,
    EpochFinished,
    Finished,
    Note,
    Paused,
    PhaseFinished,
    PhaseStarted,
    RunStarted,
)
from workbench.experiment import from_values
from workbench.requests import EvaluateRequest, ResumeRequest, SamplesRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.index import list_runs
from workbench.training.evaluation import evaluate, show_samples
from workbench.training.session import resume, train


def small_experiment(**training):
    """Digits with a network that has dropout, batch normalisation and augmentation: everything random there is."""
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "digits"},
            "preprocessing": {"height": 12, "width": 12},
            "augmentation": {"rotation": 10.0, "shift": 0.1},
            "architecture": {
                "name": "layers",
                "layers": [
                    {"kind": "convolution", "filters": 6, "kernel_size": 3},
                    {"kind": "batch_normalization"},
                    {"kind": "max_pooling", "pool_size": 2},
                    {"kind": "flatten"},
                    {"kind": "dropout", "rate": 0.3},
                ],
            },
            "training": {"epochs": 3, "batch_size": 64, **training},
        },
        "the test's experiment",
    )


class Watcher:
    """Collects events and may act on one of them."""

    def __init__(self, act=None):
        self.events = []
        self._act = act

    def __call__(self, event):
        self.events.append(event)
        if self._act is not None:
            self._act(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def weights_of(run):
    import keras

    model = keras.saving.load_model(RunFolder(run).model_path, safe_mode=True)
    return [np.asarray(weight) for weight in model.weights]


def checkpoint_arrays(run):
    with np.load(RunFolder(run).checkpoint_path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name != "values"}


def numbers_of(run):
    rows = RunFolder(run).metrics()
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    watcher = Watcher()
    runs = tmp_path_factory.mktemp("runs")
    run = train(TrainRequest(small_experiment(), str(runs)), watcher, Control())
    return run, watcher


def test_a_run_tells_its_phases_its_batches_and_one_end(finished_run):
    run, watcher = finished_run
    assert [event.phase for event in watcher.of(PhaseStarted)] == [
        "data",
        "build",
        "compile",
        "first_batch",
        "evaluate",
    ]
    assert all(event.seconds >= 0 for event in watcher.of(PhaseFinished))
    steps = math.ceil(len(watcher.of(RunStarted)) and watcher.of(BatchesDone)[0].steps)
    assert sum(len(event.losses) for event in watcher.of(BatchesDone)) == 3 * steps
    assert len(watcher.of(EpochFinished)) == 3
    (end,) = watcher.of(Finished)
    assert watcher.events[-1] is end
    assert end.state == "completed"
    assert end.run == run
    assert 0 <= end.metrics["test_accuracy"] <= 1


def test_a_run_folder_holds_everything(finished_run):
    run, _watcher = finished_run
    folder = RunFolder(run)
    names = {path.name for path in folder.path.iterdir()}
    assert names >= {
        "experiment.toml", "model.keras", "checkpoint", "metrics.csv", "events.jsonl", "evaluation.json",
        "environment.json", "log.txt",
    }  # fmt: skip
    assert folder.state() == "completed"
    assert folder.experiment() == small_experiment()
    assert [row["epoch"] for row in folder.metrics()] == [1, 2, 3]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} <= set(folder.metrics()[0])
    assert folder.environment()["seed"] == 0
    assert len(folder.environment()["data"]) == 64


def test_training_learns_the_digits(tmp_path):
    experiment = small_experiment(epochs=8, batch_size=32)
    watcher = Watcher()
    train(TrainRequest(experiment, str(tmp_path)), watcher, Control())
    assert watcher.of(Finished)[0].metrics["test_accuracy"] > 0.8


def test_evaluating_the_best_model_gives_the_validation_numbers_of_its_epoch(finished_run):
    run, _watcher = finished_run
    folder = RunFolder(run)
    numbers = evaluate(EvaluateRequest(run, "validation"), lambda event: None, Control()).numbers
    best = min(folder.metrics(), key=lambda row: row["val_loss"])
    assert numbers["loss"] == pytest.approx(best["val_loss"], abs=1e-5)
    assert numbers["accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-6)
    assert set(folder.evaluation()) == {"test", "validation"}


def test_samples_of_a_split_are_shown_with_their_class(finished_run):
    run, _watcher = finished_run
    gallery = show_samples(SamplesRequest(run, "test", (0, 5)), lambda event: None, Control())
    assert [tile.sample for tile in gallery.tiles] == [0, 5]
    assert gallery.tiles[0].pixels.shape == (12, 12)
    with pytest.raises(UserError, match="not in the test split"):
        show_samples(SamplesRequest(run, "test", (10_000,)), lambda event: None, Control())


@pytest.mark.parametrize("stop_after", [1, 25])
def test_a_stopped_run_goes_on_at_its_batch_and_ends_equal_to_the_bit(finished_run, tmp_path, stop_after):
    whole, _watcher = finished_run
    control = Control()
    done = 0

    def stop_in_the_middle(event):
        nonlocal done
        if isinstance(event, BatchesDone):
            done += len(event.losses)
            if done >= stop_after:
                control.stop()

    watcher = Watcher(stop_in_the_middle)
    run = train(TrainRequest(small_experiment(), str(tmp_path)), watcher, control)
    assert watcher.of(Finished)[0].state == "stopped"
    assert RunFolder(run).state() == "stopped"
    assert RunFolder(run).model_path.exists()

    again = Watcher()
    resume(ResumeRequest(run), again, Control())
    assert again.of(Finished)[0].state == "completed"
    assert numbers_of(run) == numbers_of(whole)
    for mine, theirs in zip(weights_of(run), weights_of(whole), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    mine, theirs = checkpoint_arrays(run), checkpoint_arrays(whole)
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_array_equal(mine[name], theirs[name])


def test_a_paused_training_does_nothing_until_it_is_resumed(tmp_path):
    control = Control()
    paused_at = []

    def pause_then_stop(event):
        if isinstance(event, BatchesDone) and not paused_at:
            paused_at.append(event.step)
            control.pause()
        if isinstance(event, Paused):
            control.resume()
        if isinstance(event, Continued):
            control.stop()

    watcher = Watcher(pause_then_stop)
    train(TrainRequest(small_experiment(), str(tmp_path)), watcher, control)
    kinds = [type(event) for event in watcher.events]
    assert kinds.index(Paused) < kinds.index(Continued) < kinds.index(Finished)


def test_a_completed_run_is_extended_only_by_a_larger_number_of_epochs(tmp_path):
    run = train(TrainRequest(small_experiment(epochs=1), str(tmp_path)), lambda event: None, Control())
    with pytest.raises(UserError, match="larger total number of epochs"):
        resume(ResumeRequest(run), lambda event: None, Control())
    watcher = Watcher()
    resume(ResumeRequest(run, epochs=2), watcher, Control())
    folder = RunFolder(run)
    assert watcher.of(RunStarted)[0].first_epoch == 1
    assert [row["epoch"] for row in folder.metrics()] == [1, 2]
    assert folder.experiment().training.epochs == 2
    assert folder.environment()["extended"] == [{"at_epoch": 1, "epochs": 2}]


def test_a_spike_in_one_batch_shows_at_full_height(tmp_path, monkeypatch):
    """The labels of one batch are all wrong, after the network has learned."""
    from workbench.data.batches import Batches

    original = Batches.epoch

    def with_one_mislabelled_batch(self, permutation, first_step=0):
        for step, (x, y, weights) in enumerate(original(self, permutation, first_step), start=first_step):
            yield (x, (y + 5) % 10 if step == 10 else y, weights)

    run = train(TrainRequest(small_experiment(epochs=10, batch_size=32), str(tmp_path)), lambda event: None, Control())
    monkeypatch.setattr(Batches, "epoch", with_one_mislabelled_batch)
    watcher = Watcher()
    resume(ResumeRequest(run, epochs=11), watcher, Control())
    losses = [loss for event in watcher.of(BatchesDone) for loss in event.losses]
    others = losses[5:10]
    assert losses[10] > 3 * max(others)
    assert int(np.argmax(losses)) == 10


def test_a_learning_rate_that_is_far_too_large_ends_as_a_failed_run_with_advice(tmp_path):
    experiment = small_experiment(optimizer={"name": "sgd", "learning_rate": 100.0, "momentum": 0.99}, epochs=30)
    experiment = experiment.changed("architecture.layers", [{"kind": "flatten"}, {"kind": "dense", "units": 32}] * 1)
    experiment = experiment.changed("overrides.scaling_factor", 1e6)
    watcher = Watcher()
    run = train(TrainRequest(experiment, str(tmp_path)), watcher, Control())
    (end,) = watcher.of(Finished)
    assert end.state == "failed"
    assert "learning rate" in end.message
    assert RunFolder(run).state() == "failed"
    assert list_runs(tmp_path)[0].problem == end.message


def test_a_full_disk_ends_as_a_failed_run_that_says_so(tmp_path, monkeypatch):
    import errno

    from workbench.training import epochs

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(epochs, "write_checkpoint", full)
    watcher = Watcher()
    train(TrainRequest(small_experiment(), str(tmp_path)), watcher, Control())
    (end,) = watcher.of(Finished)
    assert end.state == "failed"
    assert "disk is full" in end.message


def test_a_disk_that_is_full_from_the_start_is_told_in_words_and_leaves_no_run(tmp_path, monkeypatch):
    import errno

    from workbench.runs import writer

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "replace_json", full)
    with pytest.raises(UserError, match=r"No space left on device.*make room"):
        train(TrainRequest(small_experiment(), str(tmp_path)), Watcher(), Control())
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_value_to_judge_by_is_refused_before_a_run_exists(tmp_path):
    with pytest.raises(UserError, match="Did you mean 'val_accuracy'"):
        train(TrainRequest(small_experiment(monitor="val_acuracy"), str(tmp_path)), lambda event: None, Control())
    assert list(tmp_path.iterdir()) == []


def test_early_stopping_completes_the_run_and_says_at_which_epoch(tmp_path):
    experiment = small_experiment(epochs=50, early_stopping=1, optimizer={"name": "sgd", "learning_rate": 1e-12})
    watcher = Watcher()
    run = train(TrainRequest(experiment, str(tmp_path)), watcher, Control())
    assert watcher.of(Finished)[0].state == "completed"
    assert len(RunFolder(run).metrics()) < 50


def test_events_on_disk_equal_those_that_were_told(finished_run):
    run, watcher = finished_run
    stored = RunFolder(run).events()
    kinds = [type(event).__name__ for event in watcher.events if type(event).__name__ != "Progress"]
    assert sorted(type(event).__name__ for event in stored) == sorted(kinds)
    lines = (RunFolder(run).path / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["event"] == "finished"


def test_a_run_is_never_written_by_two_processes(finished_run, tmp_path):
    from workbench.runs.writer import RunWriter

    copy = tmp_path / "copy"
    shutil.copytree(finished_run[0], copy)
    with RunWriter(RunFolder(copy)), pytest.raises(UserError, match="running already"):
        RunWriter(RunFolder(copy))


def test_a_resumed_run_refuses_other_data(finished_run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished_run[0], copy)
    environment = json.loads((copy / "environment.json").read_text())
    (copy / "environment.json").write_text(json.dumps({**environment, "data": "0" * 64}))
    with pytest.raises(UserError, match="have changed"):
        resume(ResumeRequest(str(copy), epochs=9), lambda event: None, Control())


def test_a_run_killed_before_its_first_epoch_ended_begins_anew_in_its_folder(finished_run, tmp_path):
    from workbench.runs.writer import create_run_folder

    folder = create_run_folder(small_experiment(), tmp_path)
    assert folder.state() == "interrupted"
    resume(ResumeRequest(str(folder.path)), lambda event: None, Control())
    assert folder.state() == "completed"
    assert numbers_of(folder.path) == numbers_of(finished_run[0])


def test_a_damaged_checkpoint_is_named(finished_run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished_run[0], copy)
    checkpoint = RunFolder(copy).checkpoint_path
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"latest\.npz is damaged"):
        resume(ResumeRequest(str(copy), epochs=9), lambda event: None, Control())
    assert RunFolder(copy).state() == "completed"


@pytest.mark.parametrize(
    "training",
    [
        {"precision": "mixed_bfloat16"},
        {"class_weights": "balanced", "label_smoothing": 0.1},
        {"optimizer": "adamw", "schedule": "plateau", "warmup_epochs": 0.5, "monitor": "val_accuracy"},
    ],
)
def test_every_way_of_training_completes_and_leaves_a_model_that_bare_keras_opens(tmp_path, training):
    watcher = Watcher()
    run = train(TrainRequest(small_experiment(epochs=1, **training), str(tmp_path)), watcher, Control())
    assert watcher.of(Finished)[0].state == "completed"
    assert weights_of(run)


def test_without_validation_samples_a_run_is_judged_by_its_training_loss_and_says_so(tmp_path):
    watcher = Watcher()
    experiment = small_experiment(epochs=1).changed("splits.validation", 0.0)
    run = train(TrainRequest(experiment, str(tmp_path)), watcher, Control())
    assert watcher.of(Finished)[0].state == "completed"
    assert any("no validation samples" in note.text for note in watcher.of(Note))
    assert "val_loss" not in RunFolder(run).metrics()[0]


def test_a_batch_normalised_network_is_right_on_validation_samples_after_two_short_epochs(tmp_path):
    """With Keras' momentum of 0.99 it would still be guessing there, while it knows its training samples."""
    experiment = small_experiment(epochs=2, batch_size=16, optimizer={"name": "adam", "learning_rate": 0.001})
    experiment = experiment.changed(
        "architecture",
        {"name": "mini_xception", "entry_filters": 16, "filters": [32, 48], "exit_filters": 64, "entry_stride": 1},
    )
    run = train(TrainRequest(experiment, str(tmp_path)), lambda event: None, Control())
    assert RunFolder(run).metrics()[-1]["val_accuracy"] > 0.7


@pytest.mark.parametrize("training", [{"optimizer": "nadam"}, {"precision": "mixed_float16"}], ids=["nadam", "float16"])
def test_state_that_keras_hides_from_the_optimizers_variables_is_resumed_too(tmp_path, training):
    """Nadam's running product, and the optimizer within a loss scale."""
    experiment = small_experiment(epochs=2, batch_size=128, **training)
    whole = train(TrainRequest(experiment, str(tmp_path / "whole")), lambda event: None, Control())
    control = Control()
    stop = Watcher(lambda event: control.stop() if isinstance(event, EpochFinished) else None)
    run = train(TrainRequest(experiment, str(tmp_path / "stopped")), stop, control)
    assert stop.of(Finished)[0].state == "stopped"
    resume(ResumeRequest(run), lambda event: None, Control())
    assert numbers_of(run) == numbers_of(whole)
    mine, theirs = checkpoint_arrays(run), checkpoint_arrays(whole)
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_array_equal(mine[name], theirs[name])
