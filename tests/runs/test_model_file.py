"""Saved models: they open in bare Keras, are replaced at once, and what cannot be opened is explained."""

import json
import zipfile

import numpy as np
import pytest

from workbench import registry as registry_module
from workbench import specs
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.registry import registry
from workbench.runs.model_file import describe_model, load_model, read_about, save_model
from workbench.specs import ClassTarget, ImageInput

NAMES = ClassTarget(("mèo", "chó", "chim"))
INPUT = ImageInput(6, 8, 3)


def network(units=3, activation="softmax"):
    import keras

    return keras.Sequential(
        [keras.Input((6, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(units, activation=activation)]
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("mô hình") / "model.keras"
    save_model(network(), path, describe_model(new_experiment(), INPUT, NAMES))
    return path


def test_a_saved_model_opens_with_its_specs_and_its_class_names(saved):
    loaded = load_model(saved)
    assert (loaded.input, loaded.target, loaded.task) == (INPUT, NAMES, "classification")
    assert not loaded.foreign
    assert loaded.about["preprocessing"]["resize"] == "stretch"
    assert read_about(saved) == loaded.about


def test_a_target_that_a_plugin_knows_is_read_before_anything_else_was_asked_of_the_registry(tmp_path, monkeypatch):
    labels = registry().tasks.get("multi_label").learns
    save_model(network(), tmp_path / "model.keras", describe_model(new_experiment(), INPUT, labels(("a", "b", "c"))))
    monkeypatch.setattr(registry_module, "_registry", None)
    monkeypatch.delitem(specs._kinds, "labels")
    assert load_model(tmp_path / "model.keras").target.class_names == ("a", "b", "c")
    monkeypatch.delitem(specs._kinds, "labels")
    with pytest.raises(UserError, match=r"'labels'.*plugin missing"):
        load_model(tmp_path / "model.keras")


def test_bare_keras_opens_it_in_safe_mode_and_answers_the_same(saved):
    import keras

    pictures = np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype(np.float32)
    bare = keras.saving.load_model(saved, safe_mode=True)
    assert np.array_equal(bare(pictures).numpy(), load_model(saved).model(pictures).numpy())


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(saved, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved.read_bytes())
    with pytest.raises(TypeError):
        save_model(network(), path, {"not for JSON": object()})
    assert path.read_bytes() == saved.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_saving_again_replaces_the_file(saved, tmp_path):
    path = tmp_path / "model.keras"
    save_model(network(), path, {"input": {}, "target": {}})
    save_model(network(), path, describe_model(new_experiment(), INPUT, NAMES))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist().count("workbench.json") == 1
    assert load_model(path).target == NAMES


def test_a_file_of_someone_elses_gets_its_input_and_classes_from_its_shapes(tmp_path):
    network(4).save(tmp_path / "foreign.keras")
    network(1, "sigmoid").save(tmp_path / "two.keras")
    loaded = load_model(tmp_path / "foreign.keras")
    assert loaded.foreign
    assert (loaded.input, loaded.target) == (INPUT, ClassTarget(("0", "1", "2", "3")))
    assert load_model(tmp_path / "two.keras").target == ClassTarget(("0", "1"))


def test_a_model_that_takes_no_picture_is_refused_with_its_shape(tmp_path):
    import keras

    keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)]).save(tmp_path / "numbers.keras")
    with pytest.raises(UserError, match=r"does not take one picture.*\(5,\)"):
        load_model(tmp_path / "numbers.keras")


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_a_python_lambda_is_refused_with_an_explanation_and_never_runs(tmp_path, name):
    import warnings

    import keras

    model = keras.Sequential([keras.Input((6, 8, 3)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Flatten()])
    with warnings.catch_warnings():
        # Keras advises against the old format; that it exists is what is tested.
        warnings.simplefilter("ignore")
        model.save(tmp_path / name)
    with pytest.raises(UserError, match="Python code of its maker's"):
        load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["custom.keras", "custom.h5"])
def test_a_layer_whose_code_is_missing_is_named(tmp_path, name):
    import warnings

    import keras

    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    with warnings.catch_warnings():
        # Keras advises against the old format; that it exists is what is tested.
        warnings.simplefilter("ignore")
        keras.Sequential([keras.Input((6, 8, 3)), Twice(), keras.layers.Flatten()]).save(tmp_path / name)
    with pytest.raises(UserError, match=r"needs 'Twice'.*does not come with Keras"):
        load_model(tmp_path / name)


def test_weights_without_a_network_are_explained(tmp_path):
    network().save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(UserError, match="holds weights only"):
        load_model(tmp_path / "only.weights.h5")


def damaged(saved, folder):
    """Files that are no model, by what the message has to say."""
    content = saved.read_bytes()

    def zipped(**entries):
        path = folder / f"{len(list(folder.iterdir()))}.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in entries.items():
                archive.writestr(name.replace("_", "."), text)
        return path

    def written(name, data):
        (folder / name).write_bytes(data)
        return folder / name

    with zipfile.ZipFile(saved) as archive:
        config = archive.read("config.json")
        about = json.loads(archive.read("workbench.json"))
    (folder / "folder.keras").mkdir()
    return [
        (folder / "nowhere.keras", "no model at"),
        (folder / "folder.keras", "is a folder"),
        (written("empty.keras", b""), "is empty"),
        (written("text.keras", b"not a model"), "not a Keras model"),
        (written("half.keras", content[: len(content) // 2]), "only half of one"),
        (written("picture.png", b"\x89PNG"), "should end with .keras"),
        (written("broken.h5", b"no HDF5 in here"), "not an HDF5 file"),
        (zipped(other_txt="x"), "no config.json"),
        (zipped(config_json="{ this is no JSON"), "cannot be opened by Keras"),
        (zipped(config_json=config), "cannot be opened by Keras"),
        (zipped(config_json=config, workbench_json="[1, 2"), "only half of one"),
        (zipped(config_json=config, workbench_json="[1, 2]"), "not a table"),
        (zipped(config_json=config, workbench_json=json.dumps({**about, "version": 2})), "newer workbench"),
    ]


def test_every_kind_of_damage_is_explained(saved, tmp_path):
    for path, message in damaged(saved, tmp_path):
        with pytest.raises(UserError) as caught:
            load_model(path)
        assert message in str(caught.value), path
        assert path.name in str(caught.value)


def test_a_description_that_lacks_its_specs_is_explained(tmp_path):
    save_model(network(), tmp_path / "bare.keras", {})
    with pytest.raises(UserError, match=r"not complete.*input"):
        load_model(tmp_path / "bare.keras")


@pytest.mark.parametrize("name", ["FeritYikar_rnn_baseline.hdf5", "hcpv_mnist_cnn.h5"])
def test_models_that_keras_3_cannot_read_are_explained(sample_data, name):
    with pytest.raises(UserError, match="older Keras in a way that Keras 3 does not read"):
        load_model(sample_data / "keras_models" / name)


@pytest.mark.parametrize(
    ("name", "size", "classes"),
    [
        ("Kimthangg_mnist_cnn.h5", 28, 10),
        ("maymun207_mnist_cnn.keras", 28, 10),
        ("oarriaga_fer2013_mini_XCEPTION.hdf5", 64, 7),
    ],
)
def test_models_of_other_people_open_with_their_guessed_specs(sample_data, name, size, classes):
    loaded = load_model(sample_data / "keras_models" / name)
    assert loaded.input == ImageInput(size, size, 1)
    assert len(loaded.target.class_names) == classes
