"""*Copy as Keras code* of a transfer: the base cut out and frozen as in the workbench, in one phase or in two."""

import numpy as np
import pytest

from workbench.architectures.applications import ready_for
from workbench.architectures.assembly import assemble
from workbench.control import Control
from workbench.data.prepare import prepare
from workbench.experiment import from_values
from workbench.registry import registry
from workbench.requests import CodeRequest, TrainRequest
from workbench.training.keras_script import write
from workbench.training.session import train

GREY = {"height": 12, "width": 12}


def digits(architecture, **sections):
    values = {"version": 1, "dataset": {"name": "digits"}, "preprocessing": GREY, "architecture": architecture}
    return from_values({**values, **sections}, "the test")


def transfer(**own):
    return {"name": "transfer", "base": "run", "dropout": 0.1, **own}


def script_of(experiment):
    return write(CodeRequest(experiment), lambda event: None, Control())


def names_in(script):
    names = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)
    return names


def both(experiment):
    """The network of the workbench and the script's (model, trainable), with the same weights."""
    data = prepare(experiment, lambda event: None, Control())
    network = assemble(experiment, data.input, data.target)
    section = experiment.architecture
    registry().architectures.get("transfer").recall(section, network.model, data.input, lambda event: None, Control())
    script = script_of(experiment)
    assert "import workbench" not in script
    assert "from workbench" not in script
    model, trainable = names_in(script)["build_network"]()
    head = [
        name for name in (layer.name for layer in model.layers) if name.startswith("head_dense") or name == "logits"
    ]
    for name in head:
        model.get_layer(name).set_weights(network.model.get_layer(name).get_weights())
    return data, network, model, trainable


def assert_equal(experiment):
    """The same counts, and, since the base brings its weights, the same answers."""
    data, network, model, trainable = both(experiment)
    for ours, theirs in ((network.model, model), (network.trainable, trainable)):
        assert theirs.count_params() == ours.count_params()
        shapes = [[weight.shape for weight in one.trainable_weights] for one in (ours, theirs)]
        assert shapes[0] == shapes[1]
    pictures = np.array(data.inputs[:4])
    np.testing.assert_allclose(trainable(pictures), network.trainable(pictures), atol=1e-5)
    np.testing.assert_allclose(model(pictures), network.model(pictures), atol=1e-5)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """Two runs: one of its own, and a transfer from it."""
    folder = tmp_path_factory.mktemp("runs")
    training = {"epochs": 1, "batch_size": 512}
    small = {"name": "simple_cnn", "filters": [4, 6], "normalization": "batch", "padding": "same", "dropout": 0.1}
    first = train(TrainRequest(digits(small, training=training), str(folder)), lambda event: None, Control())
    again = digits(transfer(source=first, dense=[5]), training=training)
    return first, train(TrainRequest(again, str(folder)), lambda event: None, Control())


@pytest.mark.parametrize(
    "own",
    [
        {"dense": [7]},
        {"boundary": "conv_2", "last_layer": "pool_2", "pooling": "global_max"},
        {"boundary": "all", "last_layer": "conv_1"},
    ],
)
def test_the_script_cuts_the_base_out_of_the_model_of_a_run(home, earlier, own):
    assert_equal(digits(transfer(source=earlier[0], **own)))


def test_the_script_of_a_transfer_from_a_transfer_finds_the_boundary_by_the_bases_own_name(home, earlier):
    experiment = digits(transfer(source=earlier[1], boundary="base_head_dense_1"))
    assert 'layer.name == "head_dense_1"' in script_of(experiment)
    assert_equal(experiment)


def test_the_base_of_the_script_takes_pictures_of_another_size(home, earlier):
    larger = {"height": 20, "width": 16}
    assert_equal(digits(transfer(source=earlier[0], last_layer="pool_2"), preprocessing=larger))


@pytest.mark.parametrize("pixels", ["auto", "symmetric"])
def test_the_script_scales_pixels_for_a_file_that_does_not(home, tmp_path, pixels):
    import keras

    stack = [keras.layers.Conv2D(3, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    keras.Sequential([keras.Input((12, 12, 1)), *stack]).save(tmp_path / "ảnh.keras")
    assert_equal(digits(transfer(base="file", source=str(tmp_path / "ảnh.keras"), pixels=pixels)))


def test_the_script_takes_a_network_of_keras_with_its_own_scaling(home, tmp_path):
    import keras

    made = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    made.save_weights(tmp_path / "mine.weights.h5")
    colour = {"height": 32, "width": 32, "channels": 3}
    cut = {"last_layer": "block5_conv2", "boundary": "block5_conv1"}
    own = {"base": "keras", "application": "vgg16", "weights": str(tmp_path / "mine.weights.h5"), **cut}
    assert_equal(digits(transfer(**own), preprocessing=colour))


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v2", "mobilenet_v3_small", "resnet50"])
def test_the_script_scales_pixels_as_the_network_does(name):
    import keras

    section = registry().architectures.get("transfer").section(name="transfer", application=name, weights="none")
    source, _call = registry().architectures.get("transfer").code(section)
    lines = [line.strip() for line in source.splitlines() if "flip" in line or "Rescaling" in line or "Normal" in line]
    names = {"keras": keras, "layers": keras.layers, "x": keras.Input((8, 8, 3))}
    pixels = names["x"]
    exec("\n".join(lines), names)
    values = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        keras.Model(pixels, names["x"])(values), keras.Model(pixels, ready_for(name, pixels))(values), atol=1e-6
    )


def test_the_script_trains_in_two_phases_with_one_history(home, earlier, tmp_path, monkeypatch):
    import keras

    trainer = {"name": "two_phases", "head_epochs": 1, "head_optimizer": "sgd", "base_rate": 0.5}
    training = {"epochs": 3, "batch_size": 512, "optimizer": "adam", "schedule": "cosine"}
    script = script_of(digits(transfer(source=earlier[0], boundary="conv_2"), trainer=trainer, training=training))
    monkeypatch.chdir(tmp_path)
    names_in(script)["main"]()
    assert len(np.load("history.npz")["val_loss"]) == 3
    before = keras.saving.load_model(f"{earlier[0]}/model.keras")
    after = keras.saving.load_model("model.keras").get_layer("base")
    for name, same in (("conv_1", True), ("batch_norm_1", True), ("conv_2", False), ("batch_norm_2", False)):
        pairs = zip(before.get_layer(name).get_weights(), after.get_layer(name).get_weights(), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs) == same
