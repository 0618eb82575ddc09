"""*Copy as Keras code*: the script stands alone, reads the same split and builds the same network."""

import os
import subprocess
import sys

import numpy as np
import pytest

from workbench.architectures.assembly import assemble
from workbench.architectures.summary import keras_table
from workbench.control import Control
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.experiment import from_values, new_experiment
from workbench.requests import CodeRequest
from workbench.training.keras_script import split_text, write
from workbench.training.keras_script_training import training_code
from workbench.training.optimizers import keras_optimizer
from workbench.training.schedules import LearningRates
from workbench.training_settings import TrainingSection

_RUN_ALL = """\
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("script.py", run_name="__main__")
    assert "workbench" not in sys.modules
"""


def script_of(experiment):
    return write(CodeRequest(experiment), lambda event: None, Control())


def data_of(experiment):
    return prepare(experiment, lambda event: None, Control())


def run_alone(*folders):
    """Run their scripts one after the other, in a process that does not see the workbench; its standard output."""
    outcome = subprocess.run(
        [sys.executable, "-P", "-c", _RUN_ALL, *map(str, folders)],
        env={**os.environ, "KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return outcome.stdout


def names_in(script):
    """What the script defines, without running its `main`."""
    names = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)
    return names


def pictures_of(names, code, channels):
    images, labels, _class_names = names["read_dataset"](channels) if channels else names["read_dataset"]()
    split = np.array(list("".join(names["SPLITS"].split())))
    indices = np.flatnonzero(split == code)
    return names["resize"]([images[index] for index in indices]), np.asarray(labels)[indices]


def rows_of(model):
    return [(row.name, row.output_shape, row.parameters) for row in keras_table(model).rows]


@pytest.fixture
def picture_folder(tmp_path):
    """Two classes of pictures of several sizes, one of them broken, under a name with spaces and accents."""
    import cv2

    root = tmp_path / "ảnh của tôi"
    random = np.random.default_rng(0)
    for label, level in (("mèo", 60), ("chó", 190)):
        (root / label).mkdir(parents=True)
        for number in range(14):
            shape = (20 + number, 30 - number, 3)
            picture = np.clip(random.normal(level, 20, shape), 0, 255).astype("uint8")
            cv2.imencode(".png", picture)[1].tofile(root / label / f"{number} a.png")
    (root / "mèo" / "broken.png").write_bytes(b"no picture")
    return root


def folder_experiment(root):
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "image_folder", "path": str(root)},
            "preprocessing": {"height": 24, "width": 20, "channels": 3, "resize": "crop", "scaling": "standardize"},
            "architecture": {"name": "overview_cnn"},
            "augmentation": {"flip": "horizontal", "rotation": 15, "shear": 0.1, "brightness": 0.1},
            "training": {"epochs": 1, "class_weights": "balanced", "label_smoothing": 0.05, "early_stopping": 3},
        },
        "the test",
    )


def test_the_scripts_of_the_digits_and_of_an_image_folder_train_and_test_by_themselves(home, tmp_path, picture_folder):
    folders = {
        "digits": new_experiment().changed("training.epochs", 2),
        "pictures": folder_experiment(picture_folder),
    }
    for name, experiment in folders.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "script.py").write_text(script_of(experiment), encoding="utf-8")
    output = run_alone(*(tmp_path / name for name in folders))
    of_digits, of_pictures = output.split("test:")[1:]
    assert float(of_digits.split("'accuracy': ")[-1].split(",")[0].split("}")[0]) > 0.8
    assert "'accuracy': " in of_pictures
    assert all((tmp_path / name / "model.keras").is_file() for name in folders)


def test_the_script_reads_the_very_samples_of_the_experiments_splits(home, picture_folder):
    for experiment, channels in ((new_experiment(), 0), (folder_experiment(picture_folder), 3)):
        data = data_of(experiment)
        names = names_in(script_of(experiment))
        for split, code in (("train", "t"), ("validation", "v"), ("test", "e")):
            images, labels = pictures_of(names, code, channels)
            np.testing.assert_array_equal(images, data.inputs[data.splits[split]])
            np.testing.assert_array_equal(labels, data.targets[data.splits[split]])


def test_a_sample_that_cannot_be_read_is_left_out_in_the_script(home, picture_folder):
    script = script_of(folder_experiment(picture_folder))
    assert names_in(script)["SPLITS"].count("-") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": {"name": "simple_cnn", "normalization": "batch", "stride": 2, "padding": "same"}},
        {"architecture": {"name": "mini_xception", "entry_filters": 8, "filters": [8, 12], "exit_filters": 8}},
        {"architecture": {"name": "layers"}, "overrides": {"extra_layers": [{"kind": "dense", "units": 7}]}},
        {"architecture": {"name": "all_convolutional", "filters": 4}},
        {
            "architecture": {"name": "lenet5"},
            "overrides": {"output_activation": "softmax", "loss_expects": "logits", "scaling_factor": 0.5},
        },
        {"architecture": {"name": "mlp"}, "overrides": {"loss_expects": "probabilities"}},
    ],
    ids=lambda changes: changes["architecture"]["name"],
)
def test_the_script_builds_the_network_of_the_experiment(home, changes):
    experiment = from_values({"version": 1, "dataset": {"name": "digits"}, **changes}, "the test")
    data = data_of(experiment)
    network = assemble(experiment, data.input, data.target)
    script = script_of(experiment)
    model, trainable = names_in(script)["build_network"]()
    assert rows_of(model) == rows_of(network.model)
    model.set_weights(network.model.get_weights())
    pictures = np.array(data.inputs[:4])
    np.testing.assert_allclose(trainable(pictures), network.trainable(pictures), atol=1e-5)
    np.testing.assert_allclose(model(pictures), network.model(pictures), atol=1e-5)
    assert f"from_logits={network.from_logits}" in script


