"""The Live page: on a scripted engine, and leaving while it runs."""

import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication

from workbench.errors import UserError
from workbench.events import FrameSeen, Note, ServiceStarted
from workbench.gui.pages.live import LivePage
from workbench.gui.workspace import Workspace

MODEL = "/somewhere/model.keras"


def frame(number, note=""):
    """A grey frame, hot at its right, whose answer names its number."""
    heat = np.zeros((4, 4), np.float32)
    heat[:, 2:] = 1
    numbers = {"frames_per_second": 20.0, "latency_ms": 40.0, "model_ms": 12.5, "skipped": 3.0}
    pixels = np.full((48, 64, 3), 128, np.uint8)
    bars = (("cat", 0.75), ("dog", 0.25))
    return FrameSeen(number, number / 25, f"cat {number}", bars, numbers, note, time.monotonic(), pixels, heat, None)


def looking(*events):
    """A script: tell these events, then run until it is stopped."""

    def script(request, emit, engine):
        for event in (ServiceStarted(""), *events):
            emit(event)
        engine.wait(30)

    return script


@pytest.fixture
def make_page(qtbot, home, scripted_engine):
    made = []

    def make(script=None, model=MODEL, found=((0, "Front"), (2, "Microscope"))):
        engine = scripted_engine(script or looking())
        page = LivePage(Workspace(scripted_engine(), scripted_engine()), make_engine=lambda: engine)
        page.card.list_cameras = lambda: list(found)
        made.append(page)
        page.engine = engine
        qtbot.addWidget(page)
        page.resize(1280, 720)
        page.show()
        page.shown()
        if model:
            page.models.chosen.emit(model)
        return page

    yield make
    for page in made:
        page.workspace.close()


@pytest.fixture
def video(tmp_path):
    import cv2

    path = tmp_path / "một đoạn phim.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for _number in range(3):
        writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    return path


