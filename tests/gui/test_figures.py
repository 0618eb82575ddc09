"""The renderers: what they show, say and save, in light and dark, with the mouse and with the keyboard."""

import csv
import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QFileDialog

from workbench.figures import (
    Bars,
    Curve,
    Curves,
    Gallery,
    Heatmap,
    Image,
    Matrix,
    Points,
    Scatter,
    Surface,
    Table,
    Tile,
)
from workbench.gui.figures import RENDERERS, view_for
from workbench.gui.figures.enlarged import Enlarged
from workbench.gui.figures.gallery_view import KEPT_IMAGES, broken
from workbench.gui.figures.image_view import ImageView
from workbench.gui.figures.matrix_canvas import highest_of_blocks
from workbench.gui.figures.pictures import to_image
from workbench.gui.theme import appearance, theme

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 8)).astype(np.uint8)
FIGURES = {
    "image": Image("A picture", PIXELS, note="Below it."),
    "heatmap": Heatmap("Heat", PIXELS, np.eye(4, dtype=np.float32)),
    "curves": Curves("Loss", "epoch", "loss", (Curve("training", np.arange(5.0), np.arange(5.0)),
                     Curve("validation", np.arange(5.0), np.arange(5.0) + 1)), (("best", 3.0),)),
    "matrix": Matrix("Confusion", np.array([[5, 1], [0, 7]]), ("cat", "dog"), "True", "Predicted", {(0, 1): (4,)}),
    "bars": Bars("Counts", ("a", "b"), {"train": (1.0, 2.0), "test": (3.0, float("nan"))}),
    "table": Table("Report", ("Class", "F1"), (("a", 0.5), ("b", None))),
    "gallery": Gallery("Tiles", tuple(Tile(PIXELS, f"tile {index}", index, index == 1) for index in range(5))),
    "scatter": Scatter("Points", "x", "y", (Points("a", np.arange(5.0), np.arange(5.0)),)),
    "surface": Surface("Loss", "w", "b", np.arange(3.0), np.arange(4.0), np.arange(12.0).reshape(4, 3),
                       np.array([[0.0, 0.0], [1.0, 1.0]])),
}  # fmt: skip
EMPTY = {
    "curves": Curves("", "", "", ()),
    "matrix": Matrix("", np.zeros((0, 0), int), (), "", ""),
    "bars": Bars("", (), {}),
    "table": Table("", (), ()),
    "gallery": Gallery("", ()),
    "scatter": Scatter("", "", "", ()),
    "surface": Surface("", "", "", np.zeros(0), np.zeros(0), np.zeros((0, 0)), np.zeros((0, 2))),
}


@pytest.fixture(autouse=True)
def light():
    appearance().choose("light")
    yield
    appearance().choose("light")


def matrix_of(count, cell, samples=(3, 1)):
    values = np.diag(np.full(count, 9))
    values[cell] = 1
    names = tuple(f"class {index}" for index in range(count))
    return Matrix("Confusion", values, names, "True", "Predicted", {cell: samples})


def different_colours(image):
    return len({image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)})


def test_every_kind_of_figure_has_a_renderer():
    assert set(RENDERERS) == {*FIGURES, "adjustable"}


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_is_shown_with_its_name_and_saved_as_picture_table_and_json(kind, show, tmp_path):
    view = show(FIGURES[kind])
    assert view.accessibleName() == FIGURES[kind].title
    assert view.body.accessibleName()
    view.save_png(tmp_path / "figure.png")
    view.save_csv(tmp_path / "figure.csv")
    view.save_json(tmp_path / "figure.json")
    image = QImage(str(tmp_path / "figure.png"))
    if kind != "image":  # a picture is saved at its own size
        assert image.width() >= 2 * view.body.width()
        assert image.height() > 2 * view.body.height()
    assert different_colours(image) > 3
    assert list(csv.reader((tmp_path / "figure.csv").read_text(encoding="utf-8").splitlines()))
    assert json.loads((tmp_path / "figure.json").read_text(encoding="utf-8"))["kind"] == kind


@pytest.mark.parametrize("kind", FIGURES)
def test_a_figure_that_was_never_on_the_screen_is_saved_as_a_picture(kind, qtbot, tmp_path):
    view = view_for(FIGURES[kind])
    qtbot.addWidget(view)
    view.save_png(tmp_path / "figure.png")
    assert different_colours(QImage(str(tmp_path / "figure.png"))) > 3


@pytest.mark.parametrize("kind", EMPTY)
def test_a_figure_without_content_is_shown_as_nothing(kind, show):
    view = show(EMPTY[kind])
    assert not view.grab().isNull()
    view.set_figure(FIGURES[kind])
    view.set_figure(EMPTY[kind])
    assert not view.grab().isNull()


