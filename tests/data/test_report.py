"""The report tells what there is, in numbers that agree with the prepared data."""

import json

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.report import report
from workbench.figures import Bars, Gallery, Table
from workbench.requests import DataRequest


@pytest.fixture
def reported(home, experiment_on):
    def make(name, gallery=60, **settings):
        return report(DataRequest(experiment_on(name, **settings), gallery), lambda event: None, Control())

    return make


def test_the_digits_are_reported_with_classes_splits_and_figures(reported):
    answer = reported("digits")
    assert answer.samples == 1797
    assert answer.splits == {"train": 1257, "validation": 270, "test": 270}
    assert answer.classes["3"] == 183
    assert {name: sum(counts.values()) for name, counts in answer.class_splits.items()} == answer.splits
    gallery, bars, sizes = answer.figures
    assert isinstance(gallery, Gallery)
    assert len(gallery.tiles) == 60
    assert gallery.tiles[0].pixels.shape == (28, 28)
    assert isinstance(bars, Bars)
    assert set(bars.series) == {"Training", "Validation", "Test"}
    assert isinstance(sizes, Table)
    assert sizes.rows == (("8 x 8", 1797),)


def test_tiles_show_the_training_sample_whose_index_they_carry(reported, prepared):
    answer = reported("shapes", gallery=5, count=50, size=16)
    data = prepared("shapes", count=50, size=16)
    for tile in answer.figures[0].tiles:
        row = data.splits["train"][tile.sample]
        np.testing.assert_array_equal(tile.pixels, data.inputs[row])
        assert tile.caption == data.target.class_names[data.targets[row]]


def test_problems_and_leaks_come_with_names_and_everything_is_plain_json(reported, picture_folder):
    for split in ("train", "test"):
        folder = picture_folder({"a": 3, "b": 3}, split=split)
    (folder / "test" / "a" / "copy.png").write_bytes((folder / "train" / "a" / "ảnh 001.png").read_bytes())
    (folder / "train" / "b" / "bad.png").write_bytes(b"")
    answer = reported("image_folder", path=str(folder), preprocessing={"height": 20, "width": 24})
    values = json.loads(json.dumps(answer.to_json()))
    assert values["samples"] == 13
    assert {"where": "train/b/bad.png", "reason": "the file is empty"} in values["problems"]
    assert ["train/a/ảnh 001.png", "test/a/copy.png"] in values["leaks"]
    assert values["input"] == {"kind": "image", "height": 20, "width": 24, "channels": 3}
