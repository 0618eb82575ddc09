"""Inception, Xception, the mobile networks and SqueezeNet: counts, sizes, learning, source."""

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
        MobileNetV3(MobileNetV3LargeSection, "large", "large", 5_507_432),
        MobileNetV3(MobileNetV3SmallSection, "small", "small", 2_554_968),
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
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


def network(name, height, width=None, channels=3, classes=0, settings=None):
    """The features of an architecture for such pictures, or its logits of so many classes."""
    import keras

    architecture = ARCHITECTURES[name]
    width = width or height
    inputs = keras.Input((height, width, channels))
    section = architecture.section(**(settings or {}))
    features = architecture.build(section, inputs, ImageInput(height, width, channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(features) if classes else features)


@every_architecture
def test_the_parameters_at_the_standard_size_are_the_published_ones(name):
    card = ARCHITECTURES[name].card
    assert network(name, card.size, classes=1000).count_params() == card.parameters


def last_map(model):
    """The shape of the maps before the head."""
    return model.get_layer("head").input.shape[1:3]


@every_architecture
@pytest.mark.parametrize("size", [28, 512])
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
    for _step in range(12):
        answer = model.train_on_batch(*batch, return_dict=True)
        model.reset_metrics()
    assert answer["accuracy"] > 0.8
    assert answer["loss"] < 1.0


@every_architecture
def test_a_step_down_the_gradient_moves_every_weight_and_lowers_the_loss(name, batch):
    model = compiled(name, "sgd")
    before = [np.array(weight) for weight in model.trainable_weights]
    losses = []
    for _step in range(2):
        losses.append(model.train_on_batch(*batch, return_dict=True)["loss"])
        model.reset_metrics()
    assert losses[1] < losses[0]
    unmoved = [
        weight.path for weight, was in zip(model.trainable_weights, before, strict=True) if np.array_equal(weight, was)
    ]
    assert not unmoved


@every_architecture
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
