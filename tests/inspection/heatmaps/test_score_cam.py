"""Score-CAM equals its algorithm written out, and finds what a network looks at."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.inspection.answering import inspect
from workbench.inspection.heatmaps.score_cam import liveliest, masks
from workbench.requests import InspectRequest


def ask(path, picture, control=None, events=None, **params):
    request = InspectRequest(model=str(path), method="score_cam", pixels=picture, params=params)
    return inspect(request, (events if events is not None else []).append, control or Control())


def test_the_heatmap_equals_the_algorithm_of_the_paper_map_by_map(digits_run):
    import cv2
    import keras

    from workbench.inspection.loaded import open_data, open_model

    opened = open_model(str(digits_run))
    data = open_data(opened.run.experiment(), lambda event: None, Control())
    picture = np.asarray(data.inputs[int(data.splits["validation"][0])])
    model = opened.model
    look = keras.Model(model.inputs[0], [model.get_layer("first").output, model.get_layer("logits").output])
    maps, logits = (np.asarray(value[0]) for value in look(picture[None].astype(np.float32)))
    target = int(logits.argmax())
    # What comes behind the resizing to whole grey levels, by hand: masked pictures are not whole.
    inner = keras.Model(model.get_layer("scale").output, model.get_layer("logits").output)
    scores = []
    for channel in range(maps.shape[-1]):
        large = cv2.resize(maps[..., channel], picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        mask = (large - large.min()) / max(float(np.ptp(large)), 1e-12)
        scores.append(float(inner((picture * mask[..., None] / 255)[None].astype(np.float32))[0, target]))
    lively = np.ptp(maps, axis=(0, 1)) > 0
    weights = np.exp(scores) * lively
    expected = np.maximum((maps * weights / weights.sum()).sum(axis=-1), 0)
    request = InspectRequest(model=str(digits_run), method="score_cam", split="validation", params={"layer": "first"})
    found = inspect(request, lambda event: None, Control()).figures[0].values
    assert np.abs(found - expected / expected.max()).max() < 1e-4


def test_a_network_whose_classes_are_colours_is_warm_where_its_colour_is(colour_file, picture_bytes):
    events = []
    red, blue = (ask(colour_file, picture_bytes, events=events, target=name).figures[0] for name in ("red", "blue"))
    for heat, warm, cool in ((red, slice(0, 15), slice(15, 30)), (blue, slice(15, 30), slice(0, 15))):
        assert heat.values[:, warm].max() == 1
        # Not 0: a softmax of scores that lie close together weighs maps almost alike.
        assert 0 < heat.values[:, cool].max() < 0.9
    assert events[-1].done == events[-1].total == 2
    assert "2 of 3 maps" in blue.note  # green is the same everywhere


def test_only_the_maps_that_vary_most_are_tried(colour_file, picture_bytes):
    events = []
    ask(colour_file, picture_bytes, events=events, channels=1)
    assert events[-1].total == 1
    maps = np.zeros((2, 2, 3))
    maps[0, 0] = 1, 0, 5
    assert liveliest(maps, 0).tolist() == [0, 2]
    assert liveliest(maps, 1).tolist() == [2]


def test_masks_reach_from_0_to_1():
    found = masks(np.random.default_rng(0).normal(3, 2, (4, 5, 6)), (9, 13))
    assert found.shape == (6, 9, 13)
    assert np.allclose(found.min(axis=(1, 2)), 0)
    assert np.allclose(found.max(axis=(1, 2)), 1)


def test_it_stops_when_it_is_asked_to(colour_file, picture_bytes):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        ask(colour_file, picture_bytes, control)
