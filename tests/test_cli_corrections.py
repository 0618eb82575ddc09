"""`workbench corrections`: the list is changed from the command line, and the data follow it."""

import json

import pytest

from workbench.cli import run
from workbench.data.corrections import read_corrections
from workbench.experiment import new_experiment, read_experiment
from workbench.experiment_toml import write_experiment
from workbench.runs.writer import create_run_folder


@pytest.fixture
def experiment_file(home, tmp_path):
    path = tmp_path / "digits.toml"
    write_experiment(new_experiment(), path)
    return path


def test_a_sample_is_left_out_relabelled_and_taken_back(experiment_file, home, capsys):
    place = home / "corrections" / "digits.corrections.csv"
    file = str(experiment_file)
    assert run(["corrections", file, "exclude", "5", "17", "--note", "smeared"]) == 0
    assert "--set corrections.file=" in capsys.readouterr().out
    assert run(["corrections", file, "relabel", "9", "--label", "3", "--write"]) == 0
    assert read_experiment(experiment_file).corrections.file == str(place)
    assert [(line.name, line.action, line.label, line.note) for line in read_corrections(place)] == [
        ("17", "exclude", "", "smeared"), ("5", "exclude", "", "smeared"), ("9", "relabel", "3", ""),
    ]  # fmt: skip
    assert all(line.content and line.date for line in read_corrections(place))
    capsys.readouterr()
    assert run(["data", file, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["samples"], len(report["corrections"])) == (1795, 3)
    assert run(["data", file]) == 0
    assert "2 samples left out, 1 label changed, 0 without effect" in capsys.readouterr().out
    assert run(["corrections", file, "remove", "5"]) == 0
    assert run(["corrections", file, "relabel", "9", "--label", "9"]) == 0  # its own label again
    assert "Changed: 1." in capsys.readouterr().out
    assert run(["corrections", file, "relabel", "9", "--label", "9"]) == 0
    assert capsys.readouterr().out == "Nothing changed: the label is 9 already.\n"
    capsys.readouterr()
    assert run(["corrections", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "17"


def test_samples_of_a_run_are_named_by_their_number_and_its_own_copy_stays(home, tmp_path, capsys):
    from workbench.control import Control
    from workbench.data.prepare import prepare

    plain = new_experiment()
    data = prepare(plain, lambda event: None, Control())
    folder = create_run_folder(plain, tmp_path / "runs")
    assert run(["corrections", str(folder.path), "exclude", "--sample", "4", "--sample", "0", "--split", "test"]) == 0
    place = home / "corrections" / "digits.corrections.csv"
    expected = {data.names[index] for index in data.splits["test"][[0, 4]]}
    assert {line.name for line in read_corrections(place)} == expected
    second = create_run_folder(plain.changed("corrections.file", str(place)), tmp_path / "runs")
    place.unlink()
    assert run(["corrections", str(second.path), "exclude", "--sample", "7"]) == 0
    assert len(read_corrections(place)) == 3  # it begins with what the run knew
    assert len(read_corrections(second.path / "corrections.csv")) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exclude", "1800"], "no sample called '1800'"),
        (["exclude"], "No sample was named"),
        (["relabel", "5", "--label", "tree"], "no class 'tree'"),
        (["relabel", "5"], "--label CLASS"),
        (["remove", "5"], "has no correction of '5'"),
        (["exclude", "--sample", "3"], "Name a run"),
        (["list", "5"], "takes no samples"),
        (["leave", "5"], "none of list, exclude"),
    ],
)
def test_what_cannot_be_corrected_is_said_and_nothing_is_written(experiment_file, home, capsys, words, said):
    assert run(["corrections", str(experiment_file), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (home / "corrections").exists()


def test_labels_that_are_no_classes_cannot_be_changed_but_left_out(home, tmp_path, capsys):
    path = tmp_path / "cells.toml"
    write_experiment(new_experiment("cells", "unet"), path)
    name = "000"
    assert run(["corrections", str(path), "relabel", name, "--label", "cell"]) == 2
    assert "that are classes" in capsys.readouterr().err
    assert run(["corrections", str(path), "exclude", name]) == 0
