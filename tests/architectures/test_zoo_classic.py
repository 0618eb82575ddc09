"""AlexNet, VGG and the residual networks: counts, sizes, learning, source."""

import numpy as np
import pytest

from workbench.architectures.summary import summarise, without_weights
from workbench.control import Control
from workbench.experiment import new_experiment
from workbench.registry import registry
from workbench.requests import SummaryRequest
from workbench.specs import ImageInput

SMALL = {
    "alexnet": {"width_multiplier": 0.125, "dense": [64]},
    "vgg11": {"width_multiplier": 0.125, "dense": [64]},
    "resnet18": {"width_multiplier": 0.125, "depth_multiplier": 0.1},
    "resnet50": {"width_multiplier": 0.125, "depth_multiplier": 0.1},
    "resnet_cifar": {"depth": 8},
}
every_architecture = pytest.mark.parametrize("name", SMALL)


def network(name, height, width=None, channels=3, classes=0, **settings):
    """The features of an architecture for such pictures, or its logits of so many classes."""
    import keras

    architecture = registry().architectures.get(name)
    spec = ImageInput(height, width or height, channels)
    inputs = keras.Input(spec.shape)
    features = architecture.build(architecture.section(name=name, **settings), inputs, spec)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(features) if classes else features)


def counted(name, *arguments, **settings):
    """All parameters of a network and those that are trained, without giving them memory."""

    def count():
        model = network(name, *arguments, **settings)
        return model.count_params(), sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)

    return without_weights(count)


@pytest.mark.parametrize(
    ("name", "total", "trained"),
    [
        ("alexnet", 62_378_344, 62_378_344),  # the paper's layers, undivided
        ("vgg11", 132_863_336, 132_863_336),  # torchvision
        ("vgg13", 133_047_848, 133_047_848),  # torchvision
        ("vgg16", 138_357_544, 138_357_544),  # keras.applications
        ("vgg19", 143_667_240, 143_667_240),  # keras.applications
        ("resnet18", 11_699_112, 11_689_512),  # torchvision counts what is trained
        ("resnet34", 21_814_696, 21_797_672),  # torchvision
        ("resnet50", 25_636_712, 25_583_592),  # keras.applications
        ("resnet101", 44_707_176, 44_601_832),  # keras.applications
        ("resnet152", 60_419_944, 60_268_520),  # keras.applications
        ("resnet_cifar", 335_448, 334_072),  # the paper's 20 layers, with 1,000 classes
    ],
)
def test_the_parameters_at_the_standard_size_are_the_published_ones(name, total, trained, standard_table):
    table = standard_table(name)
    assert (table.total, table.trainable) == (total, trained)
    assert registry().architectures.get(name).card.parameters in (total, trained)


@pytest.mark.parametrize(
    ("depth", "trained"), [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)]
)
def test_the_narrow_residual_networks_have_the_parameters_of_the_papers_table_6(depth, trained):
    """0.27, 0.46, 0.66, 0.85 and 1.7 million, with 10 classes."""
    assert counted("resnet_cifar", 32, classes=10, depth=depth)[1] == trained


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_page_counts_a_large_network_without_filling_its_weights(precision, monkeypatch):
    import keras

    experiment = new_experiment("digits", "vgg16")
    experiment = experiment.changed("preprocessing.height", 224).changed("preprocessing.width", 224)
    experiment = experiment.changed("preprocessing.channels", 3).changed("training.precision", precision)
    monkeypatch.setattr(keras.initializers.HeNormal, "__call__", lambda *_arguments, **_options: pytest.fail("filled"))
    table = summarise(SummaryRequest(experiment), lambda event: None, Control())
    assert table.total == table.trainable == 138_357_544 - 990 * 4097  # ten classes instead of 1,000
    rows = {row.name: row for row in table.rows}
    assert rows["block5_pool"].output_shape == (7, 7, 512)
    assert sum(row.multiply_adds for row in table.rows) > 15e9
    assert keras.ops.convert_to_numpy(keras.Variable([1.0]))[0] == 1.0  # nothing is left of it in this thread


def last_map(model):
    """The shape of the maps before the head."""
    return model.get_layer("head").input.shape[1:3]


