"""Activation maximisation finds what is known to be looked for, and every gradient on the way is the right one."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.events import Progress
from workbench.inspection.answering import inspect
from workbench.inspection.features.ascent import Pixels, Plan, Spectrum, View, ascend
from workbench.requests import InspectRequest


def asked(model, control=None, emit=lambda event: None, **params):
    return inspect(InspectRequest(str(model), "activation_maximisation", params), emit, control or Control())


def scores_of(tile):
    """(reached, noise) of a caption."""
    _name, reached, noise = tile.caption.split("\n")
    return float(reached.removeprefix("score ")), float(noise.removeprefix("noise "))


@pytest.mark.parametrize("parametrisation", ["fourier", "pixel"])
def test_the_picture_for_red_is_red_and_scores_more_than_noise(parametrisation, colour_file):
    answer = asked(colour_file, target="red", parametrisation=parametrisation)
    (tile,) = answer.figures[0].tiles
    assert tile.pixels.shape == (20, 30, 3)
    red, green, blue = tile.pixels.mean(axis=(0, 1))
    assert red > 220
    assert max(green, blue) < 140
    reached, noise = scores_of(tile)
    assert reached == pytest.approx(5 * red / 255, abs=0.02)
    assert noise == pytest.approx(2.5, abs=0.2)
    assert (answer.layer, answer.target) == ("", "red")


@pytest.mark.parametrize("parametrisation", ["fourier", "pixel"])
def test_channels_of_a_layer_get_a_picture_each_and_the_same_seed_the_same(parametrisation, colour_file):
    question = {"layer": "colours", "parametrisation": parametrisation, "steps": 60, "size": 40}
    first, again = (asked(colour_file, **question).figures[0].tiles for _time in range(2))
    alone = asked(colour_file, **question, first=1, channels=1).figures[0].tiles
    other = asked(colour_file, **question, seed=1).figures[0].tiles
    assert len(first) == 3
    assert [int(tile.pixels.mean(axis=(0, 1)).argmax()) for tile in first] == [0, 1, 2]
    for one, two, three in zip(first, again, other, strict=True):
        assert one.pixels.shape == (27, 40, 3)
        assert np.array_equal(one.pixels, two.pixels)
        assert not np.array_equal(one.pixels, three.pixels)
    assert np.abs(alone[0].pixels.astype(int) - first[1].pixels).max() <= 2


def test_every_channel_of_a_grey_network_scores_more_than_noise(digits_run):
    events = []
    answer = asked(digits_run, emit=events.append, channels=12, steps=40)
    assert answer.layer == "second"
    assert len(answer.figures[0].tiles) == 12
    for tile in answer.figures[0].tiles:
        assert tile.pixels.ndim == 2
        reached, noise = scores_of(tile)
        assert reached > noise
    assert [event for event in events if isinstance(event, Progress)][-1].done == 12 * 40


def test_the_classes_are_called_by_name_and_answered_as_such(digits_run):
    from workbench.inspection.loaded import open_model
    from workbench.inspection.network import gradients

    tiles = asked(digits_run, layer="output", channels=10).figures[0].tiles
    assert [tile.caption.split("\n")[0] for tile in tiles] == list("0123456789")
    pictures = np.stack([tile.pixels for tile in tiles])[..., None]
    answers = gradients.outputs(open_model(str(digits_run)).model)(pictures)
    assert answers.argmax(axis=1).tolist() == list(range(10))


def test_a_single_unit_has_a_picture_for_each_of_its_two_classes(make_colour_model, tmp_path):
    from workbench.runs.model_file import save_model

    model, about = make_colour_model(1, "sigmoid", ("red", "blue"))
    save_model(model, tmp_path / "one.keras", about)
    for target, channel in (("red", 0), ("blue", 2)):
        (tile,) = asked(tmp_path / "one.keras", target=target, steps=40).figures[0].tiles
        assert tile.pixels.mean(axis=(0, 1)).argmax() == channel
        assert scores_of(tile)[0] > 1
    (tile,) = asked(tmp_path / "one.keras", layer="logits", steps=1).figures[0].tiles
    assert tile.caption.startswith("#0")


def test_a_unit_that_is_silent_on_noise_is_woken(tmp_path):
    import keras

    inputs = keras.Input((8, 8, 1))
    bias = keras.initializers.Constant([-0.9, 0.1])
    kernel = keras.initializers.Ones()
    maps = keras.layers.Conv2D(2, 1, kernel_initializer=kernel, bias_initializer=bias, activation="relu", name="maps")
    inside = keras.Model(inputs, maps(inputs), name="base")
    pooled = keras.layers.GlobalMaxPooling2D()(inside(inputs))
    outputs = keras.layers.Dense(2, activation="softmax", name="answer", kernel_initializer=kernel)(pooled)
    keras.Model(inputs, outputs).save(tmp_path / "foreign.keras")
    answer = asked(tmp_path / "foreign.keras", layer="base/maps", order="active", channels=2)
    assert [tile.caption.split("\n")[0] for tile in answer.figures[0].tiles] == ["#1", "#0"]
    for tile in answer.figures[0].tiles:  # of values from 0 to 1, as it takes them
        assert tile.pixels.min() > 200
    assert scores_of(answer.figures[0].tiles[1])[1] == pytest.approx(-0.4, abs=0.05)


def test_a_stop_is_answered_at_once(digits_run):
    control, steps = Control(), []

    def emit(event):
        steps.append(event)
        control.stop()

    with pytest.raises(Stopped):
        asked(digits_run, control, emit, steps=10_000)
    assert len(steps) == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"target": "gren"}, "Did you mean"),
        ({"layer": "colors"}, "Did you mean"),
        ({"layer": "colours", "first": 3}, "has 3 channels, from 0 to 2"),
        ({"steps": 0}, "steps"),
    ],
)
def test_what_does_not_exist_is_refused_in_words(params, message, colour_file):
    with pytest.raises(UserError, match=message):
        asked(colour_file, **params)


@pytest.mark.parametrize("kind", [Spectrum, Pixels])
@pytest.mark.parametrize("size", [(9, 12), (4, 6), (20, 17)])
def test_the_gradient_by_the_parameters_is_that_of_finite_differences(kind, size):
    random = np.random.default_rng(0)
    space, view = kind(*size, 2), View(size, (9, 12, 2))
    parameters, along = (space.noise(random)[None] for _one in range(2))
    weights = random.standard_normal((1, 9, 12, 2)).astype(np.float32)
    shifts = view.shifts([random], 0.2)

    def score(parameters):
        return float((view.see(space.values(parameters), shifts) * weights).sum())

    again = space.values(space.parameters(space.values(parameters)))
    assert np.allclose(again, space.values(parameters), atol=1e-5)
    gradient = space.gradient(view.gradient(weights, shifts))
    # A coefficient stands for the mirror image of its wave as well: a factor of 2, which Adam takes out. The waves
    # that are their own mirror images are left aside.
    along[:, :, [0, -1]] = 0
    factor = 2 if kind is Spectrum else 1
    change = score(parameters + along) - score(parameters)
    assert factor * (gradient * along).sum() == pytest.approx(change, rel=1e-2)


def test_scales_begin_small_and_end_at_the_size():
    plan = Plan((28, 28, 1), (28, 28), 1.0, True, 10, 0.05, 0.0, 0.0, 8, 0)
    assert plan.sizes[0] == (4, 4)
    assert plan.sizes[-1] == (28, 28)
    assert replace(plan, size=(3, 3)).sizes == [(3, 3)]


def test_without_a_gradient_the_picture_stays_noise_and_that_is_told():
    plan = Plan((8, 8, 1), (8, 8), 255.0, True, 5, 0.05, 0.0, 0.0, 1, 0)
    flat = ascend(plan, lambda views, units: (views.mean(axis=(1, 2, 3)), np.zeros_like(views)), np.array([0]), list)
    assert flat[3].tolist() == [False]
    assert flat[1] == pytest.approx(flat[2], abs=1)


@pytest.mark.parametrize("kind", [Spectrum, Pixels])
def test_a_blur_takes_fine_noise_and_leaves_the_mean(kind):
    space = kind(16, 12, 1)
    parameters = space.noise(np.random.default_rng(0))[None]
    before, after = space.values(parameters), space.values(space.blurred(parameters, 3.0))
    assert after.mean() == pytest.approx(before.mean(), abs=1e-5)
    assert np.abs(np.diff(after, axis=1)).mean() < 0.3 * np.abs(np.diff(before, axis=1)).mean()
