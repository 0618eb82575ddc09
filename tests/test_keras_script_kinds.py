"""*Copy as Keras code* of tables, of numbers and masks of pictures, and of the trainers without batches."""

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
from workbench.experiment import from_values
from workbench.registry import registry
from workbench.requests import CodeRequest
from workbench.training.keras_script import write
from workbench.training.trainers.last_layer import Sums
from workbench.training.trainers.solving import best_weights

_RUN_ALL = """\
import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("script.py", run_name="__main__")
"""

ROAD = {
    "dataset": {"name": "road", "pictures": 24, "courses": 4},
    "preprocessing": {"height": 12, "width": 16, "crop_top": 0.3, "crop_bottom": 0.1},
    "task": {"name": "regression", "target_scaling": "zscore"},
    "architecture": "linear",
    "augmentation": {"flip": "horizontal", "shift": 0.2, "brightness": 0.1},
}
CELLS = {
    "dataset": {"name": "cells", "count": 20, "size": 32},
    "preprocessing": {"height": 20, "width": 24, "resize": "crop"},
    "architecture": {"name": "unet", "depth": 1, "base_filters": 2},
    "augmentation": {"flip": "both", "rotation": 20},
    "training": {"epochs": 1, "batch_size": 8},
}


def experiment_of(values):
    return from_values({"version": 1, "training": {"epochs": 1}, **values}, "the test")


def script_of(experiment):
    return write(CodeRequest(experiment), lambda event: None, Control())


def names_in(script):
    names = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)
    return names


def rows_of(model):
    return [(row.name, row.output_shape, row.parameters) for row in keras_table(model).rows]


def read_by(names, script):
    """What the script reads of the training split: prepared samples and raw targets."""
    call = next(line for line in script.splitlines() if "= read_dataset(" in line).split(" = ")[1]
    inputs, labels, _class_names = eval(call, names)
    train = np.flatnonzero(np.array(list("".join(names["SPLITS"].split()))) == "t")
    for prepare_all in ("resize", "tiles"):
        if prepare_all in names:
            return names[prepare_all]([inputs[index] for index in train]), labels, train
    return inputs[train], labels, train


def compare(experiment):
    """The script reads the training split of the experiment and builds its network; what it defines."""
    script = script_of(experiment)
    names = names_in(script)
    data = prepare(experiment, lambda event: None, Control())
    statistics = registry().inputs.get(data.input.kind).statistics(data, experiment.preprocessing)
    network = assemble(experiment, data.input, data.target, statistics)
    inputs, labels, train = read_by(names, script)
    np.testing.assert_array_equal(inputs, data.inputs[data.splits["train"]])
    of_masks = names.get("resize_masks") or names.get("tiles")
    if of_masks:
        masks = of_masks([labels[index] for index in train])
        np.testing.assert_array_equal(masks, data.targets[data.splits["train"]])
    else:
        np.testing.assert_allclose(np.asarray(labels)[train], data.targets[data.splits["train"]], rtol=1e-6)
    model, trainable = names["build_network"](inputs) if "statistics" in names else names["build_network"]()
    assert rows_of(model) == rows_of(network.model)
    model.set_weights(network.model.get_weights())
    some = np.array(inputs[:4])
    np.testing.assert_allclose(trainable(some), network.trainable(some), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model(some), network.model(some), rtol=1e-4, atol=1e-4)
    return names


@pytest.fixture
def houses(tmp_path):
    """A table with words, and with gaps in the numbers and in the words."""
    random = np.random.default_rng(0)
    lines = ["area (m²);town;rooms;price"]
    for row in range(80):
        area = "" if row % 9 == 0 else f"{random.uniform(30, 200):.1f}".replace(".", ",")
        town = "" if row % 11 == 0 else ("Ulm", "Huế", "Köln")[row % 3]
        lines.append(f"{area};{town};{random.integers(1, 6)};{random.uniform(50, 900):.2f}".replace(".", ","))
    path = tmp_path / "nhà.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def table_values(path, **more):
    return {"dataset": {"name": "table_file", "path": str(path)}, "architecture": {"name": "mlp", "dense": [4]}, **more}


