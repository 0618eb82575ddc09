"""Exports of a run: each is opened by what opens such files, and answers as the model does."""

import json
import shutil
import warnings

import numpy as np
import pytest

from workbench.cli import run as command
from workbench.control import Control, Stopped
from workbench.errors import UnknownNameError, UserError
from workbench.experiment_toml import write_experiment
from workbench.inspection.loaded import open_model
from workbench.jobs import run_job
from workbench.registry import registry
from workbench.requests import ExportRequest

MODELS = ("keras", "saved_model", "tflite", "onnx")


def export(run, format, out, force=False, control=None):
    return run_job(ExportRequest(str(run), format, str(out), force), lambda event: None, control or Control())


@pytest.fixture(scope="module")
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


@pytest.fixture
def pictures():
    """Pictures of noise that no model of 28 x 28 pixels has seen, uint8, of two sizes."""
    draw = np.random.default_rng(5)
    return [draw.integers(0, 256, (3, *size, 1)).astype(np.float32) for size in ((33, 50), (28, 28))]


@pytest.fixture(scope="module")
def done(exported_run, tmp_path_factory):
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


def test_without_the_data_random_pictures_are_compared_and_it_is_said(exported_run, tmp_path):
    from workbench.runs.folder import RunFolder

    copy = tmp_path / "moved run"
    shutil.copytree(exported_run, copy)
    experiment = RunFolder(copy).experiment()
    section = registry().datasets.get("image_folder").section(name="image_folder", path=str(tmp_path / "gone"))
    write_experiment(experiment.model_copy(update={"dataset": section}), copy / "experiment.toml")
    check = export(copy, "keras", tmp_path / "a.keras").check
    assert (check.samples, check.source) == (64, "random")
    assert "random" in check.text()


def test_an_export_that_answers_otherwise_is_not_kept(exported_run, tmp_path, monkeypatch, capsys):
    exporter = registry().exporters.get("keras")
    right = type(exporter).answers
    monkeypatch.setattr(type(exporter), "answers", lambda *given: right(*given) + np.float32(2e-4))
    assert command(["export", str(exported_run), "--format", "keras", "--out", str(tmp_path / "a.keras")]) == 1
    assert "does not answer as the original does" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*MODELS, "tensorboard", "html"])