@pytest.mark.parametrize("size", [28, 64, 128, 512])
@every_architecture
def test_the_last_maps_keep_pixels_at_any_size(name, size):
    model = network(name, size, size + 3, 1, **{**SMALL[name], "head": "global_average"})
    assert 2 <= min(last_map(model)) <= 32
    assert len(model.output_shape) == 2


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "resnet18", "resnet50"])
def test_the_stem_for_small_pictures_can_be_overruled(name):
    assert last_map(network(name, 32, stem="small", **SMALL[name])) == last_map(network(name, 32, **SMALL[name]))
    assert min(last_map(network(name, 64, stem="small", **SMALL[name]))) > min(
        last_map(network(name, 64, stem="auto", **SMALL[name]))
    )


@pytest.mark.parametrize(("name", "steps"), [("alexnet", 30), ("vgg11", 30), ("resnet50", 10), ("resnet_cifar", 30)])
def test_a_batch_of_digits_is_learned_by_heart(name, steps):
    import keras
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = np.kron(digits.images[:32], np.ones((4, 4)))[..., np.newaxis].astype("float32") / 8 - 1
    keras.utils.set_random_seed(0)
    model = network(name, 32, channels=1, classes=10, **{**SMALL[name], "dropout": 0.0})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, run_eagerly=steps <= 10)  # to trace a deep one takes longer
    history = model.fit(pictures, digits.target[:32], epochs=steps, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < 0.3 < history[0]


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet_cifar"])
def test_squeeze_and_excitation_adds_two_dense_layers_to_every_block(name):
    plain, excited = network(name, 32, **SMALL[name]), network(name, 32, squeeze_excitation=4, **SMALL[name])
    adds = [layer for layer in plain.layers if layer.name.endswith("_add")]
    added = 0
    for layer in adds:
        filters = layer.output.shape[-1]
        narrow = filters // 4
        added += filters * narrow + narrow + narrow * filters + filters
    assert excited.count_params() == plain.count_params() + added


@pytest.mark.parametrize(
    ("name", "settings", "kinds"),
    [
        ("vgg11", {"normalization": "batch", "pooling": "average"}, {"BatchNormalization": 8, "AveragePooling2D": 4}),
        ("vgg11", {"depth_multiplier": 2, "head": "global_max"}, {"Conv2D": 16, "GlobalMaxPooling2D": 1}),
        ("resnet18", {"normalization": "layer"}, {"LayerNormalization": 12, "BatchNormalization": 0}),
        ("resnet_cifar", {"shortcut": "projection"}, {"Conv2D": 9}),
        ("alexnet", {"normalization": "batch", "depth_multiplier": 3}, {"BatchNormalization": 7, "Dropout": 1}),
    ],
)
def test_settings_reach_the_layers(name, settings, kinds):
    layers = [type(layer).__name__ for layer in network(name, 32, **{**SMALL[name], **settings}).layers]
    assert {kind: layers.count(kind) for kind in kinds} == kinds


def test_the_local_response_is_the_papers_formula():
    import keras

    from workbench.architectures.alexnet import local_response

    maps = np.random.default_rng(0).normal(0, 100, (1, 2, 2, 7)).astype("float32")
    inputs = keras.Input((2, 2, 7))
    given = keras.ops.convert_to_numpy(keras.Model(inputs, local_response(inputs, "x"))(maps))
    for channel in range(7):
        neighbours = maps[..., max(0, channel - 2) : channel + 3]
        expected = maps[..., channel] / (2 + 1e-4 * (neighbours**2).sum(axis=-1)) ** 0.75
        np.testing.assert_allclose(given[..., channel], expected, rtol=1e-4)


@every_architecture
def test_the_copied_source_builds_the_same_network_and_it_can_be_saved(name, tmp_path):
    import keras
    from keras import layers

    settings = {**SMALL[name], **({"squeeze_excitation": 4} if "resnet" in name else {})}
    architecture = registry().architectures.get(name)
    source, call = architecture.code(architecture.section(name=name, **settings))
    assert "import" not in source
    names = {"keras": keras, "layers": layers, "x": keras.Input((40, 32, 3))}
    exec(source, names)
    copied = keras.Model(names["x"], eval(call, names))
    ours = network(name, 40, 32, **settings)
    kinds = [[type(layer) for layer in model.layers] for model in (copied, ours)]
    assert kinds[0] == kinds[1]
    copied.set_weights(ours.get_weights())
    ours.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    pictures = np.random.default_rng(0).normal(size=(2, 40, 32, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(ours(pictures))
    for other in (copied, loaded):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(other(pictures)), expected, atol=1e-5)
