"""Inception, Xception, the mobile networks and SqueezeNet: counts, sizes, learning, source."""

from collections import Counter

import numpy as np
import pytest

from workbench.architectures.inception_v1 import InceptionV1
from workbench.architectures.inception_v3 import InceptionV3
from workbench.architectures.mobilenet_v1 import MobileNetV1
from workbench.architectures.mobilenet_v2 import MobileNetV2
from workbench.architectures.mobilenet_v3 import MobileNetV3, MobileNetV3LargeSection, MobileNetV3SmallSection
from workbench.architectures.squeezenet import SqueezeNet
from workbench.architectures.xception import Xception
from workbench.specs import ImageInput

ARCHITECTURES = {
    each.name: each
    for each in (
        Xception(),
        InceptionV1(),
        InceptionV3(),
        MobileNetV1(),
        MobileNetV2(),
        MobileNetV3(MobileNetV3LargeSection, "large", "large", 5_507_432, 216_589_760),
        MobileNetV3(MobileNetV3SmallSection, "small", "small", 2_554_968, 56_510_400),
        SqueezeNet(),
    )
}
SMALL = {
    "xception": {"width_multiplier": 0.125, "middle_blocks": 1},
    "inception_v1": {"width_multiplier": 0.125, "normalization": "batch"},
    "inception_v3": {"width_multiplier": 0.125, "wide_blocks": 1},
    "mobilenet_v1": {"width_multiplier": 0.125, "depth_multiplier": 0.5},
    "mobilenet_v2": {"width_multiplier": 0.25, "depth_multiplier": 0.5, "expansion": 3},
    "mobilenet_v3_large": {"width_multiplier": 0.25},
    "mobilenet_v3_small": {"width_multiplier": 0.25},
    "squeezenet": {"width_multiplier": 0.25, "normalization": "batch"},
}
every_family = pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "mobilenet_v3_large"])


def network(name, height, width=None, channels=3, classes=0, settings=None):
    """The features of an architecture for such pictures, or its logits of so many classes."""
    import keras

    architecture = ARCHITECTURES[name]
    width = width or height
    inputs = keras.Input((height, width, channels))
    section = architecture.section(**(settings or {}))
    features = architecture.build(section, inputs, ImageInput(height, width, channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(features) if classes else features)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("xception", "Xception"),
        ("inception_v3", "InceptionV3"),
        ("mobilenet_v1", "MobileNet"),
        ("mobilenet_v2", "MobileNetV2"),
        ("mobilenet_v3_small", "MobileNetV3Small"),
        ("mobilenet_v3_large", "MobileNetV3Large"),
    ],
)
def test_parameters_kernels_and_maps_are_those_of_keras_own(name, theirs):
    import keras

    card = ARCHITECTURES[name].card
    expected = getattr(keras.applications, theirs)(weights=None, input_shape=(card.size, card.size, 3))
    ours = network(name, card.size, classes=1000)
    assert ours.count_params() == expected.count_params() == card.parameters
    assert convolutions(ours) == convolutions(expected)


@pytest.mark.parametrize(("name", "width", "theirs"), [("mobilenet_v2", 1.4, "MobileNetV2"),
                                                       ("mobilenet_v3_small", 0.75, "MobileNetV3Small")])  # fmt: skip
def test_the_width_multiplier_is_keras_alpha(name, width, theirs):
    import keras

    expected = getattr(keras.applications, theirs)(weights=None, classes=10, input_shape=(96, 96, 3), alpha=width)
    ours = network(name, 96, classes=10, settings={"width_multiplier": width})
    assert ours.count_params() == expected.count_params()


def convolutions(model):
    """How often there is a kernel with such maps; dense layers that Keras writes as convolutions are left out."""
    return Counter(
        (tuple(weight.shape), tuple(layer.output.shape))
        for layer in model.layers
        for weight in layer.weights
        if len(weight.shape) == 4 and layer.output.shape[1] > 1
    )


def test_the_parameters_of_googlenet_are_those_without_auxiliary_classifiers():
    assert network("inception_v1", 224, classes=1000).count_params() == InceptionV1.card.parameters == 6_998_552


