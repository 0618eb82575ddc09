"""*Copy as Keras code* of a classical head: a linear classifier comes to the same answers, another is refused."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.experiment import from_values
from workbench.requests import CodeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import load_model
from workbench.training.keras_script import write
from workbench.training.session import train

SIZE = {"height": 12, "width": 12}


def quiet(_event):
    """Nobody watches."""


def digits(**sections):
    return from_values({"version": 1, "dataset": "digits", "preprocessing": SIZE, **sections}, "the test")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small network trained on the digits for an epoch."""
    network = {"name": "simple_cnn", "filters": [4, 8], "padding": "same", "head": "global_average"}
    wanted = digits(architecture=network, training={"epochs": 1, "batch_size": 256})
    return train(TrainRequest(wanted, str(tmp_path_factory.mktemp("base"))), quiet, Control())


def with_head(base, **trainer):
    architecture = {"name": "transfer", "base": "run", "source": base}
    return digits(architecture=architecture, trainer={"name": "classical_head", **trainer})


@pytest.mark.parametrize(
    "trainer",
    [
        {"pca": {"name": "components", "count": 6}, "classifier": {"name": "logistic_regression", "c": [0.001, 1.0]}},
        {"standardise": False, "folds": 0, "classifier": {"name": "linear_svm", "c": [0.01]}},
    ],
)
def test_the_script_of_a_linear_head_comes_to_the_answers_of_the_run(base, trainer, tmp_path, monkeypatch):
    import keras

    wanted = with_head(base, **trainer)
    script = write(CodeRequest(wanted), quiet, Control())
    assert "workbench" not in script.replace("Written by the workbench", "").replace(base, "")
    run = RunFolder(train(TrainRequest(wanted, str(tmp_path / "runs")), quiet, Control()))
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)
    names["main"]()
    data = prepare(wanted, quiet, Control())
    pictures = np.array(data.inputs[:64])
    theirs = keras.saving.load_model("model.keras").predict(pictures, verbose=0)
    np.testing.assert_allclose(theirs, load_model(run.model_path).model.predict(pictures, verbose=0), atol=2e-3)


def test_a_classifier_that_is_no_layer_is_refused_with_those_that_are(base):
    with pytest.raises(UserError, match="Choose logistic_regression or linear_svm"):
        write(CodeRequest(with_head(base, classifier="nearest_neighbours")), quiet, Control())


def test_pictures_of_which_rows_are_cut_off_are_refused(base):
    wanted = with_head(base).changed("preprocessing.crop_top", 0.25)
    with pytest.raises(UserError, match="crop_top and crop_bottom to 0"):
        write(CodeRequest(wanted), quiet, Control())
