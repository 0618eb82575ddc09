"""Bare Keras on raw samples, the Predict page and the evaluation give one answer, however samples are prepared."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.experiment import from_values

PICTURES = [
    {"resize": "stretch", "crop_top": 0.3, "crop_bottom": 0.2, "scaling": "symmetric"},
    {"resize": "stretch", "crop_top": 0.4, "scaling": "standardize", "height": 21, "width": 33},
    {"resize": "crop", "crop_bottom": 0.25, "scaling": "unit", "channels": 1},
    {"resize": "pad", "crop_top": 0.2, "height": 37, "width": 19},
    {"resize": "stretch", "height": 37, "width": 53},
]


@pytest.fixture
def saved(home, tmp_path):
    """Save an untrained network for an experiment -> its data, the model as bare Keras opens it, and as we open it."""
    import keras

    from workbench.architectures.assembly import assemble
    from workbench.data.prepare import prepare
    from workbench.inspection.loaded import open_model
    from workbench.registry import registry
    from workbench.runs.model_file import describe_model, save_model

    def save(**sections):
        experiment = from_values({"version": 1, **sections}, "the test's experiment")
        data = prepare(experiment, lambda event: None, Control())
        keras.utils.set_random_seed(3)
        statistics = registry().inputs.get(data.input.kind).statistics(data, experiment.preprocessing)
        model = assemble(experiment, data.input, data.target, statistics).model
        save_model(model, tmp_path / "model.keras", describe_model(experiment, data.input, data.target))
        bare = keras.saving.load_model(tmp_path / "model.keras")
        return data, lambda raw: np.asarray(bare(raw[None]))[0], open_model(str(tmp_path / "model.keras"))

    return save


def pictures_of_many_sizes(opened):
    random = np.random.default_rng(0)
    channels = opened.loaded.input.channels
    sizes = [(80, 160), (37, 53), (opened.loaded.input.height, opened.loaded.input.width), (9, 120)]
    return [random.integers(0, 256, (*size, channels), np.uint8) for size in sizes]


@pytest.mark.parametrize("preprocessing", PICTURES)
def test_a_steering_angle_is_cut_and_scaled_once(saved, preprocessing):
    _data, bare, opened = saved(
        dataset={"name": "road", "pictures": 24, "courses": 4},
        preprocessing={"height": 24, "width": 48, "crop_top": 0.0, "crop_bottom": 0.0, **preprocessing},
        task={"target_scaling": "zscore"},
        architecture={"name": "layers", "layers": [{"kind": "convolution", "filters": 3}, {"kind": "flatten"}]},
    )
    for picture in pictures_of_many_sizes(opened):
        theirs = bare(picture)
        np.testing.assert_allclose(opened.predicted([picture])[0], theirs, atol=2e-5)
        # The evaluation takes what the cache holds.
        cached = opened.model.predict_on_batch(opened.prepared([picture]))[0]
        np.testing.assert_allclose(cached, theirs, atol=2e-5)


@pytest.mark.parametrize("preprocessing", PICTURES)
def test_a_mask_is_that_of_bare_keras_brought_back_over_the_picture(saved, preprocessing):
    from workbench.data.preprocessing import restore_map

    _data, bare, opened = saved(
        dataset={"name": "cells", "count": 12, "size": 32},
        preprocessing={"height": 24, "width": 48, **preprocessing},
        architecture={"name": "unet", "depth": 2, "base_filters": 2},
    )
    for picture in pictures_of_many_sizes(opened):
        theirs = bare(picture)
        assert theirs.shape[:2] == opened.loaded.input.shape[:2]
        whole = restore_map(theirs, picture.shape[:2], opened.preprocessing)
        assert whole.shape[:2] == picture.shape[:2]
        np.testing.assert_allclose(opened.predicted([picture])[0], whole, atol=2e-5)
        cached = opened.model.predict_on_batch(opened.prepared([picture]))[0]
        np.testing.assert_allclose(cached, theirs, atol=2e-5)


@pytest.mark.parametrize("scaling", ["zscore", "minmax", "none"])
@pytest.mark.parametrize("missing", ["mean", "median"])
def test_a_row_with_gaps_is_filled_and_scaled_inside_the_model(saved, tmp_path, scaling, missing):
    random = np.random.default_rng(1)
    rows = [
        ",".join(["" if random.random() < 0.2 else f"{value:.3g}" for value in random.normal(50, 20, 2)])
        + f",{random.choice(['red', 'blue', ''])},{random.normal(1000, 300):.5g}"
        for _row in range(60)
    ]
    (tmp_path / "t.csv").write_text("a,b,colour,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    data, bare, opened = saved(
        dataset={"name": "table_file", "path": str(tmp_path / "t.csv"), "target_kind": "number"},
        preprocessing={"scaling": scaling, "missing": missing},
        architecture={"name": "linear"},
    )
    raw = np.concatenate([data.inputs, np.full((1, 3), np.nan, np.float32)])
    theirs = np.stack([bare(row) for row in raw])
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(np.stack(opened.predicted(list(raw))), theirs, rtol=1e-5)

    training = data.inputs[data.splits["train"]].astype(np.float64)
    middle = np.nanmean if missing == "mean" else np.nanmedian
    numbers = np.where(np.isnan(raw[:, :2]), middle(training[:, :2], axis=0), raw[:, :2])
    filled = np.where(np.isnan(training[:, :2]), middle(training[:, :2], axis=0), training[:, :2])
    if scaling == "zscore":
        numbers = (numbers - filled.mean(axis=0)) / filled.std(axis=0)
    elif scaling == "minmax":
        numbers = (numbers - filled.min(axis=0)) / np.ptp(filled, axis=0)
    usual = np.bincount(training[~np.isnan(training[:, 2]), 2].astype(int)).argmax()
    words = np.eye(2)[np.where(np.isnan(raw[:, 2]), usual, raw[:, 2]).astype(int)]
    kernel, bias = opened.loaded.model.get_layer("logits").get_weights()
    scaled = np.concatenate([numbers, words], axis=1) @ kernel + bias
    by_hand = scaled * data.target.spread + data.target.centre
    np.testing.assert_allclose(theirs, by_hand, rtol=1e-4)
