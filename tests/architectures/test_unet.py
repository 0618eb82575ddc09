"""The U-Net: sizes, parameters, variants, source."""

import numpy as np
import pytest

from workbench.architectures.unet import UNet, UNetSection
from workbench.specs import ImageInput


def network(height=32, width=32, channels=1, **settings):
    import keras

    inputs = keras.Input((height, width, channels))
    section = UNetSection(**{"base_filters": 4, "depth": 2, **settings})
    return keras.Model(inputs, UNet().build(section, inputs, ImageInput(height, width, channels)))


def parameters(channels, filters, depth):
    """Weights and biases of the paper's layout, by arithmetic."""

    def convolution(side, before, after):
        return side * side * before * after + after

    total, before = 0, channels
    for step in range(depth + 1):  # down, and the bottom
        after = filters * 2**step
        total += convolution(3, before, after) + convolution(3, after, after)
        before = after
    for step in reversed(range(depth)):  # up: halve the maps, join, two convolutions
        after = filters * 2**step
        total += convolution(2, before, after) + convolution(3, 2 * after, after) + convolution(3, after, after)
        before = after
    return total


@pytest.mark.parametrize("up", ["upsample", "transposed"])
def test_the_papers_layout_has_the_papers_number_of_parameters(up):
    model = network(64, 64, depth=4, base_filters=64, up=up)
    assert model.count_params() == parameters(channels=1, filters=64, depth=4) == 31_030_528


@pytest.mark.parametrize(("height", "width", "depth"), [(64, 64, 3), (37, 50, 3), (4, 5, 4), (65, 127, 6)])
def test_features_have_the_inputs_size_whatever_it_is(height, width, depth):
    model = network(height, width, depth=depth, base_filters=1)
    assert model.output_shape == (None, height, width, 1)
    assert model(np.zeros((1, height, width, 1), np.float32)).shape == (1, height, width, 1)


def test_what_is_padded_is_cut_off_at_the_same_place():
    """An odd size gives, far from its edges, what the padded size gives."""
    import keras

    odd, even = network(30, 30, depth=2), network(32, 32, depth=2)
    even.set_weights(odd.get_weights())
    picture = np.random.default_rng(0).random((1, 30, 30, 1)).astype(np.float32)
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = keras.ops.convert_to_numpy(even(padded))[:, 1:31, 1:31]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(odd(picture)), expected, atol=1e-5)


def test_skip_connections_dropout_and_normalisation_can_be_chosen():
    plain = network()
    kinds = [type(layer).__name__ for layer in plain.layers]
    assert kinds.count("Concatenate") == 2
    assert "BatchNormalization" not in kinds
    assert "Dropout" not in kinds
    other = network(skip=False, normalization="batch", dropout=0.5)
    kinds = [type(layer).__name__ for layer in other.layers]
    assert "Concatenate" not in kinds
    assert kinds.count("BatchNormalization") == 12  # ten 3x3 convolutions, two on the way up
    assert [layer.name for layer in other.layers if "dropout" in layer.name] == ["down_2_dropout", "bottom_dropout"]


def test_the_copied_source_builds_the_same_network():
    import keras
    from keras import layers

    section = UNetSection(depth=2, base_filters=4, normalization="batch", dropout=0.1, up="transposed")
    source, call = UNet().code(section)
    x = keras.Input((20, 24, 3))
    names = {"keras": keras, "layers": layers, "x": x}
    exec(source, names)
    copied = keras.Model(x, eval(call, names))
    ours = network(20, 24, 3, normalization="batch", dropout=0.1, up="transposed")
    assert [layer.name for layer in copied.layers[1:]] == [layer.name for layer in ours.layers[1:]]
    assert copied.count_params() == ours.count_params()
