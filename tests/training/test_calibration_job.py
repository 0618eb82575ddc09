"""A temperature in the saved model: bare Keras gives the mended probabilities, and it can be taken back."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.experiment_toml import write_experiment
from workbench.requests import CalibrateRequest, EvaluateRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import describe_model, read_about, save_model
from workbench.runs.writer import RunWriter
from workbench.tasks.calibration import negative_log_likelihood
from workbench.training.calibration import calibrate, temperature_of
from workbench.training.evaluation import evaluate


def ignore(_event):
    """For whoever does not watch."""


@pytest.fixture(scope="module")
def data():
    """The digits."""
    return prepare(new_experiment(), ignore, Control())


@pytest.fixture(scope="module")
def sure_run(tmp_path_factory, data):
    """A run whose model is far surer than it is right: a linear one whose logits were made five times as large."""
    import keras

    experiment = new_experiment()
    keras.utils.set_random_seed(0)
    image = keras.Input((28, 28, 1), name="image")
    hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    logits = keras.layers.Dense(10, name="logits", dtype="float32")(hidden)
    model = keras.Model(image, keras.layers.Activation("softmax", name="output")(logits))
    model.compile("adam", "sparse_categorical_crossentropy")
    train = data.splits["train"]
    model.fit(np.asarray(data.inputs[train]), data.targets[train], epochs=3, batch_size=32, verbose=0)
    layer = model.get_layer("logits")
    layer.set_weights([5 * weight for weight in layer.get_weights()])
    folder = tmp_path_factory.mktemp("runs") / "so sure"
    folder.mkdir()
    write_experiment(experiment, folder / "experiment.toml")
    save_model(model, folder / "model.keras", describe_model(experiment, data.input, data.target))
    return folder


@pytest.fixture
def run(sure_run, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(sure_run, tmp_path / "so sure"))


def bare_answers(run, data):
    """What Keras alone gives for the test samples."""
    import keras

    pictures = np.asarray(data.inputs[data.splits["test"]])
    return keras.saving.load_model(run / "model.keras").predict(pictures, verbose=0)


def test_mending_lowers_the_error_of_the_test_split_and_changes_no_answer(run, data):
    evaluate(EvaluateRequest(str(run), "train"), ignore, Control())
    before = bare_answers(run, data)
    done = calibrate(CalibrateRequest(str(run)), ignore, Control())
    after = bare_answers(run, data)
    assert done.temperature > 1.5
    assert done.after["test"]["calibration_error"] < 0.6 * done.before["test"]["calibration_error"]
    assert done.after["test"]["loss"] < done.before["test"]["loss"]
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert after.max(axis=1).mean() < before.max(axis=1).mean()
    assert temperature_of(str(run)) == done.temperature
    assert [figure.title for figure in done.figures] == ["Validation samples", "Test samples"]
    # What was judged is the saved file: the report's numbers are those of bare Keras.
    numbers = RunFolder(run).evaluation()
    assert numbers["test"]["calibration_error"] == pytest.approx(done.after["test"]["calibration_error"])
    targets = data.targets[data.splits["test"]]
    assert numbers["test"]["loss"] == pytest.approx(negative_log_likelihood(np.log(after), targets), abs=1e-4)
    assert "train" not in numbers  # they were those of the model before
    assert "calibrated" in RunFolder(run).log()


def test_it_can_be_taken_back_and_then_there_is_nothing_more_to_take_back(run, data):
    before = bare_answers(run, data)
    about = read_about(run / "model.keras")
    calibrate(CalibrateRequest(str(run)), ignore, Control())
    done = calibrate(CalibrateRequest(str(run), undo=True), ignore, Control())
    assert done.temperature == temperature_of(str(run)) == 1
    assert np.allclose(bare_answers(run, data), before, atol=1e-6)
    assert read_about(run / "model.keras") == {**about, "temperature": 1.0}
    with pytest.raises(UserError, match="nothing to take back"):
        calibrate(CalibrateRequest(str(run), undo=True), ignore, Control())


def test_mending_twice_finds_the_same_temperature(run):
    once = calibrate(CalibrateRequest(str(run)), ignore, Control())
    twice = calibrate(CalibrateRequest(str(run)), ignore, Control())
    assert twice.temperature == pytest.approx(once.temperature, rel=1e-3)
    assert twice.after["test"]["calibration_error"] == pytest.approx(once.after["test"]["calibration_error"], abs=1e-3)


def test_a_run_that_trains_is_left_alone(run):
    content = (run / "model.keras").read_bytes()
    with RunWriter(RunFolder(run)), pytest.raises(UserError, match="is running already"):
        calibrate(CalibrateRequest(str(run)), ignore, Control())
    assert (run / "model.keras").read_bytes() == content


def test_a_stop_leaves_the_model_as_it_was(run):
    content = (run / "model.keras").read_bytes()
    control = Control()
    with pytest.raises(Stopped):
        calibrate(CalibrateRequest(str(run)), lambda event: control.stop(), control)
    assert (run / "model.keras").read_bytes() == content
    assert temperature_of(str(run)) == 1


def test_two_classes_with_one_unit_are_mended_too(run, data):
    import keras

    image = keras.Input((28, 28, 1), name="image")
    logits = keras.layers.Dense(1, name="logits")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image)))
    model = keras.Model(image, keras.layers.Activation("sigmoid", name="output")(logits))
    kernel = np.random.default_rng(0).normal(0, 1, (784, 1)).astype(np.float32)
    model.get_layer("logits").set_weights([kernel, np.zeros(1, np.float32)])
    from workbench.runs.model_file import load_model
    from workbench.training.calibration import _ending

    save_model(model, run / "model.keras", read_about(run / "model.keras"))
    scores_of, layer = _ending(load_model(run / "model.keras"), RunFolder(run))
    scores = np.asarray(scores_of.predict_on_batch(np.asarray(data.inputs[:50])))
    assert layer.name == "logits"
    assert np.allclose(1 / (1 + np.exp(-scores)), model.predict(np.asarray(data.inputs[:50]), verbose=0), atol=1e-5)


def test_a_model_without_softmax_or_of_numbers_is_told_what_it_takes(run, data):
    import keras

    about = read_about(run / "model.keras")
    image = keras.Input((28, 28, 1), name="image")
    logits = keras.layers.Dense(10, name="logits")(keras.layers.Flatten()(image))
    save_model(keras.Model(image, logits), run / "model.keras", about)
    with pytest.raises(UserError, match="softmax or sigmoid"):
        calibrate(CalibrateRequest(str(run)), ignore, Control())
    with zipfile.ZipFile(run / "model.keras") as archive:
        assert "temperature" not in json.loads(archive.read("workbench.json"))


def test_an_unknown_split_is_answered_with_those_there_are(run):
    with pytest.raises(UserError, match="Did you mean"):
        calibrate(CalibrateRequest(str(run), "validaton"), ignore, Control())


def test_the_command_line_tells_before_and_after_and_takes_it_back(run, capfd):
    from workbench.cli.main import run as command_line

    assert command_line(["calibrate", str(run), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["after"]["test"]["calibration_error"] < told["before"]["test"]["calibration_error"]
    assert command_line(["calibrate", str(run), "--undo"]) == 0
    assert "temperature 1.0000" in capfd.readouterr().out
    assert command_line(["calibrate", str(run), "--undo"]) == 2
    assert "nothing to take back" in capfd.readouterr().err
