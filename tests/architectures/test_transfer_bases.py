"""Bases of a transfer from files and from Keras: what fits, what is scaled, and what is wrong with a file, in words."""

import contextlib
import functools
import http.server
import inspect
import shutil
import sys
import threading

import numpy as np
import pytest

from workbench.architectures.applications import _Download, application, application_names, keras_class, ready_for
from workbench.architectures.assembly import assemble
from workbench.architectures.base_network import base_layers, freeze
from workbench.architectures.keras_file import load_weights
from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.experiment import from_values
from workbench.registry import registry
from workbench.specs import ClassTarget, ImageInput

TWO = ClassTarget(("cat", "dog"))
COLOUR = ImageInput(32, 32, 3)


def network_of(input=COLOUR, **own):
    size = {"height": input.height, "width": input.width, "channels": input.channels}
    architecture = {"name": "transfer", **own}
    values = {"version": 1, "dataset": "digits", "preprocessing": size, "architecture": architecture}
    return assemble(from_values(values, "the test"), input, TWO)


def foreign(path, *first):
    """A small network of someone else, saved."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    stack = [*first, layers.Conv2D(4, 3, name="logits_of_mine"), layers.BatchNormalization(name="norm")]
    stack += [layers.GlobalAveragePooling2D(name="head_pooling"), layers.Dense(5), layers.Softmax()]
    model = keras.Sequential([keras.Input((32, 32, 3)), *stack])
    model.save(path)
    return model


def pixels(count=2):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3)).astype("float32")


@pytest.mark.parametrize("name", application_names())
def test_an_application_gets_its_pixels_as_keras_prepares_them(name):
    import keras

    module = sys.modules[inspect.getmodule(getattr(keras.applications, keras_class(name))).__name__]
    image = keras.Input((32, 32, 3))
    prepared = keras.Model(image, ready_for(name, image))(pixels())
    np.testing.assert_allclose(prepared, module.preprocess_input(pixels()), rtol=1e-5, atol=1e-4)


def test_a_network_of_keras_is_trained_from_the_boundary_on_and_opens_in_bare_keras(tmp_path):
    import keras

    network = network_of(base="keras", application="mobilenet_v2", weights="none", boundary="block_16_project")
    frozen, learning = (network.model.get_layer(name) for name in ("block_16_depthwise_BN", "block_16_project_BN"))
    before = frozen.get_weights(), learning.get_weights()
    flags = [layer.trainable for layer in network.model.layers if layer.weights]
    freeze(base_layers(network.model), "block_16_project", "the base")  # as the second of two phases does it
    assert [layer.trainable for layer in network.model.layers if layer.weights] == flags
    network.trainable.compile("sgd", "mse")
    network.trainable.train_on_batch(pixels().astype("uint8"), np.zeros((2, network.trainable.output_shape[-1])))
    for one, other in zip(before[0], frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(before[1][2], learning.get_weights()[2])  # the moving mean
    network.model.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(opened(pixels()), network.model(pixels()), atol=1e-6)


def test_an_application_is_refused_for_grey_and_for_tiny_pictures():
    with pytest.raises(UserError, match=r"preprocessing\.channels = 3"):
        network_of(ImageInput(32, 32, 1), weights="none")
    with pytest.raises(UserError, match="at least 75x75"):
        network_of(application="inception_v3", weights="none")


def test_weights_that_cannot_be_downloaded_are_told_with_file_and_folder(tmp_path, monkeypatch):
    import keras.src.backend.config as config

    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody answers there
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    with pytest.raises(UserError) as caught:
        application("vgg16", (32, 32, 3), "imagenet")
    file = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert f"put the file {file} into {tmp_path / 'models'}" in str(caught.value)
    assert f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{file}" in str(caught.value)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def served(tmp_path):
    """A folder that is served on this machine, and where."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    server.handle_error = lambda *_arguments: None  # who was asked to stop hangs up
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_of_unknown_length_is_told_too():
    import keras

    told = []
    with contextlib.redirect_stdout(_Download(lambda done, all: told.append((done, all)))):
        keras.utils.Progbar(None).update(8192)
    assert told == [(8192, 0)]