def test_both_versions_of_squeezenet_have_the_published_parameters():
    counts = {
        variant: network("squeezenet", 224, classes=1000, settings={"variant": variant}).count_params()
        for variant in ("1.0", "1.1")
    }
    assert counts == {"1.0": 1_248_424, "1.1": 1_235_496}


def test_the_stem_of_small_pictures_can_be_overruled():
    assert last_map(network("mobilenet_v2", 32)) == (4, 4)
    assert last_map(network("mobilenet_v2", 32, settings={"stem": "standard"})) == (1, 1)
    assert last_map(network("mobilenet_v2", 64, settings={"stem": "small", "stem_kernel_size": 5})) == (8, 8)


@pytest.mark.parametrize("name", ["xception", "mobilenet_v1", "mobilenet_v2"])
def test_without_normalisation_the_maps_do_not_fade_with_the_number_of_channels(name):
    import keras

    keras.utils.set_random_seed(0)
    noise = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    settings = {"width_multiplier": 0.5, "normalization": "none", "dropout": 0.0}
    features = keras.ops.convert_to_numpy(network(name, 32, settings=settings)(noise))
    assert 1e-2 < features.std() < 1e3


def last_map(model):
    """The shape of the maps before the head."""
    return model.get_layer("head").input.shape[1:3]


@every_family
@pytest.mark.parametrize("size", [28, 64])
def test_the_last_maps_keep_pixels_at_any_size(name, size):
    model = network(name, size, size + 3, 1, settings=SMALL[name])
    assert min(last_map(model)) >= 2
    assert len(model.output_shape) == 2


@pytest.fixture(scope="module")
def batch():
    """32 digits of 32 x 32 pixels from -1 to 1, and which they are."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = np.kron(digits.images[:32], np.ones((4, 4)))[..., np.newaxis].astype("float32") / 8 - 1
    return pictures, digits.target[:32]


def compiled(name, optimizer):
    import keras

    keras.utils.set_random_seed(0)
    model = network(name, 32, 32, 1, classes=10, settings={**SMALL[name], "dropout": 0.0})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], run_eagerly=True)  # tracing takes longer than a few steps
    return model


@pytest.mark.parametrize("name", ["xception", "mobilenet_v1"])
def test_a_batch_of_digits_is_learned_by_heart(name, batch):
    model = compiled(name, "adam")
    model.optimizer.learning_rate = 5e-3
    for _step in range(10):
        answer = model.train_on_batch(*batch, return_dict=True)
        model.reset_metrics()
    assert answer["accuracy"] > 0.8
    assert answer["loss"] < 1.0


@every_family
def test_a_step_down_the_gradient_moves_every_kernel_and_lowers_the_loss(name, batch):
    model = compiled(name, "sgd")
    model.optimizer.learning_rate = 1e-3  # short enough for the loss to follow its gradient
    kernels = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
    before = [np.array(kernel) for kernel in kernels]
    losses = []
    for _step in range(2):
        losses.append(model.train_on_batch(*batch, return_dict=True)["loss"])
        model.reset_metrics()
    assert losses[1] < losses[0]
    assert not [kernel.path for kernel, was in zip(kernels, before, strict=True) if np.array_equal(kernel, was)]


@every_family
def test_the_copied_source_makes_the_same_network(name):
    import keras
    from keras import layers

    settings = {**SMALL[name], "head": "flatten", "dense": (5, 3), "normalization": "layer", "dropout": 0.2}
    architecture = ARCHITECTURES[name]
    source, call = architecture.code(architecture.section(**settings))
    names = {"keras": keras, "layers": layers, "x": keras.Input((32, 35, 3))}
    exec(source, names)
    copied = keras.Model(names["x"], eval(call, names))
    ours = network(name, 32, 35, settings=settings)
    assert [layer.name for layer in copied.layers[1:]] == [layer.name for layer in ours.layers[1:]]
    assert copied.count_params() == ours.count_params()
    assert copied.output_shape == (None, 3)
