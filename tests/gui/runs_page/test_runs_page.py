"""The runs page on real run folders, written by the code that writes them while training."""

import gc
import shutil
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from workbench.errors import UserError
from workbench.events import Finished
from workbench.experiment import new_experiment
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs import index, reading
from workbench.runs.writer import RunWriter


def test_every_run_is_a_row_with_what_became_of_it_newest_first(qtbot, page, runs, write_run, show, names, texts):
    write_run(runs, "old one", created=1_700_000_000)
    write_run(runs, "new one", state="stopped", created=1_750_000_000, accuracy=0.5)
    write_run(runs, "killed one", state="", created=1_740_000_000)
    show(qtbot, page)
    assert names(page) == ["new one", "killed one", "old one"]
    assert [run.state for run in page.table_model.rows] == ["stopped", "interrupted", "completed"]
    row = texts(page, 2)
    assert row[0:2] == ["old one", "completed"]
    assert row[4:7] == ["Validation accuracy 84.52 %", "3 / 5", "4.5 s"]
    assert row[7].startswith("2023-11-1")


def test_a_broken_run_is_listed_with_its_problem_and_hides_no_other(qtbot, page, runs, write_run, show, names, select):
    write_run(runs, "good")
    broken = runs / "broken"
    broken.mkdir()
    (broken / "experiment.toml").write_text("version = = 1")
    (broken / "events.jsonl").write_text("[1, 2]\n")
    (broken / "metrics.csv").write_bytes(b"\xff\x00nonsense")
    show(qtbot, page)
    assert sorted(names(page)) == ["broken", "good"]
    select(page, "broken")
    assert "experiment.toml cannot be read" in page.about.text
    select(page, "good")
    assert page.about.isHidden()


def test_searching_keeps_the_rows_that_hold_every_word(qtbot, page, runs, write_run, show, names):
    write_run(runs, "wide kernels")
    write_run(runs, "narrow kernels", state="failed", message="The loss is not a number.")
    show(qtbot, page)
    qtbot.keyClicks(page.search.field, "kernels fail")
    assert names(page) == ["narrow kernels"]
    assert page.search.count.text() == "1 of 2 runs"
    page.search.field.clear()
    assert len(names(page)) == 2


def test_sorting_by_the_best_value_puts_runs_without_one_last_either_way(qtbot, page, runs, write_run, show, names):
    write_run(runs, "middle", accuracy=0.6)
    write_run(runs, "nothing", epochs=0, state="failed")
    write_run(runs, "best", accuracy=0.9)
    show(qtbot, page)
    page.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert names(page) == ["best", "middle", "nothing"]
    page.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    assert names(page) == ["middle", "best", "nothing"]


def test_a_run_that_appears_later_is_listed_and_the_selection_stays(qtbot, page, runs, write_run, show, names, select):
    write_run(runs, "first", created=1_700_000_000)
    show(qtbot, page)
    select(page, "first")
    write_run(runs, "second", created=1_750_000_000)
    page.refresh()
    qtbot.waitUntil(lambda: names(page) == ["second", "first"])
    assert [run.name for run in page.table.selected()] == ["first"]


def test_only_runs_whose_files_changed_are_opened_again(qtbot, page, runs, monkeypatch, write_run, settle, show):
    first = write_run(runs, "first")
    write_run(runs, "second")
    show(qtbot, page)
    opened = []
    summarise = reading.summarise_run
    monkeypatch.setattr(
        "workbench.runs.reading.summarise_run",
        lambda folder: opened.append(folder.name) or summarise(folder),
    )
    page.refresh()
    settle(qtbot, page)
    assert opened == []
    with RunWriter(first) as writer:
        writer.event(Finished("failed", str(first.path), "later"))
    page.refresh()
    settle(qtbot, page)
    assert opened == ["first"]


def test_nothing_is_read_while_the_page_is_hidden(qtbot, page, runs, write_run, show, names):
    show(qtbot, page)
    page.hide()
    write_run(runs, "unseen")
    page._training_event(Finished("completed", ""))
    assert not page._timer.isActive()
    assert not page._soon.isActive()
    assert names(page) == []
    page.show()
    qtbot.waitUntil(lambda: names(page) == ["unseen"])


def test_enter_reopens_a_run_in_all_pages(qtbot, page, runs, workspace, write_run, show, select):
    folder = write_run(runs, "a run")
    show(qtbot, page)
    select(page, "a run")
    with qtbot.waitSignal(workspace.page_requested) as requested:
        qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert requested.args == ["evaluate"]
    assert workspace.current_run == str(folder.path)