def test_a_download_is_told_in_bytes_and_can_be_stopped(tmp_path, served, capsys):
    import keras

    folder, address = served
    (folder / "large.bin").write_bytes(bytes(5_000_000))
    (tmp_path / "cache").mkdir()  # Keras falls back on another folder where there is none
    told = []
    with contextlib.redirect_stdout(_Download(lambda done, all: told.append((done, all)))):
        keras.utils.get_file("large.bin", f"{address}/large.bin", cache_dir=tmp_path / "cache")
    assert told[-1] == (5_000_000, 5_000_000)
    assert capsys.readouterr().out == ""

    control = Control()
    control.stop()
    with pytest.raises(Stopped), contextlib.redirect_stdout(_Download(lambda done, all: control.check())):
        keras.utils.get_file("other.bin", f"{address}/large.bin", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache" / "datasets" / "other.bin").exists()


@pytest.fixture(scope="module")
def imagenet_file(tmp_path_factory):
    """What Keras would download for `mobilenet_v1`: a network of some weights, and them in the old format."""
    import h5py
    import keras
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    keras.utils.set_random_seed(3)
    network = application("mobilenet_v1", (32, 32, 3), "none")
    path = tmp_path_factory.mktemp("weights") / "mobilenet_1_0_224_tf_no_top.h5"
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, network)
    return path, network.get_layer("conv1").get_weights()[0]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keras' folder of downloads, empty; and no network."""
    import keras.src.backend.config as config

    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path / "keras"))
    (tmp_path / "keras" / "models").mkdir(parents=True)
    return tmp_path / "keras" / "models"


def test_weights_in_kerases_folder_are_taken_without_a_network(cache, imagenet_file):
    path, kernel = imagenet_file
    shutil.copy(path, cache)
    told = []
    network = recalled(application="mobilenet_v1", told=told)
    np.testing.assert_array_equal(network.model.get_layer("conv1").get_weights()[0], kernel)
    assert told == []


def test_weights_are_downloaded_once_with_progress_and_a_stop_leaves_no_half_of_them(
    cache, imagenet_file, served, monkeypatch
):
    from keras.src.applications import mobilenet

    folder, address = served
    path, kernel = imagenet_file
    shutil.copy(path, folder)
    monkeypatch.setattr(mobilenet, "BASE_WEIGHT_PATH", f"{address}/")
    control, told = Control(), []
    with pytest.raises(Stopped):
        recalled(application="mobilenet_v1", control=control, told=StopAfter(control, 1))
    assert list(cache.iterdir()) == []
    network = recalled(application="mobilenet_v1", told=told)
    np.testing.assert_array_equal(network.model.get_layer("conv1").get_weights()[0], kernel)
    kibibytes = path.stat().st_size // 1024
    assert {event.total for event in told} == {kibibytes}
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert told[-1].done == kibibytes
    assert [file.name for file in cache.iterdir()] == [path.name]


def test_a_broken_or_wrong_file_in_kerases_folder_is_named_with_what_differs(cache, imagenet_file):
    import h5py

    path, _kernel = imagenet_file
    # As a computer that was switched off while it downloaded would leave it: this network has no checksum in Keras.
    (cache / path.name).write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"only half of one[\s\S]*Delete it") as caught:
        application("mobilenet_v1", (32, 32, 3), "imagenet")
    assert str(cache / path.name) in str(caught.value)
    shutil.copy(path, cache)
    with h5py.File(cache / path.name, "a") as file:
        (name,) = [place for place in _places(file["conv1"]) if place.endswith("kernel")]
        del file["conv1"][name]
        file["conv1"][name] = np.zeros((5, 5, 3, 32), "float32")
    with pytest.raises(UserError, match=r"5 × 5 × 3 × 32 in the file, 3 × 3 × 3 × 32 in the network[\s\S]*Delete it"):
        application("mobilenet_v1", (32, 32, 3), "imagenet")


def _places(group):
    places = []
    group.visit(places.append)
    return places


def test_a_file_with_another_checksum_is_told_where_it_cannot_be_downloaded_again(cache):
    (cache / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"half")
    with pytest.raises(UserError, match=r"was broken, or another than Keras expects.*put the file vgg16_weights"):
        application("vgg16", (32, 32, 3), "imagenet")


class StopAfter(list):
    """A list that asks to stop once it is so long."""

    def __init__(self, control, length):
        super().__init__()
        self._control, self._length = control, length

    def append(self, item):
        super().append(item)
        if len(self) >= self._length:
            self._control.stop()


