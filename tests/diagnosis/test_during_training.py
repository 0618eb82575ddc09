"""The checks of a training while it goes on, on numbers as trainings give them; no network is needed for that."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.architectures.table import LayerRow, LayerTable
from workbench.experiment import from_values
from workbench.finding import applicable, look
from workbench.registry import registry
from workbench.specs import ClassTarget, ImageInput, ValuesTarget
from workbench.training.fault import Fault
from workbench.training.observed import Observed
from workbench.training.probe import GradientSeen, Look, UnitsSeen

TEN = ClassTarget(tuple("0123456789"))


def experiment(**sections):
    values = {"version": 1, "dataset": {"name": "digits"}, "architecture": {"name": "simple_cnn"}}
    return from_values({**values, **sections}, "the test")


def losses(first, last, count=512, noise=0.05):
    return tuple((np.linspace(first, last, count) + np.random.default_rng(0).normal(0, noise, count)).tolist())


def observed(accuracy=0.1, recent=None, asked_for=None, **more):
    """A training on ten classes after 600 batches, stuck unless something else is said."""
    asked_for = asked_for or experiment()
    recent = losses(2.303, 2.303) if recent is None else recent
    values = {"start": recent[:32], "steps": 600, "samples": 10_000, "steps_of_an_epoch": 300, **more}
    return Observed(
        asked_for, ImageInput(8, 8, 1), TEN, epoch=1, recent=recent,
        metrics={"loss": 2.3, "accuracy": accuracy}, error=(1 - accuracy) / 0.9, guessing={"accuracy": 0.1}, **values,
    )  # fmt: skip


def found(subject):
    return {finding.name: finding for finding in look(registry().checks, "during", subject)}


def test_a_loss_that_stays_at_the_logarithm_of_the_classes_is_named_with_what_guessing_gives():
    finding = found(observed())["stuck_at_guessing"]
    assert "2.30" in finding.seen
    assert "logarithm of 10" in finding.seen
    assert finding.seen.count("10.0 %") == 2
    assert applicable(finding, experiment())
    assert finding.mended(experiment()).training.optimizer.learning_rate == pytest.approx(1e-4)


@pytest.mark.parametrize(
    "healthy",
    [
        pytest.param({"steps": 60, "recent": losses(2.3, 2.3, 60)}, id="after the first steps"),
        pytest.param({"recent": losses(2.31, 2.26)}, id="when the loss falls slowly"),
        pytest.param({"accuracy": 0.14}, id="when more is right than guessing would have"),
        pytest.param({"warmup_steps": 550}, id="right after the warm-up"),
        pytest.param({"samples": 200, "steps": 610}, id="on few samples of an epoch"),
    ],
)
def test_nobody_is_said_to_be_stuck(healthy):
    assert not found(observed(**healthy))


def test_the_reason_is_a_fault_of_the_experiment_where_there_is_one():
    written = experiment(overrides={"extra_layers": [{"kind": "dense", "units": 10, "activation": "relu"}]})
    finding = found(observed(asked_for=written))["stuck_at_guessing"]
    assert "ReLU stands right before the softmax" in finding.why
    assert finding.mended(written).overrides.extra_layers == ()


def test_the_depth_is_the_reason_for_a_deep_plain_network():
    rows = tuple(LayerRow(f"conv{number}", "Conv2D") for number in range(19))
    written = experiment(architecture={"name": "vgg19"})
    finding = found(observed(asked_for=written, table=LayerTable(rows, 0, 0)))["stuck_at_guessing"]
    assert "19 plain layers" in finding.why
    assert finding.mended(written).architecture.normalization == "batch"


def test_values_that_are_no_better_than_their_mean_are_stuck_too():
    prices = experiment(dataset={"name": "house_prices"}, architecture={"name": "mlp"})
    subject = replace(
        observed(asked_for=prices, recent=losses(1.0, 1.0)), target=ValuesTarget(("price",)),
        metrics={"loss": 1.0, "rmse": 99.8}, error=0.996, guessing={"rmse": 100.0},
    )  # fmt: skip
    assert "rmse 99.8. Guessing gives 100." in found(subject)["stuck_at_guessing"].seen


def seen(*units, gradients=()):
    return Look(256, tuple(units), tuple(gradients))


def learning(look=None, **more):
    return observed(0.6, losses(1.5, 1.2), look=look, **more)


def test_dead_layers_are_named_with_how_much_of_them_is_dead():
    dead = (UnitsSeen("conv_1", "relu", 32, dead=6), UnitsSeen("conv_2", "relu", 64, dead=64))
    finding = found(learning(seen(*dead, UnitsSeen("dense_1", "relu", 100, dead=80))))["dead_units"]
    assert "all 64 of conv_2, 80 of 100 of dense_1" in finding.seen
    assert "conv_1" not in finding.seen
    assert finding.severity == "error"
    assert finding.mended(experiment()).architecture.normalization == "batch"


def test_units_that_only_rarely_say_something_are_no_fault():
    assert not found(learning(seen(UnitsSeen("dense_1", "relu", 128, dead=50), UnitsSeen("dense_2", "tanh", 84))))


def test_saturated_sigmoids_are_named():
    finding = found(learning(seen(UnitsSeen("dense_1", "sigmoid", 64, saturated=0.97))))["saturated_units"]
    assert "97% of dense_1 (sigmoid)" in finding.seen
    assert finding.changes


def gradients(*sizes):
    return seen(gradients=[GradientSeen(f"dense_{place}", size, 0.1) for place, size in enumerate(sizes, 1)])


def test_gradients_that_fade_towards_the_first_layers_are_named():
    finding = found(learning(gradients(1e-9, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)))["vanishing_gradients"]
    assert "from dense_6 to dense_1" in finding.seen


def test_gradients_far_larger_than_the_weights_are_named():
    finding = found(learning(gradients(9e6, 1e3, 1.0, 0.1)))["exploding_gradients"]
    assert "dense_1" in finding.seen
    assert "9.0e+07 times" in finding.seen


def test_gradients_as_in_a_healthy_network_are_no_fault():
    assert not found(learning(gradients(0.3, 0.01, 0.02, 0.005, 0.01, 0.04)))


def test_a_loss_far_above_its_start_for_many_batches_diverges():
    away = observed(recent=losses(40, 60), start=losses(2.3, 9.0, 32), accuracy=0.2)
    finding = found(away)["divergence"]
    assert "it began at 2." in finding.seen
    assert finding.mended(experiment()).training.optimizer.learning_rate == pytest.approx(1e-4)


def test_a_loss_on_its_way_back_does_not_diverge():
    assert "divergence" not in found(observed(recent=losses(60, 5, 128), start=(2.3,), accuracy=0.2))


def test_a_loss_that_comes_down_to_guessing_from_far_above_is_no_progress():
    falling = observed(recent=losses(12.0, 2.6), accuracy=0.07)
    assert "stuck_at_guessing" in found(falling)
    assert "stuck_at_guessing" not in found(replace(falling, steps=140, recent=losses(12.0, 2.6, 140)))


def test_sigmoids_of_a_stack_of_layers_give_way_to_relus():
    stack = [{"kind": "flatten"}, *[{"kind": "dense", "units": 32, "activation": "sigmoid"}] * 8]
    written = experiment(architecture={"name": "layers", "layers": stack})
    fading = gradients(1e-9, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)
    mended = found(learning(fading, asked_for=written))["vanishing_gradients"].mended(written)
    assert {layer.activation for layer in mended.architecture.layers[1:]} == {"relu"}


def test_a_loss_that_is_no_number_is_named_with_its_place():
    fault = Fault(0, 17, float("nan"), "gradient", "conv_2", 16)
    unscaled = experiment(overrides={"scaling_factor": 1.0}, training={"optimizer": {"name": "sgd"}})
    finding = found(observed(asked_for=unscaled, fault=fault))["not_a_number"]
    assert "nan at epoch 1, batch 17" in finding.seen
    assert "gradient of the layer conv_2, at batch 16" in finding.seen
    assert finding.mended(unscaled).overrides.scaling_factor is None