@pytest.mark.parametrize("kind", FIGURES)
def test_a_change_of_theme_is_followed(kind, show):
    view = show(FIGURES[kind])
    before = view.grab().toImage()
    appearance().choose("dark")
    after = view.picture()
    assert view.grab().toImage() != before
    assert after.pixelColor(1, 1) == QColor(theme().surface)


class CountingView(ImageView):
    draws = 0

    def draw(self):
        self.draws += 1
        super().draw()


def test_a_warning_is_shown_as_one_and_stands_in_what_is_saved(show, tmp_path):
    view = show(Image("A picture", PIXELS, note="Below it."))
    assert not view._warning.isVisible()
    view.set_figure(Image("A picture", PIXELS, note="Below it.", warning="It failed."))
    assert view._warning.isVisible()
    assert view._warning.text == "It failed."
    assert view._warning.property("role") == "notice-warning"
    assert view.figure.words == view.body.accessibleDescription() == "⚠ It failed.\nBelow it."
    view.save_json(tmp_path / "figure.json")
    assert json.loads((tmp_path / "figure.json").read_text(encoding="utf-8"))["warning"] == "It failed."
    view.set_figure(Image("A picture", PIXELS, note="Below it."))
    assert not view._warning.isVisible()


def test_only_what_is_seen_is_drawn(qtbot):
    view = CountingView()
    qtbot.addWidget(view)
    for _number in range(5):
        view.set_figure(FIGURES["image"])
    appearance().choose("dark")
    assert view.draws == 0
    view.show()
    assert view.draws == 1
    view.hide()
    view.set_figure(FIGURES["image"])
    assert view.draws == 1


def test_the_menu_of_the_button_saves_where_the_user_says_and_adds_a_missing_ending(show, tmp_path):
    view = show(FIGURES["table"])
    asked = []

    def ask(_parent, name, pattern):
        asked.append((name, pattern))
        return str(tmp_path / "my table")

    view.ask_path = ask
    view._ask_csv()
    assert (tmp_path / "my table.csv").read_text(encoding="utf-8").startswith("Class,F1")
    assert asked[0][0] == "report.csv"
    assert "*.csv" in asked[0][1]


def test_a_file_that_cannot_be_written_is_a_message_in_the_view(show, tmp_path):
    view = show(FIGURES["table"])
    (tmp_path / "file").write_text("")
    view.ask_path = lambda *_about: str(tmp_path / "file" / "table.csv")
    view._ask_csv()
    assert "cannot be written" in view._problem.text
    view.ask_path = lambda *_about: str(tmp_path / "file" / "table.png")
    view._ask_png()
    assert "cannot be written" in view._problem.text
    view.ask_path = lambda *_about: str(tmp_path / "table.csv")
    view._ask_csv()
    assert view._problem.text == ""


def test_an_image_owns_its_pixels():
    pixels = np.full((4, 4, 3), 200, np.uint8)
    image = to_image(pixels[:, ::-1])
    pixels[:] = 0
    del pixels
    assert image.pixelColor(2, 2) == QColor(200, 200, 200)


def test_a_picture_keeps_its_red_and_its_blue_apart():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[..., 0] = 255
    assert to_image(pixels).pixelColor(0, 0) == QColor(255, 0, 0)


def test_the_slider_blends_from_the_picture_to_the_heatmap(show):
    view = show(Heatmap("Heat", np.full((8, 8), 255, np.uint8), np.zeros((2, 2), np.float32)))
    middle = view._picture.rect().center()

    def seen(percent):
        view._slider.setValue(percent)
        return view._picture.grab().toImage().pixelColor(middle)

    assert seen(0) == QColor(255, 255, 255)
    assert seen(100) == QColor(0x44, 0x01, 0x54)
    half = seen(50)
    assert abs(half.red() - (255 + 0x44) / 2) <= 2
    assert view.blend == 0.5


def test_curves_are_told_apart_by_stroke_and_colour_and_have_a_legend(show):
    view = show(FIGURES["curves"])
    pens = [line.opts["pen"] for line in view._lines.values()]
    assert pens[0].style() != pens[1].style()
    assert pens[0].color() != pens[1].color()
    assert view._legend.accessibleName() == "training, validation"
    assert all(pen.color().name() in view._legend.text() for pen in pens)
    assert not view._legend.geometry().intersects(view.plot.geometry())


def test_the_legend_of_curves_follows_the_theme(show):
    view = show(FIGURES["curves"])
    before = view._legend.text()
    dark = theme().dark
    appearance().choose("light" if dark else "dark")
    try:
        assert view._legend.text() != before
        assert view._lines["training"].opts["pen"].color().name() in view._legend.text()
    finally:
        appearance().choose("dark" if dark else "light")


