"""Overfitting one batch: a sound network learns it by heart, the faults of a report keep it from that and are named."""

import numpy as np
import pytest

from workbench.architectures.fitting import begin_with
from workbench.control import Control, Stopped
from workbench.data.prepare import prepare
from workbench.diagnosis.one_batch import OneBatchSection, _samples, overfit
from workbench.diagnosis.trial_network import without_dropout
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import from_values, new_experiment
from workbench.registry import registry
from workbench.requests import OneBatchRequest

RELU = {"kind": "dense", "units": 10, "activation": "relu"}


def ignore(_event):
    """Nobody watches."""


def tried(experiment, **params):
    return overfit(OneBatchRequest(experiment, params), ignore, Control())


def digits(**changes):
    experiment = new_experiment("digits", "simple_cnn")
    for path, value in changes.items():
        experiment = experiment.changed(path.replace("__", "."), value)
    return experiment


def names(answer):
    return [finding.name for finding in answer.findings]


def cells():
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "cells", "count": 24, "size": 32},
            "augmentation": {"flip": "both", "rotation": 15.0},
            "architecture": {"name": "unet", "depth": 2, "base_filters": 8, "normalization": "batch"},
            "training": {"batch_size": 4, "optimizer": {"name": "adam", "learning_rate": 0.01}},
        },
        "the test's experiment",
    )


def test_a_sound_network_knows_a_batch_by_heart_whatever_hinders_its_training_on_purpose(home):
    answer = tried(
        digits(
            training__label_smoothing=0.2, training__class_weights="balanced", augmentation__rotation=30.0,
            architecture__dropout=0.5,
        )
    )  # fmt: skip
    (finding,) = answer.findings
    assert (finding.name, finding.severity) == ("one_batch_learned", "information")
    assert finding.seen.startswith("It knows 32 samples by heart after ")
    assert finding.seen.endswith("accuracy 1.")
    (figure,) = answer.figures
    losses = figure.curves[0].y
    assert losses[-1] < 0.1 * losses[0]
    assert f"after {len(losses)} steps" in finding.seen


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"overrides__output_activation": "linear", "overrides__loss_expects": "probabilities"},
         "logits_taken_for_probabilities"),
        ({"overrides__extra_layers": (RELU,), "training__optimizer__learning_rate": 0.05}, "relu_before_softmax"),
    ],
)  # fmt: skip
def test_a_fault_keeps_it_from_knowing_a_batch_and_stands_among_the_reasons(home, changes, reason):
    answer = tried(digits(**changes), steps=60)
    assert names(answer)[0] in ("one_batch_not_learned", "one_batch_too_slow")
    assert reason in names(answer)
    assert "below" in answer.findings[0].remedy
    assert len(answer.figures[0].curves[0].y) == 60


def test_steps_that_are_too_long_offer_a_smaller_rate(home):
    experiment = begin_with("diabetes", "linear").changed("training.optimizer", {"name": "sgd", "learning_rate": 30.0})
    finding = tried(experiment).findings[0]
    assert finding.name == "one_batch_diverged"
    assert finding.mended(experiment).training.optimizer.learning_rate == 3.0


@pytest.mark.parametrize("experiment", [begin_with("diabetes", "mlp"), begin_with("iris", "logistic"), cells()])
def test_numbers_rows_and_masks_are_learned_by_heart_too(home, experiment):
    assert names(tried(experiment)) == ["one_batch_learned"]


def test_the_batch_holds_as_many_of_each_class_as_there_can_be(home):
    experiment = digits()
    data = prepare(experiment, ignore, Control())
    chosen = _samples(registry().tasks.get(experiment.task.name), data, 30, seed=0)
    assert np.bincount(data.targets[chosen]).tolist() == [3] * 10
    assert set(chosen) <= set(data.splits["train"].tolist())


def test_no_dropout_is_left_not_even_inside_of_other_layers():
    import keras

    inner = keras.Sequential([keras.Input((4, 3)), keras.layers.SpatialDropout1D(0.5)])
    x = given = keras.Input((4, 3))
    x = keras.layers.MultiHeadAttention(1, 2, dropout=0.5)(x, x)
    model = keras.Model(given, keras.layers.Dropout(0.5)(inner(x)))
    values = np.ones((2, 4, 3), np.float32)
    assert not np.array_equal(model(values, training=True), model(values, training=True))
    without_dropout(model)
    assert np.array_equal(model(values, training=True), model(values, training=True))


def test_a_trainer_without_steps_is_refused():
    with pytest.raises(UserError, match="without steps"):
        tried(begin_with("iris", "logistic").changed("trainer", "closed_form"))


def test_it_stops_within_a_step_when_asked_to(home):
    control, told = Control(), []

    def watch(event):
        if isinstance(event, Progress) and event.what.startswith("one batch"):
            told.append(event.done)
            if event.done == 2:
                control.stop()

    with pytest.raises(Stopped):
        overfit(OneBatchRequest(begin_with("iris", "mlp")), watch, control)
    assert told == [1, 2]


def test_it_gives_up_after_so_many_seconds_without_a_judgement(home):
    answer = tried(begin_with("iris", "mlp"), seconds=1e-6)
    assert names(answer) == ["one_batch_undecided"]
    assert len(answer.figures[0].curves[0].y) <= 2
    assert OneBatchSection().seconds == 180
