"""What the probes of a training keep of each epoch, that they change nothing in it, and what goes wrong around them."""

import dataclasses
import shutil

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.events import EpochFinished, Note, ProbesStored, Progress
from workbench.experiment import from_values
from workbench.experiment_toml import to_toml
from workbench.requests import ProbeRequest, ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.probe_files import ProbeFiles, kept_weights, read_weights
from workbench.training.probes import recorder
from workbench.training.probes.afterwards import probe
from workbench.training.session import resume, train

LAYERS = [
    {"kind": "convolution", "filters": 4}, {"kind": "batch_normalization"}, {"kind": "max_pooling"},
    {"kind": "convolution", "filters": 20}, {"kind": "flatten"}, {"kind": "dropout", "rate": 0.3},
]  # fmt: skip


def on_digits(probes, layers=LAYERS, **training):
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "digits"},
            "architecture": {"name": "layers", "layers": layers},
            "training": {"epochs": 2, "batch_size": 256, "label_smoothing": 0.1, **training},
            "augmentation": {"rotation": 10.0},
            "probes": probes,
        },
        "the test",
    )


def trained(experiment, runs):
    events = []
    run = train(TrainRequest(experiment, str(runs)), events.append, Control())
    return RunFolder(run), events


def same_checkpoints(one, other):
    with np.load(one.checkpoint_path) as ours, np.load(other.checkpoint_path) as theirs:
        assert ours.files == theirs.files
        return all(np.array_equal(ours[name], theirs[name]) for name in ours.files if name != "values")


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """A run of two epochs with everything kept: (folder, events)."""
    experiment = on_digits({"samples": 12, "points": 64, "keep_weights": True})
    return trained(experiment, tmp_path_factory.mktemp("runs"))


def test_probes_change_nothing_to_the_bit(probed, tmp_path):
    plain, _events = trained(on_digits({}), tmp_path)
    assert same_checkpoints(probed[0], plain)
    assert not (plain.path / "probes").exists()
    assert not (plain.path / "weights").exists()
    assert "[probes]" not in to_toml(plain.experiment())


def test_after_each_epoch_everything_there_is_to_play_back_is_in_the_run(probed):
    folder, events = probed
    files = ProbeFiles(folder.path)
    assert files.epochs() == [1, 2]
    assert [event.epoch for event in events if isinstance(event, ProbesStored)] == [0, 1]
    about = files.about()
    assert about.values["layers"] == ["conv_1", "conv_2"]
    assert about.values["kernels"] == "conv_1"
    assert sorted(about.values["captions"][:10]) == [str(digit) for digit in range(10)]  # one of every class first
    seen = files.read(2)
    samples, points = 12, len(about.arrays["points"])
    assert points == 64
    assert seen.arrays["maps_0"].shape == (samples, 26, 26, 4)
    assert seen.arrays["maps_1"].shape == (samples, 11, 11, 16)  # 16 of its 20 maps
    assert seen.arrays["maps_0"].dtype == np.uint8
    assert seen.arrays["heat"].shape[0] == samples
    assert seen.arrays["heat"].max() == 255
    assert seen.arrays["kernels"].shape == (3, 3, 1, 4)
    assert seen.arrays["shares"].sum(axis=1) == pytest.approx(np.ones(samples), abs=1e-5)
    assert seen.arrays["matrix"].sum() == points
    assert seen.arrays["matrix"].diagonal().sum() == np.sum(seen.arrays["answers"] == about.arrays["truth"])
    assert seen.arrays["features"].shape == (points, 64)
    assert seen.values["weighted"] == ["conv_1", "conv_2", "logits"]
    assert seen.arrays["gradient_counts"].sum(axis=1).tolist() == seen.arrays["weight_counts"].sum(axis=1).tolist()
    assert np.all(seen.arrays["gradient_sizes"][:, 2] > 0)
    assert np.all(seen.arrays["weight_sizes"][:, 1] >= seen.arrays["weight_sizes"][:, 0])
    assert seen.values["note"] == ""


