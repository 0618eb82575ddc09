"""Exports of a run: each is opened by what opens such files, and answers as the model does."""

import json
import shutil
import warnings

import numpy as np
import pytest

from workbench.cli import run as command
from workbench.control import Control
from workbench.errors import UserError
from workbench.experiment_toml import write_experiment
from workbench.jobs import run_job
from workbench.registry import registry

MODELS = ("keras", "saved_model", "tflite", "onnx")


@pytest.fixture
def pictures():
    """Pictures of noise that no model of 28 x 28 pixels has seen, uint8, of two sizes."""
    draw = np.random.default_rng(5)
    return [draw.integers(0, 256, (3, *size, 1)).astype(np.float32) for size in ((33, 50), (28, 28))]


@pytest.fixture(scope="module")
def done(export, exported_run, tmp_path_factory):
    """The answer of an export in each format of models."""
    folder = tmp_path_factory.mktemp("out") / "nëw folder"
    return {name: export(exported_run, name, folder / f"m {name}") for name in MODELS}


@pytest.fixture(scope="module")
def model(exported_run):
    import keras

    return keras.saving.load_model(exported_run / "model.keras", compile=False)


@pytest.mark.parametrize("name", MODELS)
def test_an_export_is_checked_on_64_samples_of_the_test_split(done, name):
    check = done[name].check
    assert (check.samples, check.source) == (64, "test")
    assert check.difference <= 1e-4
    assert check.agreement == 1.0
    assert "64 samples of the test split" in check.text()
    assert done[name].bytes > 1000


def test_nothing_half_written_is_left_beside_the_exports(done):
    folder = {str(each.path).rpartition("/")[0] for each in done.values()}
    (folder,) = folder
    import pathlib

    names = sorted(entry.name for entry in pathlib.Path(folder).iterdir())
    assert names == ["m keras.keras", "m onnx.onnx", "m saved_model", "m tflite.tflite"]


def test_the_saved_model_takes_raw_pictures_of_any_size(done, model, pictures):
    import tensorflow as tf

    loaded = tf.saved_model.load(done["saved_model"].path)
    for batch in pictures:
        np.testing.assert_allclose(loaded.serve(batch), model(batch, training=False), atol=1e-6)


def test_the_onnx_file_takes_batches_and_holds_the_class_names(done, model, pictures):
    import onnxruntime

    session = onnxruntime.InferenceSession(done["onnx"].path, providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"input": pictures[1]})
    np.testing.assert_allclose(given, model(pictures[1], training=False), atol=1e-5)
    about = json.loads(session.get_modelmeta().custom_metadata_map["workbench"])
    assert about["target"]["class_names"] == [str(digit) for digit in range(10)]


def test_the_tflite_file_answers_one_picture(done, model, pictures):
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of its own end in a later TensorFlow
        interpreter = tf.lite.Interpreter(model_path=done["tflite"].path)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pictures[1][:1])
    interpreter.invoke()
    given = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(given, model(pictures[1][:1], training=False), atol=1e-5)


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_formats_without_our_resizing_say_what_they_take(done, name):
    text = " ".join(done[name].notes)
    assert "(batch, 28, 28, 1)" in text
    assert "0 to 255" in text
    assert "antialiasing" in text


def test_without_the_data_random_pictures_are_compared_and_it_is_said(export, exported_run, tmp_path):
    from workbench.runs.folder import RunFolder

    copy = tmp_path / "moved run"
    shutil.copytree(exported_run, copy)
    experiment = RunFolder(copy).experiment()
    section = registry().datasets.get("image_folder").section(name="image_folder", path=str(tmp_path / "gone"))
    write_experiment(experiment.model_copy(update={"dataset": section}), copy / "experiment.toml")
    check = export(copy, "keras", tmp_path / "a.keras").check
    assert (check.samples, check.source) == (64, "random")
    assert "random" in check.text()


def test_a_small_test_split_is_filled_up_from_the_other_splits(export, exported_run, tmp_path):
    from workbench.runs.folder import RunFolder

    copy = tmp_path / "small run"
    shutil.copytree(exported_run, copy)
    experiment = RunFolder(copy).experiment()
    for split, share in (("test", 0.02), ("validation", 0.005)):
        experiment = experiment.changed(f"splits.{split}", share)
    write_experiment(experiment, copy / "experiment.toml")
    check = export(copy, "keras", tmp_path / "a.keras").check
    assert (check.samples, check.source) == (64, "test, validation, train")
    assert "64 samples of the splits test, validation, train" in check.text()


@pytest.fixture(scope="module")
def half_precision_run(exported_run, tmp_path_factory):
    """The run, its network of mixed precision and with the exact gelu, as vision transformers have it."""
    import keras

    from workbench.runs.model_file import read_about, save_model

    copy = tmp_path_factory.mktemp("half") / "half precision"
    shutil.copytree(exported_run, copy)
    model = keras.saving.load_model(copy / "model.keras", compile=False)
    text = json.dumps(model.get_config()).replace('"name": "float32"', '"name": "mixed_bfloat16"')
    half = type(model).from_config(json.loads(text.replace('"activation": "relu"', '"activation": "gelu"')))
    half.set_weights(model.get_weights())
    save_model(half, copy / "model.keras", read_about(exported_run / "model.keras"))
    return copy


