"""Two phases in one run: what learns when, at which rate, with one history, and gone on with to the bit."""

import shutil

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import BatchesDone, EpochFinished, StageStarted
from workbench.experiment import from_values
from workbench.experiment_toml import to_toml
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.training.session import resume, train

CONVOLUTIONAL = {
    "name": "layers",
    "layers": [
        {"kind": "convolution", "filters": 6, "kernel_size": 3},
        {"kind": "batch_normalization"},
        {"kind": "max_pooling", "pool_size": 2},
        {"kind": "convolution", "filters": 8, "kernel_size": 3},
        {"kind": "batch_normalization"},
        {"kind": "flatten"},
        {"kind": "dropout", "rate": 0.3},
    ],
}


def digits(architecture, **sections):
    values = {
        "version": 1,
        "dataset": {"name": "digits"},
        "preprocessing": {"height": 12, "width": 12},
        "augmentation": {"shift": 0.1},
        "architecture": architecture,
        **sections,
    }
    return from_values(values, "the test's experiment")


def in_two_phases(base, training=None, **trainer):
    return digits(
        {"name": "transfer", "base": "run", "source": str(base), "boundary": "conv_2", "dropout": 0.2},
        trainer={"name": "two_phases", "head_epochs": 2, "head_optimizer": "sgd", **trainer},
        training={"epochs": 4, "batch_size": 256, "optimizer": "adam", **(training or {})},
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    experiment = digits(CONVOLUTIONAL, training={"epochs": 1, "batch_size": 256})
    return train(TrainRequest(experiment, str(tmp_path_factory.mktemp("base"))), lambda event: None, Control())


@pytest.fixture(scope="module")
def finished(base, tmp_path_factory):
    events = []
    run = train(TrainRequest(in_two_phases(base), str(tmp_path_factory.mktemp("runs"))), events.append, Control())
    assert RunFolder(run).end().state == "completed", RunFolder(run).end().message
    return run, events


def arrays_of(run):
    with np.load(RunFolder(run).checkpoint_path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name != "values"}


def numbers_of(run):
    rows = RunFolder(run).metrics()
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_one_history_holds_both_phases_with_the_rate_of_each(finished):
    run, events = finished
    assert [row["epoch"] for row in RunFolder(run).metrics()] == [1, 2, 3, 4]
    assert [row["learning_rate"] for row in RunFolder(run).metrics()] == pytest.approx([0.01, 0.01, 0.001, 0.001])
    stages = [event for event in events if isinstance(event, StageStarted)]
    assert [(stage.epoch, stage.title) for stage in stages] == [(0, "head"), (2, "base")]
    assert "conv_2" in stages[1].text
    assert [event for event in RunFolder(run).events() if isinstance(event, StageStarted)] == stages


def test_the_head_alone_learns_first_and_then_the_base_from_the_boundary_on(base, tmp_path):
    import keras

    before = keras.saving.load_model(RunFolder(base).model_path, safe_mode=True)

    def changed_layers(epochs):
        control = Control()

        def stop_after(event):
            if isinstance(event, EpochFinished) and event.epoch == epochs - 1:
                control.stop()

        run = train(TrainRequest(in_two_phases(base), str(tmp_path)), stop_after, control)
        weights = arrays_of(run)
        names = ["conv_1", "batch_norm_1", "conv_2", "batch_norm_2"]
        held = [weight for name in names for weight in before.get_layer(name).get_weights()]
        same = [
            any(one.shape == other.shape and np.array_equal(one, other) for other in weights.values()) for one in held
        ]
        sizes = [len(before.get_layer(name).get_weights()) for name in names]
        starts = np.cumsum([0, *sizes])
        return [name for name, i, j in zip(names, starts, starts[1:], strict=False) if not all(same[i:j])]

    assert changed_layers(2) == []
    assert changed_layers(3) == ["conv_2", "batch_norm_2"]


@pytest.mark.parametrize("stop_after", [10, 13])
def test_a_run_stopped_in_either_phase_goes_on_to_the_same_bits(base, finished, tmp_path, stop_after):
    control, done = Control(), []

    def stop(event):
        if isinstance(event, BatchesDone):
            done.extend(event.losses)
            if len(done) >= stop_after:
                control.stop()

    run = train(TrainRequest(in_two_phases(base), str(tmp_path)), stop, control)
    assert RunFolder(run).end().state == "stopped"
    resume(ResumeRequest(run), lambda event: None, Control())
    assert RunFolder(run).end().state == "completed", RunFolder(run).end().message
    assert numbers_of(run) == numbers_of(finished[0])
    expected, got = arrays_of(finished[0]), arrays_of(run)
    assert expected.keys() == got.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, got[name])


