"""Occlusion equals covering one square after another by hand, and finds what a network looks at."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.inspection.answering import inspect
from workbench.inspection.heatmaps.occlusion import by_whole_pictures, drop_map, starts
from workbench.requests import InspectRequest


def test_the_map_equals_covering_one_square_after_another():
    import keras

    from workbench.inspection.network import gradients

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((11, 9, 2)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Flatten(),
         keras.layers.Dense(3, name="answer"), keras.layers.Softmax()]
    )  # fmt: skip
    picture = np.random.default_rng(0).uniform(0, 255, (11, 9, 2)).astype(np.float32)
    score = gradients.scores(model)

    def of_pictures(given):
        return score(given, np.full(len(given), 1, np.int32))[1]

    logits = keras.Model(model.inputs[0], model.get_layer("answer").output)
    whole = float(logits(picture[None])[0, 1])
    covering = by_whole_pictures(of_pictures, picture, (4, 4), Control(), whole)
    found = drop_map(covering, (11, 9), (4, 4), 3, 127.5)
    total, count = np.zeros((11, 9)), np.zeros((11, 9))
    for top in (0, 3, 6, 7):
        for left in (0, 3, 5):
            covered = picture.copy()
            covered[top : top + 4, left : left + 4] = 127.5
            total[top : top + 4, left : left + 4] += whole - float(logits(covered[None])[0, 1])
            count[top : top + 4, left : left + 4] += 1
    assert np.allclose(found, total / count, atol=1e-4 * np.abs(total).max())
    assert np.abs(found).max() > 1


def test_squares_reach_the_edge_and_one_larger_than_the_picture_covers_all_of_it():
    assert list(starts(10, 4, 3)) == [0, 3, 6]
    assert list(starts(11, 4, 3)) == [0, 3, 6, 7]
    assert list(starts(5, 5, 8)) == [0]


def ask(path, picture, control=None, events=None):
    request = InspectRequest(model=str(path), method="occlusion", pixels=picture, params={"size": 4, "stride": 2})
    return inspect(request, (events if events is not None else []).append, control or Control())


def test_a_network_whose_classes_are_colours_loses_most_where_its_colour_is_covered(colour_file, picture_bytes):
    events = []
    answer = ask(colour_file, picture_bytes, events=events)
    heat = answer.figures[0].values
    assert answer.target == "red"
    assert heat[:, :15].mean() > 5 * heat[:, 15:].mean()
    assert events[-1].done == events[-1].total > 50


def test_occlusion_stops_when_it_is_asked_to(colour_file, picture_bytes):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        ask(colour_file, picture_bytes, control)


def test_the_square_fits_the_picture_unless_it_is_set(colour_file, picture_bytes):
    request = InspectRequest(model=str(colour_file), method="occlusion", params={}, pixels=picture_bytes)
    note = inspect(request, [].append, Control()).figures[0].note
    assert "A grey square of 4 px moved by 2 px" in note  # of 20 x 30
