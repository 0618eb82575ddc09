"""Attention rollout equals the attention of every layer multiplied by hand, and says what it needs."""

import numpy as np
import pytest

from workbench.architectures.vit import vision_transformer
from workbench.control import Control
from workbench.errors import UserError
from workbench.inspection.answering import inspect
from workbench.inspection.heatmaps.attention_rollout import grid_of, of_patches, rollout
from workbench.requests import InspectRequest


def transformer(pooling="class_token"):
    import keras

    keras.utils.set_random_seed(0)
    image = keras.Input((8, 12, 3))
    features = vision_transformer(keras.layers.Rescaling(1 / 255)(image), 2, 2, 4, pooling, "gelu", 0.0, 0.0, ())
    model = keras.Model(image, keras.layers.Dense(3, activation="softmax", name="answer")(features))
    for weight in model.weights:
        weight.assign(weight + np.random.default_rng(1).normal(0, 0.1, weight.shape))  # else all look everywhere
    return model


def test_it_equals_the_attention_of_every_layer_multiplied_by_hand():
    import keras

    model = transformer()
    picture = np.random.default_rng(0).uniform(0, 255, (2, 8, 12, 3)).astype(np.float32)
    expected = np.eye(7)
    before = model.predict(picture, verbose=0)
    for number in (1, 2):
        norm = keras.Model(model.inputs[0], model.get_layer(f"block_{number}_attention_norm").output)(picture)
        scores = model.get_layer(f"block_{number}_attention")(norm, norm, return_attention_scores=True)[1]
        expected = (np.asarray(scores).mean(axis=1) + np.eye(7)) / 2 @ expected
    found = rollout(model)(picture)
    assert np.abs(found - expected).max() < 1e-4
    assert np.ptp(found[:, 0, 1:]) > 0.01
    assert np.allclose(found.sum(axis=-1), 1, atol=1e-5)
    assert np.array_equal(model.predict(picture, verbose=0), before)


def test_patches_stand_where_the_convolution_cut_them():
    assert grid_of(transformer(), 7) == (2, 3)
    flow = np.arange(49.0).reshape(7, 7)
    assert of_patches(flow, (2, 3)).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert of_patches(flow[1:, 1:], (2, 3)).tolist() == [[25.5, 26.5, 27.5], [28.5, 29.5, 30.5]]
    with pytest.raises(UserError, match="cannot tell where"):
        grid_of(transformer(), 15)


def test_a_nested_transformer_shows_a_map_over_the_picture(tmp_path, picture_bytes):
    import keras

    nested = keras.Sequential([keras.Input((8, 12, 3)), transformer("global_average"), keras.layers.Softmax()])
    nested.save(tmp_path / "nested.keras")
    request = InspectRequest(
        model=str(tmp_path / "nested.keras"), method="attention_rollout", pixels=picture_bytes, params={}
    )
    heat = inspect(request, lambda event: None, Control()).figures[0]
    assert heat.values.shape == (2, 3)
    assert heat.values.max() == 1
    assert "2 x 3 patches" in heat.note


def test_a_network_without_attention_is_told_what_is_needed(colour_file, picture_bytes):
    request = InspectRequest(model=str(colour_file), method="attention_rollout", pixels=picture_bytes, params={})
    with pytest.raises(UserError, match="needs layers of attention"):
        inspect(request, lambda event: None, Control())


def test_attention_from_some_tokens_at_others_is_refused():
    import keras

    image = keras.Input((8, 8, 3))
    tokens = keras.layers.Reshape((16, 4))(keras.layers.Conv2D(4, 2, strides=2)(image))
    few = keras.layers.AveragePooling1D(4)(tokens)
    looked = keras.layers.MultiHeadAttention(1, 4)(few, tokens)
    model = keras.Model(image, keras.layers.GlobalAveragePooling1D()(looked))
    with pytest.raises(UserError, match="same tokens"):
        rollout(model)(np.zeros((1, 8, 8, 3), np.float32))
