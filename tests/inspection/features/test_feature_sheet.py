"""The sheet of all blocks: which layers stand for a network, and what is in their rows."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.inspection.answering import inspect
from workbench.inspection.features.feature_sheet import sheet_layers
from workbench.inspection.network import gradients
from workbench.inspection.network.taps import activations_of
from workbench.requests import InspectRequest


def residual_network():
    """Two stages; in the second a branch that is added again."""
    import keras

    layers = keras.layers
    inputs = keras.Input((16, 16, 3))
    hidden = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    hidden = layers.ReLU(name="stem_relu")(hidden)
    hidden = halved = layers.Conv2D(4, 3, strides=2, padding="same", name="half")(hidden)
    hidden = layers.Conv2D(4, 3, padding="same", name="branch")(hidden)
    hidden = layers.Add(name="add")([hidden, halved])
    hidden = layers.ReLU(name="block_relu")(hidden)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="mean")(hidden), name="base")


def nested(base):
    import keras

    inputs = keras.Input((16, 16, 3))
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(base(inputs)))


def test_a_stage_ends_where_the_maps_change_their_size_and_a_block_where_branches_meet():
    base = residual_network()
    assert sheet_layers(base, "stages") == ["stem_relu", "block_relu"]
    assert sheet_layers(base, "blocks") == ["block_relu"]
    assert sheet_layers(base, "layers") == ["stem", "stem_relu", "half", "branch", "add", "block_relu"]
    assert sheet_layers(nested(base), "stages") == ["base/stem_relu", "base/block_relu"]


def test_several_layers_of_a_nested_model_come_out_of_one_call_as_they_do_one_by_one():
    model = nested(residual_network())
    pictures = np.random.default_rng(3).random((2, 16, 16, 3), np.float32)
    names = ["base/stem_relu", "base/add", "logits"]
    together = activations_of(model, names)(pictures)
    for name, values in zip(names, together, strict=True):
        np.testing.assert_allclose(values, gradients.activations(model, name)(pictures), rtol=1e-5, atol=1e-6)


def test_a_row_begins_with_the_mean_of_its_layer_and_goes_on_with_the_most_active_maps(digits_run):
    answer = inspect(InspectRequest(str(digits_run), "feature_sheet", {"count": 9}), lambda event: None, Control())
    (sheet,) = answer.figures
    captions = [tile.caption for tile in sheet.tiles]
    assert sheet.columns == 10
    assert [caption for caption in captions if "\n" in caption] == captions[::10]
    assert captions[0].startswith("first\n")
    assert captions[9] == "no more maps"  # the layer has eight
    maps = gradients.activations
    from workbench.inspection.loaded import open_data, open_model

    opened = open_model(str(digits_run))
    data = open_data(opened.run.experiment(), lambda event: None, Control())
    picture = np.asarray(data.inputs[data.splits["test"][:1]])
    means = maps(opened.model, "first")(picture)[0].mean(axis=(0, 1))
    assert captions[1:9] == [f"#{index}" for index in np.argsort(-means, kind="stable")]


def test_a_network_without_maps_says_so(tmp_path, picture_bytes):
    import keras

    inputs = keras.Input((4, 4, 3))
    hidden = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs))
    keras.Model(inputs, hidden).save(tmp_path / "flat.keras")
    request = InspectRequest(str(tmp_path / "flat.keras"), "feature_sheet", {}, pixels=picture_bytes)
    with pytest.raises(UserError, match="no convolution"):
        inspect(request, lambda event: None, Control())
