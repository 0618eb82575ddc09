"""Scatters, surfaces and matrices of numbers: what is drawn, said and clicked."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QScrollArea

from workbench.colour_maps import DIVERGING
from workbench.figures import Bars, Curve, Matrix, Points, Scatter, Surface
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.figures.matrix_canvas import farthest_of_blocks, signed
from workbench.gui.figures.scatter_view import MOST_POINTS
from workbench.gui.figures.surface_view import drawn_values, evenly
from workbench.gui.theme import appearance

TWO_GROUPS = Scatter(
    "Points", "area", "price",
    (Points("train", np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]), (4, 5, 6)),
     Points("test", np.array([0.0, 2.0]), np.array([2.0, 0.0]))),
    (Curve("line", np.array([0.0, 2.0]), np.array([1.0, 1.0])),),
)  # fmt: skip
X, Y = np.linspace(-1, 1, 21), np.linspace(-2, 2, 31)
BOWL = X[None] ** 2 + Y[:, None] ** 2 + 0.1
PATH = np.array([[-0.9, 1.8], [-0.5, 1.0], [0.0, 0.1]])


@pytest.fixture(autouse=True)
def light():
    appearance().choose("light")
    yield
    appearance().choose("light")


@pytest.fixture
def show(qtbot):
    def show_one(figure, width=700, height=620):
        view = view_for(figure)
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        qtbot.waitExposed(view)
        for _number in range(3):
            QApplication.processEvents()
        view.grab()  # lays out and fits the axes to the points
        return view

    return show_one


def place_of(view, x, y):
    return view.plot.mapFromScene(view.plot.getPlotItem().vb.mapViewToScene(QPointF(x, y)))


def surface(**changes):
    facts = {"value_label": "MSE", "marks": (("minimum", 0.0, 0.0),), **changes}
    return Surface("Loss", "weight", "bias", X, Y, facts.pop("values", BOWL), facts.pop("path", PATH), **facts)


def test_groups_are_told_apart_by_colour_and_by_symbol_and_named_in_the_legend(show):
    view = show(TWO_GROUPS)
    first, second = view._groups
    assert first.opts["symbol"] != second.opts["symbol"]
    assert first.opts["brush"].color() != second.opts["brush"].color()
    assert view._legend.accessibleName() == "train, test, line"
    assert "●" in view._legend.text()
    assert "■" in view._legend.text()


def test_a_click_on_a_point_gives_its_sample_and_one_beside_it_nothing(show, qtbot):
    view = show(TWO_GROUPS)
    clicked = []
    view.tile_clicked.connect(clicked.append)
    with qtbot.waitSignal(view.tile_clicked):
        qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, 1, 1))
    qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, 0.5, 1.5))
    qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, 2, 0))  # of no sample
    assert clicked == [5]


def test_the_point_under_the_pointer_is_named_with_its_group_and_place(show):
    view = show(TWO_GROUPS)
    view._point(QPointF(2.0, 0.01))
    assert view._told.text() == "test:  area 2   price 0"
    view._point(QPointF(1.0, 1.0))
    assert view._told.text() == "train:  area 1   price 1   sample 5"
    view._point(QPointF(0.5, 1.5))
    assert view._told.text().strip() == ""


def test_the_keyboard_walks_through_points_and_opens_a_sample(show, qtbot):
    view = show(TWO_GROUPS)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(view.plot, key)
    assert "sample 6" in view.plot.accessibleDescription()
    with qtbot.waitSignal(view.tile_clicked) as clicked:
        qtbot.keyClick(view.plot, Qt.Key.Key_Return)
    assert clicked.args == [6]


def test_of_a_hundred_thousand_points_a_share_is_drawn_with_the_outermost_and_it_is_said(show):
    random = np.random.default_rng(0)
    x, y = random.normal(size=100_000), random.normal(size=100_000)
    x[77], y[78], x[79], y[80] = 50, 60, np.nan, np.inf
    view = show(Scatter("Many", "x", "y", (Points("a", x[:90_000], y[:90_000]), Points("b", x[90_000:], y[90_000:]))))
    assert MOST_POINTS * 0.95 <= len(view._x) <= MOST_POINTS * 1.01
    assert view._x.max() == 50
    assert view._y.max() == 60
    assert "of 100,000 points are drawn" in view._told.text()
    assert abs(np.mean(view._group == 0) - 0.9) < 0.01


def test_a_square_scatter_has_axes_of_one_scale(show):
    view = show(Scatter("Square", "x", "y", TWO_GROUPS.points, square=True), width=900)
    (left, right), (bottom, top) = view.plot.viewRange()
    box = view.plot.getPlotItem().vb
    assert np.isclose(box.width() / (right - left), box.height() / (top - bottom), rtol=0.01)


OFF_THE_GRID = ((0.87, 0.13), (0.13, 0.87), (0.87, 0.87))


def test_a_field_is_drawn_with_its_first_row_at_the_bottom_and_its_key(show):
    field = np.array([[0.0, 0.0], [1.0, np.nan]])
    view = show(Scatter("Field", "x", "y", (), field=field, field_range=(0, 1, 0, 1), field_label="probability"))
    image = view.plot.grab().toImage()
    low, high, none = (image.pixelColor(place_of(view, *place)) for place in OFF_THE_GRID)
    assert high.red() > 200  # the yellow end
    assert low.blue() > low.green()  # the violet end
    assert none == QColor("white")
    assert view._key.accessibleName() == "0 – 1"
    assert view._key_name.text() == "probability"
    view.set_figure(TWO_GROUPS)
    assert not view._key.isVisible()


def test_a_surface_is_dark_where_it_is_low_and_has_contours_a_path_and_marks(show):
    view = show(surface())
    view._names[0].hide()  # it covers the middle
    image = view.plot.grab().toImage()
    near_low, near_high = (image.pixelColor(place_of(view, *place)) for place in ((0.25, -0.1), (0.97, -1.95)))
    assert near_high.red() > near_low.red() + 60
    assert all(len(item.getData()[0]) > 20 for item in view._contours.values())
    assert [point.symbol() for point in view._ends.points()] == ["o", "s", "star"]
    assert view._legend.text() == "○ start   □ end   ☆ minimum"


def test_the_steps_of_a_path_are_walked_by_the_keyboard_with_their_values(show, qtbot):
    view = show(surface())
    qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    qtbot.keyClick(view.plot, Qt.Key.Key_Right)
    assert view._told.text() == "Step 1 of 2:  weight -0.5   bias 1   MSE 1.3544"
    view._point(QPointF(0.0, 0.0))
    assert view._told.text().endswith("MSE 0.1")


def test_steps_far_outside_leave_the_axes_as_they_are_and_are_counted(show):
    path = np.array([[0.0, 0.0], [5.0, 5.0], [1e300, -1e300], [np.nan, np.inf]])
    view = show(surface(path=path))
    (left, right), (bottom, top) = view.plot.viewRange()
    assert -1.1 < left < -0.99
    assert 0.99 < right < 1.1
    assert bottom > -2.2
    assert top < 2.2
    assert view._told.text() == "3 of 4 steps of the path lie outside the part that is drawn."
    assert np.nanmax(np.abs(view._path.getData()[0])) < 1000


def test_a_logarithmic_surface_follows_the_logarithm_and_leaves_out_what_has_none(show):
    values = BOWL.copy()
    values[0, 0], values[0, 1], values[0, 2], values[0, 3] = np.nan, np.inf, -1.0, 0.0
    view = show(surface(values=values, logarithmic=True))
    drawn = drawn_values(view.figure)
    assert np.isnan(drawn[0, :4]).all()
    assert np.isclose(drawn[15, 10], np.log10(values[15, 10]))
    assert view._key.accessibleName().startswith("0.1 – ")
    assert view._key_name.text() == "MSE, logarithmic"


def test_a_surface_of_nothing_but_nan_and_a_flat_one_are_drawn(show):
    view = show(surface(values=np.full_like(BOWL, np.nan)))
    assert not view._key.isVisible()
    view.set_figure(surface(values=np.ones_like(BOWL)))
    assert view._key.isVisible()
    assert all(item.getData()[0] is None or not len(item.getData()[0]) for item in view._contours.values())


def test_uneven_steps_of_a_surface_are_brought_to_even_ones():
    x = np.array([0.0, 1.0, 2.0, 10.0])
    even = evenly(x, np.arange(3.0), np.tile(x, (3, 1)))
    assert even.shape == (3, 11)
    assert np.allclose(even[1], np.arange(11))


def test_correlations_are_drawn_from_blue_over_white_to_red_with_two_decimals(show):
    values = np.array([[1.0, -0.456, np.nan], [-0.456, 1.0, -0.001], [np.nan, -1.0, 0.0]])
    view = show(Matrix("Correlations", values, ("a", "b", "c"), "", ""))
    canvas = view.canvas
    assert [canvas._text(0, column) for column in range(3)] == ["1.00", "-0.46", "–"]
    assert canvas._text(1, 2) == "0.00"
    assert not view._mode.isVisible()
    assert view.describe(0, 1) == "a · b: -0.46"
    assert view._key.accessibleName() == "-1 – 1"
    image = canvas.grab().toImage()

    def corner(row, column):
        return image.pixelColor((canvas.cell_rect(row, column).topLeft() + QPointF(4, 4)).toPoint())

    assert corner(0, 0) == QColor(*DIVERGING[255].tolist())
    assert corner(2, 1) == QColor(*DIVERGING[0].tolist())
    assert corner(0, 2) == QColor("white")
    view.set_figure(Matrix("Confusion", np.eye(3, dtype=int), ("a", "b", "c"), "True", "Predicted"))
    assert view._mode.isVisible()
    assert canvas._text(0, 0) == "1"


def test_a_block_of_correlations_shows_the_strongest_whatever_its_sign():
    places = np.array([[0.5, 0.6], [0.1, 0.5], [0.5, 0.9], [0.4, 0.5]])
    assert farthest_of_blocks(places, 2).tolist() == [[0.1], [0.9]]
    assert [signed(value) for value in (-0.004, 0.5, -1.0, float("nan"))] == ["0.00", "0.50", "-1.00", "–"]


def test_the_key_stands_right_below_a_small_matrix_in_a_large_window(show):
    view = show(Matrix("Confusion", np.eye(2, dtype=int), ("a", "b"), "True", "Predicted"), 1600, 1300)
    cells_end = view.canvas.mapTo(view, view.canvas.cell_rect(1, 1).bottomRight().toPoint()).y()
    assert 0 < view._key.mapTo(view, view._key.rect().topLeft()).y() - cells_end < 40


def test_bars_in_a_panel_have_no_scroll_bar_of_their_own(qtbot):
    names = tuple(f"class {index}" for index in range(100))
    scroll, panel = QScrollArea(), FigurePanel()
    qtbot.addWidget(scroll)
    scroll.setWidgetResizable(True)
    scroll.setWidget(panel)
    scroll.resize(640, 480)
    scroll.show()
    panel.set_figures([Bars("Counts", names, {"train": tuple(range(100))})])
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().maximum() > 400)
    view = panel.views[0]
    assert view._chart.verticalScrollBar().maximum() == 0
    assert len(view._chart._order) == 40
    before = view._chart.height()
    view._all.click()
    qtbot.waitUntil(lambda: view._chart.height() > 2 * before)
    assert view._chart.verticalScrollBar().maximum() == 0
    assert len(view._chart._order) == 100
