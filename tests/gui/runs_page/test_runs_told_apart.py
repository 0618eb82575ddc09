"""Runs are tagged, searched by terms, compared and reported on the runs page."""

import pytest
from PySide6.QtCore import Qt

from workbench.events import Progress
from workbench.figures import Table
from workbench.gui.pages.runs_notes import NotesDialog
from workbench.inspection.side_by_side import SideBySideAnswer
from workbench.requests import ReportRequest
from workbench.runs.notes import NotesChange, RunNotes, write_notes


def answer_notes(page, change):
    asked = []
    page.actions_on_runs.ask_notes = lambda runs, known: asked.append([run.name for run in runs]) or change
    return asked


def test_several_runs_are_tagged_at_once_and_the_change_is_taken_back(
    qtbot, page, runs, write_run, settle, show, select
):
    write_run(runs, "one")
    two = write_run(runs, "two")
    write_notes(two.path, RunNotes("g", ("old",), "text"))
    show(qtbot, page)
    asked = answer_notes(page, NotesChange(add=("keep",)))
    select(page, "one", "two")
    qtbot.keyClick(page.table, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert sorted(asked[0]) == ["one", "two"]
    settle(qtbot, page)
    qtbot.waitUntil(lambda: {run.tags for run in page.table_model.rows} == {("keep",), ("old", "keep")})
    assert "2 runs" in page.notice.text
    assert "tags" in page.header.names
    qtbot.keyClick(page.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: {run.tags for run in page.table_model.rows} == {(), ("old",)})
    settle(qtbot, page)
    assert page.notice.isHidden()


def test_notes_that_cannot_be_written_are_told_and_change_nothing(qtbot, page, runs, write_run, settle, show, select):
    one, two = write_run(runs, "one"), write_run(runs, "two")
    (two.path / "notes.toml").write_text("version = = 1")
    show(qtbot, page)
    answer_notes(page, NotesChange(note="x"))
    select(page, "one", "two")
    page.notes_button.click()
    qtbot.waitUntil(lambda: "notes.toml cannot be read" in page.notice.text)
    settle(qtbot, page)
    assert not (one.path / "notes.toml").exists()


def test_the_dialog_shows_what_runs_share_and_changes_only_what_was_changed(qtbot, page, runs, write_run, show):
    one, two = write_run(runs, "one"), write_run(runs, "two")
    write_notes(one.path, RunNotes("g", ("both", "mine"), "a note"))
    write_notes(two.path, RunNotes("g", ("both",), "another"))
    show(qtbot, page)
    dialog = NotesDialog(page.table_model.all_rows, page.table_model.all_rows)
    qtbot.addWidget(dialog)
    assert (dialog.group.currentText(), dialog.tags.text(), dialog.note.toPlainText()) == ("g", "both", "")
    dialog.tags.setText("new tag")
    dialog.accept()
    assert dialog.change == NotesChange(add=("new-tag",), remove=("both",))
    dialog.tags.setText("a:b")
    dialog.accept()
    assert "cannot be a tag" in dialog._problem.text


def test_terms_narrow_the_table_and_an_unknown_one_says_so(qtbot, page, runs, write_run, show, names):
    write_notes(write_run(runs, "good", accuracy=0.9).path, RunNotes(tags=("baseline",)))
    write_run(runs, "bad", accuracy=0.3)
    show(qtbot, page)
    qtbot.keyClicks(page.search.field, "val_accuracy>0.7 tag:baseline")
    assert names(page) == ["good"]
    assert page.search.problem.isHidden()
    page.search.field.setText("colour:red")
    assert "'colour'" in page.search.problem.text
    assert len(names(page)) == 2


def test_columns_are_chosen_in_the_menu_of_the_header_and_remembered(
    qtbot, page, runs, workspace, write_run, show, texts
):
    write_run(runs, "a run", accuracy=0.9)
    show(qtbot, page)
    menu = page.header.menu()
    action = next(action for action in menu.actions() if action.data() == "metric:val_loss")
    action.trigger()
    assert page.table_model.columns[-1].title == "Validation loss"
    assert texts(page, 0)[-1]
    assert "metric:val_loss" in workspace.settings.values.run_columns
    assert page.table.horizontalHeader().sortIndicatorSection() == page.header.column("created")


def test_curves_are_laid_over_the_time_of_training(qtbot, page, runs, write_run, show, select):
    write_run(runs, "one")
    write_run(runs, "two")
    show(qtbot, page)
    select(page, "one", "two")
    page.compare_button.click()
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    page.comparison.axis.setCurrentIndex(page.comparison.axis.findData("time"))
    qtbot.waitUntil(lambda: list(page.comparison.figures.views[0].figure.curves[0].x) == [1.5, 3.0, 4.5])
    results = {row[0]: row[1:] for row in page.comparison.tables.views[1].figure.rows}
    assert results["Epochs"] == ("3 / 5", "3 / 5")


@pytest.fixture
def asking(workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(
        workspace.questions, "ask", lambda request, *callbacks, key="": asked.append((request, callbacks))
    )
    return asked


def test_the_same_samples_are_asked_for_when_the_button_is_pressed_and_shown(
    qtbot, page, runs, asking, write_run, show, select
):
    paths = {str(write_run(runs, name).path) for name in ("one", "two")}
    show(qtbot, page)
    select(page, "one", "two")
    page.compare_button.click()
    qtbot.waitUntil(lambda: page.comparison.isVisible())
    part = page.comparison.same_samples
    assert asking == []
    part.samples.setValue(3)
    part.ask_button.click()
    request, (answer, fail, progress) = asking[0]
    assert set(request.runs) == paths
    assert (request.split, request.samples, request.method) == ("test", 3, "grad_cam")
    assert not part.ask_button.isEnabled()
    progress(Progress("two: answers", 5, 9))
    table = Table("On the same samples", ("Measure", "A"), (("loss", 0.1),))
    answer(SideBySideAnswer((table,), ("one", "two"), 9, 2, "They disagree on 2.", ("B: no convolution",)))
    assert part.notice.text == "They disagree on 2.\nB: no convolution"
    assert [view.figure for view in part.panel.views] == [table]
    assert part.ask_button.isEnabled()
    fail("no samples in common")
    assert part.notice.text == "no samples in common"


def test_a_report_of_the_selected_runs_is_written_where_the_user_says(
    qtbot, page, runs, asking, tmp_path, write_run, show, select
):
    folders = [write_run(runs, name, created=created) for name, created in (("a run", 2.0), ("b run", 1.0))]
    show(qtbot, page)
    select(page, "a run")
    assert page.report_button.isHidden()  # that of one run is a format of its export
    select(page, "a run", "b run")
    page.report.ask_path = lambda name: str(tmp_path / name.removesuffix(".html"))
    qtbot.mouseClick(page.report_button, Qt.MouseButton.LeftButton)
    request, (done, _fail, _progress) = asking[0]
    assert request == ReportRequest(tuple(str(folder.path) for folder in folders), str(tmp_path / "comparison.html"))
    done(request.out)
    assert request.out in page.notice.text


def test_hiding_the_column_that_was_sorted_by_sorts_by_the_date_or_else_the_name(qtbot, page, runs, write_run, show):
    for name, rate in (("b", 0.1), ("a", 0.2), ("c", 0.3)):
        write_run(runs, name, rate=rate)
    show(qtbot, page)
    header, table = page.table.horizontalHeader(), page.table
    table.sortByColumn(page.header.column("state"), Qt.SortOrder.AscendingOrder)
    page.header.choose([name for name in page.header.names if name != "state"])
    assert header.sortIndicatorSection() == page.header.column("created")
    assert header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    created = [run.created for run in page.table_model.rows]
    assert created == sorted(created, reverse=True)
    page.header.choose([name for name in page.header.names if name != "created"])
    assert header.sortIndicatorSection() == page.header.column("name")
    assert [run.name for run in page.table_model.rows] == ["a", "b", "c"]
