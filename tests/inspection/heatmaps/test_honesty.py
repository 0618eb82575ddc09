"""A heatmap that can be believed passes its checks, and one that cannot is told from it."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.inspection.answering import inspect
from workbench.inspection.heatmaps.deletion import exchange
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.heatmaps.randomised import (
    cascade,
    copy_of,
    rank_correlation,
    similarities,
    structural_similarity,
    weighted_layers,
)
from workbench.inspection.loaded import open_model
from workbench.registry import registry
from workbench.requests import InspectRequest


class Edges(HeatmapMethod):
    """Looks at the picture alone, whatever the network: what the randomised-weights check is there to find."""

    name = "edges"
    title = "Edges"
    help = "-"

    def heat(self, model, question, asked):
        from workbench.inspection.heatmaps.explained import settle

        settled = settle(model, question.inputs, asked)
        rows, columns = np.gradient(question.inputs[0].astype(np.float32).mean(axis=-1))
        return [Heat(settled.outputs[0], int(settled.index[0]), np.hypot(rows, columns))]


@pytest.fixture
def edges(monkeypatch):
    """The method that does not look at the network, registered for one test."""
    inspectors = registry().inspectors
    monkeypatch.setitem(inspectors._entries, "edges", Edges())
    checks = inspectors.get("honesty")
    vars(checks).pop("section", None)
    yield "edges"
    vars(checks).pop("section", None)


def ask(path, control=None, events=None, pixels=None, **params):
    params = {"steps": 8, "cascade": 2, **params}
    given = {"pixels": pixels} if pixels else {"split": "validation"}
    request = InspectRequest(model=str(path), method="honesty", params=params, **given)
    return inspect(request, (events if events is not None else []).append, control or Control())


def test_pixels_that_matter_ruin_the_answer_first_and_bring_it_first():
    picture = np.zeros((6, 8, 1), np.float32)
    picture[2:4, 1:5] = 1
    black = np.zeros_like(picture)

    def answers(pictures):
        return pictures.mean(axis=(1, 2, 3)) / picture.mean()

    gone = exchange(answers, picture, black, picture[..., 0], 6, 4, 0, Control())
    # A sixth of the pixels is the whole object.
    assert gone.by_heat.tolist() == pytest.approx([1, 0, 0, 0, 0, 0, 0])
    assert gone.area == pytest.approx(1 / 12)
    assert gone.area_by_chance > 0.3
    come = exchange(answers, black, picture, picture[..., 0], 6, 4, 0, Control())
    assert come.by_heat.tolist() == pytest.approx([0, 1, 1, 1, 1, 1, 1])
    assert come.area > come.area_by_chance


def test_a_map_of_what_does_not_matter_is_worse_than_chance(colour_file, edges):
    import cv2

    # The answer is red; what sticks out is green.
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[:, 18:, 2] = 150
    picture[4:16:2, 2:14, 1] = 255
    found = ask(colour_file, pixels=cv2.imencode(".png", picture)[1].tobytes(), method=edges, target="red")
    assert "FAILED deletion" in found.figures[0].warning
    assert "FAILED insertion" in found.figures[0].warning


def test_grad_cam_passes_on_a_trained_network_and_a_map_of_edges_fails(digits_run, edges):
    before = [np.array(weight) for weight in open_model(str(digits_run)).model.weights]
    events = []
    good = ask(digits_run, events=events, method="grad_cam", layer="first")
    heat, deletion, insertion, bars, gallery = good.figures
    assert "Passed deletion" in heat.note
    assert "Passed random weights" in heat.note
    assert "Passed" not in heat.warning
    assert "FAILED" not in heat.note
    assert good.layer == "first"
    by_heat, by_chance = (np.trapezoid(curve.y, curve.x) for curve in deletion.curves)
    assert by_heat < by_chance
    assert len(insertion.curves[0].x) == 9
    assert bars.names == ("1: down to logits", "3: down to first")
    assert len(gallery.tiles) == 3
    assert {event.what for event in events} >= {"Deletion", "Insertion", "Random weights"}
    bad = ask(digits_run, method=edges)
    assert "FAILED random weights" in bad.figures[0].warning
    assert [*bad.figures[3].series.values()] == [pytest.approx((1, 1))] * 2
    assert "SSIM 1.00" in bad.figures[0].warning
    after = open_model(str(digits_run)).model.weights
    assert all(np.array_equal(old, np.array(new)) for old, new in zip(before, after, strict=True))


def test_a_stop_between_random_weights_leaves_the_model_as_it_was(digits_run):
    model = open_model(str(digits_run)).model
    before = [np.array(weight) for weight in model.weights]
    control = Control()

    class Stopping(list):
        def append(self, event):
            if event.what == "Random weights":
                control.stop()

    with pytest.raises(Stopped):
        ask(digits_run, control, Stopping(), method="saliency")
    assert all(np.array_equal(old, np.array(new)) for old, new in zip(before, model.weights, strict=True))


def test_structural_similarity_is_that_of_its_definition():
    drawn = np.random.default_rng(0)
    first = drawn.random((16, 20)).astype(np.float32)
    second = (first + 0.5 * drawn.random((16, 20))).astype(np.float32)
    # The definition, window by window: Gaussian weights of 11 x 11 with a deviation of 1.5, away from the edges.
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(weights, weights) / weights.sum() ** 2
    one, other = ((each - each.min()) / np.ptp(each) for each in (first, second))
    found = []
    for row in range(6):
        for column in range(10):
            a, b = (each[row : row + 11, column : column + 11] for each in (one, other))
            means = [(weights * each).sum() for each in (a, b)]
            spread = [(weights * (each - mean) ** 2).sum() for each, mean in zip((a, b), means, strict=True)]
            shared = (weights * (a - means[0]) * (b - means[1])).sum()
            found.append(
                (2 * means[0] * means[1] + 1e-4) * (2 * shared + 9e-4)
                / ((means[0] ** 2 + means[1] ** 2 + 1e-4) * (sum(spread) + 9e-4))
            )  # fmt: skip
    assert similarities(first, second)[5:11, 5:15].ravel() == pytest.approx(found, abs=1e-5)
    assert structural_similarity(first, first) == pytest.approx(1)
    assert abs(structural_similarity(first, drawn.random((16, 20)))) < 0.2
    assert structural_similarity(np.zeros((1, 3)), np.ones((1, 3))) == pytest.approx(1)  # nothing to see in either


def test_a_copy_of_a_nested_model_has_weights_of_its_own():
    import keras

    inner = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="conv"),
                              keras.layers.BatchNormalization(name="norm")])  # fmt: skip
    model = keras.Sequential([keras.Input((6, 6, 1)), inner, keras.layers.Flatten(), keras.layers.Dense(2, name="out")])
    inner.trainable = False
    copy = copy_of(model)
    assert [layer.name for layer in weighted_layers(copy)] == ["out", "norm", "conv"]
    copy.layers[0].get_layer("conv").kernel.assign(np.zeros((3, 3, 1, 2)))
    assert np.abs(np.array(inner.get_layer("conv").kernel)).max() > 0


def test_a_model_that_cannot_be_copied_says_so():
    import keras

    class Silent(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.units = units

        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="Silent"):
        copy_of(Silent(2))


def test_a_layer_for_a_method_without_one_is_refused(digits_run):
    from workbench.errors import UserError

    with pytest.raises(UserError, match="leave the layer empty"):
        ask(digits_run, method="saliency", layer="first")
    with pytest.raises(UserError, match="there is no 'grad_cat'"):
        ask(digits_run, method="grad_cat")


def test_the_cascade_ends_with_all_layers():
    assert cascade(10, 4) == [1, 2, 5, 10]
    assert cascade(2, 8) == [1, 2]
    assert cascade(7, 1) == [7]


def test_rank_correlation_is_spearmans():
    from scipy.stats import spearmanr

    first, second = np.random.default_rng(0).integers(0, 5, (2, 6, 7))
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first.ravel(), second.ravel())[0])
    assert rank_correlation(first, np.zeros((6, 7))) == 0