def recalled(*, control=None, told=None, **own):
    """A network with its weights, as it is when its training begins; the events go to the list `told`."""
    network = network_of(**own)
    section = registry().architectures.get("transfer").section(name="transfer", **own)
    emit = (told if told is not None else []).append
    registry().architectures.get("transfer").recall(section, network.model, COLOUR, emit, control or Control())
    return network


def test_weights_of_a_file_reach_the_network(tmp_path):
    given = application("mobilenet_v3_small", (32, 32, 3), "none")
    given.save_weights(tmp_path / "mine.weights.h5")
    network = recalled(application="mobilenet_v3_small", weights=str(tmp_path / "mine.weights.h5"))
    kernels = (model.get_layer("conv").get_weights()[0] for model in (network.model, given))
    np.testing.assert_array_equal(*kernels)


def test_a_typo_in_the_name_of_the_weights_is_answered_with_it():
    with pytest.raises(UserError, match=r"no weights file at imagnet\. Did you mean 'imagenet'"):
        application("vgg16", (32, 32, 3), "imagnet")


def test_weights_of_another_network_are_refused_with_what_differs(tmp_path):
    foreign(tmp_path / "theirs.keras").save_weights(tmp_path / "theirs.weights.h5")
    import keras
    from keras import layers

    other = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(6, 3), layers.BatchNormalization()])
    with pytest.raises(UserError) as caught:
        load_weights(other, tmp_path / "theirs.weights.h5")
    text = str(caught.value)
    assert "layers/batch_normalization/vars/0: 4 in the file, 6 in the network" in text
    assert "layers/conv2d/vars/0: 3 × 3 × 3 × 4 in the file, 3 × 3 × 3 × 6 in the network" in text
    assert "layers/dense/vars/0: 4 × 5 in the file, not in the network" in text

    with pytest.raises(UserError, match="no weights file"):
        load_weights(other, tmp_path / "none.weights.h5")
    (tmp_path / "broken.weights.h5").write_bytes((tmp_path / "theirs.weights.h5").read_bytes()[:1000])
    with pytest.raises(UserError, match="only half of one"):
        load_weights(other, tmp_path / "broken.weights.h5")


def test_a_file_of_someone_else_gives_all_but_its_output(tmp_path):
    import keras

    theirs = foreign(tmp_path / "theirs.keras")
    network = network_of(base="file", source=str(tmp_path / "theirs.keras"), dropout=0.0)
    features = keras.Model(network.model.input, network.model.get_layer("logits").input)
    expected = keras.Model(theirs.inputs[0], theirs.get_layer("head_pooling").output)(pixels() / 255)
    np.testing.assert_allclose(features(pixels()), expected, atol=1e-5)
    assert "base_head_pooling" in [layer.name for layer in network.model.layers]


def test_a_file_that_scales_its_pixels_gets_them_as_they_are(tmp_path):
    from keras import layers

    foreign(tmp_path / "theirs.keras", layers.Rescaling(1 / 127.5, offset=-1.0))
    network = network_of(base="file", source=str(tmp_path / "theirs.keras"))
    assert sum(type(layer).__name__ == "Rescaling" for layer in network.model.layers) == 1
    network = network_of(base="file", source=str(tmp_path / "theirs.keras"), pixels="symmetric")
    assert sum(type(layer).__name__ == "Rescaling" for layer in network.model.layers) == 2


def test_a_file_that_is_no_base_is_refused_in_words(tmp_path):
    import keras

    row = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    row.save(tmp_path / "row.keras")
    with pytest.raises(UserError, match="no network of layers that takes one picture"):
        network_of(base="file", source=str(tmp_path / "row.keras"))
    foreign(tmp_path / "theirs.keras")
    with pytest.raises(UserError, match="Did you mean 'norm'"):
        network_of(base="file", source=str(tmp_path / "theirs.keras"), last_layer="nrm")
    (tmp_path / "half.keras").write_bytes((tmp_path / "theirs.keras").read_bytes()[:3000])
    with pytest.raises(UserError, match=r"half\.keras"):
        network_of(base="file", source=str(tmp_path / "half.keras"))
    with pytest.raises(UserError, match="weights without a network"):
        network_of(base="file", source=str(tmp_path / "mine.weights.h5"))
    with pytest.raises(UserError, match="no model at"):
        network_of(base="file", source=str(tmp_path / "other.keras"))
