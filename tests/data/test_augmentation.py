"""Augmentation changes training pictures only, as far as asked, and the same way for the same seed."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.augmentation import augment, preview
from workbench.data.image_settings import ImageAugmentation
from workbench.requests import AugmentationRequest
from workbench.specs import ImageInput, ValuesTarget

SIZE = ImageInput(16, 20, 3)
EVERYTHING = {
    "flip": "both", "rotation": 30, "shift": 0.2, "shear": 0.2, "zoom": 0.3, "brightness": 0.3, "contrast": 0.3,
    "crop": 0.1,
}  # fmt: skip
PICTURES = np.random.default_rng(0).integers(30, 225, (24, 16, 20, 3)).astype(np.float32)


def applied(pictures=PICTURES, seed=1, training=True, **changes):
    from keras import ops

    layer = augment(ImageAugmentation(**changes), SIZE, seed)
    return ops.convert_to_numpy(layer(pictures, training=training))


def test_nothing_switched_on_gives_no_layer():
    assert augment(ImageAugmentation(fill="reflect"), SIZE, 0) is None


def test_pictures_are_changed_in_training_only_and_stay_within_their_range():
    changed = applied(**EVERYTHING)
    assert changed.shape == PICTURES.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert np.abs(changed - PICTURES).mean(axis=(1, 2, 3)).min() > 1
    np.testing.assert_array_equal(applied(training=False, **EVERYTHING), PICTURES)


def test_the_same_seed_changes_alike_and_the_state_of_the_generator_brings_it_back():
    from keras import ops

    np.testing.assert_array_equal(applied(seed=5, **EVERYTHING), applied(seed=5, **EVERYTHING))
    assert not np.array_equal(applied(seed=5, **EVERYTHING), applied(seed=6, **EVERYTHING))
    layer = augment(ImageAugmentation(**EVERYTHING), SIZE, 1)
    (state,) = layer.variables
    before = ops.convert_to_numpy(state.value)
    first, second = (ops.convert_to_numpy(layer(PICTURES, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    state.assign(before)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(PICTURES, training=True)), first)


def test_the_generators_state_is_among_the_variables_of_a_model_around_it():
    import keras

    image = keras.Input(SIZE.shape)
    model = keras.Model(image, augment(ImageAugmentation(flip="both"), SIZE, 1)(image, training=True))
    assert len(model.variables) == 1
    assert model.trainable_variables == []


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [2]), ("vertical", [1])])
@pytest.mark.parametrize("other", [{}, {"shift": 1e-9}], ids=["alone", "within the transform"])
def test_a_flip_mirrors_some_pictures_exactly_and_leaves_the_others(flip, axes, other):
    changed = applied(flip=flip, **other)
    same = np.array([np.allclose(a, b, atol=0.01) for a, b in zip(changed, PICTURES, strict=True)])
    mirrored = np.array([np.allclose(a, b, atol=0.01) for a, b in zip(changed, np.flip(PICTURES, axes), strict=True)])
    assert np.all(same ^ mirrored)
    assert 4 < same.sum() < 20


def test_a_crop_moves_by_whole_pixels_as_far_as_it_may():
    marked = np.zeros((200, 16, 20, 3), np.float32)
    marked[:, 8, 10] = 255
    changed = applied(marked, crop=0.1, fill="constant")
    _picture, rows, columns, _channel = np.nonzero(changed > 254)
    assert set(rows) == {6, 7, 8, 9, 10}
    assert set(columns) == {8, 9, 10, 11, 12}
    np.testing.assert_allclose(changed.sum(axis=(1, 2, 3)), 3 * 255, rtol=1e-4)


@pytest.mark.parametrize(("fill", "corner"), [("nearest", {100}), ("reflect", {100, 200}), ("constant", {0, 100, 200})])
def test_what_stands_where_the_picture_was_moved_away_is_chosen(fill, corner):
    pictures = np.full((60, 16, 20, 3), 100, np.float32)
    pictures[:, 6:10, 8:12] = 200
    edge = np.concatenate([applied(pictures, shift=0.3, fill=fill)[:, [0, -1]].ravel()])
    values = {round(float(value)) for value in edge}
    assert values <= set(range(201))
    assert (0 in values) == (0 in corner)
    assert 100 in values


@pytest.mark.parametrize(("name", "amount"), [("rotation", 90), ("shear", 0.5), ("zoom", 0.5), ("shift", 0.3)])
def test_geometry_keeps_the_mean_colour_of_an_even_picture(name, amount):
    even = np.full((8, 16, 20, 3), 77, np.float32)
    np.testing.assert_allclose(applied(even, fill="nearest", **{name: amount}), 77, atol=0.01)


def test_a_rotation_by_a_right_angle_at_most_turns_about_the_centre():
    marked = np.zeros((100, 16, 20, 3), np.float32)
    marked[:, 7:9, 9:11] = 255
    assert applied(marked, rotation=180, fill="constant")[:, 7:9, 9:11].min() > 200


def test_brightness_shifts_and_contrast_stretches_within_their_limits():
    brighter = applied(brightness=0.1) - PICTURES
    assert np.abs(brighter).max() <= 25.6
    assert np.ptp(brighter, axis=(1, 2, 3)).max() < 0.01
    even = np.full((8, 16, 20, 3), 77, np.float32)
    np.testing.assert_allclose(applied(even, contrast=0.9), even, atol=0.01)
    spread = applied(contrast=0.5).std(axis=(1, 2, 3)) / PICTURES.std(axis=(1, 2, 3))
    assert spread.min() < 0.8
    assert spread.max() > 1.05


def test_the_preview_shows_each_sample_before_and_after_and_another_seed_shows_other_changes(home, experiment_on):
    experiment = experiment_on("shapes", count=40, size=24, augmentation={"rotation": 40})
    galleries = [
        preview(AugmentationRequest(experiment, count=4, seed=seed), lambda event: None, Control())
        for seed in (1, 1, 2)
    ]
    tiles = [[tile.pixels for tile in gallery.tiles] for gallery in galleries]
    assert len(tiles[0]) == 16
    captions = [tile.caption for tile in galleries[0].tiles[::4]]
    assert len(set(captions)) == 4
    np.testing.assert_array_equal(tiles[0], tiles[1])
    np.testing.assert_array_equal(tiles[0][0], tiles[2][0])
    assert not np.array_equal(tiles[0][1], tiles[2][1])


def test_the_preview_of_nothing_says_so(home, experiment_on):
    gallery = preview(AugmentationRequest(experiment_on("digits"), count=2), lambda event: None, Control())
    assert "nothing is changed" in gallery.note
    np.testing.assert_array_equal(gallery.tiles[0].pixels, gallery.tiles[1].pixels)


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_a_mirrored_picture_has_the_steering_of_the_other_sign_and_a_moved_one_more(shift):
    """Told by the pictures themselves: a bright column with a grey one on its left, found again afterwards."""
    from keras import ops

    pictures = np.zeros((64, 8, 41, 1), np.float32)
    pictures[:, :, 12], pictures[:, :, 16] = 60.0, 200.0
    steering = np.linspace(-0.8, 0.8, 64, dtype=np.float32)[:, None]
    target = ValuesTarget(("steering",), mirrored=True, per_shift=0.6, centre=(0.1,), spread=(0.5,))
    section = ImageAugmentation(flip="horizontal", shift=shift, fill="constant")
    layer = augment(section, ImageInput(8, 41, 1), 3)
    moved, values = layer.change(pictures, (steering - 0.1) / 0.5, target)
    values = ops.convert_to_numpy(values) * 0.5 + 0.1
    rows = ops.convert_to_numpy(moved)[..., 0].max(axis=1)
    place = (rows * np.arange(41)).sum(axis=1) / rows.sum(axis=1)
    mirrored = rows.argmax(axis=1) < place  # grey on the right
    assert 16 < mirrored.sum() < 48
    sign = np.where(mirrored, -1, 1)
    centre = (12 * 60 + 16 * 200) / 260
    moved_by = place - (20 + sign * (centre - 20))
    np.testing.assert_allclose(values[:, 0], sign * steering[:, 0] + 0.6 * moved_by / 41, atol=0.01)
    assert bool(np.abs(moved_by).max() > 1) == bool(shift)
