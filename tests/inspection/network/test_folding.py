"""A network with its batch normalisation folded into the convolutions gives the same numbers, and stays as it was."""

import numpy as np
import pytest

from workbench.inspection.network import folding, gradients


@pytest.fixture(scope="module")
def model():
    """A nested base with convolutions of all kinds, some of whose outputs go to more than a batch normalisation."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    inside = keras.Input((12, 12, 3))
    first = layers.Conv2D(8, 3, strides=2, padding="same", name="first")(inside)
    hidden = layers.ReLU(6.0)(layers.BatchNormalization(name="first_norm")(first))
    deep = layers.DepthwiseConv2D(3, padding="same", use_bias=False, depth_multiplier=2, name="depthwise")(hidden)
    deep = layers.ReLU(6.0)(layers.BatchNormalization(scale=False, name="depthwise_norm")(deep))
    deep = layers.ZeroPadding2D(((1, 1), (1, 1)), name="same_padding")(deep)
    deep = layers.DepthwiseConv2D(3, name="padded")(deep)
    deep = layers.ZeroPadding2D(((1, 1), (1, 1)), name="other_padding")(
        layers.BatchNormalization(name="padded_norm")(deep)
    )
    deep = layers.BatchNormalization(name="halved_norm")(layers.Conv2D(16, 3, strides=2, name="halved")(deep))
    deep = layers.UpSampling2D(2)(layers.ReLU(6.0)(deep))
    grouped = layers.Conv2D(8, 1, groups=2, name="grouped")(deep)
    grouped = layers.BatchNormalization(name="grouped_norm")(grouped)
    shared = layers.Conv2D(8, 1, name="shared")(grouped)
    shared = layers.Add()([shared, layers.BatchNormalization(center=False, name="shared_norm")(shared), hidden])
    active = layers.Conv2D(8, 3, activation="relu", name="active")(shared)
    base = keras.Model(inside, layers.BatchNormalization(name="active_norm")(active), name="base")
    image = keras.Input((12, 12, 3))
    pooled = layers.GlobalAveragePooling2D()(base(image))
    network = keras.Model(image, layers.Dense(4, activation="softmax")(pooled))
    random = np.random.default_rng(0)
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    return network


def summed(model, pictures, index):
    """The sum of the gradients, made in two parts."""
    part_of, whole_of = gradients.summed_input_gradients(model)
    return whole_of(part_of(pictures[:1], index[:1]) + part_of(pictures[1:], index[1:]), pictures.shape[1:])


def test_folded_gradients_equal_those_of_the_network_as_it_is(model):
    pictures = np.random.default_rng(1).normal(size=(5, 12, 12, 3)).astype(np.float32)
    index = np.full(5, 1)
    before = np.asarray(model(pictures))
    expected = gradients.input_gradients(model)(pictures, index)[2].sum(axis=0)
    found = summed(model, pictures, index)
    assert np.abs(expected).max() > 1e-4
    assert np.allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert np.array_equal(np.asarray(model(pictures)), before)


def test_only_a_convolution_that_feeds_nothing_but_its_normalisation_is_folded(model):
    base = model.get_layer("base")
    with folding.folded(model):
        changed = {layer.name for layer in base.layers if "call" in vars(layer)}
    padded = {"same_padding", "padded", "padded_norm", "halved", "halved_norm"}
    assert changed == {"first", "first_norm", "depthwise", "depthwise_norm"} | padded
    assert not any("call" in vars(layer) for layer in base.layers)


def test_a_network_that_goes_on_learning_is_folded_with_its_present_weights(model):
    pictures = np.random.default_rng(1).normal(size=(2, 12, 12, 3)).astype(np.float32)
    before = summed(model, pictures, np.array([0, 0]))
    norm = model.get_layer("base").get_layer("first_norm")
    norm.gamma.assign(2 * norm.gamma)
    after = summed(model, pictures, np.array([0, 0]))
    expected = gradients.input_gradients(model)(pictures, np.array([0, 0]))[2].sum(axis=0)
    assert not np.allclose(after, before, rtol=0.01)
    assert np.allclose(after, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("layer", ["first", "first_norm", "depthwise", "depthwise_norm"])
def test_a_layer_of_a_pair_gives_what_it_gives_in_the_network_as_it_is(model, layer):
    import keras

    pictures = np.random.default_rng(1).normal(size=(3, 12, 12, 3)).astype(np.float32)
    base = model.get_layer("base")
    expected = np.asarray(keras.Model(base.input, base.get_layer(layer).output)(pictures))
    assert np.allclose(gradients.activations(model, f"base/{layer}")(pictures), expected, atol=1e-5)
    outputs, (maps,), _chosen = gradients.class_maps(model, f"base/{layer}")(pictures, np.array([1, 1, 1]))
    assert np.allclose(outputs, np.asarray(model(pictures)), atol=1e-5)
    assert maps.any()