OPTIMIZERS = ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "adamax"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_script_makes_the_optimizer_with_all_of_its_parameters(name):
    import keras

    experiment = new_experiment().changed("training.optimizer", {"name": name, "learning_rate": 0.02})
    made = eval(training_code(experiment, experiment.training, True).optimizer, {"keras": keras})
    expected = keras_optimizer(experiment.training.optimizer)
    assert type(made) is type(expected)
    assert {**made.get_config(), "name": ""} == {**expected.get_config(), "name": ""}


@pytest.mark.parametrize(
    ("schedule", "warmup"),
    [
        ({"name": "cosine", "final_fraction": 0.1}, 0),
        ({"name": "cosine"}, 2),
        ({"name": "step", "every": 2, "factor": 0.5}, 0),
    ],
)
def test_the_schedule_of_the_script_gives_the_rates_of_the_experiment(schedule, warmup):
    import keras

    settings = {"epochs": 6, "schedule": schedule, "warmup_epochs": warmup}
    experiment = new_experiment().changed("training", settings)
    names = {"keras": keras, "steps": 10}
    exec("\n".join(training_code(experiment, experiment.training, True).before), names)
    rates = LearningRates(experiment.training, 10)
    for step in range(60):
        assert float(names["rate"](step)) == pytest.approx(rates.at(step // 10, step % 10), rel=1e-4, abs=1e-9)


def test_the_warm_up_of_the_script_gives_the_rates_of_the_experiment():
    import keras

    experiment = new_experiment().changed("training", {"epochs": 3, "warmup_epochs": 1.0})
    code = training_code(experiment, experiment.training, True)
    names = {"keras": keras, "steps": 5}
    exec(code.definitions, names)
    warm_up = eval(code.callbacks[0], names)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(eval(code.optimizer, names))
    warm_up.set_model(model)
    rates = LearningRates(experiment.training, 5)
    for step in range(12):
        warm_up.on_train_batch_begin(step % 5)
        assert float(model.optimizer.learning_rate) == pytest.approx(rates.at(step // 5, step % 5), rel=1e-4)


def test_callbacks_judge_by_what_the_experiment_monitors():
    settings = TrainingSection(monitor="val_accuracy", early_stopping=4, schedule="plateau")
    experiment = new_experiment().changed("training", settings.model_dump())
    code = training_code(experiment, experiment.training, True)
    callbacks = "\n".join([code.best, *code.callbacks])
    assert callbacks.count('monitor="val_accuracy", mode="max"') == 3
    assert "EarlyStopping" in callbacks
    assert "patience=4" in callbacks
    code = training_code(experiment, experiment.training, False)
    without_validation = "\n".join([code.best, *code.callbacks])
    assert without_validation.count('monitor="accuracy"') == 3


def test_a_large_split_is_packed_into_few_lines(home, monkeypatch):
    monkeypatch.setattr("workbench.training.keras_script._READABLE", 100)
    experiment = new_experiment()
    script = script_of(experiment)
    expected = split_text(data_of(experiment), tuple(str(index) for index in range(1797)))
    assert names_in(script)["SPLITS"] == expected
    assert script.count("\n") < 130


def test_the_script_of_numbers_brings_them_back_to_their_own_unit(home):
    import keras

    experiment = from_values(
        {
            "version": 1,
            "dataset": {"name": "road", "pictures": 24, "courses": 4},
            "preprocessing": {"height": 16, "width": 16, "crop_top": 0, "crop_bottom": 0},
            "task": {"name": "regression", "target_scaling": "zscore"},
            "architecture": "linear",
        },
        "the test's experiment",
    )
    target = data_of(experiment).target
    names = names_in(script_of(experiment))
    model, trainable = names["build_network"]()
    picture = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("uint8")
    learned = keras.ops.convert_to_numpy(trainable(picture))
    answers = keras.ops.convert_to_numpy(model(picture.astype("float32")))
    assert answers == pytest.approx(learned * target.spread[0] + target.centre[0], rel=1e-4, abs=1e-5)


def test_a_builder_that_gives_no_source_is_refused_in_words(home, monkeypatch):
    from workbench.architectures.mini_xception import MiniXception

    monkeypatch.setattr(MiniXception, "code", lambda self, section: None)
    small = {"name": "mini_xception", "entry_filters": 4, "filters": [4], "exit_filters": 4}
    experiment = from_values({"version": 1, "dataset": {"name": "digits"}, "architecture": small}, "the test")
    with pytest.raises(UserError, match="mini_xception"):
        script_of(experiment)


def test_a_name_with_quotes_and_backslashes_leaves_the_script_valid(home):
    experiment = new_experiment().changed("name", 'my """best\\" run')
    assert "build_network" in names_in(script_of(experiment))
