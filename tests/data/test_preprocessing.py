"""The model's own resizing fills the cache: a picture gives the same grey levels either way."""

import numpy as np
import pytest

from workbench.data.decoding import decode_file
from workbench.data.image_settings import ImagePreprocessing
from workbench.data.preprocessing import channel_statistics, resize, resize_pictures, scale
from workbench.experiment import new_experiment


def input_of(preprocessing):
    """A model that ends where the network's own layers begin."""
    import keras

    image = keras.Input((None, None, preprocessing.channels), name="image")
    return keras.Model(image, resize(image, preprocessing))


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(64, 48), (9, 7), (200, 300)], ids=["shrunk", "tiny", "enlarged"])
def test_a_file_predicted_directly_and_through_the_cache_differs_by_at_most_one_grey_level(
    prepared, picture_folder, mode, size
):
    folder = picture_folder({"a": 3, "b": 3}, size=(90, 130))
    preprocessing = {"height": size[0], "width": size[1], "channels": 3, "resize": mode}
    data = prepared("image_folder", path=str(folder), preprocessing=preprocessing)
    model = input_of(ImagePreprocessing(**preprocessing))
    for index in range(len(data.names)):
        direct = model.predict_on_batch(decode_file(data.paths[index], 3)[None].astype(np.float32))[0]
        assert direct.shape == data.inputs[index].shape
        assert np.abs(direct - data.inputs[index].astype(np.float32)).max() <= 1


def test_a_picture_of_the_right_size_passes_through_model_and_cache_unchanged():
    picture = np.random.default_rng(0).integers(0, 256, (28, 20, 3)).astype(np.uint8)
    for mode in ("stretch", "crop", "pad"):
        preprocessing = ImagePreprocessing(height=28, width=20, channels=3, resize=mode)
        np.testing.assert_array_equal(resize_pictures([picture], preprocessing)[0], picture)
        np.testing.assert_array_equal(input_of(preprocessing).predict_on_batch(picture[None])[0], picture)


def test_the_model_gives_whole_grey_levels_and_can_be_saved_and_opened_safely(tmp_path, smooth_picture):
    import keras

    preprocessing = ImagePreprocessing(height=13, width=17, channels=3, resize="crop")
    model = input_of(preprocessing)
    picture = smooth_picture(50, 61)[None].astype(np.float32)
    values = model.predict_on_batch(picture)
    np.testing.assert_array_equal(values, np.round(values))
    model.save(tmp_path / "input.keras")
    again = keras.saving.load_model(tmp_path / "input.keras", safe_mode=True)
    np.testing.assert_array_equal(again.predict_on_batch(picture), values)


def test_pictures_of_different_sizes_are_resized_as_each_one_alone(smooth_picture):
    preprocessing = ImagePreprocessing(height=16, width=16, channels=3)
    pictures = [smooth_picture(h, w, seed) for seed, (h, w) in enumerate([(30, 40), (16, 16), (30, 40), (8, 90)])]
    together = resize_pictures(pictures, preprocessing)
    for picture, resized in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(resize_pictures([picture], preprocessing)[0], resized)


def test_crop_cuts_the_longer_side_and_pad_adds_black_to_the_shorter():
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = 200
    cropped = resize_pictures([picture], ImagePreprocessing(height=20, width=20, channels=3, resize="crop"))[0]
    assert cropped.min() == 200
    padded = resize_pictures([picture + 50], ImagePreprocessing(height=60, width=60, channels=3, resize="pad"))[0]
    assert padded[:19].max() == padded[41:].max() == 0
    assert padded[21:39].min() == 50


@pytest.mark.parametrize(
    ("scaling", "factor", "low", "high"),
    [("unit", None, 0, 1), ("symmetric", None, -1, 1), ("standardize", None, -2, 3), ("unit", 2.0, 0, 510)],
)
def test_scaling_brings_grey_levels_to_its_range_and_the_override_takes_its_place(scaling, factor, low, high):
    import keras

    experiment = new_experiment().changed("preprocessing.scaling", scaling)
    experiment = experiment.changed("overrides.scaling_factor", factor)
    image = keras.Input((None, None, 1))
    model = keras.Model(image, scale(image, experiment, (np.array([102.0]), np.array([51.0**2]))))
    values = model.predict_on_batch(np.array([0, 255], np.float32).reshape(1, 2, 1, 1)).ravel()
    np.testing.assert_allclose(values, [low, high], atol=1e-5)
    assert model.layers[-1].name == "scale"


def test_statistics_are_those_of_the_training_split_alone(prepared):
    data = prepared("shapes", count=60, size=16)
    training = data.inputs[data.splits["train"]].reshape(-1, 3).astype(float)
    mean, variance = channel_statistics(data)
    np.testing.assert_allclose(mean, training.mean(axis=0))
    np.testing.assert_allclose(variance, training.var(axis=0))
