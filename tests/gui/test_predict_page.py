"""The predict page with a real model in a real engine: files dropped through Qt, a picture pasted, a digit drawn."""

import csv
import math

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from workbench.engine import Engine
from workbench.experiment import new_experiment
from workbench.figures import Bars, Heatmap, Image
from workbench.gui.pages.predict import PredictPage
from workbench.gui.pages.predict_models import runs_with_models
from workbench.gui.pages.predict_result import read_picture
from workbench.gui.workspace import Workspace
from workbench.requests import TrainRequest

ANSWER = 60_000


@pytest.fixture(scope="module")
def run(warm_engine, tmp_path_factory):
    """A run on the digits, good enough to know most of them."""
    experiment = new_experiment().changed("training.epochs", 4).changed("training.batch_size", 64)
    experiment = experiment.changed("name", "digits for predicting")
    return str(warm_engine.run(TrainRequest(experiment, str(tmp_path_factory.mktemp("runs"))), lambda event: None))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Eight real digits as PNG files, named after what they show."""
    from sklearn.datasets import load_digits

    folder = tmp_path_factory.mktemp("chữ số viết tay")
    data = load_digits()
    for digit in range(8):
        picture = (data.images[data.target == digit][3] * 255 / 16).astype("uint8").copy()
        image = QImage(picture.data, 8, 8, 8, QImage.Format.Format_Grayscale8).copy()
        assert image.scaled(96, 96).save(str(folder / f"{digit}.png"))
    return folder


@pytest.fixture
def workspace(qapp, home, real_engine):
    workspace = Workspace(real_engine, Engine("training", device="cpu"))
    yield workspace
    workspace.close()


@pytest.fixture
def page(qtbot, workspace):
    page = PredictPage(workspace)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    return page


@pytest.fixture
def page_with_run(page, workspace, run):
    workspace.set_current_run(run)
    return page


def drop(page, mime):
    """Through Qt, as the window system would."""
    position = QPoint(page.width() // 2, page.height() // 2)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(position, Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    assert page._stack.currentWidget() is page.entry.drop_zone
    event = QDropEvent(QPointF(position), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, event)
    assert event.isAccepted()


def files(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def wait_for_answer(qtbot, page, count):
    qtbot.waitUntil(lambda: not page._busy and len(page.result.rows) == count, timeout=ANSWER)


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page._work.busy, timeout=ANSWER)
    qtbot.wait(5)


def figures(page):
    return [view.figure for view in page.result.detail.figures.views]


def test_one_dropped_file_shows_its_class_with_bars_and_the_time_taken(qtbot, page_with_run, digits):
    page = page_with_run
    drop(page, files(digits / "0.png"))
    wait_for_answer(qtbot, page, 1)
    settle(qtbot, page)
    assert page.result.row.values["class"] == "0"
    assert "0" in page.result.detail.answer.text()
    assert "ms" in page.result.detail.about.text() or " s" in page.result.detail.about.text()
    kinds = {type(figure) for figure in figures(page)}
    assert {Image, Bars} <= kinds
    assert page.result.table.isHidden()
    picture = next(figure for figure in figures(page) if isinstance(figure, Image))
    assert picture.pixels.shape == (96, 96, 3)


def test_a_dropped_folder_becomes_a_table_that_can_be_sorted_and_saved(qtbot, page_with_run, digits, tmp_path):
    page = page_with_run
    drop(page, files(digits))
    wait_for_answer(qtbot, page, 8)
    assert page.result.table.isVisible()
    model = page.result.model
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    assert titles == ["File", "Class", "Probability", "Time"]
    page.result.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    probabilities = [row.values["probability"] for row in model.rows]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(row.values["class"] == row.name[0] for row in model.rows) >= 6
    page.ask_csv = lambda parent: str(tmp_path / "kết quả")
    page.csv_button.click()
    with (tmp_path / "kết quả.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert sorted(line["path"] for line in lines) == sorted(str(path) for path in digits.iterdir())
    assert all(0 < float(line["probability"]) <= 1 and line["error"] == "" for line in lines)


def test_files_that_are_no_pictures_get_a_message_in_the_list(qtbot, page_with_run, digits, tmp_path):
    page = page_with_run
    text, empty = tmp_path / "notes.txt", tmp_path / "empty.png"
    text.write_text("no picture at all")
    empty.write_bytes(b"")
    drop(page, files(digits / "1.png", text, empty, tmp_path / "gone.png"))
    wait_for_answer(qtbot, page, 4)
    problems = {row.name: row.item.error for row in page.result.rows}
    assert problems["1.png"] == ""
    assert all(problems[name] for name in ("notes.txt", "empty.png", "gone.png"))
    last = page.result.model.columnCount() - 1
    shown = [page.result.model.data(page.result.model.index(place, last)) for place in range(4)]
    assert sorted(shown) == sorted(problems.values())
    page.result.table.select([row.number for row in page.result.rows if row.name == "notes.txt"])
    assert page.result.detail.error.text == problems["notes.txt"]


def test_a_picture_from_the_clipboard_is_predicted(qtbot, page_with_run, digits):
    page = page_with_run
    QGuiApplication.clipboard().setImage(QImage(str(digits / "7.png")))
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    wait_for_answer(qtbot, page, 1)
    assert page.result.row.values["class"] == "7"
    QGuiApplication.clipboard().clear()


def test_a_picture_dragged_from_a_browser_is_predicted_and_a_bare_address_explained(qtbot, page_with_run, digits):
    page = page_with_run
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/6.png")])
    drop(page, mime)
    assert "https://example.org/6.png" in page.notice.text
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/6.png")])
    mime.setImageData(QImage(str(digits / "6.png")))
    drop(page, mime)
    wait_for_answer(qtbot, page, 1)
    assert page.result.row.values["class"] == "6"
    assert page.notice.isHidden()


def test_the_heatmap_comes_when_it_is_asked_for_and_goes_again(qtbot, page_with_run, digits):
    page = page_with_run
    drop(page, files(digits / "3.png"))
    wait_for_answer(qtbot, page, 1)
    page.entry.heatmap_box.click()
    qtbot.waitUntil(lambda: any(isinstance(figure, Heatmap) for figure in figures(page)), timeout=ANSWER)
    assert not any(isinstance(figure, Image) for figure in figures(page))
    page.entry.heatmap_box.click()
    assert not any(isinstance(figure, Heatmap) for figure in figures(page))
    assert any(isinstance(figure, Image) for figure in figures(page))


def test_a_row_of_many_gets_its_heatmap_when_it_is_selected(qtbot, page_with_run, digits):
    page = page_with_run
    page.entry.heatmap_box.setChecked(True)
    drop(page, files(digits))
    wait_for_answer(qtbot, page, 8)
    row = page.result.model.rows[5]
    place = page.result.table.visualRect(page.result.model.index(5, 0)).center()
    qtbot.mouseClick(page.result.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: bool(row.figures), timeout=ANSWER)
    assert page.result.row is row
    assert any(isinstance(figure, Heatmap) for figure in figures(page))


def draw_a_ring(qtbot, canvas):
    board = canvas.board()
    middle, radius = board.center(), board.height() * 0.33
    points = [
        QPoint(round(middle.x() + 0.7 * radius * math.cos(angle)), round(middle.y() + radius * math.sin(angle)))
        for angle in [step * math.tau / 24 for step in range(25)]
    ]
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(canvas, point)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])


def test_a_drawn_ring_is_a_zero_and_clearing_takes_the_answer_away(qtbot, page_with_run):
    page = page_with_run
    assert page.entry.drawing.isVisible()  # by itself, for a model of small grey pictures
    draw_a_ring(qtbot, page.entry.drawing.canvas)
    qtbot.waitUntil(lambda: len(page.result.rows) == 1 and not page._live_asked, timeout=ANSWER)
    assert page.result.row.values["class"] == "0"
    assert not any(isinstance(figure, Image) for figure in figures(page))
    page.entry.drawing.clear_button.click()
    assert page.result.rows == []
    assert page._stack.currentWidget() is page.entry.drop_zone


def test_dropping_a_file_takes_the_place_of_a_drawing(qtbot, page_with_run, digits):
    page = page_with_run
    draw_a_ring(qtbot, page.entry.drawing.canvas)
    drop(page, files(digits / "2.png"))
    qtbot.waitUntil(lambda: bool(page.result.rows) and page.result.rows[0].name == "2.png", timeout=ANSWER)
    qtbot.wait(50)
    assert page.result.row.values["class"] == "2"


def test_without_a_model_the_page_says_so_and_predicts_as_soon_as_there_is_one(qtbot, page, workspace, run, digits):
    assert "no model" in page.notice.text
    page.predict_paths([str(digits / "4.png")])
    assert not page._busy
    workspace.set_current_run(run)
    wait_for_answer(qtbot, page, 1)
    assert page.result.row.values["class"] == "4"
    assert page.notice.isHidden()


def test_a_model_file_can_be_chosen_and_a_broken_one_is_explained(
    qtbot, page_with_run, workspace, run, digits, tmp_path
):
    page = page_with_run
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"not a model")
    page.predict_paths([str(digits / "1.png")])
    wait_for_answer(qtbot, page, 1)
    page.models.ask_file = lambda parent: str(broken)
    page.models.open_button.click()
    qtbot.waitUntil(lambda: not page._busy and bool(page.notice.text), timeout=ANSWER)
    assert "broken.keras" in page.notice.text
    assert workspace.current_run == run
    page.models.ask_file = lambda parent: f"{run}/model.keras"
    page.models.open_button.click()
    qtbot.waitUntil(lambda: not page._busy and not page.notice.text, timeout=ANSWER)
    assert page.result.row.values["class"] == "1"


def test_choosing_another_run_shows_it_on_all_pages(qtbot, page_with_run, workspace, run, tmp_path):
    import shutil

    page = page_with_run
    other = workspace.settings.runs_folder / "another"
    shutil.copytree(run, other)
    assert runs_with_models(workspace.settings.runs_folder) == [str(other)]
    page.models.refresh(workspace.settings.runs_folder)
    qtbot.waitUntil(lambda: page.models.box.findData(str(other)) >= 0)
    place = page.models.box.findData(str(other))
    page.models.box.setCurrentIndex(place)
    page.models.box.activated.emit(place)
    assert workspace.current_run == str(other)


def test_cancelling_keeps_what_was_there_and_frees_the_page(qtbot, page_with_run, digits):
    page = page_with_run
    drop(page, files(digits / "0.png"))
    wait_for_answer(qtbot, page, 1)
    page.predict_paths([str(digits)] * 200)
    assert page.cancel_button.isVisible()
    page.cancel_button.click()
    assert not page._busy
    assert page.cancel_button.isHidden()
    qtbot.waitUntil(lambda: not page.workspace.questions.busy, timeout=ANSWER)
    assert [row.name for row in page.result.rows] == ["0.png"]


def test_a_drag_of_something_else_is_not_taken(page):
    mime = QMimeData()
    mime.setText("only words")
    event = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.ignore()
    QApplication.sendEvent(page, event)
    assert not event.isAccepted()


@pytest.mark.parametrize("name", ["experiment.toml", "model.keras"])
def test_an_experiment_or_a_model_is_left_to_the_window(page, tmp_path, name):
    (tmp_path / name).write_text("")
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    mime = files(tmp_path / name)  # a drag event does not keep its data alive
    event = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, event)
    assert not event.isAccepted()


def test_the_picture_for_the_eye_is_small_and_a_file_that_is_none_gives_nothing(qapp, tmp_path):
    image = QImage(1301, 700, QImage.Format.Format_RGB32)
    image.fill(QColor(10, 200, 30))
    image.save(str(tmp_path / "large.png"))
    picture = read_picture(str(tmp_path / "large.png"), b"")
    assert max(picture.shape) == 640
    assert picture[100, 100].tolist() == [10, 200, 30]
    (tmp_path / "none.png").write_bytes(b"none")
    assert read_picture(str(tmp_path / "none.png"), b"") is None
    assert read_picture("", b"none") is None


def test_the_list_of_models_has_a_name_for_those_who_do_not_see_it(page):
    assert page.models.box.accessibleName() == "Model"
