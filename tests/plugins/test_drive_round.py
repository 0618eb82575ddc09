"""From the generated road to a car that drives: trained for real, served for real, driven round by a real client."""

import pytest

from workbench.control import Control
from workbench.data.road.camera import picture
from workbench.data.road.course import course_of
from workbench.data.road.driving import drive_round
from workbench.experiment import from_values, read_experiment
from workbench.jobs import run_job
from workbench.paths import resources
from workbench.requests import TrainRequest

SMALL_PILOTNET = {
    "version": 1,
    "dataset": {"name": "road", "pictures": 500, "courses": 10},
    "splits": {"validation": 0.1, "test": 0.1},
    "preprocessing": {"height": 33, "width": 100},
    "augmentation": {"flip": "horizontal"},
    "architecture": {"name": "pilotnet", "filters": [16, 24, 32], "small_filters": [], "dense": [32], "dropout": 0.0},
    "training": {"epochs": 9, "optimizer": {"name": "adam", "learning_rate": 0.0015}},
}
UNSEEN_COURSE = 700_008


@pytest.fixture
def trained_run(home):
    """A small PilotNet that learned the generated road for a few seconds."""
    events = []
    experiment = from_values(SMALL_PILOTNET, "the experiment of the test")
    run_job(TrainRequest(experiment, str(home / "runs")), events.append, Control())
    end = events[-1]
    assert end.state == "completed"
    assert end.metrics["val_mae"] < 0.1
    return end.run


def test_a_network_that_learned_the_road_drives_a_course_it_never_saw(trained_run, serve, simulator):
    service = serve(trained_run)
    car = simulator(service.address)
    course = course_of(UNSEEN_COURSE)
    drive = drive_round(course, lambda pose, speed: car.drive(picture(course, pose), speed), seconds=0.2)
    assert drive.stayed, drive
    assert drive.metres >= course.length
    shown = service.events[-1].numbers
    assert shown["frames"] > 100
    assert shown["rejected"] == 0


def test_the_shipped_recipe_is_an_experiment_on_the_road():
    recipe = read_experiment(resources() / "experiments" / "road.toml")
    assert (recipe.dataset.name, recipe.architecture.name) == ("road", "pilotnet")
    assert (recipe.preprocessing.height, recipe.preprocessing.width) == (66, 200)
