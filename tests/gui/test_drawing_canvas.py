"""Drawing with the mouse."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QImage, QKeySequence
from PySide6.QtWidgets import QMainWindow

from workbench.gui.drawing_canvas import DrawingCanvas


@pytest.fixture
def canvas(qtbot):
    canvas = DrawingCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(300, 200)
    canvas.show()
    return canvas


def pixels(canvas):
    image = canvas.picture()
    return np.array(image.constBits(), copy=True).reshape(image.height(), image.bytesPerLine())[:, : image.width()]


def stroke(qtbot, canvas, first, last, button=Qt.MouseButton.LeftButton):
    qtbot.mousePress(canvas, button, pos=QPoint(*first))
    qtbot.mouseMove(canvas, QPoint(*last))
    qtbot.mouseRelease(canvas, button, pos=QPoint(*last))


def test_a_stroke_is_white_on_black_and_lies_where_the_mouse_went(canvas, qtbot):
    stroke(qtbot, canvas, (60, 100), (240, 100))  # the board is the middle 200 x 200
    drawn = pixels(canvas)
    assert drawn.shape == (280, 280)
    assert drawn[140, 20:260].min() == 255
    assert drawn[:100].max() == 0
    assert drawn[180:].max() == 0


def test_the_picture_does_not_depend_on_the_size_of_the_widget(canvas, qtbot):
    stroke(qtbot, canvas, (100, 50), (200, 150))
    before = pixels(canvas)
    canvas.resize(900, 640)
    np.testing.assert_array_equal(pixels(canvas), before)


def test_black_on_white_is_the_exact_negative(canvas, qtbot):
    stroke(qtbot, canvas, (100, 50), (200, 150))
    before = pixels(canvas)
    with qtbot.waitSignal(canvas.changed):
        canvas.set_dark(False)
    difference = np.abs(pixels(canvas).astype(int) - (255 - before.astype(int)))
    assert difference.max() <= 1


def test_a_wider_brush_paints_more(canvas, qtbot):
    stroke(qtbot, canvas, (100, 100), (200, 100))
    narrow = (pixels(canvas) > 128).sum()
    canvas.clear()
    canvas.set_brush(22)
    stroke(qtbot, canvas, (100, 100), (200, 100))
    assert (pixels(canvas) > 128).sum() > 1.6 * narrow


def test_undo_takes_back_one_stroke_and_clear_all(canvas, qtbot):
    stroke(qtbot, canvas, (70, 60), (230, 60))
    one = pixels(canvas)
    stroke(qtbot, canvas, (70, 140), (230, 140))
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(pixels(canvas), one)
    with qtbot.waitSignal(canvas.changed):
        canvas.clear()
    assert canvas.empty
    assert pixels(canvas).max() == 0
    with qtbot.assertNotEmitted(canvas.changed):
        canvas.undo()


def test_undo_on_the_board_is_not_the_undo_of_the_window(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    canvas = DrawingCanvas()
    window.setCentralWidget(canvas)
    undone = []
    action = QAction("Undo", window)
    action.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
    action.triggered.connect(undone.append)
    window.addAction(action)
    window.resize(300, 300)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    stroke(qtbot, canvas, (50, 50), (150, 150))
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert canvas.empty
    assert undone == []


def test_the_right_button_erases(canvas, qtbot):
    stroke(qtbot, canvas, (70, 100), (230, 100))
    stroke(qtbot, canvas, (70, 100), (230, 100), Qt.MouseButton.RightButton)
    assert pixels(canvas).max() == 0


def test_a_click_makes_a_dot(canvas, qtbot):
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(150, 100))
    assert pixels(canvas)[140, 140] == 255


def test_the_board_takes_the_proportions_of_the_input(canvas):
    canvas.set_proportions(28, 12)
    image = QImage.fromData(canvas.png())
    assert (image.width(), image.height()) == (120, 280)
    board = canvas.board()
    assert board.height() == 200
    assert abs(board.width() - 200 * 12 / 28) <= 1