def test_what_is_kept_is_what_the_saved_weights_give(probed):
    import keras

    folder, _events = probed
    files = ProbeFiles(folder.path)
    about, seen = files.about(), files.read(1)
    model = keras.saving.load_model(folder.model_path)
    model.set_weights(read_weights(folder.path, 1))
    pictures = about.arrays["pictures"][..., None].astype("float32")
    assert model.predict(pictures, verbose=0) == pytest.approx(seen.arrays["shares"], abs=1e-5)
    assert seen.arrays["kernels"] == pytest.approx(np.asarray(model.get_layer("conv_1").kernel), abs=2e-3)
    maps = keras.Model(model.input, model.get_layer("conv_1").output).predict(pictures, verbose=0)
    low, high = seen.arrays["range_0"][..., 0], seen.arrays["range_0"][..., 1]
    again = low[:, None, None] + seen.arrays["maps_0"] / 255 * (high - low)[:, None, None]
    assert np.abs(again - maps).max() < 0.003 * (high - low).max()


def test_a_resumed_run_keeps_the_epochs_it_had_and_equals_an_uninterrupted_one(probed, tmp_path):
    probes = {"samples": 12, "points": 64, "keep_weights": True}
    folder, _events = trained(on_digits(probes, epochs=1), tmp_path)
    events = []
    resume(ResumeRequest(str(folder.path), epochs=2), events.append, Control())
    ours, theirs = ProbeFiles(folder.path), ProbeFiles(probed[0].path)
    assert ours.epochs() == [1, 2]
    assert kept_weights(folder.path) == [1, 2]
    assert [event.epoch for event in events if isinstance(event, ProbesStored)] == [1]
    for epoch in (1, 2):
        one, other = ours.read(epoch), theirs.read(epoch)
        assert one.values == other.values
        assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in other.arrays)


def test_an_epoch_that_was_not_looked_at_any_more_is_looked_at_when_the_run_goes_on(probed, tmp_path):
    events, control = [], Control()

    def stop_behind_the_first_epoch(event):
        if isinstance(event, EpochFinished):
            control.stop()

    experiment = on_digits({"samples": 12, "points": 64, "keep_weights": True})
    folder = RunFolder(train(TrainRequest(experiment, str(tmp_path)), stop_behind_the_first_epoch, control))
    files, theirs = ProbeFiles(folder.path), ProbeFiles(probed[0].path)
    assert files.epochs() == []
    left = folder.path / "weights" / ".epoch_0002.npz.1.part"  # as after a kill
    left.write_bytes(b"half")
    resume(ResumeRequest(str(folder.path)), events.append, Control())
    assert [event.epoch for event in events if isinstance(event, ProbesStored)] == [0, 1]
    for epoch in (1, 2):
        one, other = files.read(epoch).arrays, theirs.read(epoch).arrays
        # Gradients are those of a training step, for which the dropout is drawn anew.
        assert all(np.array_equal(one[name], other[name]) for name in other if not name.startswith("gradient"))
    assert same_checkpoints(folder, probed[0])
    assert not left.exists()


def test_damaged_probes_do_not_keep_a_run_from_going_on(tmp_path):
    layers = [{"kind": "flatten"}, {"kind": "dense", "units": 8}]
    folder, _events = trained(on_digits({"samples": 2}, layers, epochs=1), tmp_path)
    files = ProbeFiles(folder.path)
    for epochs, name in ((2, "about.npz"), (3, "epoch_0002.npz")):
        (files.folder / name).write_text("no zip file")
        with pytest.raises(UserError, match=r"cannot be read: it is no .npz file\. (Make them|Delete that)"):
            files.about() if epochs == 2 else files.read(2)
        resume(ResumeRequest(str(folder.path), epochs=epochs), lambda event: None, Control())
        assert files.epochs() == list(range(1, epochs + 1))
        files.read(epochs - 1)
    assert len(files.about().values["samples"]) == 2


