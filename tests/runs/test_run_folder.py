"""Run folders are readable in whatever state they were left."""

import multiprocessing
import os
import signal
import time

import pytest

from workbench.errors import UserError
from workbench.events import BatchesDone, Finished, RunStarted, StageStarted
from workbench.experiment import new_experiment
from workbench.figures import Curves
from workbench.runs.comparison import compare
from workbench.runs.folder import RunFolder, find_run
from workbench.runs.index import delete_run, list_runs, rename_run
from workbench.runs.writer import RunWriter, create_run_folder, finish, run_name


def make_run(runs, name="a run", end=None, rows=()):
    folder = create_run_folder(new_experiment().changed("name", name), runs)
    with RunWriter(folder) as writer:
        writer.event(RunStarted(str(folder.path), folder.name, 10))
        for row in rows:
            writer.add_metrics(row)
        if end is not None:
            writer.event(end)
    return folder


def row(epoch, accuracy, loss=1.0):
    return {
        "epoch": epoch, "loss": loss, "accuracy": accuracy, "val_loss": loss, "val_accuracy": accuracy,
        "learning_rate": 0.001, "seconds": 2.0,
    }  # fmt: skip


def test_a_run_without_an_end_whose_process_is_gone_is_interrupted(tmp_path):
    assert make_run(tmp_path).state() == "interrupted"


def test_a_run_whose_lock_is_held_is_running(tmp_path):
    folder = make_run(tmp_path)
    with RunWriter(folder):
        assert folder.state() == "running"
    assert folder.state() == "interrupted"


def test_a_run_that_cannot_be_written_is_told_in_words(tmp_path):
    folder = make_run(tmp_path)
    (folder.path / "log.txt").unlink(missing_ok=True)
    (folder.path / "log.txt").mkdir()
    with pytest.raises(UserError, match=r"'a run.*' cannot be written: Is a directory"):
        RunWriter(folder)
    assert not folder.is_locked()


def _hold(path, ready):
    with RunWriter(RunFolder(path)):
        ready.set()
        time.sleep(60)


def test_a_lock_ends_with_the_process_that_held_it(tmp_path):
    folder = make_run(tmp_path)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(folder.path, ready))
    process.start()
    assert ready.wait(30)
    assert folder.state() == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    process.close()
    assert folder.state() == "interrupted"


def test_the_end_of_a_killed_run_is_written_once(tmp_path):
    folder = make_run(tmp_path)
    assert finish(str(folder.path), "stopped", "stopped at once").state == "stopped"
    assert finish(str(folder.path), "failed", "again").state == "stopped"
    assert sum(isinstance(event, Finished) for event in folder.events()) == 1


def test_half_a_line_at_the_end_of_the_events_is_ignored_and_not_glued_to_the_next(tmp_path):
    folder = make_run(tmp_path)
    with (folder.path / "events.jsonl").open("a") as file:
        file.write('{"event": "batches_done", "epo')
    assert folder.state() == "interrupted"
    with RunWriter(folder) as writer:
        writer.event(BatchesDone(0, 1, 2, (0.5, float("nan")), 0.001, 10.0))
    last = folder.events()[-1]
    assert isinstance(last, BatchesDone)
    assert last.losses[0] == 0.5
    assert last.losses[1] != last.losses[1]


def test_half_a_line_of_metrics_is_left_out(tmp_path):
    folder = make_run(tmp_path, rows=[row(1, 0.5), row(2, 0.6)])
    with (folder.path / "metrics.csv").open("a") as file:
        file.write("3,0.1")
    assert [line["epoch"] for line in folder.metrics()] == [1, 2]


def test_the_list_shows_every_run_however_broken(tmp_path):
    good = make_run(tmp_path, "good", Finished("completed", ""), [row(1, 0.5, 1.0), row(2, 0.9, 0.2)])
    broken = make_run(tmp_path, "broken")
    (broken.path / "experiment.toml").write_text("version = [")
    (tmp_path / "not a run").mkdir()
    listed = {summary.name: summary for summary in list_runs(tmp_path)}
    assert set(listed) == {good.name, broken.name}
    assert listed[good.name].state == "completed"
    assert (listed[good.name].metric_name, listed[good.name].metric) == ("val_accuracy", 0.9)
    assert listed[good.name].seconds == 4.0
    assert "cannot be read" in listed[broken.name].problem


def test_a_run_is_found_by_folder_and_by_name_and_close_names_are_offered(tmp_path):
    folder = make_run(tmp_path, "Chữ số viết tay")
    assert find_run(folder.name, tmp_path).path == folder.path
    assert find_run(str(folder.path), tmp_path / "elsewhere").path == folder.path
    with pytest.raises(UserError, match="Did you mean"):
        find_run(folder.name[:-1], tmp_path)


def test_renaming_refuses_a_taken_name_and_a_running_run(tmp_path):
    first, second = make_run(tmp_path, "first"), make_run(tmp_path, "second")
    with pytest.raises(UserError, match="already a run called"):
        rename_run(first, second.name)
    with RunWriter(first), pytest.raises(UserError, match="is running"):
        rename_run(first, "third")
    assert rename_run(first, "third").path == tmp_path / "third"


def test_a_running_run_is_not_deleted(tmp_path):
    folder = make_run(tmp_path)
    with RunWriter(folder), pytest.raises(UserError, match="is running"):
        delete_run(folder)
    assert folder.exists()


def test_a_name_that_a_file_system_forbids_is_mended_or_refused():
    assert run_name("a/b: c?") == "a_b_ c_"
    with pytest.raises(UserError, match="letters or digits"):
        run_name(" ... ")


def test_a_comparison_lists_only_what_differs(tmp_path):
    first = make_run(tmp_path, "one", rows=[row(1, 0.5)])
    second = make_run(tmp_path, "two", rows=[row(1, 0.7), row(2, 0.8)])
    comparison = compare([first.path, second.path])
    assert [difference[0] for difference in comparison.differences] == ["name"]
    curves = {figure.title: figure for figure in comparison.figures[1:]}
    assert [len(curve.x) for curve in curves["val_accuracy"].curves] == [1, 2]


def test_curves_that_are_compared_say_where_a_run_went_another_way(tmp_path):
    rows = [row(number, 0.5) for number in (1, 2, 3)]
    plain, *phased = (make_run(tmp_path, name, rows=rows) for name in ("plain", "one", "two", "late"))
    for folder, epoch in zip(phased, (1, 1, 2), strict=True):
        with RunWriter(folder) as writer:
            writer.event(StageStarted(0, "head", "…"))
            writer.event(StageStarted(epoch, "base", "…"))

    def marks_of(*folders):
        comparison = compare([folder.path for folder in folders])
        (marks,) = {figure.marks for figure in comparison.figures if isinstance(figure, Curves)}
        return marks

    one, two, late = phased
    assert marks_of(plain, plain) == ()
    assert marks_of(plain, one, two) == (("base", 1.5),)
    assert marks_of(one, late) == ((f"{one.name}: base", 1.5), (f"{late.name}: base", 2.5))