def drop(page, path):
    """Through Qt, as the window system would."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    position = QPoint(page.width() // 2, page.height() // 2)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(position, Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(position), Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(page, event)
    return enter.isAccepted()


def test_start_looks_with_the_chosen_model_and_stop_ends_it(make_page, qtbot):
    page = make_page(looking(frame(1)))
    assert page.status.text() == "Ready."
    assert not page.snapshot_button.isEnabled()
    qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    (request,) = page.engine.requests
    assert (request.service, request.model) == ("live", MODEL)
    assert (request.params["source"], request.params["paced"]) == ("0", True)
    assert page.start_button.text() == "&Stop (Space)"
    assert not page.card.source_card.isEnabled()
    assert not page.models.isEnabled()
    qtbot.waitUntil(lambda: page.answer.text() == "cat 1")
    assert page.bars.bars == (("cat", 0.75), ("dog", 0.25))
    assert "cat 75.0 %" in page.bars.accessibleName()
    assert page.numbers.texts["skipped"] == "3"
    qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.runner.running)
    assert page.status.text() == "Stopped."
    assert page.notice.text == ""
    assert page.start_button.text() == "&Start (Space)"
    assert page.picture.frame.frame == 1  # the last frame stays, and can be saved
    assert page.snapshot_button.isEnabled()


def test_space_starts_and_stops_and_another_camera_can_be_chosen(make_page, qtbot):
    page = make_page()
    assert page.card.box.itemText(1) == "Camera 2 (Microscope)"
    page.card.box.setCurrentIndex(1)
    page.card.box.activated.emit(1)
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(page.engine.requests))
    assert page.engine.requests[0].params["source"] == "2"
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not page.runner.running)


def test_the_engine_hears_of_each_frame_that_was_painted(make_page, qtbot):
    page = make_page(looking(frame(1)))
    page.start()
    qtbot.waitUntil(lambda: {"shown": 1} in page.engine.told)
    page.picture.update()
    qtbot.wait(50)
    assert page.engine.told.count({"shown": 1}) == 1


def test_settings_go_to_the_running_service_and_wrong_ones_are_said_at_the_field(make_page, qtbot):
    page = make_page(looking(frame(1)))
    page.start()
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    page.card.change("top", 2)
    (told,) = [values["params"] for values in page.engine.told if "params" in values]
    assert told["top"] == 2
    assert "source" not in told
    page.card.change("top", 500)
    assert page.card.section.top == 2
    assert len([values for values in page.engine.told if "params" in values]) == 1


def test_while_a_video_is_dragged_over_the_page_it_says_what_letting_go_does(make_page, video):
    page = make_page()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(video))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(page, QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, mime, buttons, keys))
    assert page.drop_zone.accessibleName() == "Let go to look at this video"


def test_a_dropped_video_is_looked_at_at_once(make_page, qtbot, video):
    page = make_page(looking(frame(1)))
    assert drop(page, video)
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    assert page.engine.requests[0].params["source"] == str(video)
    assert page.status.text() == f"Looking at {video.name}."
    assert drop(page, video)
    assert "Stop first" in page.notice.text
    assert len(page.engine.requests) == 1


def test_what_is_no_video_is_not_taken(make_page, tmp_path):
    page = make_page()
    words = tmp_path / "words.txt"
    words.write_text("no pictures", encoding="utf-8")
    assert not drop(page, words)


def test_a_snapshot_holds_the_frame_what_lies_over_it_and_the_answer(make_page, qtbot, tmp_path):
    page = make_page(looking(frame(1)))
    page.ask_path = lambda parent, proposed: str(tmp_path / "ảnh chụp")
    page.start()
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    qtbot.mouseClick(page.snapshot_button, Qt.MouseButton.LeftButton)
    saved = QImage(str(tmp_path / "ảnh chụp.png"))
    assert (saved.width(), saved.height()) == (64, 80)
    cold, hot = saved.pixelColor(4, 20), saved.pixelColor(60, 20)
    assert hot != cold
    assert hot.red() > cold.red()
    assert any(saved.pixelColor(x, y).lightness() > 100 for x in range(64) for y in range(48, 80))  # the words
    assert "ảnh chụp.png" in page.notice.text


def test_a_snapshot_that_cannot_be_written_is_said(make_page, qtbot, tmp_path):
    page = make_page(looking(frame(1)))
    page.ask_path = lambda parent, proposed: str(tmp_path / "gone" / "a.png")
    page.start()
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    page.take_snapshot()
    assert "cannot be written" in page.notice.text


def test_what_goes_wrong_is_visible_and_one_can_start_again(make_page, qtbot):
    def script(request, emit, engine):
        raise UserError("Camera 0 cannot be opened: another program uses it.")

    page = make_page(script)
    page.start()
    qtbot.waitUntil(lambda: not page.runner.running)
    assert page.notice.isVisible()
    assert "another program uses it" in page.notice.text
    assert page.start_button.isEnabled()


def test_a_camera_that_vanished_is_said_until_it_is_back(make_page, qtbot, scripted_engine):
    def script(request, emit, engine):
        emit(frame(1))
        emit(Note("Camera 0 gives no more pictures. Looking for it again…"))
        engine.go_on.wait(10)
        emit(frame(2))
        engine.wait(30)

    page = make_page(script)
    page.engine.go_on.clear()
    page.start()
    qtbot.waitUntil(lambda: "no more pictures" in page.notice.text)
    page.engine.go_on.set()
    qtbot.waitUntil(lambda: page.picture.frame.frame == 2)
    assert page.notice.text == ""


def test_a_video_that_is_over_says_so(make_page, qtbot, video):
    def script(request, emit, engine):
        emit(frame(1))
        return ""

    page = make_page(script)
    page.use_video(str(video))
    qtbot.waitUntil(lambda: not page.runner.running)
    assert page.status.text() == "The video has ended."


def test_without_a_camera_or_a_model_it_says_what_is_missing(make_page):
    page = make_page(model="", found=())
    assert "Choose a run" in page.status.text()
    page.models.chosen.emit(MODEL)
    assert "No camera was found" in page.status.text()
    assert not page.start_button.isEnabled()


def test_out_of_sight_nothing_is_drawn_or_acknowledged(make_page, qtbot):
    def script(request, emit, engine):
        emit(frame(1))
        engine.go_on.wait(10)
        emit(frame(2))
        engine.wait(30)

    page = make_page(script)
    page.engine.go_on.clear()
    page.start()
    qtbot.waitUntil(lambda: {"shown": 1} in page.engine.told)
    page.hide()
    page.hidden()
    page.engine.go_on.set()
    qtbot.wait(150)
    assert {"shown": 2} not in page.engine.told
    page.show()
    page.shown()
    qtbot.waitUntil(lambda: {"shown": 2} in page.engine.told)


def test_closing_while_it_runs_leaves_nothing_behind(make_page, qtbot):
    page = make_page(looking(frame(1)))
    page.start()
    qtbot.waitUntil(lambda: page.picture.frame is not None)
    page.workspace.close()
    page.close()
    assert page.engine.closed  # the fixture of all tests of the window looks for threads and timers
