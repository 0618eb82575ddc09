"""Saliency, SmoothGrad, integrated gradients and the kin of Grad-CAM equal plain eager computations."""

import time
from dataclasses import replace

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.inspection.heatmaps.explained import Explained, HeatmapSection, explained, settle, target_index
from workbench.inspection.inspector import Question
from workbench.inspection.network import gradients
from workbench.jobs import run_job
from workbench.registry import registry
from workbench.requests import InspectRequest

PIXEL_METHODS = ("saliency", "smooth_grad", "integrated_gradients")


def nested(units=3, activation="softmax", spatial=False):
    """A network with a nested base, random weights, smooth so that references agree to the last digits."""
    import keras

    keras.utils.set_random_seed(5)
    inside = keras.Input((12, 10, 3))
    deep = keras.layers.Conv2D(6, 3, padding="same", activation="tanh", name="first")(inside)
    base = keras.Model(inside, keras.layers.Conv2D(8, 3, activation="softplus", name="deep")(deep), name="base")
    image = keras.Input((12, 10, 3))
    maps = base(image)
    if spatial:
        logits = keras.layers.Conv2D(units, 1, name="logits")(maps)
        return keras.Model(image, keras.layers.Activation(activation, name="output")(logits))
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(image, keras.layers.Dense(units, activation=activation, name="answer")(pooled))


@pytest.fixture(scope="module")
def model():
    return nested()


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).uniform(0, 1, (2, 12, 10, 3)).astype(np.float32)


class Opened:
    """What the methods ask of an opened model."""

    white = 1.0


def asked(method, inputs, control=None, **params):
    """The heats of a method for a model that was not loaded from a file."""
    inspector = registry().inspectors.get(method)
    section = inspector.section.model_validate(params)
    question = Question(Opened(), inputs, (), (), section, ("a", "b", "c"), list, control=control or Control())
    return inspector, question, explained(section, question.choices, None)


def heats(model, method, inputs, **params):
    inspector, question, what = asked(method, inputs, **params)
    return inspector.heat(model, question, what)


def eager_gradient(model, batch, score):
    """Gradients of the sum of scores of logits, by an eager tape over a model cut before its softmax."""
    import keras
    import tensorflow as tf

    answer = model.get_layer("answer")
    batch = tf.constant(batch)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        pooled = keras.Model(model.input, answer.input)(batch)
        total = tf.reduce_sum(score(keras.ops.matmul(pooled, answer.kernel) + answer.bias))
    return tape.gradient(total, batch).numpy()


def test_saliency_is_the_largest_absolute_gradient_before_the_softmax(model, pictures):
    expected = np.abs(eager_gradient(model, pictures, lambda logits: logits[:, 2])).max(axis=-1)
    for heat, values in zip(heats(model, "saliency", pictures, target="c"), expected, strict=True):
        assert heat.target == 2
        assert np.allclose(heat.values, values, rtol=1e-4, atol=1e-6)
        assert heat.values.max() > 1e-4


def test_without_a_class_the_likeliest_is_explained(model, pictures):
    likeliest = np.asarray(model(pictures)).argmax(axis=-1).tolist()
    for method in PIXEL_METHODS:
        assert [heat.target for heat in heats(model, method, pictures)] == likeliest


@pytest.mark.parametrize("baseline", ["black", "white", "grey", "mean", "blurred", "noise"])
def test_integrated_gradients_equal_an_eager_midpoint_rule(model, pictures, baseline):
    from workbench.inspection.heatmaps.baselines import baseline as made

    picture, start = pictures[0], made(baseline, pictures[0], 1.0)
    shares = (np.arange(20, dtype=np.float32) + 0.5)[:, None, None, None] / 20
    gradient = eager_gradient(model, start + shares * (picture - start), lambda logits: logits[:, 1]).mean(axis=0)
    added = ((picture - start) * gradient).sum(axis=-1)
    for shown, expected in (("for", np.maximum(added, 0)), ("against", np.maximum(-added, 0)), ("both", np.abs(added))):
        (heat,) = heats(model, "integrated_gradients", pictures[:1], target="b", steps=20, baseline=baseline,
                        shown=shown)  # fmt: skip
        assert np.allclose(heat.values, expected, atol=1e-4 * np.abs(added).max())


