"""A run with corrections: what tells it from another, and which list an experiment made of it names."""

import pytest

from workbench.data.corrections import EXCLUDE, Correction, usual_place, write_corrections
from workbench.experiment import new_experiment
from workbench.runs.again import experiment_again
from workbench.runs.comparison import compare
from workbench.runs.folder import RunFolder
from workbench.runs.writer import create_run_folder

ONE, TWO = Correction("3", EXCLUDE, note="blurred"), Correction("5", EXCLUDE)


@pytest.fixture
def beside(home):
    """The list of the digits, with one line."""
    place = usual_place(new_experiment().dataset)
    write_corrections(place, [ONE])
    return place


@pytest.fixture
def run(beside, tmp_path):
    """A run with it."""
    return create_run_folder(new_experiment().changed("corrections.file", str(beside)), tmp_path / "runs")


def test_runs_with_the_same_corrections_do_not_differ_in_them(run, beside, tmp_path):
    experiment = new_experiment().changed("corrections.file", str(beside))
    same = create_run_folder(experiment, tmp_path / "others")
    assert compare([run.path, same.path]).differences == ()
    write_corrections(beside, [ONE, TWO])
    more = create_run_folder(experiment, tmp_path / "others")
    none = create_run_folder(new_experiment(), tmp_path / "others")
    rows = compare([run.path, more.path, none.path]).differences
    assert [row[0] for row in rows] == ["corrections.digest"]
    assert len(set(rows[0][1:])) == 3


def test_an_experiment_from_a_run_names_the_list_beside_the_data(run, beside):
    write_corrections(beside, [Correction("3", EXCLUDE, note="very blurred")])  # does the same
    experiment, said = experiment_again(run)
    assert (experiment.corrections.file, experiment.corrections.digest) == (str(beside), "")
    assert said == ""
    assert experiment.training == run.experiment().training


@pytest.mark.parametrize("content", ["Correction", "spoilt"])
def test_of_a_list_that_changed_the_runs_copy_is_named_and_that_is_said(run, beside, content):
    if content == "spoilt":
        beside.write_text("nonsense")
    else:
        write_corrections(beside, [ONE, TWO])
    experiment, said = experiment_again(run)
    assert experiment == run.experiment()
    assert str(beside) in said
    assert "another one by now" in said


def test_of_a_list_that_is_gone_too(run, beside):
    beside.unlink()
    experiment, said = experiment_again(run)
    assert experiment == run.experiment()
    assert "no longer beside the data" in said


def test_a_run_without_corrections_has_nothing_to_say(home, tmp_path):
    folder = create_run_folder(new_experiment(), tmp_path)
    assert experiment_again(RunFolder(folder.path)) == (folder.experiment(), "")