def test_the_scripts_of_all_kinds_train_and_test_by_themselves(home, tmp_path, houses):
    folders = []
    for name, values in (("table", table_values(houses)), ("road", ROAD), ("cells", CELLS)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "script.py").write_text(script_of(experiment_of(values)), encoding="utf-8")
        folders.append(str(folder))
    outcome = subprocess.run(
        [sys.executable, "-P", "-c", _RUN_ALL, *folders],
        env={**os.environ, "KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    assert outcome.stdout.count("test: {") == 3
    assert all(os.path.isfile(os.path.join(folder, "model.keras")) for folder in folders)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"preprocessing": {"missing": "mean", "scaling": "minmax"}, "training": {"precision": "mixed_float16"}},
        {"preprocessing": {"missing": "drop", "scaling": "none"}},
    ],
    ids=["median", "mean", "drop"],
)
def test_the_script_of_a_table_fills_and_scales_as_the_experiment_does(home, houses, more):
    import keras

    policy = keras.config.dtype_policy()
    try:
        compare(experiment_of(table_values(houses, **more)))
    finally:
        keras.config.set_dtype_policy(policy)


def test_the_script_of_a_table_of_classes_balances_them(home, houses):
    values = table_values(houses, training={"epochs": 1, "class_weights": "balanced"})
    values["dataset"]["target"] = "town"
    values["architecture"] = "logistic"
    experiment = experiment_of(values)
    compare(experiment)
    assert "sample_weight=weights[train]" in script_of(experiment)


@pytest.mark.parametrize(
    "values",
    [
        ROAD,
        CELLS,
        {**CELLS, "dataset": {**CELLS["dataset"], "classes": 3}},
        {**CELLS, "preprocessing": {"height": 14, "width": 40, "resize": "tile", "scaling": "standardize"}},
    ],
    ids=["steering", "masks", "three classes", "tiles"],
)
def test_the_script_of_numbers_and_masks_builds_the_network_of_the_experiment(home, values):
    compare(experiment_of(values))


