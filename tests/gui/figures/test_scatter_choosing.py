"""Points with cards: the pointer shows samples, a lasso chooses them into a gallery, the legend hides groups."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from workbench.figures import Adjustable, Points, RowSample, SampleCards, Scatter
from workbench.gui.figures.legend import group_symbol
from workbench.gui.figures.scatter_selection import inside
from workbench.inspection.samples.colouring import ClassColouring, Placed, coloured
from workbench.specs import Column, TableInput

PLACES = np.array([(x, y) for x in range(6) for y in range(5)], np.float32)
TRUTH = (PLACES[:, 0] >= 3).astype(int)
CARDS = SampleCards(
    2 * np.arange(30),  # every second sample of a split
    tuple(f"sample {2 * index}" for index in range(30)),
    np.arange(30) == 4,
    np.full((30, 8, 8), 90, np.uint8),
)
PLACED = Placed(PLACES, CARDS, np.linspace(0, 1, 30), TRUTH, TRUTH, ("cat", "dog"), "Plane", ("x", "y"))
FIGURE = coloured(ClassColouring(), PLACED)[0]


@pytest.fixture
def view(show):
    """The figure on the screen."""
    return show(FIGURE, 760, 700)


def pixel_of(view, x, y):
    """A place of the axes in pixels of the plot."""
    return view.plot.mapFromScene(view.plot.getPlotItem().vb.mapViewToScene(QPointF(x, y)))


def draw(qtbot, view, corners, modifier=Qt.KeyboardModifier.NoModifier):
    """Draw a lasso by the mouse through places of the axes."""
    sheet = view._sheet
    pixels = [pixel_of(view, *corner) for corner in corners]
    qtbot.mousePress(sheet, Qt.MouseButton.LeftButton, modifier, pixels[0])
    for pixel in pixels[1:]:
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(pixel), sheet.mapToGlobal(QPointF(pixel)),
            Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, modifier,
        )  # fmt: skip
        QApplication.sendEvent(sheet, event)
    qtbot.mouseRelease(sheet, Qt.MouseButton.LeftButton, modifier, pixels[-1])


LOWER_LEFT = [(-0.5, -0.5), (1.5, -0.5), (1.5, 1.5), (-0.5, 1.5)]


def test_a_point_is_inside_a_polygon_that_turns_in_on_itself():
    corners = np.array([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], float)
    found = inside(np.array([2.0, 0.5, 3.5, 2.0, 9.0]), np.array([3.0, 1.0, 2.0, 0.5, 0.5]), corners)
    assert found.tolist() == [False, True, True, True, False]


def test_the_pointer_shows_the_picture_and_the_line_of_a_sample(view):
    view.plot.pointed.emit(QPointF(0, 4))
    assert view._tip.isVisible()
    assert view._tip.text == "✗ sample 8"
    assert view.plot.viewport().rect().contains(view._tip.geometry())
    view.plot.pointed.emit(QPointF(2.5, 2.5))
    assert not view._tip.isVisible()


def test_a_lasso_chooses_samples_into_a_gallery_and_shift_adds_to_them(view, qtbot):
    view.lasso.click()
    assert view._sheet.isVisible()
    draw(qtbot, view, LOWER_LEFT)
    assert view.chosen == (0, 2, 10, 12)
    assert [tile.sample for tile in view.gallery.figure.tiles] == [0, 2, 10, 12]
    assert view.gallery.isVisible()
    draw(qtbot, view, [(4.5, 3.5), (5.5, 3.5), (5.5, 4.5), (4.5, 4.5)], Qt.KeyboardModifier.ShiftModifier)
    assert view.chosen == (0, 2, 10, 12, 58)
    assert "4 of cat, 1 of dog" in view.gallery.figure.note
    qtbot.keyClick(view._sheet, Qt.Key.Key_Escape)
    assert not view.lasso.isChecked()
    assert not view._sheet.isVisible()
    assert view.chosen  # it is kept


def test_a_picture_of_the_gallery_gives_its_sample(view, qtbot):
    view.choose_group("dog")
    assert len(view.chosen) == 15
    grid = view.gallery.grid
    with qtbot.waitSignal(view.tile_clicked) as signal:
        qtbot.mouseClick(
            grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(grid.model().index(1, 0)).center()
        )
    assert signal.args == [view.chosen[1]]


def test_without_a_mouse_a_menu_chooses_groups_and_enter_opens_a_point(view, qtbot):
    view.choice.menu().aboutToShow.emit()
    actions = {action.text(): action for action in view.choice.menu().actions()}
    actions["cat"].trigger()
    assert len(view.chosen) == 15
    actions["Nothing"].trigger()
    assert not view.chosen
    assert not view.gallery.isVisible()
    qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    assert view._tip.isVisible()
    with qtbot.waitSignal(view.tile_clicked) as signal:
        qtbot.keyClick(view.plot, Qt.Key.Key_Return)
    assert signal.args == [0]


def test_a_hidden_group_is_neither_pointed_at_nor_chosen(view, qtbot):
    view._legend.linkActivated.emit("0")
    assert "cat (hidden)" in view._legend.accessibleName()
    view.plot.pointed.emit(QPointF(0, 0))
    assert not view._tip.isVisible()
    view.lasso.click()
    draw(qtbot, view, [(-1, -1), (6, -1), (6, 6), (-1, 6)])
    assert view.chosen == tuple(range(30, 60, 2))
    view._legend.linkActivated.emit("0")
    view.plot.pointed.emit(QPointF(0, 0))
    assert view._tip.isVisible()


def test_a_click_on_a_point_chooses_it(view, qtbot):
    qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=pixel_of(view, 5, 0))
    assert view.chosen == (50,)


def test_another_colour_keeps_what_is_chosen_and_how_far_it_is_zoomed(show):
    view = show(Adjustable("Embedding", ClassColouring(), PLACED, coloured), 760, 700)
    scatter = view.panel.views[0]
    scatter.choose_group("dog")
    scatter.plot.setXRange(1, 2, padding=0)
    view._edit("colour", "error")
    assert view.panel.views[0] is scatter
    assert [group.name for group in scatter.figure.points] == ["right"]
    assert len(scatter.chosen) == 15
    assert scatter.plot.viewRange()[0] == pytest.approx([1, 2])


def test_more_groups_than_colours_differ_by_their_symbols():
    assert len({(index % 8, group_symbol(index)) for index in range(41)}) == 41


def test_a_figure_without_cards_offers_no_lasso(show):
    view = show(Scatter("Plain", "x", "y", (Points("a", np.arange(3.0), np.arange(3.0), (0, 1, 2)),)))
    assert not view.lasso.isVisible()
    assert not view.choice.isVisible()
    view.plot.pointed.emit(QPointF(1, 1))
    assert not view._tip.isVisible()


def test_points_are_hidden_from_the_gallery_of_samples_that_are_no_pictures(show):
    cards = SampleCards(CARDS.samples, CARDS.captions, CARDS.wrong)
    view = show(Scatter("Rows", "x", "y", FIGURE.points, cards=cards))
    view.choose_group("dog")
    assert len(view.chosen) == 15
    assert not view.gallery.isVisible()
    view.plot.pointed.emit(QPointF(0, 0))
    assert view._tip.text == "sample 0"


def test_the_tip_and_the_sheet_fit_the_size_of_the_plot(view):
    view.lasso.click()
    view.resize(900, 760)
    QApplication.processEvents()
    assert view._sheet.geometry().size() == view.plot.viewport().size()
    assert view._sheet.geometry().topLeft() == QPoint(0, 0)


@pytest.fixture
def row_view(show):
    """The same points, whose samples are rows of a table."""
    columns = (Column("petal", "cm"), Column("colour", categories=("blue", "white")))
    values = np.column_stack([np.arange(30) / 10, np.arange(30) % 2]).astype(np.float32)
    values[4, 0] = np.nan
    cards = SampleCards(
        CARDS.samples, CARDS.captions, CARDS.wrong, names=tuple(f"row {2 * index}" for index in range(30)),
        facts={"Target": ("cat",) * 30}, input=TableInput(columns), values=values,
    )  # fmt: skip
    return show(coloured(ClassColouring(), replace(PLACED, cards=cards))[0], 900, 700)


def test_the_pointer_shows_the_values_of_a_row(row_view):
    row_view.plot.pointed.emit(QPointF(0, 4))
    assert row_view._tip.text == "✗ sample 8\npetal (cm): –\ncolour: blue"


def test_a_lasso_chooses_rows_into_a_table_that_can_be_asked_for_its_samples(row_view, qtbot):
    assert not row_view.rows.isVisible()
    row_view.lasso.click()
    draw(qtbot, row_view, LOWER_LEFT)
    assert row_view.rows.isVisible()
    assert not row_view.gallery.isVisible()
    table = row_view.rows.figure
    assert table.columns == ("Row", "Target", "petal (cm)", "colour")
    assert table.rows[1] == ("row 2", "cat", pytest.approx(0.1), "white")
    assert table.samples[1] == RowSample(2, "row 2")
    assert row_view.sample_views == [row_view.rows]
    row_view.rows.select_several()
    row_view.rows.table.selectRow(1)
    assert row_view.rows.selected_samples == [RowSample(2, "row 2")]
    row_view._choose_nothing()
    assert not row_view.rows.isVisible()
    assert row_view.rows.selected_samples == []
