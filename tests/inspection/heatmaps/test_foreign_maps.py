"""A `.keras` file of someone else's that answers at every pixel: predicted, explained and watched like our own."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.inspection.live.eye import Eye
from workbench.inspection.looking import look
from workbench.jobs import run_job
from workbench.registry import registry
from workbench.requests import InspectRequest, PredictRequest
from workbench.runs.model_file import load_model
from workbench.specs import MaskTarget

QUICK = {"smooth_grad": {"samples": 2}, "integrated_gradients": {"steps": 2}, "occlusion": {"size": 8, "stride": 8},
         "score_cam": {}, "honesty": {"steps": 4, "cascade": 1, "draws": 1}}  # fmt: skip
METHODS = ["saliency", "grad_cam", "grad_cam_plus_plus", "layer_cam", *QUICK]
LEFT = {"region": "rectangle", "left": 0.0, "top": 0.0, "right": 0.4, "bottom": 1.0}


def write_network(path, kernel, activation, bias=0.0):
    """One convolution of one pixel behind another: what every pixel is taken for is known exactly."""
    import keras

    image = keras.Input((16, 24, 3))
    colours = keras.layers.Conv2D(3, 1, name="colours")(image)
    answer = keras.layers.Conv2D(kernel.shape[-1], 1, activation=activation, name="answer")(colours)
    model = keras.Model(image, answer)
    for name, weights, offset in (("colours", np.eye(3), 0.0), ("answer", kernel, bias)):
        model.get_layer(name).set_weights([weights[None, None], np.full(weights.shape[-1], offset)])
    model.save(path)
    return str(path)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """Every pixel is of the class of its brightest colour."""
    return write_network(tmp_path_factory.mktemp("maps") / "colours.keras", 8 * np.eye(3), "softmax")


@pytest.fixture(scope="module", params=["sigmoid", "linear"])
def reddish(request, tmp_path_factory):
    """One unit: a pixel that is much more red than blue is of class 1; with and without a sigmoid of its own."""
    kernel = np.array([[8.0], [0.0], [-8.0]])
    return write_network(tmp_path_factory.mktemp("maps") / f"{request.param}.keras", kernel, request.param, -3.0)


@pytest.fixture(scope="module")
def red_beside_blue():
    """Red on its left half, blue on its right."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30, 0] = pixels[:, 30:, 2] = 250
    return pixels


def predicted(model, pixels):
    items = run_job(PredictRequest(model, pixels=pixels, heatmap=True), lambda event: None, Control()).items
    assert [item.error for item in items] == [""]
    return items[0]


def test_a_map_is_read_as_classes_of_pixels_and_predicted_with_its_mask(colours, picture_bytes):
    loaded = load_model(colours)
    assert loaded.target == MaskTarget(("0", "1", "2"))
    assert registry().tasks.get(loaded.task).learns is MaskTarget
    item = predicted(colours, picture_bytes)
    shares = item.answer.values["classes"]
    assert shares["0"] > shares["2"] > 0.1  # the red square is larger than the blue one; black counts as the first
    assert [figure.kind for figure in item.figures] == ["heatmap"]


def test_one_unit_per_pixel_stands_for_two_classes_whether_a_sigmoid_follows_or_not(reddish, picture_bytes):
    assert load_model(reddish).target == MaskTarget(("0", "1"))
    shares = predicted(reddish, picture_bytes).answer.values["classes"]
    assert shares["1"] == pytest.approx(400 / 2400, abs=0.02)  # the red square


@pytest.mark.parametrize("method", METHODS)
def test_every_heatmap_explains_a_class_inside_a_region_only(method, colours, red_beside_blue):
    answer = look(colours, method, red_beside_blue, target="0", **LEFT, **QUICK.get(method, {}))
    heatmap = next(figure for figure in answer.figures if figure.kind == "heatmap")
    assert (answer.maps, answer.target) == (True, "0")
    columns = heatmap.values.shape[1]
    left, right = heatmap.values[:, : columns // 3], heatmap.values[:, -columns // 4 :]
    assert left.max() > 0.5
    # The layer's own maps are weighted as a whole: what is like the region is warm elsewhere, too.
    assert method.endswith("cam") or method in ("honesty", "grad_cam_plus_plus") or right.max() < 0.05


def test_the_live_view_lays_the_mask_over_the_picture(reddish, red_left_blue_right):
    eye = Eye(reddish)
    seen = eye.look(red_left_blue_right, "grad_cam", "", 3)
    assert "16." in seen.text or "17." in seen.text
    painted = np.abs(seen.over.astype(int) - red_left_blue_right).sum(axis=-1) > 0
    assert painted[12:28, 8:22].mean() > painted[12:28, 42:52].mean()


def test_features_in_place_of_classes_are_no_map_of_classes(tmp_path):
    import keras

    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.Conv2D(300, 1)(image)).save(tmp_path / "features.keras")
    assert load_model(tmp_path / "features.keras").target is None
    with pytest.raises(UserError, match="neither a value per class nor a map"):
        Eye(str(tmp_path / "features.keras"))


def test_a_region_of_an_answer_that_is_no_map_is_refused(colour_file, picture_bytes):
    request = InspectRequest(str(colour_file), "grad_cam", {"region": "whole"}, pixels=picture_bytes)
    with pytest.raises(UserError, match=r"region is 'whole'.*one answer for the whole picture.*Leave the region out"):
        run_job(request, lambda event: None, Control())
