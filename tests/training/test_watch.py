"""What a watched training tells, and that being watched changes nothing in it."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.batches import Batches
from workbench.events import Finished, Found, from_json, to_json
from workbench.experiment import from_values
from workbench.finding import Check, Finding
from workbench.registry import registry
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.training import loop, watch
from workbench.training.session import resume, train


def on_digits(layers, **training):
    """A stack of layers on the digits, 40 batches of them unless something else is said."""
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "digits"},
            "architecture": {"name": "layers", "layers": layers},
            "training": {"epochs": 2, "batch_size": 32, **training},
        },
        "the test",
    )


def dense(units, activation="relu"):
    return {"kind": "dense", "units": units, "activation": activation}


def trained(experiment, runs):
    events = []
    run = train(TrainRequest(experiment, str(runs)), events.append, Control())
    return RunFolder(run), events


def findings(events):
    return [Finding.from_json(event.finding) for event in events if isinstance(event, Found)]


def test_being_watched_changes_nothing_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "_SHARE", float("inf"))  # a look at every opportunity
    monkeypatch.setattr(watch, "_GROWTH", 1.0)
    monkeypatch.setattr(loop, "_TELL_SECONDS", 0.0)  # after every batch, however quick they are
    layers = [
        {"kind": "convolution", "filters": 4}, {"kind": "batch_normalization"}, {"kind": "flatten"},
        {"kind": "dropout", "rate": 0.3}, dense(8),
    ]  # fmt: skip
    experiment = on_digits(layers, batch_size=256, label_smoothing=0.1).changed("augmentation.rotation", 10.0)
    looks = []
    look = watch.Probe.look
    monkeypatch.setattr(watch.Probe, "look", lambda probe, batches: looks.append(look(probe, batches)) or looks[-1])
    watched, _events = trained(experiment, tmp_path)
    assert len(looks) > 2
    assert {seen.layer for seen in looks[0].units} == {"conv_1", "dense_1"}
    assert [seen.layer for seen in looks[0].gradients] == ["conv_1", "dense_1", "logits"]
    unwatched, _events = trained(experiment.changed("training.watch", False), tmp_path)
    with np.load(watched.checkpoint_path) as ours, np.load(unwatched.checkpoint_path) as theirs:
        assert ours.files == theirs.files
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours.files if name != "values")


def test_a_network_that_guesses_is_told_once_also_when_the_run_goes_on(tmp_path):
    deep = [{"kind": "flatten"}, *[dense(16, "sigmoid")] * 6]
    experiment = on_digits(deep, epochs=5, optimizer={"name": "sgd", "learning_rate": 0.05})
    folder, events = trained(experiment, tmp_path)
    assert [finding.name for finding in findings(events)].count("stuck_at_guessing") == 1
    assert findings(folder.events()) == findings(events)
    assert "error: After" in (folder.path / "log.txt").read_text(encoding="utf-8")
    events.clear()
    resume(ResumeRequest(str(folder.path), epochs=6), events.append, Control())
    assert "stuck_at_guessing" not in [finding.name for finding in findings(events)]
    assert all(from_json(to_json(event)) == event for event in folder.events() if isinstance(event, Found))


def test_a_loss_that_is_no_number_is_told_with_the_layer_it_first_arose_in(tmp_path):
    experiment = on_digits([{"kind": "flatten"}, *[dense(32, "linear")] * 4], optimizer={"name": "sgd"})
    experiment = experiment.changed("training.optimizer.learning_rate", 3.0)
    folder, events = trained(experiment, tmp_path)
    (finding,) = findings(events)
    assert finding.name == "not_a_number"
    assert "It first arose in what the layer" in finding.seen
    assert finding.mended(experiment).training.optimizer.learning_rate < 1
    end = events[-1]
    assert isinstance(end, Finished)
    assert end.state == "failed"
    assert "It first arose in what the layer" in end.message
    assert events.index(end) > events.index(next(event for event in events if isinstance(event, Found)))
    assert folder.end() == end


def test_a_fault_in_a_later_epoch_is_found_from_the_checkpoint_before_it(tmp_path):
    rising = {"warmup_epochs": 8.0, "epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 0.4}}
    folder, events = trained(on_digits([{"kind": "flatten"}, *[dense(32, "linear")] * 4], **rising), tmp_path)
    (finding,) = findings(events)
    assert len(folder.metrics()) > 0
    assert f"at epoch {len(folder.metrics()) + 1}, batch" in finding.seen
    assert "It first arose in" in finding.seen


@pytest.fixture(scope="module")
def small_network():
    """A compiled network of two dense layers, its samples and its loss."""
    import keras

    prepared = keras.Input((4,))
    features = keras.layers.Dense(6, activation="relu", name="hidden")(prepared)
    within = keras.Model(prepared, keras.layers.Dense(3, name="logits")(features), name="network")
    model = keras.Sequential([prepared, within])
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(64, 4)).astype("float32"), generator.integers(0, 3, 64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    probe = watch.Probe(model, loss, Batches(x, y, None, np.arange(64), 16))
    return within, probe, x[:16], y[:16], [np.array(weight) for weight in within.weights]


def put(network, weights, **changed):
    """Give the weights back their values, with some changed: `hidden_kernel=...`."""
    for weight, value in zip(network.weights, weights, strict=True):
        weight.assign(changed.get(weight.path.replace("/", "_"), value))


def test_a_look_counts_dead_units_and_measures_gradients(small_network):
    network, probe, _x, _y, weights = small_network
    put(network, weights, hidden_bias=np.array([-1e3, -1e3, 0, 0, 0, 0]))
    seen = probe.look(4)
    assert seen.samples == 64
    assert [(units.layer, units.units, units.dead) for units in seen.units] == [("hidden", 6, 2)]
    assert [gradient.layer for gradient in seen.gradients] == ["hidden", "logits"]
    assert all(0 < gradient.gradient < 10 for gradient in seen.gradients)


def test_the_first_layer_that_gives_no_numbers_is_named(small_network):
    network, probe, x, y, weights = small_network
    put(network, weights)
    assert probe.first_fault(x, y) == ("", "")
    assert probe.broken_weights() == ""
    put(network, weights, logits_kernel=np.full((6, 3), 1e38))
    assert probe.first_fault(x * 1e3, y) == ("output", "logits")
    put(network, weights, hidden_kernel=np.full((4, 6), np.nan))
    assert probe.first_fault(x, y) == ("output", "hidden")
    assert probe.broken_weights() == "hidden"
    put(network, weights)
    assert probe.first_fault(np.full_like(x, np.nan), y) == ("input", "")


def test_a_check_that_breaks_does_not_break_the_training(tmp_path):
    def broken(observed):
        raise ZeroDivisionError("no samples")

    check = Check("broken", "Broken", "Of a plugin.", "during", broken)
    registry().checks.add(check)
    try:
        folder, events = trained(on_digits([{"kind": "flatten"}], epochs=1), tmp_path)
    finally:
        registry().checks._entries.pop("broken")
    assert events[-1].state == "completed"
    assert "ZeroDivisionError: no samples" in (folder.path / "log.txt").read_text(encoding="utf-8")


def test_the_gradient_by_an_embedding_is_seen_whole():
    import keras

    words = keras.Input((4,))
    embedded = keras.layers.Embedding(6, 3, name="embedding")(words)
    outputs = keras.layers.Dense(1, name="answer")(keras.layers.Flatten()(embedded))
    x = np.tile(np.array([[0, 1, 1, 3]], np.float32), (8, 1))
    batches = Batches(x, np.ones((8, 1), np.float32), None, np.arange(8), 8)
    model = keras.Sequential([words, keras.Model(words, outputs, name="network")])
    probe = watch.Probe(model, keras.losses.MeanSquaredError(), batches)
    by_layer = {kernel.layer: np.asarray(kernel.gradient) for kernel in probe.kernels()}
    assert by_layer["embedding"].shape == (6, 3)
    assert [bool(row.any()) for row in by_layer["embedding"]] == [True, True, False, True, False, False]