def test_a_live_curve_keeps_its_line_when_points_are_added(show):
    view = show(FIGURES["curves"])
    line = view._lines["training"]
    longer = (Curve("training", np.arange(9.0), np.arange(9.0)), FIGURES["curves"].curves[1])
    view.set_figure(Curves("Loss", "epoch", "loss", longer))
    assert view._lines["training"] is line
    assert len(line.getData()[0]) == 9
    assert not view._marks


def test_the_values_of_all_curves_are_said_under_the_pointer(show, qtbot):
    view = show(FIGURES["curves"])
    box = view.plot.getPlotItem().vb
    qtbot.waitUntil(lambda: box.viewRange()[0][1] > 3.9, timeout=2000)
    view._tell_values(box.mapViewToScene(QPointF(2.1, 2.0)))
    assert view._values.text().split() == ["epoch", "2:", "training", "2", "validation", "3"]
    view._tell_values(QPointF(-50, -50))
    assert view._values.text().strip() == ""


def test_a_curve_with_a_loss_that_is_no_number_is_drawn_around_it(show):
    y = np.arange(10_000.0)
    y[100:200] = np.nan
    y[300] = np.inf
    view = show(Curves("Loss", "step", "loss", (Curve("batch", np.arange(10_000.0), y),)))
    assert not view.grab().isNull()


def test_the_wheel_over_a_plot_scrolls_the_page_and_zooms_with_ctrl(show, qtbot):
    view = show(FIGURES["curves"])
    before = view.plot.viewRange()
    position = view.plot.rect().center()
    scroll(view.plot.viewport(), position, Qt.KeyboardModifier.NoModifier)
    assert view.plot.viewRange() == before
    scroll(view.plot.viewport(), position, Qt.KeyboardModifier.ControlModifier)
    assert view.plot.viewRange() != before


def scroll(widget, position, modifier):
    from PySide6.QtGui import QWheelEvent

    place = QPointF(position)
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(position)), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize("count", [2, 10, 100, 1000])
def test_a_click_on_a_cell_gives_its_samples_from_2_to_1000_classes(count, show, qtbot):
    cell = (count - 1, count // 3)
    view = show(matrix_of(count, cell))
    canvas = view.canvas
    while canvas.cell_side < 6:
        canvas._zoom_by(2.0, canvas.cell_rect(*cell).center())
    with qtbot.waitSignal(view.cell_clicked) as clicked:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.cell_rect(*cell).center().toPoint())
    assert clicked.args == [*cell, (3, 1)]


def test_a_cell_is_chosen_and_opened_by_the_keyboard(show, qtbot):
    view = show(matrix_of(10, (1, 2)))
    view.canvas.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(view.canvas, key)
    assert view._told.text() == "True: class 1 · Predicted: class 2 · 1 (10.0% of the row, 10.0% of the column)"
    with qtbot.waitSignal(view.cell_clicked) as clicked:
        qtbot.keyClick(view.canvas, Qt.Key.Key_Return)
    assert clicked.args == [1, 2, (3, 1)]


def test_the_cursor_of_a_zoomed_matrix_stays_in_sight(show, qtbot):
    view = show(matrix_of(100, (1, 2)))
    canvas = view.canvas
    for _number in range(20):
        qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    for _number in range(60):
        qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas._area().contains(canvas.cell_rect(60, 0).center().toPoint())
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.cell_side * 100 <= canvas.height()


def test_dragging_moves_a_zoomed_matrix_and_clicks_no_cell(show, qtbot):
    view = show(matrix_of(100, (1, 2)))
    canvas = view.canvas
    canvas._zoom_by(6.0, QPointF(canvas._area().center()))
    start, clicks = canvas._area().center(), []
    canvas.cell_clicked.connect(lambda *cell: clicks.append(cell))
    before = canvas.cell_at(QPointF(start))
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(canvas, start + QPoint(0, 60))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 60))
    assert canvas.cell_at(QPointF(start))[0] < before[0]
    assert canvas.cell_at(QPointF(start))[1] == before[1]
    assert clicks == []


def test_one_mistake_among_a_million_cells_is_seen(show):
    alone = np.zeros((1000, 1000), int)
    alone[617, 203] = 1
    names = tuple(f"n{index}" for index in range(1000))
    empty = show(Matrix("Confusion", np.zeros((1000, 1000), int), names, "True", "Predicted"))
    one = show(Matrix("Confusion", alone, names, "True", "Predicted"))
    area = one.canvas._area().adjusted(3, 3, -3, -3)
    assert one.canvas.grab(area).toImage() != empty.canvas.grab(area).toImage()


def test_blocks_of_cells_show_their_highest_value():
    values = np.zeros((5, 7))
    values[4, 6] = 0.5
    values[1, 1] = 1.0
    found = highest_of_blocks(values, 3)
    assert found.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.5]]