def test_f2_renames_in_place_and_the_pages_follow(qtbot, page, runs, workspace, write_run, show, names, select):
    folder = write_run(runs, "before")
    workspace.set_current_run(str(folder.path))
    show(qtbot, page)
    select(page, "before")
    qtbot.keyClick(page.table, Qt.Key.Key_F2)
    editor = page.table.findChild(QLineEdit)
    editor.setText("after: thử lại")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(page) == ["after_ thử lại"])
    assert workspace.current_run == str(runs / "after_ thử lại")
    assert not folder.path.exists()


def test_a_name_that_is_taken_is_refused_with_the_reason(qtbot, page, runs, write_run, show, names):
    write_run(runs, "one")
    write_run(runs, "two")
    show(qtbot, page)
    page._rename(page.table_model.rows[page.table_model.place(str(runs / "one"))], "two")
    assert "already a run called 'two'" in page.notice.text
    assert sorted(names(page)) == ["one", "two"]


def test_delete_moves_to_the_trash_without_a_question(
    qtbot, page, runs, workspace, monkeypatch, tmp_path, write_run, show, names, select
):
    trash = tmp_path / "trash"
    trash.mkdir()
    monkeypatch.setattr(index, "send2trash", lambda path: shutil.move(path, trash))
    page.actions_on_runs.ask = lambda question: pytest.fail(question)
    folder = write_run(runs, "unwanted")
    write_run(runs, "wanted")
    workspace.set_current_run(str(folder.path))
    show(qtbot, page)
    select(page, "unwanted")
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: names(page) == ["wanted"])
    assert (trash / "unwanted" / "experiment.toml").exists()
    assert workspace.current_run == ""


@pytest.mark.parametrize("answer", [True, False])
def test_where_there_is_no_trash_it_asks_before_deleting_for_good(
    qtbot, page, runs, monkeypatch, answer, write_run, settle, show, names, select
):
    def no_trash(path):
        raise OSError("no trash here")

    monkeypatch.setattr(index, "send2trash", no_trash)
    questions = []
    page.actions_on_runs.ask = lambda question: questions.append(question) or answer
    folder = write_run(runs, "unwanted")
    show(qtbot, page)
    select(page, "unwanted")
    page.delete_button.click()
    qtbot.waitUntil(lambda: len(questions) == 1)
    assert "unwanted" in questions[0]
    settle(qtbot, page)
    qtbot.waitUntil(lambda: folder.path.exists() is not answer)
    qtbot.waitUntil(lambda: names(page) == ([] if answer else ["unwanted"]))


def test_a_run_that_is_running_cannot_be_renamed_deleted_or_resumed(qtbot, page, runs, write_run, show, select):
    folder = write_run(runs, "busy", state="")
    with RunWriter(folder):
        show(qtbot, page)
        select(page, "busy")
        assert page.table_model.rows[0].state == "running"
        assert not page.delete_button.isEnabled()
        assert not page.rename_button.isEnabled()
        assert not page.resume_button.isEnabled()
        with pytest.raises(UserError, match="is running"):
            index.delete_run(folder)
    page.refresh()  # the lock is free now, no file changed: its process was killed
    qtbot.waitUntil(lambda: page.table_model.rows[0].state == "interrupted")
    assert page.resume_button.isEnabled()


@pytest.fixture
def submitted(workspace, monkeypatch):
    requests = []
    monkeypatch.setattr(workspace.training, "submit", requests.append)
    return requests


def test_a_stopped_run_is_resumed_as_it_is(qtbot, page, runs, submitted, write_run, show, select):
    folder = write_run(runs, "stopped", state="stopped")
    show(qtbot, page)
    select(page, "stopped")
    page.resume_button.click()
    assert submitted == [ResumeRequest(str(folder.path), 0)]


def test_a_completed_run_asks_for_a_larger_number_of_epochs(qtbot, page, runs, submitted, write_run, show, select):
    folder = write_run(runs, "complete")
    asked = []
    page.actions_on_runs.ask_number = lambda *arguments: asked.append(arguments) or 12
    show(qtbot, page)
    select(page, "complete")
    page.resume_button.click()
    assert asked[0][1:] == (7, 6)
    assert submitted == [ResumeRequest(str(folder.path), 12)]
    page.actions_on_runs.ask_number = lambda *arguments: None
    page.resume_button.click()
    assert len(submitted) == 1


def test_what_waits_in_the_queue_is_listed_and_can_be_taken_out(qtbot, page, runs, workspace, write_run, show, names):
    write_run(runs, "older", created=1_700_000_000)
    training = workspace.training
    training.current = object()  # something trains already, so what is submitted waits
    training.submit(TrainRequest(new_experiment().changed("name", "next"), str(runs)))
    training.submit(ResumeRequest(str(runs / "older")))
    show(qtbot, page)
    assert [(run.name, run.state) for run in page.table_model.rows] == [("next", "queued"), ("older", "queued")]
    page.table.selectRow(0)
    assert not page.reopen_button.isEnabled()
    page.delete_button.click()
    qtbot.waitUntil(lambda: names(page) == ["older"])
    assert [type(waiting.request) for waiting in training.queue] == [ResumeRequest]
    training.current = None