def test_the_same_can_be_made_afterwards_from_kept_weights_and_with_other_settings(probed, tmp_path):
    run = tmp_path / "copy"
    shutil.copytree(probed[0].path, run)
    files, theirs = ProbeFiles(run), ProbeFiles(probed[0].path)
    events = []
    assert probe(ProbeRequest(str(run), {"layers": ["conv_1"]}), events.append, Control()) == (1, 2)
    assert [(event.done, event.total) for event in events if isinstance(event, Progress)][-1] == (2, 2)
    assert files.about().values["layers"] == ["conv_1"]
    for epoch in (1, 2):
        ours, live = files.read(epoch), theirs.read(epoch)
        assert ours.values["answers"] == live.values["answers"]
        assert "maps_1" not in ours.arrays
        # Gradients are those of a training step, for which the dropout is drawn anew.
        for name in [name for name in ours.arrays if not name.startswith("gradient")]:
            assert ours.arrays[name] == pytest.approx(live.arrays[name], abs=1, rel=1e-3), name
    with pytest.raises(UserError, match="'conv_9'"):
        probe(ProbeRequest(str(run), {"layers": ["conv_9"]}), events.append, Control())
    stopped = Control()
    stopped.stop()
    with pytest.raises(Stopped):
        probe(ProbeRequest(str(run)), events.append, stopped)
    assert files.epochs() == [1, 2]  # what it had before is there
    assert sorted(entry.name for entry in run.iterdir() if "probes" in entry.name) == ["probes"]


def test_without_kept_weights_the_best_model_and_the_last_epoch_are_offered(tmp_path):
    layers = [{"kind": "flatten"}, {"kind": "dense", "units": 8}]
    rising = {"name": "sgd", "learning_rate": 1e-12}  # the first epoch stays the best
    folder, _events = trained(on_digits({}, layers, epochs=3, monitor="val_accuracy", optimizer=rising), tmp_path)
    request = ProbeRequest(str(folder.path), {"samples": 2})
    with pytest.raises(UserError, match="only its best model and its last epoch"):
        probe(request, lambda event: None, Control())
    assert probe(dataclasses.replace(request, best=True), lambda event: None, Control()) == (1, 3)
    assert ProbeFiles(folder.path).read(3).values["answers"] == ProbeFiles(folder.path).read(1).values["answers"]


def test_a_full_disk_is_told_once_and_the_training_goes_on(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder.ProbeFiles, "write", full)
    layers = [{"kind": "flatten"}, {"kind": "dense", "units": 8}]
    folder, events = trained(on_digits({"samples": 2}, layers), tmp_path)
    assert folder.end().state == "completed"
    (note,) = [event.text for event in events if isinstance(event, Note)]
    assert "epoch 1 could not be kept: No space left on device" in note


def test_every_so_many_epochs_are_kept_and_the_first_and_the_last(tmp_path):
    layers = [{"kind": "flatten"}, {"kind": "dense", "units": 8}]  # nothing here has maps
    folder, _events = trained(on_digits({"samples": 2, "every": 3}, layers, epochs=5), tmp_path)
    files = ProbeFiles(folder.path)
    assert files.epochs() == [1, 3, 5]
    about, seen = files.about(), files.read(3)
    assert about.values["layers"] == ["dense_1"]
    assert seen.arrays["units_0"].shape == (2, 8)
    assert "convolution" in seen.values["note"]  # what Grad-CAM needs
    assert "heat" not in seen.arrays


@pytest.mark.parametrize(
    ("probes", "text"),
    [
        ({"samples": 2, "layers": ["conv_9"]}, "no layer called 'conv_9'"),
        ({"samples": [5000]}, "Sample 5000 is not in the validation split"),
        ({"samples": 2, "method": "grad_cma"}, "Did you mean 'grad_cam'"),
    ],
)
def test_what_cannot_be_probed_is_refused_before_there_is_a_run(probes, text, tmp_path):
    with pytest.raises(UserError, match=text):
        trained(on_digits(probes), tmp_path)
    assert list(tmp_path.iterdir()) == []