def test_a_matrix_shows_counts_or_shares_of_rows_or_columns(show):
    values = np.array([[3, 1], [0, 400]])
    view = show(Matrix("Confusion", values, ("a", "b"), "True", "Predicted"))
    assert view.canvas._text(0, 0) == "3"
    view.set_mode("row")
    assert [view.canvas._text(0, column) for column in (0, 1)] == ["75 %", "25 %"]
    assert view._key.accessibleName() == "0 % – 100 %"
    view.set_mode("column")
    assert [view.canvas._text(row, 1) for row in (0, 1)] == ["<1 %", "100 %"]


def test_the_bars_of_hundreds_of_names_scroll(show):
    names = tuple(f"class {index}" for index in range(500))
    view = show(Bars("Counts", names, {"train": tuple(float(index) for index in range(500))}))
    bar = view._chart.verticalScrollBar()
    top = view._chart.grab().toImage()
    assert bar.maximum() > 5000
    bar.setValue(bar.maximum())
    assert view._chart.grab().toImage() != top
    view._order.setCurrentIndex(1)
    assert view._chart._order[:3].tolist() == [499, 498, 497]


def test_a_gallery_of_thousands_makes_images_only_of_what_is_in_sight(show):
    view = show(Gallery("Tiles", tuple(Tile(PIXELS, str(index), index) for index in range(2000))))
    view.grab()
    assert 0 < len(view._tiles._images) < 200
    for row in range(2000):
        view._tiles.image(row)
    assert len(view._tiles._images) == KEPT_IMAGES


def test_a_click_on_a_tile_gives_its_sample(show, qtbot):
    view = show(Gallery("Tiles", tuple(Tile(PIXELS, "", 10 * index) for index in range(4))))
    with qtbot.waitSignal(view.tile_clicked) as clicked:
        place = view.grid.visualRect(view.grid.model().index(2, 0)).center()
        qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert clicked.args == [20]


def test_a_tile_without_a_sample_is_enlarged_and_the_arrows_go_on(show, qtbot):
    view = show(Gallery("Maps", tuple(Tile(PIXELS, f"map {index}") for index in range(3)), True))
    place = view.grid.visualRect(view.grid.model().index(1, 0)).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    window = view.findChild(Enlarged)
    assert window.isVisible()
    assert window.windowTitle() == "map 1"
    qtbot.keyClick(window._picture, Qt.Key.Key_Right)
    qtbot.keyClick(window._picture, Qt.Key.Key_Right)
    assert window.index == 2
    assert not window._next.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: view.findChild(Enlarged) is None, timeout=2000)


def test_numbers_of_colours_are_seen_in_them_and_saved_as_numbers(show, qtbot, tmp_path, monkeypatch):
    palette = np.array([[0, 0, 0], [230, 159, 0], [86, 180, 233]], np.uint8)
    view = show(Image("Mask", np.full((4, 4), 2, np.uint8), palette=palette))
    middle = view._picture.rect().center()
    assert view._picture.grab().toImage().pixelColor(middle).getRgb()[:3] == (86, 180, 233)
    qtbot.keyClick(view._picture, Qt.Key.Key_Return)
    window = view.findChild(Enlarged)
    assert window._picture.grab().toImage().pixelColor(window._picture.rect().center()).getRgb()[:3] == (86, 180, 233)
    view.save_png(tmp_path / "view.png")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_given: (str(tmp_path / "window.png"), ""))
    window._save()
    for name in ("view", "window"):
        image = QImage(str(tmp_path / f"{name}.png"))
        assert image.pixelIndex(1, 1) == 2
        assert image.pixelColor(1, 1).getRgb()[:3] == (86, 180, 233)


def test_the_keyboard_enlarges_with_enter_and_chooses_with_space(show, qtbot):
    view = show(FIGURES["gallery"])
    view.grid.setCurrentIndex(view.grid.model().index(3, 0))
    with qtbot.waitSignal(view.tile_clicked) as clicked:
        qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    assert clicked.args == [3]
    qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    window = view.findChild(Enlarged)
    assert window.index == 3
    window.close()


def test_a_mistake_is_marked_by_a_sign_and_named_wrong_to_a_screen_reader(show):
    right = show(Gallery("Tiles", (Tile(PIXELS, "4 → 9", 0, False),)))
    wrong = show(Gallery("Tiles", (Tile(PIXELS, "4 → 9", 0, True),)))
    assert right.grid.grab().toImage() != wrong.grid.grab().toImage()
    model = wrong.grid.model()
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "4 → 9, wrong"


def test_captions_break_between_words_and_elide_what_is_too_long(qapp):
    metrics = QFontMetrics(QApplication.font())
    width = metrics.horizontalAdvance("class 12")
    assert broken("class 12 again", metrics, width, 3) == ["class 12", "again"]
    assert broken("one\ntwo", metrics, width, 3) == ["one", "two"]
    assert broken("x" * 90, metrics, width, 1)[0].endswith("…")
    assert broken("anything", metrics, width, 0) == []
