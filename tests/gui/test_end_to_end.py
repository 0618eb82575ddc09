"""One walk through the whole window by mouse and keyboard, on real engines: from the data to a dropped picture."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QTableView

from workbench.engine import Engine
from workbench.gui.figures.heatmap_view import HeatmapView
from workbench.gui.figures.matrix_view import MatrixView
from workbench.runs.folder import RunFolder

WARM_UP, ANSWER, TRAINING = 120_000, 60_000, 120_000


@pytest.fixture
def window(open_window):
    return open_window(questions=Engine("questions", device="cpu"), training=Engine("training"), page="data")


def named(page, kind, name):
    """The visible widget that a screen reader announces by this name."""
    (found,) = [each for each in page.findChildren(kind) if each.accessibleName() == name and each.isVisible()]
    return found


def go_to(qtbot, window, name):
    """Click on a page in the navigation."""
    navigation = window.navigation
    for row in range(navigation.count()):
        if navigation.item(row).data(Qt.ItemDataRole.UserRole) == name:
            place = navigation.visualItemRect(navigation.item(row)).center()
            qtbot.mouseClick(navigation.viewport(), Qt.MouseButton.LeftButton, pos=place)
    page = window.pages.currentWidget()
    assert page.name == name
    return page


def type_number(qtbot, box, text):
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def choose(qtbot, box: QComboBox, text):
    """Step through the box with the arrow key until it shows the text."""
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if text in box.currentText():
            return
        qtbot.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(f"{text} is not among the choices")


def drop(widget, *paths):
    """Let files fall on the middle of a widget, as a file manager does."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = widget.rect().center()
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(middle, Qt.DropAction.CopyAction, mime, buttons, keys))
    QApplication.sendEvent(widget, QDropEvent(QPointF(middle), Qt.DropAction.CopyAction, mime, buttons, keys))


def test_from_the_data_to_a_dropped_picture(qtbot, window, tmp_path):
    workspace = window.workspace
    workspace.questions.start()

    data = window.pages.currentWidget()
    qtbot.waitUntil(lambda: workspace.data_report is not None, timeout=WARM_UP)
    assert workspace.data_report.samples == 1_797
    assert data.isVisible()

    model = go_to(qtbot, window, "model")
    table = named(model, QTableView, "Layer table").model()
    shapes = [table.index(row, 2).data() for row in range(table.rowCount())]
    type_number(qtbot, named(model, QAbstractSpinBox, "Kernel size"), "5")
    qtbot.waitUntil(lambda: [table.index(row, 2).data() for row in range(table.rowCount())] != shapes)
    assert workspace.document.experiment.architecture.kernel_size == 5

    train = go_to(qtbot, window, "train")
    type_number(qtbot, named(train, QAbstractSpinBox, "Epochs"), "4")
    qtbot.mouseClick(window.header.train, Qt.MouseButton.LeftButton)
    assert workspace.training.running
    qtbot.waitUntil(lambda: not workspace.training.running, timeout=TRAINING)
    run = RunFolder(workspace.current_run)
    assert run.state() == "completed"
    assert run.experiment().architecture.kernel_size == 5
    assert run.evaluation()["test"]["accuracy"] > 0.7

    evaluate = go_to(qtbot, window, "evaluate")
    qtbot.waitUntil(lambda: bool(evaluate.findChildren(MatrixView)), timeout=ANSWER)
    (matrix,) = evaluate.findChildren(MatrixView)
    qtbot.waitUntil(lambda: matrix.canvas.cell_side > 4)
    with qtbot.waitSignal(evaluate.panel.cell_clicked) as clicked:
        cell = matrix.canvas.cell_rect(0, 0).center().toPoint()
        qtbot.mouseClick(matrix.canvas, Qt.MouseButton.LeftButton, pos=cell)
    assert clicked.args[:2] == [0, 0]
    shown = evaluate.samples.gallery
    qtbot.waitUntil(lambda: shown.figure and len(shown.figure.tiles) == len(clicked.args[2]), timeout=ANSWER)

    inspect = go_to(qtbot, window, "inspect")
    choose(qtbot, named(inspect, QComboBox, "Method"), "Grad-CAM")
    qtbot.waitUntil(lambda: bool(inspect.findChildren(HeatmapView)), timeout=ANSWER)

    import cv2

    picture, letter = tmp_path / "chữ số một.png", tmp_path / "not a picture.png"
    pixels = np.zeros((60, 40), np.uint8)
    pixels[8:52, 17:24] = 255
    picture.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    letter.write_text("Dear workbench")
    predict = go_to(qtbot, window, "predict")
    drop(predict, picture, letter)
    qtbot.waitUntil(lambda: len(predict.result.rows) == 2, timeout=ANSWER)
    answered, refused = sorted(predict.result.rows, key=lambda row: bool(row.item.error))
    assert answered.item.answer.values["class"] in {str(digit) for digit in range(10)}
    assert 0 < answered.item.answer.values["probability"] <= 1
    assert refused.item.answer is None
    assert "picture" in refused.item.error

    runs = go_to(qtbot, window, "runs")
    qtbot.waitUntil(lambda: runs.table.model().rowCount() == 1, timeout=ANSWER)
