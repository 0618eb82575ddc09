"""Gradients summed behind the beginning of a network and taken back once are the sum of those by the pictures."""

import numpy as np
import pytest

from workbench.inspection.network import gradients
from workbench.inspection.network.beginning import affine_beginning


def ended(image, value):
    """A model with three classes from maps."""
    import keras

    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Activation("tanh")(value))
    return keras.Model(image, keras.layers.Dense(3, activation="softmax", name="answer")(pooled))


def made(kind):
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    image = keras.Input((12, 10, 3))
    if kind == "rescaled, padded, dilated":
        value = layers.ZeroPadding2D(2)(layers.Rescaling(2, offset=-1)(image))
        return ended(image, layers.BatchNormalization()(layers.Conv2D(4, 3, dilation_rate=2)(value)))
    if kind == "a convolution with an activation":
        return ended(image, layers.Conv2D(4, 3, activation="relu")(image))
    if kind == "two branches":
        return ended(image, layers.Concatenate()([layers.Conv2D(4, 1)(image), layers.Conv2D(4, 1)(image)]))
    if kind == "of half precision":
        return ended(image, layers.Conv2D(4, 3, dtype="mixed_float16")(image))
    if kind == "nothing but a convolution":
        value = layers.Conv2D(3, (12, 10))(image)
        return keras.Model(image, value)
    base = keras.Sequential([keras.Input((12, 10, 3)), layers.Conv2D(4, 3), layers.ReLU(), layers.Conv2D(4, 3)])
    return ended(image, base(image))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rescaled, padded, dilated", ["Rescaling", "ZeroPadding2D", "Conv2D", "BatchNormalization"]),
        ("a convolution with an activation", []),
        ("two branches", []),
        ("of half precision", []),
        ("nothing but a convolution", []),
        ("nested", ["Conv2D"]),
    ],
)
def test_gradients_are_taken_back_through_the_affine_beginning_once(kind, expected):
    model = made(kind)
    assert [type(layer).__name__ for layer in affine_beginning(model)] == expected
    pictures = np.random.default_rng(1).uniform(0, 1, (3, 12, 10, 3)).astype(np.float32)
    index = np.array([1, 1, 1])
    part_of, whole_of = gradients.summed_input_gradients(model)
    found = whole_of(part_of(pictures, index), pictures.shape[1:])
    wanted = gradients.input_gradients(model)(pictures, index)[2].sum(axis=0)
    assert np.abs(wanted).max() > 1e-6
    assert np.allclose(found, wanted, atol=(1e-2 if "half" in kind else 1e-5) * np.abs(wanted).max())


def test_the_beginning_of_a_network_of_ours_lies_behind_its_resizing(colour_model):
    assert [layer.name for layer in affine_beginning(colour_model)] == ["scale", "colours"]
    pictures = np.full((2, 40, 60, 3), 99, np.uint8)
    part_of, whole_of = gradients.summed_input_gradients(colour_model)
    found = whole_of(part_of(pictures, np.array([0, 0])), pictures.shape[1:])
    assert found.shape == (20, 30, 3)
    assert np.allclose(found[..., 0], 2 * 5 / 255 / 600, rtol=1e-4)