def test_integrated_gradients_add_up_to_the_difference_of_the_scores_and_say_so(model, pictures):
    _outputs, (low, high) = gradients.scores(model)(np.stack([0 * pictures[0], pictures[0]]), np.array([1, 1]))
    (heat,) = heats(model, "integrated_gradients", pictures[:1], target="b", steps=200)
    (against,) = heats(model, "integrated_gradients", pictures[:1], target="b", steps=200, shown="against")
    assert heat.values.sum() - against.values.sum() == pytest.approx(float(high - low), rel=1e-3)
    assert "(gap 0.0%)" in heat.note


def test_smooth_grad_is_the_mean_of_gradients_by_noise_of_the_asked_strength(model, pictures):
    from workbench.inspection.heatmaps.smooth_grad import noisy_copies

    picture = pictures[0]
    copies = noisy_copies(picture, 0.2, 3)(0, 11)
    assert (copies - picture).std() == pytest.approx(0.2 * np.ptp(picture), rel=0.05)
    assert np.allclose(copies[0] + copies[1], 2 * picture, atol=1e-6)
    assert not np.allclose(copies[0], copies[2])
    assert np.array_equal(copies[3:5], noisy_copies(picture, 0.2, 3)(3, 5))
    gradient = eager_gradient(model, copies, lambda logits: logits[:, 0]).mean(axis=0)
    (heat,) = heats(model, "smooth_grad", pictures[:1], target="a", samples=11, noise=0.2, seed=3)
    assert np.allclose(heat.values, np.abs(gradient).max(axis=-1), rtol=1e-3, atol=1e-6)


def maps_and_gradient(model, picture, unit):
    """The maps of the layer `deep` and the gradient of a logit by them."""
    import keras

    answer, base = model.get_layer("answer"), model.get_layer("base")
    maps = np.asarray(base(picture[None]))[0]
    kernel = np.asarray(keras.ops.convert_to_numpy(answer.kernel))[:, unit]
    return maps, np.broadcast_to(kernel / (maps.shape[0] * maps.shape[1]), maps.shape)


def test_layer_cam_weighs_every_place_by_its_positive_gradient(model, pictures):
    maps, gradient = maps_and_gradient(model, pictures[0], 2)
    expected = np.maximum((maps * np.maximum(gradient, 0)).sum(-1), 0)
    (heat,) = heats(model, "layer_cam", pictures[:1], target="c", layer="base/deep")
    assert heat.layer == "base/deep"
    assert np.allclose(heat.values, expected / expected.max(), atol=1e-4)


def test_grad_cam_plus_plus_is_the_papers_formula_in_double_precision(model, pictures):
    maps, gradient = (values.astype(np.float64) for values in maps_and_gradient(model, pictures[0], 2))
    below = 2 * gradient**2 + maps.sum(axis=(0, 1)) * gradient**3
    weights = (gradient**2 / below * np.maximum(gradient, 0)).sum(axis=(0, 1))
    expected = np.maximum((maps * weights).sum(-1), 0)
    (heat,) = heats(model, "grad_cam_plus_plus", pictures[:1], target="c")
    assert np.allclose(heat.values, expected / expected.max(), atol=1e-4)


@pytest.mark.parametrize(("target", "sign"), [("a", -1), ("b", 1)])
def test_one_unit_is_explained_by_what_lowers_and_what_raises_it(pictures, target, sign):
    value = nested(1, "linear")
    expected = sign * eager_gradient(value, pictures, lambda logits: logits[:, 0])
    index = {"a": 0, "b": 1}[target]
    _outputs, scores, found, chosen = gradients.input_gradients(value)(pictures, np.full(2, index))
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-7)
    assert np.allclose(scores, sign * np.asarray(value(pictures))[:, 0], atol=1e-5)
    assert chosen.tolist() == [index, index]


