"""A method is asked from Python in a line, about a file, an array or a sample."""

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.inspection.looking import look


def test_a_file_and_its_pixels_give_the_same_heatmap(colour_file, picture_bytes, red_left_blue_right, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(picture_bytes)
    of_file = look(colour_file, "grad_cam", path, target="blue")
    of_pixels = look(colour_file, "grad_cam", red_left_blue_right, target="blue")
    assert of_file.target == "blue"
    assert np.array_equal(of_file.figures[0].values, of_pixels.figures[0].values)
    assert of_file.figures[0].values[:, 15:].mean() > 20 * of_file.figures[0].values[:, :15].mean()


def test_a_sample_of_a_run_is_looked_at_with_settings(digits_run):
    answer = look(digits_run, "integrated_gradients", sample=2, steps=5, shown="both")
    assert answer.figures[0].values.shape == (28, 28)
    assert answer.samples > 2


def test_an_array_that_is_no_picture_says_what_is_expected(colour_file):
    with pytest.raises(UserError, match=r"uint8.*float64 \(4, 4, 3\)"):
        look(colour_file, "saliency", np.zeros((4, 4, 3)))
