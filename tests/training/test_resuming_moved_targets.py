"""Runs whose targets move with their pictures go on after a stop as if there had been none, to the bit."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.events import BatchesDone
from workbench.experiment import from_values
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.training.session import resume, train

MASKS = {
    "dataset": {"name": "cells", "count": 16, "size": 32},
    "preprocessing": {"height": 32, "width": 32},
    "augmentation": {"flip": "both", "rotation": 20.0, "brightness": 0.1},
    "architecture": {
        "name": "layers",
        "layers": [
            {"kind": "convolution", "filters": 3, "padding": "same"},
            {"kind": "batch_normalization"},
            {"kind": "dropout", "rate": 0.3},
        ],
    },
}
STEERING = {
    "dataset": {"name": "road", "pictures": 36, "courses": 6},
    "preprocessing": {"height": 16, "width": 32},
    "augmentation": {"flip": "horizontal", "shift": 0.1},
    "architecture": {"name": "layers", "layers": [{"kind": "flatten"}, {"kind": "dropout", "rate": 0.3}]},
}


def state_of(run):
    """Everything of the last checkpoint that is not a time."""
    with np.load(RunFolder(run).checkpoint_path) as file:
        return {name: file[name] for name in file.files if name != "values"}


@pytest.mark.parametrize("sections", [MASKS, STEERING], ids=["masks", "steering"])
def test_a_stop_in_the_middle_of_an_epoch_changes_nothing(home, tmp_path, sections):
    training = {"epochs": 2, "batch_size": 4}
    experiment = from_values({"version": 1, **sections, "training": training}, "the test's experiment")
    whole = train(TrainRequest(experiment, str(tmp_path / "whole")), lambda event: None, Control())
    control = Control()

    def stop_at_once(event):
        if isinstance(event, BatchesDone):
            control.stop()

    run = train(TrainRequest(experiment, str(tmp_path / "stopped")), stop_at_once, control)
    assert RunFolder(run).state() == "stopped"
    resume(ResumeRequest(run), lambda event: None, Control())
    mine, theirs = state_of(run), state_of(whole)
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_array_equal(mine[name], theirs[name], name)
