"""What figures do with the room they get: tall and wide windows, tables that are wide, pictures that are few."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from workbench.figures import Curve, Curves, Gallery, Heatmap, Scatter, Table, Tile
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.figures.gallery_view import ROOMY, USUAL

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 8)).astype(np.uint8)
EPOCHS = Curves("Loss", "Epoch", "Loss", (Curve("train", np.arange(1.0, 7.0), np.linspace(2.0, 0.1, 6)),))
WIDE_TABLE = Table("Report", tuple(f"A column of some width {n}" for n in range(6)), (tuple("abcdef"),))


@pytest.fixture
def show(qtbot):
    def show_one(figure, width, height):
        view = view_for(figure)
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        for _turn in range(3):
            QApplication.processEvents()
        return view

    return show_one


def test_curves_are_no_higher_than_they_are_wide(show):
    view = show(EPOCHS, 500, 1400)
    assert 260 <= view.plot.height() <= 0.76 * view.plot.width()


def test_an_axis_of_epochs_has_whole_numbers_only(show):
    axis = show(EPOCHS, 1800, 500).plot.getAxis("bottom")
    levels = axis.tickSpacing(1.0, 6.0, 1700)
    assert levels
    assert all(distance >= 1 for distance, _offset in levels)
    axis.whole = False
    assert any(distance < 1 for distance, _offset in axis.tickSpacing(1.0, 6.0, 1700))


def test_the_note_of_a_heatmap_stays_with_its_picture_in_a_tall_window(show):
    view = show(Heatmap("Heat", PIXELS, np.eye(4, dtype=np.float32), note="What it shows"), 500, 1400)
    assert view._picture.height() <= view.width()


def test_a_panel_has_fewer_columns_where_a_table_would_scroll_sideways(qtbot):
    panel = FigurePanel(column_width=400)
    qtbot.addWidget(panel)
    panel.resize(1300, 900)
    panel.show()
    panel.set_figures([WIDE_TABLE, EPOCHS])
    QApplication.processEvents()
    assert panel.views[0].wanted_width > 650
    assert len({card.x() for card in panel._cards}) == 1
    panel.resize(3000, 900)
    QApplication.processEvents()
    assert len({card.x() for card in panel._cards}) == 2


def test_texts_of_a_column_with_numbers_stand_at_the_right_like_them(show):
    view = show(Table("Runs", ("Measure", "A"), (("loss", 0.5), ("state", "completed"))), 500, 300)
    model = view.table.model()
    sides = {model.data(model.index(row, 1), Qt.ItemDataRole.TextAlignmentRole) for row in range(2)}
    assert sides == {Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter}


def gallery(count, columns=0):
    return Gallery("Tiles", tuple(Tile(PIXELS, f"#{n}") for n in range(count)), columns=columns)


def side_of(view):
    return view._painter.side


def test_a_few_pictures_are_larger_in_a_wide_place_and_many_are_not(show):
    assert side_of(show(gallery(5), 1800, 600)) == ROOMY
    assert side_of(show(gallery(60), 1800, 600)) == USUAL
    assert side_of(show(gallery(5), 700, 600)) == USUAL


def test_a_row_with_a_number_of_tiles_gets_all_of_them(show):
    view = show(gallery(48, columns=16), 1030, 400)
    tops = {view.grid.visualRect(view.grid.model().index(n, 0)).top() for n in range(16)}
    assert len(tops) == 1


def test_a_size_chosen_by_hand_stays_when_the_window_changes(show):
    view = show(gallery(5), 1800, 600)
    view.set_tile_side(120)
    view.resize(700, 600)
    QApplication.processEvents()
    assert side_of(view) == 120


def test_a_square_plot_is_no_wider_than_its_points_need(show):
    line = Curve("Calibrated", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    view = show(Scatter("Reliability", "Confidence", "Accuracy", (), (line,), square=True), 1400, 420)
    low, high = view.plot.getPlotItem().vb.viewRange()[0]
    assert high - low < 1.6
