"""The lines of all runs kept in the cache: believed only while they are true, made anew when damaged."""

import json

import pytest

from workbench.events import EpochFinished, Finished
from workbench.experiment import new_experiment
from workbench.runs import reading
from workbench.runs.index import list_runs
from workbench.runs.index_file import index_path, load_index
from workbench.runs.notes import RunNotes, write_notes
from workbench.runs.reading import RunsReader
from workbench.runs.writer import RunWriter, create_run_folder, store_evaluation


@pytest.fixture
def runs(home):
    folder = home / "runs"
    for name, accuracy in (("one", 0.5), ("two", float("nan"))):
        run = create_run_folder(new_experiment().changed("name", name), folder)
        with RunWriter(run) as writer:
            numbers = {"loss": 1.0, "accuracy": accuracy, "val_loss": 1.0, "val_accuracy": accuracy}
            writer.add_metrics({"epoch": 1, **numbers, "seconds": 2.0})
            writer.event(EpochFinished(0, numbers, 0.1, 2.0, 100.0, True, 0))
            writer.environment({"parameters": 1234})
            writer.event(Finished("completed", str(run.path)))
    return folder


@pytest.fixture
def opened(monkeypatch):
    names = []
    summarise = reading.summarise_run
    monkeypatch.setattr(reading, "summarise_run", lambda run: names.append(run.name) or summarise(run))
    return names


def test_a_second_reader_opens_no_run_and_gives_the_same_lines(runs, opened):
    first = list_runs(runs)
    assert len(opened) == 2
    second = list_runs(runs)
    assert len(opened) == 2
    assert repr(first) == repr(second)  # equal but for NaN, which equals nothing
    one = next(run for run in second if run.name.startswith("one"))
    assert (one.values["val_accuracy"], one.samples_per_second, one.parameters) == (0.5, 100.0, 1234)
    assert one.seconds_per_epoch == 2.0


def test_what_was_known_is_there_before_anything_is_read(runs):
    known = list_runs(runs)
    reader = RunsReader()
    assert [run.path for run in reader.remembered(runs)] == [run.path for run in known]
    assert RunsReader().remembered(runs.parent / "elsewhere") == []


def test_only_a_run_that_changed_is_opened_again(runs, opened):
    one, two = sorted(list_runs(runs), key=lambda run: run.name)
    opened.clear()
    write_notes(runs / one.name, RunNotes(tags=("kept",)))
    assert sorted(list_runs(runs), key=lambda run: run.name)[0].tags == ("kept",)
    assert opened == [one.name]
    store_evaluation(reading.RunFolder(two.path), "test", {"accuracy": 0.25})
    assert sorted(list_runs(runs), key=lambda run: run.name)[1].values["test_accuracy"] == 0.25
    assert opened == [one.name, two.name]


def test_a_run_that_is_gone_is_forgotten(runs):
    one, two = list_runs(runs)
    (runs / one.name).rename(runs.parent / "moved away")
    assert [run.name for run in list_runs(runs)] == [two.name]
    assert list(load_index(runs)) == [two.path]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"version":2', '"version":99'),
        lambda text: text.replace('"completed"', "7"),
        lambda text: json.dumps({**json.loads(text), "runs": {"x": [1]}}),
    ],
)
def test_a_damaged_index_is_made_anew(runs, damage):
    right = list_runs(runs)
    path = index_path(runs)
    path.write_text(damage(path.read_text()))
    assert load_index(runs) == {}
    assert repr(list_runs(runs)) == repr(right)
    assert len(load_index(runs)) == 2


def test_a_run_whose_process_was_killed_is_told_from_one_that_runs(runs):
    run = create_run_folder(new_experiment().changed("name", "busy"), runs)
    with RunWriter(run):
        assert next(line.state for line in list_runs(runs) if line.name == run.name) == "running"
    assert next(line.state for line in list_runs(runs) if line.name == run.name) == "interrupted"


def test_a_cache_that_cannot_be_written_hides_no_run(runs, home):
    (home / "cache").write_text("in the way")
    assert len(list_runs(runs)) == 2