def test_a_completed_run_is_extended_in_its_second_phase(base, finished, tmp_path):
    run = tmp_path / "extended"
    shutil.copytree(finished[0], run)
    events = []
    resume(ResumeRequest(str(run), epochs=5), events.append, Control())
    assert [row["learning_rate"] for row in RunFolder(run).metrics()][2:] == pytest.approx([0.001] * 3)
    assert not [event for event in events if isinstance(event, StageStarted)]


def test_the_base_moves_by_its_share_of_the_rate():
    import keras

    from workbench.training.trainers.two_phases import slower_for

    for kind in (keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.Nadam, keras.optimizers.AdamW):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="base"), keras.layers.Dense(1)])
        model.compile(kind(0.1), "mse", run_eagerly=True)  # one step: tracing would take longer
        x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
        first = model.get_weights()
        model.train_on_batch(x, y)
        whole = [after - before for after, before in zip(model.get_weights(), first, strict=True)]
        model.set_weights(first)
        slower = slower_for(model.get_layer("base").trainable_weights, 0.25, kind(0.1))
        model.compile(slower, "mse", run_eagerly=True)
        model.train_on_batch(x, y)
        moved = [after - before for after, before in zip(model.get_weights(), first, strict=True)]
        for share, one, other in zip((0.25, 0.25, 1, 1), whole, moved, strict=True):
            np.testing.assert_allclose(other, share * one, rtol=1e-3, atol=1e-7)


def test_early_stopping_ends_the_second_phase_and_never_the_first(base, tmp_path):
    experiment = in_two_phases(
        base, {"early_stopping": 1, "epochs": 12, "optimizer": {"name": "sgd", "learning_rate": 1e-9}},
        head_epochs=4, head_optimizer={"name": "sgd", "learning_rate": 1e-9},
    )  # fmt: skip
    run = RunFolder(train(TrainRequest(experiment, str(tmp_path)), lambda event: None, Control()))
    assert run.end().state == "completed"
    assert 4 < len(run.metrics()) < 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head_epochs": 4}, "No epoch is left for the second phase: 4 of 4"),
        ({"boundary": ""}, "the whole base is frozen"),
        ({"architecture": CONVOLUTIONAL}, "layers has none"),
    ],
)
def test_what_has_no_two_phases_is_refused_before_a_run_exists(base, tmp_path, change, message):
    experiment = in_two_phases(base, head_epochs=change.get("head_epochs", 2))
    if "boundary" in change:
        experiment = experiment.changed("architecture.boundary", "")
    if "architecture" in change:
        experiment = digits(CONVOLUTIONAL, trainer="two_phases")
    with pytest.raises(UserError, match=message):
        train(TrainRequest(experiment, str(tmp_path)), lambda event: None, Control())
    assert list(tmp_path.iterdir()) == []


def test_its_settings_survive_the_file(base):
    from workbench.experiment import parse_experiment

    experiment = in_two_phases(base, head_optimizer={"name": "adamw", "weight_decay": 0.1})
    assert parse_experiment(to_toml(experiment), "the file") == experiment
