"""Runs over each other: axes, what came of them, and how they are told apart."""

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.events import BatchesDone, EpochFinished, Finished, StageStarted
from workbench.experiment import new_experiment
from workbench.figures import Curves
from workbench.runs.comparison import compare
from workbench.runs.parameters import parameters_of
from workbench.runs.writer import RunWriter, create_run_folder


def made(folder, rate, seconds, steps=0):
    run = create_run_folder(new_experiment().changed("training.optimizer.learning_rate", rate), folder)
    with RunWriter(run) as writer:
        if steps:
            writer.event(BatchesDone(0, 1, steps, (1.0,), rate, 10.0))
        writer.event(StageStarted(1, "all layers", ""))
        for epoch in range(2):
            row = {"epoch": epoch + 1, "loss": 1.0 - epoch / 2, "learning_rate": rate, "seconds": seconds}
            writer.add_metrics(row)
            writer.event(EpochFinished(epoch, {"loss": 1.0}, rate, seconds, 50.0, True, epoch))
        writer.environment({"parameters": 77})
        writer.event(Finished("completed", str(run.path)))
    return run


def losses(comparison):
    figure = next(figure for figure in comparison.figures if isinstance(figure, Curves) and figure.title == "loss")
    return figure, [curve.x.tolist() for curve in figure.curves]


def test_curves_are_laid_over_epochs_steps_and_seconds(tmp_path):
    runs = [made(tmp_path / "a", 0.1, 2.0, 30).path, made(tmp_path / "b", 0.2, 5.0, 10).path]
    assert losses(compare(runs))[1] == [[1, 2], [1, 2]]
    figure, places = losses(compare(runs, "step"))
    assert places == [[30, 60], [10, 20]]
    assert sorted(place for _name, place in figure.marks) == [10, 30]  # the stage began after one epoch
    assert losses(compare(runs, "time"))[1] == [[2, 4], [5, 10]]


def test_a_run_whose_steps_are_unknown_is_named_instead_of_drawn_over_steps(tmp_path):
    runs = [made(tmp_path / "a", 0.1, 2.0, 30), made(tmp_path / "b", 0.2, 5.0)]
    figure, places = losses(compare([run.path for run in runs], "step"))
    assert len(places) == 1
    assert "not drawn" in figure.note


def test_an_axis_there_is_not_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(UserError, match=r"epoch, step, time.*Did you mean 'step'"):
        compare([], "steps")


def test_results_tell_the_best_epoch_and_what_it_cost_and_equal_names_are_told_apart(tmp_path):
    first = made(tmp_path / "a", 0.1, 2.0)
    second = made(tmp_path / "b", 0.1, 4.0)
    target = second.path.with_name(first.name)
    second.path.rename(target)
    comparison = compare([first.path, target])
    rows = {row[0]: row[1:] for row in comparison.results}
    assert rows["loss"] == (0.5, 0.5)
    assert rows["Parameters"] == (77, 77)
    assert rows["Seconds an epoch"] == (2.0, 4.0)
    assert rows["Samples a second"] == (50, 50)
    assert comparison.differences == ()
    assert comparison.names == (f"a/{first.name}", f"b/{first.name}")


def test_parameters_of_an_older_run_are_counted_in_its_model_file(tmp_path):
    import keras

    run = made(tmp_path, 0.1, 1.0)
    (run.path / "environment.json").unlink()
    assert parameters_of(run) is None
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5), keras.layers.BatchNormalization()]
    )
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 4)), np.zeros((2, 3)), verbose=0)  # the optimizer's own numbers are no parameters
    model.save(run.path / "model.keras")
    assert parameters_of(run) == model.count_params() == 15 + 12


def test_what_differs_is_told_in_words_and_kept_as_it_is(tmp_path):
    plain = create_run_folder(new_experiment(), tmp_path / "a")
    changed = new_experiment()
    values = {
        "splits.stratified": False,
        "overrides.extra_layers": [{"kind": "flatten"}, {"kind": "dropout", "rate": 0.3}],
    }
    for path, value in values.items():
        changed = changed.changed(path, value)
    other = create_run_folder(changed, tmp_path / "b")
    comparison = compare([plain.path, other.path])
    kept = {row[0]: row[1:] for row in comparison.differences}
    shown = {row[0]: row[1:] for row in comparison.figures[0].rows}
    assert kept["splits.stratified"] == (True, False)
    assert shown["splits.stratified"] == ("on", "off")
    assert shown["overrides.extra_layers"] == ("none", "flatten, dropout (rate 0.3)")
    assert kept["overrides.extra_layers"][0] == "[]"