@pytest.mark.parametrize("name", ["saved_model", "tflite", "onnx"])
def test_a_network_of_mixed_precision_is_written_as_one_of_float32_and_it_is_said(
    export, half_precision_run, tmp_path, name
):
    done = export(half_precision_run, name, tmp_path / "out")
    assert done.check.difference <= 1e-4
    said = done.notes[-1]
    assert "computes in float32" in said
    assert "by at most 0.0" in said


def test_the_keras_file_of_a_network_of_mixed_precision_is_the_same_file(export, half_precision_run, tmp_path):
    done = export(half_precision_run, "keras", tmp_path / "a.keras")
    assert not done.notes
    assert (tmp_path / "a.keras").read_bytes() == (half_precision_run / "model.keras").read_bytes()


@pytest.fixture
def stored(tmp_path):
    """Stores what becomes of a picture of 16 pixels by a function as a model of somebody else's."""
    import keras

    def store(answer):
        keras.utils.set_random_seed(3)
        picture = keras.Input((16, 16, 3))
        path = tmp_path / "foreign.keras"
        keras.Model(picture, answer(picture)).save(path)
        return path

    return store


@pytest.mark.parametrize("name", ["saved_model", "tflite", "onnx"])
def test_layers_of_augmentation_inside_a_foreign_model_rest(export, stored, tmp_path, name):
    from keras import layers

    def answer(picture):
        return layers.Dense(3, activation="softmax")(layers.Flatten()(layers.RandomFlip()(picture)))

    check = export(stored(answer), name, tmp_path / "out").check
    assert (check.samples, check.source) == (64, "random")
    assert check.difference <= 1e-4


def test_the_command_takes_a_model_file_of_no_run(stored, tmp_path, capsys):
    from keras import layers

    path = stored(lambda picture: layers.Dense(3)(layers.Flatten()(picture)))
    assert command(["export", str(path), "--format", "keras", "--out", str(tmp_path / "a.keras")]) == 0
    assert "random values" in capsys.readouterr().out


def test_a_classifier_behind_the_network_goes_with_the_keras_file_and_is_refused_elsewhere(
    export, exported_run, model, tmp_path
):
    from sklearn.svm import SVC

    from workbench.runs.head import Head
    from workbench.runs.model_file import load_model, read_about, save_model

    draw = np.random.default_rng(0)
    fitted = SVC().fit(draw.random((20, 10)).astype(np.float32), np.arange(20) % 10)
    run = tmp_path / "run"
    shutil.copytree(exported_run, run)
    save_model(model, run / "model.keras", read_about(exported_run / "model.keras"), Head(fitted, 10))
    for name in ("saved_model", "tflite", "onnx"):
        with pytest.raises(UserError, match=r"classifier \(SVC\) follows .* Export it as keras"):
            export(run, name, tmp_path / name)
    done = export(run, "keras", tmp_path / "a.keras")
    assert "only this workbench uses it" in done.notes[0]
    assert type(load_model(tmp_path / "a.keras").head.classifier) is SVC


def test_a_model_of_several_answers_is_refused_with_their_names(export, stored, tmp_path):
    from keras import layers

    def answer(picture):
        flat = layers.Flatten()(picture)
        return layers.Dense(3, name="kind")(flat), layers.Dense(2, name="place")(flat)

    with pytest.raises(UserError, match=r"several answers at once.*: kind, place"):
        export(stored(answer), "onnx", tmp_path / "out")


def test_the_command_tells_the_comparison_in_one_record(exported_run, tmp_path, capsys):
    place = tmp_path / "a.keras"
    assert command(["export", str(exported_run), "--format", "keras", "--out", str(place), "--json"]) == 0
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record["path"] == str(place)
    assert record["check"] == {"samples": 64, "source": "test", "difference": 0.0, "agreement": 1.0}


@pytest.fixture(scope="module")
def prices_run(tmp_path_factory):
    """A run on a table, trained for one epoch."""
    from workbench.experiment import new_experiment
    from workbench.requests import TrainRequest

    experiment = new_experiment("house_prices", "mlp").changed("training.epochs", 1)
    request = TrainRequest(experiment, str(tmp_path_factory.mktemp("runs")))
    return run_job(request, lambda event: None, Control())


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_a_model_of_tables_is_exported_with_the_means_and_fillings_of_its_layers(export, prices_run, tmp_path, name):
    done = export(prices_run, name, tmp_path / "prices")
    assert done.check.difference <= 1e-4
    assert done.check.agreement is None
    assert "2 numbers" in done.notes[0]


def test_a_model_that_answers_with_no_numbers_is_not_compared_with(export, tmp_path):
    import keras

    image = keras.Input((4, 4, 3))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(image)))
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    model.save(tmp_path / "diverged.keras")
    with pytest.raises(UserError, match=r"values that are not numbers.*diverged"):
        export(tmp_path / "diverged.keras", "keras", tmp_path / "out.keras")
    assert not (tmp_path / "out.keras").exists()


def test_logits_of_someone_else_are_exported_as_they_are(export, tmp_path):
    import keras

    image = keras.Input((4, 4, 3))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    model.save(tmp_path / "logits.keras")
    export(tmp_path / "logits.keras", "keras", tmp_path / "out.keras")
    assert len(keras.saving.load_model(tmp_path / "out.keras").layers) == len(model.layers)
