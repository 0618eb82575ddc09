"""Corrections in the window: selected tiles are left out or relabelled by a job, and every step can be undone."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from workbench.data.corrected import CorrectionLine
from workbench.data.corrections import Correction, read_corrections, usual_place
from workbench.data.report import DataReport
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.figures import Gallery, RowSample, Table, Tile
from workbench.gui.corrections_bar import CorrectionsBar
from workbench.gui.corrector import corrector
from workbench.gui.data_reader import data_reader
from workbench.gui.figures.gallery_view import GalleryView
from workbench.gui.figures.signs import SIGN_WIDTH
from workbench.gui.figures.table_view import TableView
from workbench.gui.pages.data_corrections import CorrectionsView
from workbench.gui.pages.data_report_view import DataReportView
from workbench.gui.workspace import Workspace
from workbench.jobs import run_job
from workbench.requests import CorrectRequest
from workbench.runs.writer import create_run_folder
from workbench.specs import ClassTarget, ImageInput, spec_to_json

SOON = 30_000  # the first job imports Keras
TILES = tuple(Tile(np.zeros((8, 8), np.uint8), str(number), number) for number in (4, 0, 7))


def answer(request, emit, engine):
    """The real job for corrections; anything else is not what these tests are about."""
    if not isinstance(request, CorrectRequest):
        raise UserError("not asked here")
    from workbench.control import Control

    return run_job(request, emit, Control())


@pytest.fixture
def workspace(qtbot, home, scripted_engine):
    made = Workspace(scripted_engine(answer), scripted_engine())
    yield made
    made.close()


@pytest.fixture
def run(home, tmp_path, monkeypatch):
    about = {"target": spec_to_json(ClassTarget(tuple("0123456789")))}
    monkeypatch.setattr("workbench.gui.corrections_bar.read_about", lambda path: about)
    return str(create_run_folder(new_experiment(), tmp_path / "runs").path)


@pytest.fixture
def bar(qtbot, workspace, run):
    made = CorrectionsBar(workspace)
    view = GalleryView()
    view.set_figure(Gallery("Hard ones", TILES))
    for widget in (made, view):
        qtbot.addWidget(widget)
        widget.show()
    view.resize(500, 200)
    made.follow([view], run, "test")
    made.view = view
    return made


def click(qtbot, view, row, modifier=Qt.KeyboardModifier.NoModifier):
    place = view.grid.visualRect(view.grid.model().index(row, 0)).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def names_in_list():
    place = usual_place(new_experiment().dataset)
    return {line.name: line.label or line.action for line in read_corrections(place)} if place.exists() else {}


def test_tiles_are_selected_with_ctrl_and_left_out_by_a_key_and_come_back_by_undo(qtbot, bar, workspace):
    opened = []
    bar.view.tile_clicked.connect(opened.append)
    assert not bar.exclude_button.isEnabled()
    for row in (0, 2):
        click(qtbot, bar.view, row, Qt.KeyboardModifier.ControlModifier)
    assert opened == []
    assert bar.selected() == (("test", 4), ("test", 7))
    qtbot.keyClick(bar.view.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Left out: 2" in bar.notice.text, timeout=SOON)
    assert list(names_in_list().values()) == ["exclude", "exclude"]
    document = workspace.document
    assert document.experiment.corrections.file == str(usual_place(document.experiment.dataset))
    bar.undo_button.click()
    qtbot.waitUntil(lambda: bar.notice.text == "Taken back.", timeout=SOON)
    assert names_in_list() == {}
    assert document.experiment.corrections.file == ""
    document.undo_stack.redo()
    qtbot.waitUntil(lambda: bar.notice.text == "Done again.", timeout=SOON)
    assert len(names_in_list()) == 2
    assert document.experiment.corrections.file


def test_a_label_is_chosen_from_the_menu_and_a_second_correction_is_a_step_of_its_own(qtbot, bar, workspace):
    click(qtbot, bar.view, 1, Qt.KeyboardModifier.ControlModifier)
    assert [action.text() for action in bar.labels.actions()] == list("0123456789")
    bar.labels.actions()[3].trigger()
    qtbot.waitUntil(lambda: "Relabelled as 3: 1" in bar.notice.text, timeout=SOON)
    (name,) = names_in_list()
    assert names_in_list()[name] == "3"
    bar.exclude_button.click()
    qtbot.waitUntil(lambda: "Left out: 1" in bar.notice.text, timeout=SOON)
    assert names_in_list() == {name: "exclude"}
    workspace.document.undo_stack.undo()
    qtbot.waitUntil(lambda: names_in_list() == {name: "3"}, timeout=SOON)
    assert workspace.document.experiment.corrections.file


def test_the_label_that_a_sample_has_anyway_changes_nothing_and_leaves_nothing_to_undo(qtbot, bar, workspace):
    from workbench.control import Control
    from workbench.data.prepare import prepare

    data = prepare(new_experiment(), lambda event: None, Control())
    own = int(data.targets[data.splits["test"][0]])
    click(qtbot, bar.view, 1, Qt.KeyboardModifier.ControlModifier)
    bar.labels.actions()[own].trigger()
    said = f"Nothing changed: what was selected has the label {own} already."
    qtbot.waitUntil(lambda: bar.notice.text == said, timeout=SOON)
    assert names_in_list() == {}
    assert not workspace.document.undo_stack.canUndo()
    assert not bar.undo_button.isVisible()


def test_the_context_menu_of_a_gallery_offers_both_and_a_click_alone_still_opens(qtbot, bar):
    opened = []
    bar.view.tile_clicked.connect(opened.append)
    click(qtbot, bar.view, 1)
    assert opened == [0]
    texts = [action.text() for action in bar.view.actions_of_kind()]
    assert texts == ["Enlarge", "Leave out", "Relabel as"]
    bar.follow((), "", "")
    assert not bar.isVisible()
    assert [action.text() for action in bar.view.actions_of_kind()] == ["Enlarge"]


def test_data_that_are_not_those_on_screen_are_corrected_in_their_own_list(qtbot, bar, workspace):
    workspace.document.apply(new_experiment("shapes"), "Another")
    click(qtbot, bar.view, 0, Qt.KeyboardModifier.ControlModifier)
    bar.exclude_button.click()
    qtbot.waitUntil(lambda: "learns from other data" in bar.notice.text, timeout=SOON)
    assert len(names_in_list()) == 1
    assert workspace.document.experiment.corrections.file == ""


def test_what_goes_wrong_is_said_and_changes_nothing(qtbot, bar, workspace):
    place = usual_place(new_experiment().dataset)
    place.parent.mkdir(parents=True)
    place.write_text("no list")
    click(qtbot, bar.view, 0, Qt.KeyboardModifier.ControlModifier)
    bar.exclude_button.click()
    qtbot.waitUntil(lambda: "is no list of corrections" in bar.notice.text, timeout=SOON)
    assert place.read_text() == "no list"
    assert not workspace.document.undo_stack.canUndo()


def test_the_data_page_lists_the_corrections_and_takes_them_back(qtbot, bar, workspace):
    for row in range(3):
        click(qtbot, bar.view, row, Qt.KeyboardModifier.ControlModifier)
    bar.exclude_button.click()
    qtbot.waitUntil(lambda: len(names_in_list()) == 3, timeout=SOON)
    qtbot.waitUntil(lambda: bool(workspace.document.experiment.corrections.file), timeout=SOON)
    view = CorrectionsView(workspace)
    qtbot.addWidget(view)
    view.show()
    assert "Nothing is corrected" in view._summary.text()
    lines = [CorrectionLine(Correction(name, "exclude"), "4") for name in names_in_list()]
    lines.append(CorrectionLine(Correction("gone.png", "relabel", "2"), "", "there is no such sample"))
    spec = ImageInput(28, 28, 1), ClassTarget(tuple("0123456789"))
    report = DataReport(1, {}, {}, {}, *spec, (), (), (), corrections=tuple(lines))
    view.set_report(report)
    assert view.count == 4
    assert "Left out: 3. Relabelled: 0." in view._summary.text()
    assert "Without effect: 1." in view._summary.text()
    view.table.select([lines[0].correction.name])
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Corrections taken back: 1" in view.notice.text, timeout=SOON)
    assert lines[0].correction.name not in names_in_list()
    assert len(names_in_list()) == 2
    corrector(workspace).undo()
    qtbot.waitUntil(lambda: len(names_in_list()) == 3, timeout=SOON)


def accessible(view, row, column=0):
    return view.grid.model().index(row, column).data(Qt.ItemDataRole.AccessibleTextRole)


def shade(view, place):
    """How a pixel of a grid looks."""
    return view.grid.grab().toImage().pixelColor(place).getRgb()[:3]


def test_a_tile_bears_a_sign_in_shape_and_words_once_a_correction_names_its_sample(qtbot, bar):
    click(qtbot, bar.view, 1, Qt.KeyboardModifier.ControlModifier)
    bar.exclude_button.click()
    qtbot.waitUntil(lambda: "Left out: 1" in bar.notice.text, timeout=SOON)
    (name,) = names_in_list()
    bar.view.set_figure(Gallery("Hard ones", (*TILES[:1], Tile(np.zeros((8, 8), np.uint8), "0", 0, True, name=name))))
    bar.view.grid.clearSelection()
    assert accessible(bar.view, 0) == "4"
    assert accessible(bar.view, 1) == "0, wrong, left out by a correction"
    assert "left out" in bar.view.grid.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    enlarged = bar.view._enlarge_index(bar.view.grid.model().index(1, 0))
    assert enlarged._caption.text() == "✗ 0\nleft out by a correction"
    enlarged.close()
    left, cell = (bar.view.grid.visualRect(bar.view.grid.model().index(row, 0)) for row in (0, 1))
    offset = cell.topLeft() - left.topLeft()
    sign = [cell.topRight() - QPoint(across, -down) for across in range(8, 28) for down in range(8, 28)]
    changed = [place for place in sign if shade(bar.view, place) != shade(bar.view, place - offset)]
    assert len(changed) > 100
    bar.undo_button.click()
    qtbot.waitUntil(lambda: accessible(bar.view, 1) == "0, wrong", timeout=SOON)


ROWS = Table(
    "Hard ones",
    ("Split", "Row", "Loss"),
    (("train", "a", 0.5), ("test", "b", 0.9), ("train", "c", 0.7)),
    samples=(RowSample(3, "a"), RowSample(0, "b", "test"), RowSample(5, "c")),
)


@pytest.fixture
def row_bar(qtbot, workspace, home, tmp_path, monkeypatch):
    """A bar below rows of the irises; the names that the dataset gives them are put in by `named`."""
    about = {"target": spec_to_json(ClassTarget(("setosa", "versicolor", "virginica")))}
    monkeypatch.setattr("workbench.gui.corrections_bar.read_about", lambda path: about)
    run = str(create_run_folder(new_experiment("iris", "mlp"), tmp_path / "runs").path)
    made, view = CorrectionsBar(workspace), TableView()
    view.set_figure(ROWS)
    for widget in (made, view):
        qtbot.addWidget(widget)
        widget.show()
    made.follow([view], run, "train")
    made.view = view
    return made


def iris_list():
    place = usual_place(new_experiment("iris", "mlp").dataset)
    return {line.name: line.label or line.action for line in read_corrections(place)} if place.exists() else {}


def click_row(qtbot, view, row, modifier=Qt.KeyboardModifier.NoModifier):
    place = view.table.visualRect(view.table.model().index(row, 1)).center()
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def test_rows_are_left_out_and_relabelled_as_the_samples_they_show_however_they_are_sorted(qtbot, row_bar):
    view = row_bar.view
    click_row(qtbot, view, 0)
    view.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert row_bar.selected() == (("train", 3),)  # what was selected stands last now
    click_row(qtbot, view, 0, Qt.KeyboardModifier.ControlModifier)
    assert row_bar.selected() == (("test", 0), ("train", 3))
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Left out: 2" in row_bar.notice.text, timeout=SOON)
    assert list(iris_list().values()) == ["exclude", "exclude"]
    click_row(qtbot, view, 1)
    row_bar.labels.actions()[2].trigger()
    qtbot.waitUntil(lambda: "Relabelled as virginica: 1" in row_bar.notice.text, timeout=SOON)
    (relabelled,) = (name for name, done in iris_list().items() if done == "virginica")
    assert [action.text() for action in view.actions_of_kind()] == ["Copy cells", "Leave out", "Relabel as"]
    samples = (ROWS.samples[0], RowSample(0, relabelled, "test"), ROWS.samples[2])
    rows = (ROWS.rows[0], ("test", relabelled, 0.9), ROWS.rows[2])
    view.set_figure(Table("Hard ones", ROWS.columns, rows, samples=samples))
    assert accessible(view, 0, 1) == f"{relabelled}, relabelled as virginica by a correction"
    assert not view.table.model().index(0, 1).data(Qt.ItemDataRole.DecorationRole).isNull()
    needed = view.table.fontMetrics().horizontalAdvance(relabelled) + SIGN_WIDTH
    assert view.table.columnWidth(1) > needed
    assert accessible(view, 0, 0) is None
    assert accessible(view, 1, 1) is None
    row_bar.undo_button.click()
    qtbot.waitUntil(lambda: accessible(view, 0, 1) is None, timeout=SOON)


def test_a_table_of_numbers_has_no_samples_to_mend(qtbot, row_bar):
    plain = TableView()
    plain.set_figure(Table("Report", ("Name", "F1"), (("a", 1), ("b", 2))))
    qtbot.addWidget(plain)
    plain.show()
    row_bar.follow([plain], "", "")
    assert not row_bar.isVisible()
    assert [action.text() for action in plain.actions_of_kind()] == ["Copy cells"]


@pytest.mark.parametrize(("width", "above"), [(320, True), (700, False)])
def test_where_it_is_narrow_the_text_stands_above_the_buttons(qtbot, bar, width, above):
    bar.resize(width, 100)
    qtbot.waitUntil(lambda: (bar._text.geometry().bottom() < bar.exclude_button.y()) == above, timeout=2000)


def test_samples_on_the_data_page_bear_the_signs_of_corrections_in_force(qtbot, workspace):
    tiles = tuple(Tile(np.zeros((8, 8), np.uint8), "3", number, name=str(number)) for number in range(3))
    lines = (
        CorrectionLine(Correction("1", "relabel", "8"), "3"),
        CorrectionLine(Correction("2", "exclude"), "3", "another sample has this name now"),
    )
    spec = ImageInput(8, 8, 1), ClassTarget(("3", "8"))
    view = DataReportView(workspace, data_reader(workspace))
    qtbot.addWidget(view)
    view.show()
    workspace.set_data_report(
        DataReport(3, {}, {}, {}, *spec, (), (), (Gallery("Training samples", tiles),), corrections=lines)
    )
    told = [accessible(view.samples_view, row) for row in range(3)]
    assert told == ["3", "3, relabelled as 8 by a correction", "3"]