def test_a_new_experiment_takes_everything_from_the_run(qtbot, page, runs, workspace, write_run, show, select):
    write_run(runs, "source", rate=0.0321)
    show(qtbot, page)
    select(page, "source")
    workspace.document.set_value("training.epochs", 77)
    answers = [False, True]
    page.actions_on_runs.ask = lambda question: answers.pop(0)
    page.copy_button.click()
    assert workspace.document.experiment.training.epochs == 77
    page.copy_button.click()
    experiment = workspace.document.experiment
    assert (experiment.training.optimizer.learning_rate, experiment.training.epochs) == (0.0321, 5)
    assert workspace.document.path is None


def test_a_damaged_experiment_is_explained_instead_of_copied(qtbot, page, runs, workspace, write_run, show, select):
    folder = write_run(runs, "from the future")
    path = folder.path / "experiment.toml"
    path.write_text(path.read_text().replace("version = 1", "version = 9"))
    before = workspace.document.experiment
    show(qtbot, page)
    select(page, "from the future")
    page.copy_button.click()
    assert "version 9" in page.notice.text
    assert workspace.document.experiment is before


def test_open_folder_hands_the_folder_to_the_desktop(qtbot, page, runs, write_run, show, select):
    folder = write_run(runs, "thư mục có dấu cách")
    opened = []
    page.actions_on_runs.open_url = lambda url: opened.append(url) or True
    show(qtbot, page)
    select(page, folder.name)
    page.folder_button.click()
    assert Path(opened[0].toLocalFile()) == folder.path


def test_comparing_shows_what_differs_and_the_curves_of_every_metric(qtbot, page, runs, write_run, show, select):
    write_run(runs, "slow", rate=0.0001)
    write_run(runs, "fast", rate=0.01)
    write_run(runs, "other")
    show(qtbot, page)
    select(page, "slow")
    assert not page.compare_button.isEnabled()
    select(page, "slow", "fast")
    page.compare_button.click()
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    table = page.comparison.tables.views[0].figure
    assert any("learning_rate" in str(row[0]) for row in table.rows)
    shown = [view.figure for view in page.comparison.figures.views]
    titles = [figure.title for figure in shown]
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(titles)
    assert {curve.name for curve in shown[0].curves} == {"slow", "fast"}
    select(page, "slow", "fast", "other")
    qtbot.waitUntil(lambda: len(page.comparison.figures.views[0].figure.curves) == 3)
    page.comparison.close_comparison()
    assert page.comparison.isHidden()


def test_ten_thousand_rows_are_sorted_and_searched_within_a_moment(qtbot, page, runs, write_run, show, names):
    write_run(runs, "seed")
    show(qtbot, page)
    one = page.table_model.rows[0]
    fields = {key: getattr(one, key) for key in type(one).__dataclass_fields__}
    many = [
        type(one)(
            **{**fields, "name": f"run {i}", "path": f"/runs/{i}", "created": i, "metric": (i * 37 % 1000) / 1000}
        )
        for i in range(10_000)
    ]
    page._read = many
    # The window's process holds neither Keras nor what earlier tests left: the collector shall not search them here.
    gc.freeze()
    started = time.thread_time()  # what the window itself takes, whatever else the machine does
    page._show_rows()
    page.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    page.search.field.setText("run 9999")
    qtbot.wait(1)
    took = time.thread_time() - started
    gc.unfreeze()
    assert took < 0.5, took
    assert names(page) == ["run 9999"]


def test_an_empty_folder_says_what_to_do(qtbot, page, workspace, show):
    show(qtbot, page)
    assert page._stack.currentIndex() == 1
    assert str(workspace.settings.runs_folder) in page._where.text()


def test_a_right_click_offers_what_the_buttons_do(qtbot, page, runs, write_run, show, select):
    write_run(runs, "a run")
    show(qtbot, page)
    select(page, "a run")
    menu = page.menu_of_selected()
    offered = {action.text(): action.isEnabled() for action in menu.actions()}
    assert offered[page.reopen_button.text()]
    assert not offered[page.compare_button.text()]


def test_enter_in_the_search_box_leads_to_the_first_run_found(qtbot, page, runs, write_run, show):
    write_run(runs, "one")
    write_run(runs, "two")
    show(qtbot, page)
    qtbot.keyClicks(page.search.field, "two")
    qtbot.keyClick(page.search.field, Qt.Key.Key_Return)
    assert [run.name for run in page.table.selected()] == ["two"]
