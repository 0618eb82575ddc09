"""Generated shapes: any size, count and number of classes, the same for the same seed."""

import numpy as np
import pytest

from workbench.data.sources.shapes import ShapesSection, ShapesSource
from workbench.errors import UserError


def opened(**settings):
    return ShapesSource().open(ShapesSection(**settings), lambda event: None)


@pytest.mark.parametrize("classes", [2, 12, 13, 120, 1000])
def test_any_number_of_classes_has_distinct_names_and_balanced_labels(classes):
    samples = opened(classes=classes, count=2 * classes + 10)
    assert len(set(samples.target.class_names)) == classes
    counts = np.bincount(samples.targets, minlength=classes)
    assert counts.max() - counts.min() <= 1


def test_a_picture_depends_on_seed_and_index_alone():
    first, again, other = opened(count=50), opened(count=5000), opened(count=50, seed=1)
    for index in (3, 40, 7):
        np.testing.assert_array_equal(first.read(index, 3), again.read(index, 3))
        assert not np.array_equal(first.read(index, 3), other.read(index, 3))


def test_size_channels_and_noise_are_as_asked():
    assert opened(size=33).read(0, 3).shape == (33, 33, 3)
    assert opened(size=33, colour=False).read(0, 1).shape == (33, 33, 1)
    assert opened(size=8, classes=12).read(5, 3).shape == (8, 8, 3)
    clean, noisy = opened(noise=0.0).read(1, 1), opened(noise=0.4).read(1, 1)
    assert len(np.unique(clean)) < len(np.unique(noisy))


def test_shapes_of_different_classes_differ_and_are_visible():
    samples = opened(classes=12, noise=0.0, colour=False, count=120)
    for index in range(120):
        picture = samples.read(index, 1)
        shares = np.unique(np.round(picture / 20), return_counts=True)[1] / picture.size
        assert np.sort(shares)[-2] > 0.02


def test_many_classes_without_colour_are_refused_with_the_limit(experiment_on):
    with pytest.raises(UserError, match="at most 12 classes"):
        experiment_on("shapes", classes=13, colour=False)
