"""Models that are not as usual: every method shows what is true of them, or says what it needs."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.inspection.looking import look
from workbench.jobs import run_job
from workbench.registry import registry
from workbench.requests import PredictRequest

LOGITS = np.array([2.0, -1.0, 0.5], np.float32)


@pytest.fixture(scope="module")
def save(tmp_path_factory):
    """A function from a name and a Keras model to its file."""
    folder = tmp_path_factory.mktemp("odd")

    def save(name, model):
        model.save(folder / f"{name}.keras")
        return folder / f"{name}.keras"

    return save


@pytest.fixture(scope="module")
def picture():
    """8 x 8, brighter to the right."""
    return np.tile(np.linspace(0, 250, 8).astype(np.uint8)[None, :, None], (8, 1, 3))


def network(units, **settings):
    """A convolution, the means of its maps, and an answer without activation that is the same for all pictures."""
    import keras

    image = keras.Input((8, 8, 3), **settings)
    scaled = keras.layers.Rescaling(1.0)(image)
    hidden = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3, name="maps")(scaled))
    model = keras.Model(image, keras.layers.Dense(units, name="answer")(hidden))
    bias = LOGITS[:units]
    model.get_layer("answer").set_weights([np.zeros((2, units), np.float32), bias])
    return model


def predicted(path, picture):
    import cv2

    pixels = cv2.imencode(".png", picture)[1].tobytes()
    request = PredictRequest(str(path), pixels=pixels, heatmap=True)
    return run_job(request, lambda event: None, Control()).items[0]


def test_logits_of_classes_are_read_as_probabilities_and_the_file_is_left_as_it_is(save, picture):
    import keras

    path = save("logits", network(3))
    expected = np.exp(LOGITS) / np.exp(LOGITS).sum()
    answer = predicted(path, picture).answer
    assert answer.values["class"] == "0"
    assert answer.values["probability"] == pytest.approx(expected[0], rel=1e-5)
    assert look(path, "grad_cam", picture).target == "0"
    assert len(keras.saving.load_model(path).layers) == 5


def test_a_class_called_by_a_number_may_be_asked_for_as_one(save, picture):
    assert look(save("numbers", network(3)), "saliency", picture, target=2).target == "2"


def test_one_unit_without_activation_is_a_number_and_no_probability(save, picture):
    path = save("number", network(1))
    assert predicted(path, picture).answer.values["value"] == pytest.approx(2.0)
    assert look(path, "saliency", picture).target == "higher value"


def test_a_model_that_answers_with_a_dictionary_of_one_output_is_explained(save, picture):
    import keras

    plain = network(3)
    path = save("dictionary", keras.Model(plain.input, {"answer": plain.output}))
    assert look(path, "grad_cam", picture, target="2").target == "2"


def test_every_heatmap_of_a_model_with_two_outputs_says_to_take_one_of_them(save, picture):
    import keras

    plain = network(3)
    path = save("two", keras.Model(plain.input, [plain.output, keras.layers.Dense(1)(plain.output)]))
    for inspector in registry().inspectors:
        if inspector.explains_answers:
            with pytest.raises(UserError, match="Make a model of the one output to explain"):
                look(path, inspector.name, picture)


def test_gradients_of_a_model_that_takes_whole_numbers_say_why_there_are_none(save, picture):
    path = save("whole", network(3, dtype="uint8"))
    for method in ("saliency", "smooth_grad", "integrated_gradients", "activation_maximisation"):
        with pytest.raises(UserError, match=r"whole numbers \(uint8\).*Take Grad-CAM or Occlusion"):
            look(path, method, picture)
    assert look(path, "grad_cam", picture).layer == "maps"


def test_maps_with_the_channels_first_are_not_taken_for_rows(save, picture):
    import keras

    image = keras.Input((8, 8, 3))
    turned = keras.layers.Permute((3, 1, 2))(image)
    maps = keras.layers.ZeroPadding2D(1, data_format="channels_first", name="padded")(turned)
    back = keras.layers.Permute((2, 3, 1))(maps)
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(back)))
    path = save("first", model)
    with pytest.raises(UserError, match="'padded' keeps the channels of its maps first"):
        look(path, "feature_maps", picture, layer="padded")
    with pytest.raises(UserError, match="channels of its maps first"):
        look(path, "grad_cam", picture)
    assert look(path, "saliency", picture).figures


def test_values_that_are_no_numbers_are_named_beside_the_maps_and_refused_where_there_is_nothing_else(save, picture):
    some, none = network(3), network(3)
    for model, places in ((some, np.s_[..., 0]), (none, np.s_[...])):
        kernel, bias = model.get_layer("maps").get_weights()
        kernel[places] = np.nan
        model.get_layer("maps").set_weights([kernel, bias])
    partly = save("partly", some)
    for method in ("feature_maps", "filters", "feature_sheet"):
        assert "50% of the values of maps are not numbers" in look(partly, method, picture).figures[0].note
    with pytest.raises(UserError, match="'maps' are not numbers"):
        look(save("broken", none), "filters")


def test_a_folder_is_not_a_picture(save, picture, tmp_path):
    with pytest.raises(UserError, match="is a folder; one picture"):
        look(save("folder", network(3)), "grad_cam", tmp_path)
