"""The Serve page: services on a scripted engine, and the driving server on a real one."""

import threading

import numpy as np
import pytest

from workbench.engine import Engine
from workbench.errors import UserError
from workbench.events import ServiceShown, ServiceStarted
from workbench.figures import Image
from workbench.gui.pages.serve import ServePage
from workbench.gui.workspace import Workspace
from workbench.registry import registry

PIXELS = np.zeros((8, 16, 3), np.uint8)


def shown(frames, note="", figures=True):
    numbers = {"frames": frames, "frames_per_second": 12.5, "latency_p50_ms": float("nan")}
    return ServiceShown(numbers, note, (Image("What the car sees", PIXELS, note=str(frames)),) if figures else ())


def serving(*events):
    def script(request, emit, engine):
        for event in events:
            emit(event)
        engine.wait(30)

    return script


@pytest.fixture
def make_page(qtbot, home, scripted_engine):
    made = []

    def make(script=None, engine=None, model="/somewhere/model.keras"):
        engine = engine or scripted_engine(script or serving())
        workspace = Workspace(scripted_engine(), scripted_engine())
        page = ServePage(workspace, make_engine=lambda: engine)
        made.append(page)
        page.engine = engine
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        if model:
            page.models.chosen.emit(model)
        return page

    yield make
    for page in made:
        page.workspace.close()


def test_a_service_is_started_with_the_model_and_the_settings_that_are_shown(make_page, qtbot):
    page = make_page()
    page.settings.change("port", 5000)
    page.start_button.click()
    qtbot.waitUntil(lambda: bool(page.engine.requests))
    (request,) = page.engine.requests
    assert (request.service, request.model) == ("drive", "/somewhere/model.keras")
    assert request.params["port"] == 5000
    assert not page.start_button.isEnabled()
    assert not page.settings.isEnabled()
    assert page.stop_button.isEnabled()


def test_what_a_service_tells_is_shown_live_and_stays_when_it_has_stopped(make_page, qtbot):
    started = ServiceStarted("127.0.0.1:4567")
    page = make_page(serving(started, shown(3), shown(1234, "A client connected."), shown(1235, figures=False)))
    page.start()
    qtbot.waitUntil(lambda: page.numbers.texts["frames"] == "1,235")
    assert "127.0.0.1:4567" in page.status.text()
    assert page.numbers.texts["frames_per_second"] == "12.5"
    assert page.numbers.texts["latency_p50_ms"] == "–"
    assert [view.figure.note for view in page.panel.views] == ["1234"]
    page.stop_button.click()
    assert page.status.text() == "Stopping…"
    qtbot.waitUntil(lambda: not page.runner.running)
    assert page.status.text() == "The service has stopped."
    assert page.notice.text == ""
    assert page.numbers.texts["frames"] == "1,235"
    assert page.start_button.isEnabled()


def test_nothing_is_drawn_out_of_sight_and_all_of_it_when_the_page_comes_back(make_page, qtbot):
    go_on, told = threading.Event(), threading.Event()

    def script(request, emit, engine):
        emit(shown(1))
        go_on.wait(5)
        emit(shown(2))
        told.set()
        engine.wait(30)

    page = make_page(script)
    page.start()
    qtbot.waitUntil(lambda: page.numbers.texts["frames"] == "1")
    page.hide()
    go_on.set()
    told.wait(5)
    qtbot.wait(50)
    assert page.numbers.texts["frames"] == "1"
    page.show()
    assert page.numbers.texts["frames"] == "2"


def test_a_service_that_cannot_serve_says_why_and_can_be_started_again(make_page, qtbot):
    def script(request, emit, engine):
        raise UserError("Port 4567 is taken.")

    page = make_page(script)
    page.start()
    qtbot.waitUntil(lambda: bool(page.notice.text))
    assert page.notice.text == "Port 4567 is taken."
    assert page.start_button.isEnabled()


def test_a_setting_out_of_its_limits_is_refused_below_its_field(make_page):
    page = make_page()
    page.settings.change("port", 70_000)
    assert page.settings.params["port"] == 4567


def test_without_a_model_or_what_the_service_needs_it_cannot_be_started(make_page, monkeypatch):
    page = make_page(model="")
    assert not page.start_button.isEnabled()
    assert "Choose a run" in page.status.text()
    drive = registry().services.get("drive")
    monkeypatch.setattr(type(drive), "missing", lambda self: 'Install it with: pip install "workbench[drive]"')
    page = make_page()
    assert not page.start_button.isEnabled()
    assert "workbench[drive]" in page.notice.text


def test_without_any_service_the_page_says_what_to_install(make_page, monkeypatch):
    monkeypatch.setattr(registry(), "services", type(registry().services)("service"))
    page = make_page()
    assert "workbench[drive]" in page.notice.text
    assert not page.start_button.isEnabled()


def test_closing_the_window_ends_a_running_service(make_page, qtbot):
    page = make_page()
    page.start()
    qtbot.waitUntil(lambda: bool(page.engine.requests))
    page.workspace.close()
    assert page.engine.closed


def test_the_driving_server_runs_in_an_engine_of_its_own_until_it_is_stopped(make_page, qtbot, tmp_path):
    import keras

    picture = keras.Input((66, 200, 3))
    average = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    model = keras.Model(picture, keras.layers.Dense(1)(average))
    model.save(tmp_path / "steering.keras")
    page = make_page(engine=Engine("services", device="cpu"), model=str(tmp_path / "steering.keras"))
    page.settings.change("port", 0)
    page.start()
    qtbot.waitUntil(lambda: " at 127.0.0.1:" in page.status.text() or bool(page.notice.text), timeout=60_000)
    assert page.notice.text == ""
    qtbot.waitUntil(lambda: page.numbers.texts["clients"] == "0", timeout=5000)
    page.stop()
    qtbot.waitUntil(lambda: not page.runner.running, timeout=10_000)
    assert page.notice.text == ""