def test_a_script_mirrors_steering_with_its_picture(home):
    names = names_in(script_of(experiment_of({**ROAD, "augmentation": {"flip": "horizontal"}})))
    pictures = np.random.default_rng(0).integers(0, 256, (64, 12, 16, 3)).astype("uint8")
    steering = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    target = prepare(experiment_of(ROAD), lambda event: None, Control()).target
    scaled = (steering - target.centre[0]) / target.spread[0]
    changed, learned = names["change"](pictures, scaled.astype("float32"), np.random.default_rng(1))
    mirrored = (changed == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    assert 10 < mirrored.sum() < 54
    assert ((changed == pictures).all(axis=(1, 2, 3)) == ~mirrored).all()
    answers = learned * target.spread[0] + target.centre[0]
    np.testing.assert_allclose(answers, np.where(mirrored[:, None], -steering, steering), atol=1e-5)


def test_a_script_steers_back_where_a_picture_was_shifted(home):
    names = names_in(script_of(experiment_of({**ROAD, "augmentation": {"flip": "horizontal", "shift": 0.3}})))
    target = prepare(experiment_of(ROAD), lambda event: None, Control()).target
    pictures = np.zeros((40, 12, 16, 3), "uint8")
    pictures[:, :, 7:9] = 240  # a stripe in the middle: where it lies afterwards is how far the picture moved
    straight = np.full((40, 1), -target.centre[0] / target.spread[0], "float32")
    changed, learned = names["change"](pictures, straight, np.random.default_rng(1))
    weights = changed.sum(axis=(1, 3))
    moved = (weights * np.arange(16)).sum(axis=1) / weights.sum(axis=1) - 7.5
    steering = (learned * target.spread[0] + target.centre[0])[:, 0]
    np.testing.assert_allclose(steering, target.per_shift * moved / 16, atol=0.02)


def test_a_script_moves_masks_with_their_pictures(home):
    changes = {"flip": "both", "rotation": 40, "zoom": 0.3, "shear": 0.2, "crop": 0.2, "contrast": 0.1}
    for changed_by in (changes, {"flip": "both"}):
        names = names_in(script_of(experiment_of({**CELLS, "augmentation": changed_by})))
        masks = np.zeros((16, 20, 24), "uint8")
        masks[:, 4:14, 3:12] = 1
        pictures = np.repeat(masks[..., None] * np.uint8(200), 1, axis=-1)
        moved, moved_masks = names["change"](pictures, masks, np.random.default_rng(2))
        assert set(np.unique(moved_masks)) <= {0.0, 1.0}
        assert (moved_masks != masks).any(axis=(1, 2)).sum() > 8
        middle = (moved.min(axis=(1, 2, 3)) + moved.max(axis=(1, 2, 3)))[:, None, None] / 2
        assert ((moved[..., 0] > middle) == (moved_masks > 0.5)).mean() > 0.97


@pytest.mark.parametrize(
    ("dataset", "architecture", "kind"),
    [("diabetes", "linear", "squared"), ("loans", "logistic", "binary")],
)
def test_the_closed_form_of_a_script_is_that_of_the_trainer(
    home, tmp_path, monkeypatch, capfd, dataset, architecture, kind
):
    import keras

    values = {"dataset": {"name": dataset}, "architecture": architecture, "trainer": {"name": "closed_form"}}
    experiment = experiment_of(values)
    monkeypatch.chdir(tmp_path)
    script = script_of(experiment)
    assert ".fit(" not in script
    names_in(script)["main"]()
    model = keras.saving.load_model("model.keras")
    data = prepare(experiment, lambda event: None, Control())
    rows = data.inputs[data.splits["train"]].astype(np.float64)
    targets = data.targets[data.splits["train"]].astype(np.float64).reshape(-1, 1)
    weights = best_weights(Sums(kind, rows, targets))
    expected = np.column_stack([rows, np.ones(len(rows))]) @ weights
    expected = 1 / (1 + np.exp(-expected)) if kind == "binary" else expected
    np.testing.assert_allclose(model(rows.astype("float32")), expected, rtol=1e-3, atol=1e-5)


def test_the_closed_form_of_a_script_takes_pictures(home, tmp_path, monkeypatch):
    import keras

    values = {
        "dataset": {"name": "shapes", "classes": 2},
        "preprocessing": {"height": 6, "width": 6, "channels": 1},
        "architecture": "logistic",
        "trainer": {"name": "closed_form"},
    }
    experiment = experiment_of(values)
    monkeypatch.chdir(tmp_path)
    names_in(script_of(experiment))["main"]()
    data = prepare(experiment, lambda event: None, Control())
    pictures, targets = (array[data.splits["train"]] for array in (data.inputs, data.targets))
    rows = pictures.reshape(len(pictures), -1) / 255.0
    weights = best_weights(Sums("binary", rows, targets.astype(np.float64).reshape(-1, 1)))
    expected = 1 / (1 + np.exp(-np.column_stack([rows, np.ones(len(rows))]) @ weights))
    answers = keras.saving.load_model("model.keras").predict(pictures, verbose=0)
    np.testing.assert_allclose(answers, expected, rtol=1e-2, atol=1e-3)


def test_the_script_of_gradient_descent_takes_all_samples_at_once(home):
    values = {"dataset": {"name": "loans"}, "architecture": "logistic", "trainer": {"name": "gradient_descent"}}
    script = script_of(experiment_of(values))
    assert "batch_size=280," in script
    assert "keras.optimizers.SGD(learning_rate=" in script


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"dataset": {"name": "iris"}, "architecture": "logistic", "trainer": {"name": "closed_form"}},
            "more than two",
        ),
        ({**ROAD, "training": {"class_weights": "balanced"}}, "no classes to balance"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(home, values, words):
    with pytest.raises(UserError, match=words):
        script_of(experiment_of(values))
