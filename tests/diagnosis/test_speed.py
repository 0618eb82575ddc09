"""Images a second: measured with random pictures, no data; kept; stoppable."""

import json

import pytest

from workbench.architectures.speeds import case_of, kept, this_machine
from workbench.cli import run
from workbench.control import Control, Stopped
from workbench.diagnosis.speed import experiment_of, measure
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.requests import MeasureRequest


def test_an_architecture_is_measured_at_the_experiments_input_and_batch(home):
    experiment = new_experiment("digits", "lenet5").changed("training.batch_size", 8)
    told = []
    (speed,) = measure(MeasureRequest(experiment, standard=True), told.append, Control())  # it has no standard size
    assert speed.case == case_of(experiment)
    assert speed.batch == 8
    assert speed.predicting > speed.training > 1
    assert speed.machine == this_machine()
    assert kept() == {speed.case: speed}
    assert [(event.done, event.total) for event in told] == [(0, 3), (1, 3), (2, 3)]


def test_it_can_be_stopped_and_keeps_nothing_half_measured(home):
    control = Control()

    def stop(event):
        if event.done == 1:
            control.stop()

    with pytest.raises(Stopped):
        measure(MeasureRequest(new_experiment("digits", "lenet5")), stop, control)
    assert kept() == {}


def test_samples_that_are_no_pictures_have_nothing_to_measure(home):
    with pytest.raises(UserError, match="no pictures"):
        measure(MeasureRequest(new_experiment("iris", "mlp"), standard=True), lambda event: None, Control())


def test_its_experiment_has_the_settings_of_the_case_and_needs_no_data():
    wanted = new_experiment("shapes", "vgg11")
    wanted = wanted.changed("architecture.width_multiplier", 0.25).changed("training.precision", "mixed_float16")
    case = case_of(wanted)
    made = experiment_of(case, wanted)
    assert case_of(made) == case
    assert made.training.optimizer == wanted.training.optimizer
    assert made.dataset.name == "digits"


def test_the_command_measures_and_the_list_shows_it(home, capsys):
    assert run(["measure", "lenet5", "--size", "16", "--batch", "4", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["architecture"], record["height"], record["channels"], record["batch"]) == ("lenet5", 16, 3, 4)
    assert run(["list", "architectures", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["lenet5"]["speeds"] == [record]
    assert rows["vgg16"]["card"]["multiply_adds"] == 15_470_264_320
    assert run(["list", "architectures"]) == 0
    printed = capsys.readouterr().out
    assert "15,470,264,320" in printed
    assert "workbench measure" in printed


@pytest.mark.parametrize(
    "arguments", [[], ["no_such"], ["lenet5", "--size", "2"], ["lenet5", "--experiment", "absent.toml"]]
)
def test_the_command_refuses_what_cannot_be_measured(arguments, home, capsys):
    assert run(["measure", *arguments]) == 2
    assert capsys.readouterr().err
