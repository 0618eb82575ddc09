"""Scores of covered pictures by way of crops equal those of whole pictures, wherever the rectangle is."""

import numpy as np
import pytest

from workbench.inspection.network import gradients
from workbench.inspection.network.cuts import best_stages
from workbench.inspection.network.windows import rectangle_scores


def residual(shape, padding, resizing=False):
    """Strides, padding of its own, pooling, dilation, a batch normalisation to fold and branches that meet again."""
    import keras

    layers = keras.layers
    inputs = keras.Input((*shape, 3))
    start = keras.ops.round(layers.Resizing(*shape)(inputs)) if resizing else inputs
    value = layers.ZeroPadding2D(3)(layers.Rescaling(1 / 127.5, offset=-1)(start))
    value = layers.Conv2D(8, 7, strides=2)(value)
    value = layers.ReLU()(layers.BatchNormalization()(value))
    value = layers.MaxPooling2D(3, 2, padding=padding)(layers.ZeroPadding2D(1)(value))
    branch = layers.Conv2D(64, (3, 1), padding="same", dilation_rate=2, activation="relu")(value)
    value = layers.Add()([value, layers.Conv2D(8, 3, padding="same")(branch)])
    value = layers.Concatenate()(
        [layers.SeparableConv2D(8, 3, strides=2, padding="same")(value), layers.AveragePooling2D(2, 2, "same")(value)]
    )
    answer = layers.Dense(4)(layers.Flatten()(layers.Conv2D(8, 3, padding=padding)(value)))
    return keras.Model(inputs, layers.Softmax()(answer))


def transferred():
    import keras

    layers = keras.layers
    backbone = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, include_top=False)
    inputs = keras.Input((96, 96, 3))
    value = backbone(layers.Rescaling(1 / 127.5, offset=-1)(inputs), training=False)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(value)))


def answering_a_map():
    import keras

    layers = keras.layers
    inputs = keras.Input((40, 40, 3))
    value = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    first = layers.Conv2D(8, 7, padding="same", activation="relu")(value)
    value = layers.UpSampling2D()(layers.Conv2D(8, 3, padding="same")(layers.MaxPooling2D()(first)))
    return keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax")(layers.Concatenate()([first, value])))


MODELS = {
    "same": lambda: residual((80, 80), "same"),
    "valid": lambda: residual((77, 101), "valid"),
    "wide": lambda: residual((30, 150), "same"),
    "resizing": lambda: residual((91, 75), "same", resizing=True),
    "nested": transferred,
    "map": answering_a_map,
}


@pytest.mark.parametrize("name", MODELS)
def test_crops_give_the_scores_of_whole_covered_pictures_at_corners_edges_and_within(name):
    import keras

    keras.utils.set_random_seed(0)
    model, random = MODELS[name](), np.random.default_rng(0)
    picture = random.uniform(0, 255, model.input_shape[1:]).astype(np.float32)
    # Normalised by what comes in: at their first values, batch normalisations let next to nothing of it through.
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(picture[None], training=True)
    region = None
    if len(model.output_shape) == 4:
        region = np.zeros(model.output_shape[1:3], np.float32)
        region[5:30, 10:35] = 1
    score = gradients.scores(model)

    def of_whole(pictures):
        regions = None if region is None else np.repeat(region[None], len(pictures), axis=0)
        return score(pictures, np.full(len(pictures), 1, np.int32), regions)[1]

    for height, width in {"nested": [(15, 15)]}.get(name, [(1, 1), (7, 4), (15, 15)]):
        scores = rectangle_scores(model, picture, (height, width), 1, region)
        bottom, right = picture.shape[0] - height, picture.shape[1] - width
        places = [(top, left) for top in (0, bottom // 2, bottom) for left in (0, right // 3, right)]
        places += [(int(random.integers(bottom + 1)), int(random.integers(right + 1))) for _number in range(15)]
        covered = np.repeat(picture[None], len(places), axis=0)
        for each, (top, left) in zip(covered, places, strict=True):
            each[top : top + height, left : left + width] = 127.5
        wanted, whole = of_whole(covered), of_whole(picture[None])[0]
        found = np.concatenate([scores(places[:5], 127.5), scores(places[5:], 127.5)])
        assert np.abs(wanted - whole).max() > 1e-3
        assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted - whole).max()


def test_a_cut_lies_where_all_paths_meet_and_before_what_looks_at_the_whole_picture():
    stages = best_stages(transferred(), (15, 15))
    assert len(stages) > 1
    assert stages[-1].steps[-1].layer.name.startswith("block_")
    assert stages[0].rows.crop <= 0.5 * stages[0].rows.pixels
    assert best_stages(answering_a_map(), (4, 4))[-1].steps[-1].layer.name.startswith("conv2d")
    assert best_stages(answering_a_map(), (40, 40)) == ()


def test_a_network_without_a_local_beginning_is_not_cut():
    import keras

    layers = keras.layers
    dense = keras.Sequential([keras.Input((20, 20, 3)), layers.Flatten(), layers.Dense(3)])
    assert rectangle_scores(dense, np.zeros((20, 20, 3), np.float32), (4, 4), 1, None) is None
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    assert rectangle_scores(any_size, np.zeros((20, 20, 3), np.float32), (4, 4), 1, None) is None
    custom = keras.Sequential([keras.Input((64, 64, 3)), layers.LayerNormalization((1, 2, 3)), layers.Conv2D(4, 3)])
    assert best_stages(custom, (4, 4)) == ()


def test_maps_that_do_not_run_in_step_are_not_joined():
    import keras

    layers = keras.layers
    inputs = keras.Input((40, 40, 3))
    apart = layers.Conv2D(4, 3, 2, "same")(layers.ZeroPadding2D(((0, 40), (0, 40)))(inputs))
    value = layers.Conv2D(4, 3)(layers.Add()([layers.Conv2D(4, 3, padding="same")(inputs), apart]))
    assert best_stages(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(value))), (4, 4)) == ()