def test_of_a_map_the_mean_score_inside_a_region_is_explained(pictures):
    import tensorflow as tf

    network = nested(3, "softmax", spatial=True)
    rows, columns = network.output_shape[1:3]
    section = HeatmapSection(target="b", region="rectangle", left=0, top=0.5, right=0.5, bottom=1)
    rectangle = explained(section, ("a", "b", "c"), network).places(network, pictures)
    assert rectangle[0].sum() == (rows // 2) * (columns // 2)
    answered = np.asarray(network(pictures)).argmax(-1) == 1
    expected_places = {"predicted": np.where(answered.any((1, 2), keepdims=True), answered, True),
                       "whole": np.ones_like(answered), "rectangle": rectangle > 0}  # fmt: skip
    cut = network.get_layer("logits")
    for name, places in expected_places.items():
        asked_for = Explained(1, (0, 0.5, 0.5, 1)) if name == "rectangle" else Explained(1, name)
        batch = tf.constant(pictures)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            logits = cut(network.get_layer("base")(batch))[..., 1]
            mean = tf.reduce_sum(logits * places, (1, 2)) / places.sum((1, 2))
        expected = tape.gradient(mean, batch).numpy()
        found = gradients.input_gradients(network)(pictures, np.array([1, 1]), asked_for.places(network, pictures))[2]
        assert np.allclose(found, expected, rtol=1e-3, atol=1e-6), name
        assert np.array_equal(settle(network, pictures, asked_for).region > 0, places)


def test_a_rectangle_without_area_and_a_class_that_is_not_there_are_refused():
    with pytest.raises(ValueError, match="has no area"):
        HeatmapSection(region="rectangle", left=0.5, right=0.5)
    with pytest.raises(UserError, match="Did you mean 'green'"):
        target_index("gren", ("red", "green"))


def test_a_model_with_two_inputs_says_what_it_needs():
    import keras

    first, second = keras.Input((4, 4, 3), name="left"), keras.Input((4, 4, 3), name="right")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([first, second]))
    model = keras.Model([first, second], keras.layers.Dense(2)(pooled))
    with pytest.raises(UserError, match=r"one input.*left, right"):
        gradients.scores(model)


def test_layers_of_someone_elses_making_are_differentiated(pictures):
    import keras

    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    image = keras.Input((12, 10, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(Doubled()(image))
    model = keras.Sequential([keras.Model(image, pooled), keras.layers.Dense(3, activation="softmax", name="answer")])
    model.build((None, 12, 10, 3))
    kernel = np.asarray(model.get_layer("answer").kernel)[:, 1]
    (heat,) = heats(model, "saliency", pictures[:1], target="b")
    assert np.allclose(heat.values, 2 * np.abs(kernel).max() / 120, rtol=1e-4)


def test_our_own_resizing_to_whole_grey_levels_lets_gradients_pass(colour_model):
    picture = np.full((1, 20, 30, 3), 99, np.uint8)
    for inputs, shape in ((picture, (1, 20, 30, 3)), (np.full((1, 40, 60, 3), 99, np.uint8), (1, 20, 30, 3))):
        found = gradients.input_gradients(colour_model)(inputs, np.array([0]))[2]
        assert found.shape == shape
        assert np.allclose(found[..., 0], 5 / 255 / 600, rtol=1e-4)
        assert not found[..., 1:].any()


@pytest.mark.parametrize("method", [*PIXEL_METHODS, "grad_cam_plus_plus", "layer_cam"])
def test_every_method_answers_for_a_saved_run_and_a_foreign_file(method, digits_run, tmp_path, encode):
    params = {"smooth_grad": {"samples": 4}, "integrated_gradients": {"steps": 4}}.get(method, {})
    answer = run_job(InspectRequest(str(digits_run), method, params, sample=3), lambda event: None, Control())
    heatmap = answer.figures[0]
    assert heatmap.kind == "heatmap"
    assert (heatmap.values.min() >= 0, heatmap.values.max()) == (True, 1)
    assert answer.target in heatmap.note
    foreign = tmp_path / "foreign.keras"
    nested().save(foreign)
    pixels = encode(np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8))
    answer = run_job(InspectRequest(str(foreign), method, {**params, "target": "2"}, pixels=pixels),
                     lambda event: None, Control())  # fmt: skip
    assert answer.figures[0].values.any()
    assert answer.target == "2"


@pytest.mark.parametrize("method", ["smooth_grad", "integrated_gradients"])
def test_a_stop_is_answered_at_once_while_gradients_are_summed(method, model, pictures):
    control = Control()
    params = {"samples": 1000} if method == "smooth_grad" else {"steps": 1000}
    inspector, question, what = asked(method, pictures[:1], control, **params)
    asking = []

    def stop_at_the_first_batch(_progress):
        if not asking:
            asking.append(time.perf_counter())
            control.stop()

    with pytest.raises(Stopped):
        inspector.heat(model, replace(question, emit=stop_at_the_first_batch), what)
    assert time.perf_counter() - asking[0] < 0.2


def test_values_that_are_no_numbers_are_refused_with_the_reason(pictures):
    broken = nested()
    broken.get_layer("answer").kernel.assign(np.full((8, 3), np.nan, np.float32))
    inspector, question, _what = asked("saliency", pictures[:1])
    with pytest.raises(UserError, match=r"not numbers.*diverged"):
        inspector.inspect(broken, question)
