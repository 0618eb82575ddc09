"""Closed form and full-batch gradient descent as real runs, and what can be learned without hidden layers."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import BatchesDone, EpochFinished, Finished, PhaseFinished, PhaseStarted, RunStarted
from workbench.experiment import from_values
from workbench.figures import Adjustable, Scatter, Surface
from workbench.requests import EvaluateRequest, ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.training.evaluation import evaluate
from workbench.training.session import resume, train

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_closed_form.py"
DIABETES = {"dataset": "diabetes", "architecture": "linear"}


def run(folder, values, events=None):
    experiment = from_values({"version": 1, **values}, "the test's experiment")
    watch = [].append if events is None else events.append
    return RunFolder(train(TrainRequest(experiment, str(folder / "runs")), watch, Control()))


def judged(folder, split="test"):
    return evaluate(EvaluateRequest(str(folder.path), split), [].append, Control())


def descent(rate, epochs=25, **values):
    training = {"epochs": epochs, "optimizer": {"name": "sgd", "learning_rate": rate}}
    return {**DIABETES, "trainer": "gradient_descent", "training": training, **values}


def surface_of(evaluation):
    """The figure of the path, which comes last."""
    adjustable = evaluation.figures[0]
    assert isinstance(adjustable, Adjustable)
    (surface,) = adjustable.figures()
    assert isinstance(surface, Surface)
    return surface


def test_the_closed_form_reaches_the_r2_of_scikit_learn(home):
    spec = importlib.util.spec_from_file_location("bench_closed_form", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    measured = benchmark.measure()
    assert measured["largest_difference"] < measured["reach"]


def test_the_closed_form_of_classes_is_no_worse_than_that_of_scikit_learn(home, tmp_path):
    from sklearn.linear_model import LogisticRegression

    from workbench.data.prepare import prepare

    folder = run(tmp_path, {"dataset": "loans", "architecture": "logistic", "trainer": "closed_form"})
    data = prepare(folder.experiment(), [].append, Control())
    training = data.splits["train"]
    inputs = data.inputs[training].astype(np.float64)
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    reference = LogisticRegression(C=np.inf, max_iter=10_000, tol=1e-10).fit(inputs, data.targets[training])
    chances = reference.predict_proba(inputs)[np.arange(len(training)), data.targets[training]]
    assert judged(folder, "train").numbers["loss"] == pytest.approx(-np.log(chances).mean(), rel=1e-4)


def test_the_closed_form_is_found_at_once_and_does_not_depend_on_the_optimizer(home, tmp_path):
    events = []
    first = run(tmp_path, {**DIABETES, "trainer": "closed_form", "training": {"epochs": 7}}, events)
    second = run(tmp_path, {**DIABETES, "trainer": "closed_form", "training": {"optimizer": "sgd", "batch_size": 3}})
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.epochs == 1
    assert len([event for event in events if isinstance(event, EpochFinished)]) == 1
    assert not [event for event in events if isinstance(event, BatchesDone)]
    assert [event.phase for event in events if isinstance(event, PhaseFinished)] == [
        "data", "build", "solve", "evaluate"
    ]  # fmt: skip
    assert len([event for event in events if isinstance(event, Finished)]) == 1
    assert first.end().state == "completed"
    assert first.end().metrics == second.end().metrics
    (row,) = first.metrics()
    assert row["val_loss"] == pytest.approx(judged(first, "validation").numbers["loss"], rel=1e-4)
    assert "learning_rate" not in row


def test_a_closed_form_that_is_stopped_has_no_model_and_begins_anew_when_resumed(home, tmp_path):
    control = Control()

    def stop(event):
        if isinstance(event, PhaseStarted) and event.phase == "solve":
            control.stop()

    experiment = from_values({"version": 1, "dataset": "loans", "architecture": "logistic", "trainer": "closed_form"},
                             "the test's experiment")  # fmt: skip
    folder = RunFolder(train(TrainRequest(experiment, str(tmp_path)), stop, control))
    assert folder.state() == "stopped"
    assert "no model yet" in folder.end().message
    assert not folder.model_path.exists()
    assert not folder.metrics()
    resume(ResumeRequest(str(folder.path)), [].append, Control())
    assert folder.state() == "completed"
    assert folder.model_path.exists()
    assert len(folder.metrics()) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"architecture": "mlp"}, "hidden layers"),
        ({"task": {"name": "regression", "loss": "mae"}}, "no closed form for this loss"),
        ({"overrides": {"output_activation": "relu"}}, "overrides"),
        ({"overrides": {"extra_layers": [{"kind": "dense", "units": 3}]}}, "hidden layers"),
    ],
    ids=["mlp", "loss", "activation", "extra"],
)
def test_what_has_no_closed_form_is_refused_before_there_is_a_run(home, tmp_path, change, why):
    with pytest.raises(UserError, match=why):
        run(tmp_path, {**DIABETES, "trainer": "closed_form", **change})
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.parametrize(
    ("rate", "verdict", "state"),
    [(1e-3, "too small", "completed"), (0.1, "is right", "completed"), (2.0, "too large", "failed")],
    ids=["small", "right", "large"],
)
def test_the_path_of_the_weights_shows_whether_the_learning_rate_suits(home, tmp_path, rate, verdict, state):
    folder = run(tmp_path, descent(rate))
    surface = surface_of(judged(folder))
    assert folder.end().state == state
    assert verdict in surface.note
    assert surface.x_label.startswith("weight of ")
    start = np.linalg.norm(surface.path[0] - surface.marks[0][1:])
    end = np.linalg.norm(surface.path[-1] - surface.marks[0][1:])
    if verdict == "is right":
        assert end < start / 2
    if verdict == "too large":
        assert end > start


def test_gradient_descent_takes_one_step_an_epoch_over_all_samples(home, tmp_path):
    events = []
    folder = run(tmp_path, descent(0.1, epochs=3), events)
    with (folder.path / "weights.csv").open(newline="") as file:
        path = np.array(list(csv.reader(file)), float)
    assert path.shape == (4, 11)
    assert [event.learning_rate for event in events if isinstance(event, EpochFinished)] == [0.1] * 3
    losses = [row["loss"] for row in folder.metrics()]
    assert losses == sorted(losses, reverse=True)


def test_a_longer_descent_goes_on_with_the_path(home, tmp_path):
    folder = run(tmp_path, descent(0.1, epochs=3))
    resume(ResumeRequest(str(folder.path), epochs=5), [].append, Control())
    other = run(tmp_path, descent(0.1, epochs=5))
    assert (folder.path / "weights.csv").read_text() == (other.path / "weights.csv").read_text()


def test_the_path_of_a_classifier_is_shown_too(home, tmp_path):
    training = {"epochs": 30, "optimizer": {"name": "sgd", "learning_rate": 1.0}}
    values = {"dataset": "loans", "architecture": "logistic", "trainer": "gradient_descent", "training": training}
    evaluation = judged(run(tmp_path, values))
    assert len(surface_of(evaluation).path) == 31
    assert any(isinstance(figure, Scatter) and figure.field is not None for figure in evaluation.figures)


def test_the_path_over_pictures_of_ten_classes_is_shown_too(home, tmp_path):
    values = descent(0.1, epochs=1, dataset="digits", preprocessing={"height": 8, "width": 8}, architecture="logistic")
    surface = surface_of(judged(run(tmp_path, values)))
    assert "→" in surface.x_label
    assert surface.path.shape == (2, 2)
    assert np.isfinite(surface.values).all()


def test_an_unscaled_table_that_overflows_names_its_largest_column_and_offers_scaling(home, tmp_path):
    values = {
        "dataset": "house_prices",
        "preprocessing": {"scaling": "none"},
        "architecture": "linear",
        "training": {"epochs": 20, "optimizer": {"name": "sgd", "learning_rate": 0.01}},
    }
    end = run(tmp_path, values).end()
    assert end.state == "failed"
    assert "The column area" in end.message
    assert 'preprocessing.scaling = "zscore"' in end.message


def test_house_prices_are_learned_with_the_training_that_suits_a_linear_network(home, tmp_path):
    from workbench.registry import registry

    training = registry().architectures.get("linear").default_training()
    folder = run(tmp_path, {"dataset": "house_prices", "architecture": "linear", "training": training})
    evaluation = judged(folder)
    assert evaluation.numbers["r2"] > 0.9
    assert any(isinstance(figure, Scatter) and figure.field is not None for figure in evaluation.figures)


def test_xor_escapes_logistic_regression_but_not_a_perceptron(home, tmp_path):
    xor = {"dataset": {"name": "xor", "noise": 0.0}}
    straight = run(tmp_path, {**xor, "architecture": "logistic", "trainer": "closed_form"})
    bent = run(
        tmp_path,
        {
            **xor,
            "architecture": {"name": "mlp", "dense": [16, 8], "dropout": 0.0},
            "training": {"epochs": 30, "optimizer": {"name": "adam", "learning_rate": 0.02}},
        },
    )
    assert 0.3 < judged(straight).numbers["accuracy"] < 0.75
    assert judged(bent).numbers["accuracy"] > 0.9
