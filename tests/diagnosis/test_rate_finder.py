"""The learning-rate finder: what it suggests trains, far above it does not, and it says so when nothing helps."""

import math
import threading

import numpy as np
import pytest

from workbench.architectures.fitting import begin_with
from workbench.control import Control, Stopped
from workbench.data.prepare import prepare
from workbench.diagnosis.rate_finder import find_rate, judged
from workbench.diagnosis.trial_network import TrialNetwork, trial_network
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import from_values, new_experiment
from workbench.registry import registry
from workbench.requests import FindRateRequest

RATES = np.geomspace(1e-7, 10, 100)
PLACES = np.log10(RATES)
NOISE = np.random.default_rng(0).normal(0, 0.05, len(RATES))
RATE = "training.optimizer.learning_rate"


def ignore(_event):
    """Nobody watches."""


def found(experiment, **params):
    return find_rate(FindRateRequest(experiment, params), ignore, Control())


def losses_of_an_epoch(experiment, rate):
    """The losses of 40 batches at one rate, up to one that is no number."""
    losses = []
    with trial_network(experiment, prepare(experiment, ignore, Control()), ignore, Control()) as network:
        for _step, batch in zip(range(40), network.batches(), strict=False):
            losses.append(network.train(batch, rate))
            if not math.isfinite(losses[-1]):
                break
    return losses


def test_the_rate_found_trains_a_network_and_one_far_above_the_least_loss_does_not(home):
    experiment = new_experiment("digits", "simple_cnn")
    answer = found(experiment)
    (finding,) = answer.findings
    assert (finding.name, finding.severity) == ("learning_rate_found", "information")
    ((path, rate),) = finding.changes
    assert path == RATE
    assert 1e-4 < rate < 1e-2
    assert finding.mended(experiment).training.optimizer.learning_rate == rate
    trained = losses_of_an_epoch(experiment, rate)
    assert np.mean(trained[-5:]) < 0.5 * trained[0]
    too_high = losses_of_an_epoch(experiment, 5.0)
    assert not np.mean(too_high[-5:]) < 2 * too_high[0]
    (figure,) = answer.figures
    assert figure.logarithmic_x
    assert figure.marks == (("suggested", rate), ("now", 0.001))
    assert figure.curves[0].x[0] == pytest.approx(1e-7)


def test_a_rate_of_the_experiment_at_which_the_loss_rises_is_a_fault(home):
    (finding,) = found(begin_with("iris", "mlp").changed(RATE, 20.0)).findings
    assert finding.severity == "warning"
    assert "20, lies above: the loss rises there" in finding.seen


def test_a_rate_is_found_for_full_batches_of_gradient_descent_too(home):
    (finding,) = found(begin_with("iris", "logistic").changed("trainer", "gradient_descent")).findings
    ((path, rate),) = finding.changes
    assert path == RATE
    assert 0.01 < rate < 10


def test_a_trainer_with_an_optimizer_of_its_own_for_the_first_stage_gets_the_rate_there():
    values = {"version": 1, "dataset": {"name": "digits"}, "architecture": {"name": "transfer", "boundary": "all"},
              "trainer": {"name": "two_phases"}}  # fmt: skip
    experiment = from_values(values, "the test's experiment")
    stage = registry().trainers.get("two_phases").stage(experiment, experiment.training, 0)
    path = TrialNetwork(experiment, None, None, stage, None, []).path_of_the_rate
    assert path == "trainer.head_optimizer.learning_rate"
    assert experiment.changed(path, 0.5).trainer.head_optimizer.learning_rate == 0.5


def test_a_trainer_without_steps_is_refused_before_any_data_are_read(home):
    experiment = begin_with("iris", "logistic").changed("trainer", "closed_form")
    with pytest.raises(UserError, match="finds the weights without a learning rate"):
        found(experiment)


@pytest.mark.parametrize(
    ("params", "message"),
    [({"lowest": 1.0, "highest": 0.1}, "must be below"), ({"steps": 5}, "steps"), ({"low": 1}, "no such setting")],
)
def test_bounds_that_make_no_sense_are_refused(params, message):
    with pytest.raises(UserError, match=message):
        found(new_experiment("digits", "simple_cnn"), **params)


def test_it_stops_within_a_step_when_asked_to_and_tells_how_far_it_is(home):
    control, told = Control(), []

    def watch(event):
        if isinstance(event, Progress) and event.total == 1000:
            told.append(event.done)
            if event.done == 3:
                threading.Thread(target=control.stop).run()

    with pytest.raises(Stopped):
        find_rate(FindRateRequest(begin_with("iris", "mlp"), {"steps": 1000}), watch, control)
    assert told == [1, 2, 3]


def test_the_suggestion_lies_where_the_loss_falls_and_below_the_least_loss():
    losses = 2.3 - 1.3 / (1 + np.exp(-(PLACES + 3) * 3)) + np.exp((PLACES + 1) * 3) + NOISE
    answer = judged(RATES, losses)
    assert 2e-4 < answer.suggested < 2e-3
    assert 10 * answer.suggested <= answer.least * 1.001
    assert answer.rises > answer.least


def test_jumps_before_the_loss_begins_to_fall_do_not_count():
    losses = np.where(RATES < 1e-2, 1.0, 1.0 - 0.5 * (PLACES + 2)) + np.where(np.arange(100) % 7 == 3, 0.3, 0.0)
    assert judged(RATES, losses).suggested >= 1e-2


def test_a_loss_that_only_rises_gives_a_tenth_of_where_it_rises():
    answer = judged(RATES, 0.69 + np.exp((PLACES + 1) * 3) + NOISE / 10)
    assert answer.least == 0
    assert answer.suggested == pytest.approx(answer.rises / 10)


@pytest.mark.parametrize("losses", [np.full(100, 2.303), 2.3 + NOISE, np.array([2.3, 2.4])])
def test_a_loss_that_no_rate_changes_gives_no_suggestion(losses):
    assert judged(RATES[: len(losses)], losses).suggested == 0
