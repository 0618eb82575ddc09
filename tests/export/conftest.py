"""The runs that the tests of inspection are made with, and one of ours; how something is exported."""

import importlib.util
from pathlib import Path

import pytest

from workbench.control import Control
from workbench.jobs import run_job
from workbench.requests import ExportRequest

_place = Path(__file__).parents[1] / "inspection" / "conftest.py"
_spec = importlib.util.spec_from_file_location("inspection_fixtures", _place)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
digits_run = _fixtures.digits_run


@pytest.fixture(scope="session")
def export():
    """Exports a run or a model file: (what, format, place) -> the answer of the job."""

    def export_it(run, format, out, force=False, control=None):
        return run_job(ExportRequest(str(run), format, str(out), force), lambda event: None, control or Control())

    return export_it


@pytest.fixture(scope="session")
def exported_run(tmp_path_factory):
    """A run folder on the digits: its model, two epochs in its metrics, the batches of them in its events."""
    import keras

    from workbench.data.preprocessing import resize
    from workbench.events import BatchesDone, RunStarted
    from workbench.experiment import new_experiment
    from workbench.experiment_toml import write_experiment
    from workbench.runs.folder import RunFolder
    from workbench.runs.model_file import describe_model, save_model
    from workbench.runs.writer import RunWriter
    from workbench.specs import ClassTarget, ImageInput

    experiment = new_experiment()
    size = experiment.preprocessing
    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, size.channels), name="image")
    hidden = keras.layers.Rescaling(1 / 255, name="scale")(resize(image, size))
    hidden = keras.layers.Conv2D(8, 3, activation="relu", name="first")(hidden)
    hidden = keras.layers.BatchNormalization(name="norm")(hidden)
    hidden = keras.layers.MaxPooling2D(2, name="pool")(hidden)
    hidden = keras.layers.Dropout(0.5, name="drop")(hidden)
    logits = keras.layers.Dense(10, name="logits")(keras.layers.Flatten(name="flat")(hidden))
    model = keras.Model(image, keras.layers.Activation("softmax", name="output")(logits))
    # Weights that tell digits apart by far more than the tolerance.
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([10 * kernel, bias])
    folder = tmp_path_factory.mktemp("Läufe") / "digits run"
    folder.mkdir()
    write_experiment(experiment, folder / "experiment.toml")
    input = ImageInput(size.height, size.width, size.channels)
    target = ClassTarget(tuple(str(digit) for digit in range(10)))
    save_model(model, folder / "model.keras", describe_model(experiment, input, target))
    with RunWriter(RunFolder(folder)) as writer:
        writer.environment({"created": 1_700_000_000.0})
        writer.event(RunStarted(str(folder), "digits run", 2))
        for epoch in range(2):
            for step in (2, 4):
                losses = (1.0 / (4 * epoch + step), 1.0 / (4 * epoch + step + 1))
                writer.event(BatchesDone(epoch, step, 4, losses, 0.01, 100.0))
        for epoch in (1, 2):
            row = {"epoch": epoch, "loss": 1.5 / epoch, "accuracy": 0.4 * epoch, "val_loss": 1.6 / epoch}
            writer.add_metrics({**row, "learning_rate": 0.01, "seconds": 2.5})
    return folder
