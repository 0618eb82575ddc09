"""Figures with knobs: turning them, keeping them, and passing on what is clicked inside."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QLabel, QToolButton

from workbench.errors import UserError
from workbench.figures import Adjustable, Gallery, Matrix, Table, Tile
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.section import Section, setting

SCORES = np.array([0.1, 0.4, 0.6, 0.9])
TRUE = np.array([0, 1, 0, 1])
made = []


class Threshold(Section):
    threshold: float = setting(0.5, title="Threshold", widget="slider", ge=0, le=1)
    count: int = setting(1, title="Count", ge=0, le=9)


def at_threshold(params, result):
    made.append(params.threshold)
    if params.count == 7:
        raise UserError("Seven is too many.")
    if params.count == 8:
        raise ZeroDivisionError("division by zero")
    predicted = (result >= params.threshold).astype(int)
    values = np.zeros((2, 2), int)
    np.add.at(values, (TRUE, predicted), 1)
    tile = Tile(np.zeros((8, 8), np.uint8), "a", 3)
    return (
        Matrix("Confusion", values, ("no", "yes"), "True", "Predicted", {(0, 1): (2,)}),
        Gallery("Tiles", (tile,)),
    )


@pytest.fixture(autouse=True)
def nothing_made():
    made.clear()


@pytest.fixture
def panel(qtbot):
    panel = FigurePanel()
    qtbot.addWidget(panel)
    panel.resize(700, 900)
    panel.show()
    panel.set_figures([adjustable()])
    return panel


def adjustable(scores=SCORES, **params):
    return Adjustable("Threshold", Threshold(**params), scores, at_threshold)


def slider_of(view):
    return view.form.editor("threshold").slider


def test_a_turned_knob_moves_the_figures_and_keeps_their_views(panel, qtbot):
    view = panel.views[0]
    matrix = view.panel.views[0]
    matrix.set_mode("row")
    assert matrix.figure.values.tolist() == [[1, 1], [1, 1]]
    slider_of(view).setValue(70)
    qtbot.waitUntil(lambda: matrix.figure.values.tolist() == [[2, 0], [1, 1]])
    assert view.panel.views[0] is matrix
    assert matrix.mode == "row"
    assert view.figure.params.threshold == 0.7


def test_a_knob_turned_quickly_makes_few_figures_and_always_the_last(panel, qtbot):
    view = panel.views[0]
    made.clear()
    for position in range(100):
        slider_of(view).setValue(position)
    assert len(made) == 1
    qtbot.waitUntil(lambda: made[-1] == 0.99, timeout=2000)
    assert len(made) == 2


def test_a_value_the_user_set_stays_for_the_next_figure_of_the_same_title(panel, qtbot):
    view = panel.views[0]
    slider_of(view).setValue(70)
    qtbot.waitUntil(lambda: made[-1] == 0.7)
    panel.set_figures([adjustable(np.array([0.8, 0.8, 0.8, 0.8]), count=3)])
    assert panel.views[0] is view
    assert view.figure.params == Threshold(threshold=0.7, count=3)
    assert slider_of(view).value() == 70
    assert view.panel.views[0].figure.values.tolist() == [[0, 2], [0, 2]]


def test_a_figure_with_other_knobs_gets_other_knobs(panel):
    class Other(Section):
        number: int = setting(2, title="Number")

    def table(params, _result):
        return (Table("Number", ("n",), ((params.number,),)),)

    view = panel.views[0]
    slider_of(view).setValue(70)
    panel.set_figures([Adjustable("Threshold", Other(), None, table)])
    assert view.form.section_class is Other
    assert view.panel.views[0].figure.rows == ((2,),)


@pytest.mark.parametrize(("count", "said"), [(7, "Seven is too many."), (8, "division by zero")])
def test_a_failure_is_a_notice_and_the_figures_before_stay(count, said, panel, qtbot):
    view = panel.views[0]
    matrix = view.panel.views[0]
    view.form.editor("count").box.setValue(count)
    qtbot.waitUntil(lambda: said in view._failure.text)
    assert view.panel.views[0] is matrix
    view.form.editor("count").box.setValue(2)
    qtbot.waitUntil(lambda: view._failure.text == "")


def test_what_is_clicked_inside_is_passed_on_with_the_view_it_was_in(panel, qtbot):
    view = panel.views[0]
    matrix, gallery = view.panel.views
    with qtbot.waitSignal(panel.cell_clicked) as clicked:
        place = matrix.canvas.cell_rect(0, 1).center().toPoint()
        qtbot.mouseClick(matrix.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert clicked.args == [0, 1, (2,)]
    assert panel.clicked_view is matrix
    with qtbot.waitSignal(panel.tile_clicked) as clicked:
        gallery.tile_clicked.emit(3)
    assert clicked.args == [3]
    assert panel.clicked_view is gallery


def test_figures_are_saved_as_the_knobs_are_turned(panel, qtbot, tmp_path):
    view = panel.views[0]
    slider_of(view).setValue(70)
    qtbot.waitUntil(lambda: made[-1] == 0.7)
    view.save_png(tmp_path / "t.png")
    view.save_csv(tmp_path / "t.csv")
    view.save_json(tmp_path / "t.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "t.json", "t_1_confusion.csv", "t_1_confusion.png", "t_2_tiles.csv", "t_2_tiles.png",
    ]  # fmt: skip
    assert QImage(str(tmp_path / "t_1_confusion.png")).width() > 600
    assert json.loads((tmp_path / "t.json").read_text())["params"]["threshold"] == 0.7
    assert (tmp_path / "t_1_confusion.csv").read_text().splitlines()[1:] == ["no,2,0", "yes,1,1"]


def single(params, result):
    """One figure with knobs of its own, of another kind or name at another count."""
    values = np.array([[1, 2], [3, 4]])
    if params.count == 2:
        return (Gallery("Tiles", (Tile(np.zeros((8, 8), np.uint8), "a", 3),)),)
    if params.count == 3:
        return at_threshold(Threshold(), result)
    return (Matrix(f"Matrix {params.count}", values, ("no", "yes"), "True", "Predicted"),)


def visible(view, kind):
    return [widget for widget in view.findChildren(kind) if widget.isVisible()]


def test_of_a_single_figure_there_is_one_title_one_way_to_save_and_its_knobs_beside_them(panel, qtbot):
    panel.set_figures([Adjustable("One", Threshold(), SCORES, single)])
    view = panel.views[0]

    def titles():
        return [label.text() for label in visible(view, QLabel) if label.property("role") == "section"]

    def saves():
        return [button for button in visible(view, QToolButton) if "Save" in button.toolTip()]

    def boxes():
        return [box for box in visible(view, QComboBox) if box.count() > 1]

    assert titles() == ["One"]
    assert len(saves()) == 1
    qtbot.waitUntil(lambda: len(boxes()) == 1)  # Qt shows widgets of a moved layout a little later
    mode = boxes()[0]
    mode.setCurrentIndex(1)
    mode.activated.emit(1)
    assert view.panel.views[0].mode == "row"
    title = next(label for label in visible(view, QLabel) if label.text() == "One")
    assert mode.mapTo(view, mode.rect().center()).y() == pytest.approx(
        title.mapTo(view, title.rect().center()).y(), abs=3
    )
    for count, expected in ((4, 1), (2, 0), (1, 1)):  # another name, another kind, and back
        panel.set_figures([Adjustable("One", Threshold(count=count), SCORES, single)])
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert titles() == ["One"]
        assert len(saves()) == 1
        qtbot.waitUntil(lambda expected=expected: len(boxes()) == expected)
    panel.set_figures([Adjustable("One", Threshold(count=3), SCORES, single)])
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert titles() == ["One", "Confusion", "Tiles"]
    assert len(saves()) == 3


def test_knobs_stand_side_by_side_where_there_is_room_and_below_each_other_where_there_is_not(panel, qtbot):
    editors = [panel.views[0].form.editor(name) for name in ("threshold", "count")]

    def tops():
        return [editor.mapTo(panel, editor.rect().center()).y() for editor in editors]

    qtbot.waitUntil(lambda: abs(tops()[0] - tops()[1]) <= 2)
    panel.resize(300, 900)
    qtbot.waitUntil(lambda: tops()[1] - tops()[0] > 20)