def test_a_full_disk_is_told_in_one_sentence_and_nothing_is_left(exported_run, tmp_path, name):
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    open_model(str(exported_run))  # Keras unpacks it into a temporary file
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(UserError, match=r"cannot be written: File too large. Choose another place") as told:
            export(exported_run, name, tmp_path / "new" / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ".part" not in str(told.value)
    assert not list((tmp_path / "new").iterdir())


def test_what_is_there_is_replaced_only_when_forced_and_only_by_the_same_format(exported_run, tmp_path):
    place = tmp_path / "a.keras"
    place.write_text("mine")
    with pytest.raises(UserError, match="--force"):
        export(exported_run, "keras", place)
    assert place.read_text() == "mine"
    export(exported_run, "keras", place, force=True)
    assert place.stat().st_size > 1000
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter.txt").write_text("mine")
    for format in ("saved_model", "tensorboard", "keras"):
        with pytest.raises(UserError, match="is a folder"):
            export(exported_run, format, tmp_path / "folder", force=True)
    assert (tmp_path / "folder" / "letter.txt").read_text() == "mine"
    for _again in range(2):
        export(exported_run, "tensorboard", tmp_path / "curves", force=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.keras", "curves", "folder"]


@pytest.mark.parametrize(
    ("format", "out", "message"),
    [
        ("keras", "", "where the export goes"),
        ("keras", "n" * 5000, "n…? cannot be written: File name too long"),
        ("keras", "nothing\0", "cannot be written: embedded null byte"),
        ("onnx", "a.tflite", "ends with .onnx"),
        ("saved_model", "file/inside", "cannot be written"),
        ("saved_model", "file", "is a file"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(exported_run, tmp_path, format, out, message):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=message):
        export(exported_run, format, tmp_path / out if out else "", force=True)


def test_an_unknown_format_is_told_with_those_there_are(exported_run, tmp_path):
    with pytest.raises(UnknownNameError, match="onnx"):
        export(exported_run, "onxx", tmp_path / "a")


def test_what_has_to_be_installed_is_told_before_anything_is_read(exported_run, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install tf2onnx onnx onnxruntime"):
        export(exported_run, "onnx", tmp_path / "a.onnx")


def test_a_stopped_export_leaves_nothing(exported_run, tmp_path):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        export(exported_run, "saved_model", tmp_path / "a", control=control)
    assert not list(tmp_path.iterdir())


def test_a_stop_is_answered_at_once_also_while_a_library_writes_and_what_it_wrote_by_then_goes(
    exported_run, tmp_path, monkeypatch
):
    import threading
    import time

    control, begun, finished = Control(), threading.Event(), threading.Event()

    def write(_exporter, _model, _opened, _source, place):
        begun.set()
        time.sleep(0.8)  # as a converter that looks at nothing meanwhile
        place.mkdir()
        (place / "saved_model.pb").write_text("half of it")
        finished.set()

    def stop():
        begun.wait(20)
        asked.append(time.monotonic())
        control.stop()

    asked = []
    monkeypatch.setattr(type(registry().exporters.get("saved_model")), "write", write)
    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Stopped):
        export(exported_run, "saved_model", tmp_path / "a", control=control)
    assert time.monotonic() - asked[0] < 0.2
    stopper.join()
    assert finished.wait(5)
    deadline = time.monotonic() + 2
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_half_written_goes_with_the_next_one(exported_run, tmp_path):
    import subprocess
    import sys

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".a.{gone.pid}.part.keras").write_text("half of it")
    (tmp_path / ".a.1.part.keras").write_text("of one that still writes")
    (tmp_path / ".a.txt.part").write_text("somebody else's")
    export(exported_run, "keras", tmp_path / "a.keras")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".a.1.part.keras", ".a.txt.part", "a.keras"]


def test_a_small_test_split_is_filled_up_from_the_other_splits(exported_run, tmp_path):
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


def test_the_report_of_a_run_is_one_of_the_formats(exported_run, tmp_path, capsys):
    run = tmp_path / "runs" / "without a model"
    shutil.copytree(exported_run, run, ignore=shutil.ignore_patterns("model.keras"))
    assert command(["export", str(run), "--format", "html", "--out", str(tmp_path / "out" / "run")]) == 0
    assert "run.html" in capsys.readouterr().out
    text = (tmp_path / "out" / "run.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "without a model" in text
    with pytest.raises(UserError, match="is not a run"):
        export(exported_run / "model.keras", "html", tmp_path / "out" / "b.html")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["run.html"]


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
def test_a_network_of_mixed_precision_is_written_as_one_of_float32_and_it_is_said(half_precision_run, tmp_path, name):
    done = export(half_precision_run, name, tmp_path / "out")
    assert done.check.difference <= 1e-4
    said = done.notes[-1]
    assert "computes in float32" in said
    assert "by at most 0.0" in said


def test_the_keras_file_of_a_network_of_mixed_precision_is_the_same_file(half_precision_run, tmp_path):
    done = export(half_precision_run, "keras", tmp_path / "a.keras")
    assert not done.notes
    assert (tmp_path / "a.keras").read_bytes() == (half_precision_run / "model.keras").read_bytes()


def read_events(path):
    """(tag, value, step, wall time) of every value, and the version the file begins with."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    records = [event_pb2.Event.FromString(record) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    values = [(each.tag, each.simple_value, event.step, event.wall_time) for event in records[1:]
              for each in event.summary.value]  # fmt: skip
    return values, records[0].file_version


def test_the_curves_of_a_run_are_event_files_of_tensorboard(exported_run, tmp_path, capsys):
    out = tmp_path / "curves"
    assert command(["export", str(exported_run), "--format", "tensorboard", "--out", str(out)]) == 0
    assert "pip install tensorboard" in capsys.readouterr().out
    (train,), (validation,) = ((out / part).glob("events.out.tfevents.*") for part in ("train", "validation"))
    values, version = read_events(train)
    assert version == "brain.Event:2"
    curves = {}
    for tag, value, step, _when in values:
        curves.setdefault(tag, []).append((step, round(value, 4)))
    assert curves["epoch/loss"] == [(1, 1.5), (2, 0.75)]
    assert curves["epoch/accuracy"] == [(1, 0.4), (2, 0.8)]
    assert [step for step, _loss in curves["batch/loss"]] == list(range(1, 9))
    assert curves["batch/loss"][4] == (5, round(1 / 6, 4))
    assert "epoch/seconds" not in curves
    times = [when for *_value, when in values]
    assert times == sorted(times)
    batches = [when - 1_700_000_000 for tag, _value, _step, when in values if tag == "batch/loss"]
    assert batches == [0.625, 1.25, 1.875, 2.5, 3.125, 3.75, 4.375, 5.0]
    epochs = [when - 1_700_000_000 for tag, _value, _step, when in values if tag == "epoch/loss"]
    assert epochs == [2.5, 5.0]
    values, _version = read_events(validation)
    assert [(tag, round(value, 4), step) for tag, value, step, _when in values] == [
        ("epoch/loss", 1.6, 1),
        ("epoch/loss", 0.8, 2),
    ]


def test_a_run_that_has_told_nothing_yet_has_no_curves(exported_run, tmp_path):
    run = tmp_path / "new run"
    run.mkdir()
    shutil.copy(exported_run / "experiment.toml", run)
    with pytest.raises(UserError, match="nothing to draw"):
        export(run, "tensorboard", tmp_path / "curves")
    with pytest.raises(UserError, match="no model yet"):
        export(run, "onnx", tmp_path / "a.onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["new run"]


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
def test_a_model_of_tables_is_exported_with_the_means_and_fillings_of_its_layers(prices_run, tmp_path, name):
    done = export(prices_run, name, tmp_path / "prices")
    assert done.check.difference <= 1e-4
    assert done.check.agreement is None
    assert "2 numbers" in done.notes[0]
