"""The Inspect page: what it asks on a scripted engine, and what it shows of the answers."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox

from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import new_experiment
from workbench.figures import Gallery, Heatmap, Tile
from workbench.gui.pages import inspect_method
from workbench.gui.pages.inspect import InspectPage
from workbench.gui.workspace import Workspace
from workbench.inspection.answering import InspectAnswer
from workbench.registry import registry
from workbench.requests import InspectRequest, SamplesRequest
from workbench.runs.writer import create_run_folder
from workbench.specs import Column, TableInput, spec_to_json

PIXELS = np.zeros((4, 4), np.uint8)
LAYERS = ("conv_1", "conv_2")


def answer(request, _emit, _engine):
    match request:
        case SamplesRequest():
            return Gallery("Samples", (Tile(PIXELS, "seven", request.indices[0]),))
        case InspectRequest():
            title = f"{request.method} of {request.path or request.sample}"
            layer = request.params.get("layer") or "conv_2"
            figures = (Heatmap(title, PIXELS, np.eye(2, dtype=np.float32)),)
            return InspectAnswer(
                figures, LAYERS, ("cat", "dog"), layer, request.params.get("target", ""), 0.0123, "seven", 60
            )
    raise AssertionError(request)


@pytest.fixture
def make_page(qtbot, home, scripted_engine):
    made = []

    def make(script=answer, show=True):
        workspace = Workspace(scripted_engine(script), scripted_engine())
        made.append(workspace)
        page = InspectPage(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        if show:
            page.show()
        return page

    yield make
    for workspace in made:
        workspace.close()


@pytest.fixture
def run(home):
    """A run with a model file whose content nobody reads here."""
    folder = create_run_folder(new_experiment(), home / "runs")
    folder.model_path.write_bytes(b"model")
    return folder


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "ảnh của tôi.png"
    image = QImage(12, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    assert image.save(str(path))
    return path


def asked(page):
    return [request for request in page.workspace.questions.engine.requests if isinstance(request, InspectRequest)]


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page._patience.isActive() and not page.workspace.questions.busy, timeout=5000)


def start(page, qtbot, run):
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    return page


def drop(page, mime):
    """Through Qt, as the window system would."""
    position = QPoint(page.width() // 2, page.height() // 2)
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(position, Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(QPointF(position), Qt.DropAction.CopyAction, mime, buttons, keys))


def test_without_a_run_the_page_says_what_to_do_and_leads_there(make_page, qtbot):
    page = make_page()
    assert page.no_run.isVisible()
    with qtbot.waitSignal(page.workspace.page_requested) as wanted:
        page.no_run.button.click()
    assert wanted.args == ["train"]


def test_a_run_is_looked_into_at_once_and_the_answer_fills_layers_and_classes(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    page.method.choose("grad_cam")
    settle(qtbot, page)
    request = asked(page)[-1]
    assert (request.model, request.method, request.split, request.sample) == (str(run.path), "grad_cam", "test", 0)
    assert [view.figure.title for view in page.panel.views] == ["grad_cam of 0"]
    layers, classes = page.method._choices["layer"], page.method._choices["target"]
    assert [layers.itemText(row) for row in range(layers.count())] == list(LAYERS)
    assert layers.currentText() == "conv_2"
    assert [classes.itemData(row) for row in range(classes.count())] == ["", "cat", "dog"]
    assert page.status.text() == "True: seven · Layer: conv_2 · 12 ms"
    assert page.source._caption.text() == "seven"


def test_another_layer_class_or_setting_asks_anew(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    page.method.choose("grad_cam")
    settle(qtbot, page)
    page.method.choose_layer("conv_1")
    settle(qtbot, page)
    page.method.choose_target("dog")
    settle(qtbot, page)
    assert asked(page)[-1].params.items() >= {"layer": "conv_1", "target": "dog"}.items()
    page.method.choose("feature_maps")
    settle(qtbot, page)
    assert asked(page)[-1].params["layer"] == ""
    page.method._form.edited.emit("count", 5)
    settle(qtbot, page)
    assert asked(page)[-1].params["count"] == 5
    page.method.choose("grad_cam")
    settle(qtbot, page)
    assert asked(page)[-1].params.items() >= {"layer": "conv_1", "target": "dog"}.items()
    assert page.method._choices["layer"].currentText() == "conv_1"


def test_a_setting_out_of_its_limits_is_said_at_its_field_and_not_asked(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    page.method.choose("feature_maps")
    settle(qtbot, page)
    before = len(asked(page))
    page.method._form.edited.emit("count", 0)
    qtbot.wait(100)
    assert len(asked(page)) == before
    assert page.method.params["count"] != 0


def test_a_new_sample_drops_the_question_about_the_one_before(make_page, qtbot, run):
    def slow(request, emit, engine):
        if isinstance(request, InspectRequest) and request.sample == 1:
            engine.wait()
        return answer(request, emit, engine)

    page = start(make_page(slow), qtbot, run)
    engine = page.workspace.questions.engine
    page.source.step(1)
    qtbot.waitUntil(lambda: asked(page)[-1].sample == 1, timeout=5000)
    page.source.step(1)
    settle(qtbot, page)
    assert "stop" in engine.calls
    assert page.panel.views[0].figure.title.endswith("of 2")
    assert page.notice.text == ""


def test_a_sample_number_that_runs_is_asked_about_when_it_rests(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    before = len(asked(page))
    for _number in range(50):
        page.source.step(1)
    settle(qtbot, page)
    assert len(asked(page)) - before <= 2
    assert asked(page)[-1].sample == 50


def test_the_number_of_a_sample_stays_within_its_split_and_another_split_begins_anew(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    assert page.source._sample.text() == "0 / 59"
    page.source.step(500)
    settle(qtbot, page)
    assert asked(page)[-1].sample == 59
    page.source._split.setCurrentIndex(2)
    settle(qtbot, page)
    assert (asked(page)[-1].split, asked(page)[-1].sample) == ("train", 0)


def test_a_sample_asked_for_by_another_page_is_shown_also_when_this_one_was_not_made_yet(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    page.workspace.inspect_sample("validation", 17)
    settle(qtbot, page)
    assert (asked(page)[-1].split, asked(page)[-1].sample) == ("validation", 17)
    late = InspectPage(page.workspace)
    qtbot.addWidget(late)
    assert (late.source.source.split, late.source.source.sample) == ("validation", 17)


def test_a_dropped_file_is_inspected_and_shown_small_and_the_samples_come_back(make_page, qtbot, run, picture):
    page = start(make_page(), qtbot, run)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture))])
    drop(page, mime)
    settle(qtbot, page)
    assert asked(page)[-1].path == str(picture)
    assert page.source._caption.text() == picture.name
    middle = page.source._picture.rect().center()
    assert page.source._picture.grab().toImage().pixelColor(middle) == QColor("red")
    page.source._back.click()
    settle(qtbot, page)
    assert asked(page)[-1].path == ""
    assert not page.source._back.isVisible()


def test_a_pasted_picture_is_inspected(make_page, qtbot, run, picture):
    page = start(make_page(), qtbot, run)
    QGuiApplication.clipboard().setImage(QImage(str(picture)))
    page.paste()
    settle(qtbot, page)
    assert QImage.fromData(asked(page)[-1].pixels).pixelColor(3, 3) == QColor("red")
    QGuiApplication.clipboard().clear()


def test_a_dropped_folder_is_answered_with_what_to_drop(make_page, qtbot, run, tmp_path):
    page = start(make_page(), qtbot, run)
    before = len(asked(page))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    drop(page, mime)
    assert "Drop one picture" in page.notice.text
    qtbot.wait(80)
    assert len(asked(page)) == before


def test_what_cannot_be_inspected_is_a_message_and_can_be_tried_again(make_page, qtbot, run):
    def script(request, emit, engine):
        if engine.broken:
            raise UserError("Sample 0 is not in the test split.")
        return answer(request, emit, engine)

    page = make_page(script)
    page.workspace.questions.engine.broken = True
    start(page, qtbot, run)
    assert page.notice.text == "Sample 0 is not in the test split."
    assert page.panel.views == []
    assert page.source._caption.text() == ""
    page.workspace.questions.engine.broken = False
    page._retry.click()
    settle(qtbot, page)
    assert page.notice.text == ""
    assert len(page.panel.views) == 1


def test_nothing_is_asked_while_the_page_is_out_of_sight(make_page, qtbot, run):
    page = make_page(show=False)
    page.workspace.set_current_run(str(run.path))
    page.source.step(1)
    qtbot.wait(120)
    assert asked(page) == []
    page.show()
    settle(qtbot, page)
    assert [request.sample for request in asked(page)] == [1]


def test_a_run_without_a_model_and_a_model_without_samples_are_explained(make_page, qtbot, run, picture):
    page = start(make_page(), qtbot, run)
    before = len(asked(page))
    page.workspace.set_current_run(str(run.model_path))
    settle(qtbot, page)
    assert "no samples of its own" in page.status.text()
    assert not page.source._sample.isEnabled()
    page.source.show_file(str(picture))
    settle(qtbot, page)
    assert asked(page)[-1].model == str(run.model_path)
    run.model_path.unlink()
    page.source.step(1)
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    assert "no model yet" in page.status.text()
    assert len(asked(page)) == before + 1


def test_a_model_without_a_method_that_looks_into_it_is_offered_none_and_told_where_to_look(
    make_page, qtbot, run, monkeypatch
):
    import json
    import zipfile

    filters = registry().inspectors.get("filters")
    monkeypatch.setattr(inspect_method, "inspectors_for", lambda kind: [filters] if kind == "image" else [])

    about = {"version": 1, "input": spec_to_json(TableInput((Column("area"),)))}
    page = start(make_page(), qtbot, run)
    assert page.method.name
    other = create_run_folder(new_experiment(), run.path.parent)
    with zipfile.ZipFile(other.model_path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("workbench.json", json.dumps(about))
    count = len(asked(page))
    page.workspace.set_current_run(str(other.path))
    settle(qtbot, page)
    assert page.no_method.isVisible()
    assert "Predict" in page.no_method.text()
    assert len(asked(page)) == count
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    assert not page.no_method.isVisible()
    assert len(asked(page)) == count + 1


def tabbed(page):
    """The names of what Tab comes through, from the method on, until it is back there or was twice at the same."""
    page.activateWindow()
    page.method._method.setFocus()
    found = []
    while (widget := QApplication.focusWidget()) not in found:
        found.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    assert widget is found[0]
    return [each.accessibleName() or each.text().replace("&", "") for each in found]


def test_tab_goes_from_the_source_through_the_settings_to_the_answer_after_every_change_of_method(
    make_page, qtbot, run
):
    page = start(make_page(), qtbot, run)
    for method, settings in (
        ("activation_maximisation", ["Learning rate", "Jitter", "Advanced"]),
        ("integrated_gradients", ["Steps", "Baseline", "Shown"]),
        ("honesty", ["Steps", "Heatmap", "Advanced"]),
        ("occlusion", ["Size", "Stride"]),
    ):
        page.method.choose(method)
        settle(qtbot, page)
        names = tabbed(page)
        wanted = ["Method", *settings, "Look", "Copy as command", "Figures"]
        assert [name for name in names if name in wanted] == wanted, method
        if "Open picture…" in names:
            assert names.index("Open picture…") < names.index(settings[0]), method


def test_the_class_is_called_what_it_is_to_the_method(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    for method, title in (("grad_cam", "Explain"), ("samples_by_loss", "Class"), ("activation_maximisation", "Class")):
        page.method.choose(method)
        settle(qtbot, page)
        assert page.method._choices["target"].accessibleName() == title
        assert page.method._labels["target"].text().replace("&", "") == title
        assert "&" in page.method._labels["target"].text()


def test_every_list_has_a_name_for_those_who_do_not_see_it(make_page):
    page = make_page()
    page.method.choose("grad_cam")
    boxes = page.findChildren(QComboBox)
    assert {"Method", "Layer", "Explain", "Split"} <= {box.accessibleName() for box in boxes}
    assert all(box.accessibleName() for box in boxes)


def progressing(request, emit, engine):
    """Activation statistics that last until they are stopped; everything else as usual."""
    if isinstance(request, InspectRequest) and request.method == "activation_statistics" and engine.lasting:
        emit(Progress("looking at samples", 3, 9))
        engine.wait()
    return answer(request, emit, engine)


@pytest.fixture
def slow_page(make_page, qtbot, run):
    page = make_page(progressing)
    page.workspace.questions.engine.lasting = False
    start(page, qtbot, run)
    page.method.choose("activation_statistics")
    settle(qtbot, page)
    return page


def test_methods_stand_under_headings_that_cannot_be_chosen(make_page, qtbot, run):
    page = start(make_page(), qtbot, run)
    box = page.method._method
    headings = [box.itemText(row) for row in range(box.count()) if box.itemData(row) is None]
    assert headings == ["Layers", "Heatmaps", "Model", "Samples of a split"]
    for _step in range(box.count() + 3):
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert page.method.name
    assert page.method.name == box.values()[-1]


def test_a_method_that_takes_its_time_is_asked_when_told_so_and_remembers_its_answer(slow_page, qtbot):
    page = slow_page
    assert asked(page)[-1].method == "feature_maps"
    assert page.panel.views == []
    assert page.bar.look.isVisible()
    assert not page.source._sample.isVisible()
    assert page.source._split.isVisible()
    QTest.keyClick(page.method._method, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, page)
    assert (asked(page)[-1].method, asked(page)[-1].split) == ("activation_statistics", "test")
    assert len(page.panel.views) == 1
    count = len(asked(page))
    page.method.choose("filters")
    settle(qtbot, page)
    assert not page.source.isVisible()
    assert not page.bar.look.isVisible()
    page.method.choose("activation_statistics")
    settle(qtbot, page)
    assert len(asked(page)) == count + 1
    assert page.panel.views[0].figure.title.startswith("activation_statistics")


def test_another_setting_dims_the_answer_until_it_is_asked(slow_page, qtbot):
    page = slow_page
    page.look()
    settle(qtbot, page)
    assert not page.veil.isVisible()
    page.method._form.edited.emit("samples", 7)
    settle(qtbot, page)
    assert page.veil.isVisible()
    assert "question before" in page.status.text()
    page.look()
    settle(qtbot, page)
    assert not page.veil.isVisible()
    assert asked(page)[-1].params["samples"] == 7


@pytest.mark.parametrize("way", ["stop", "method"])
def test_what_lasts_shows_how_far_it_is_and_is_given_up_at_once(slow_page, qtbot, way):
    page = slow_page
    engine = page.workspace.questions.engine
    engine.lasting = True
    page.look()
    qtbot.waitUntil(lambda: page.bar.stop.isVisible() and page.bar.progress.value() == 3, timeout=5000)
    assert page.bar.progress.maximum() == 9
    before = time.perf_counter()
    if way == "stop":
        page.bar.stop.click()
        assert "Stopped" in page.status.text()
        assert not page.bar.stop.isVisible()
    else:
        page.method.choose("feature_maps")
    qtbot.waitUntil(lambda: not engine.busy or asked(page)[-1].method == "feature_maps", timeout=5000)
    assert time.perf_counter() - before < 0.2
    settle(qtbot, page)
    assert not page.bar.progress.isVisible()
    assert page.notice.text == ""


def test_the_question_is_copied_as_a_command(slow_page, qtbot):
    slow_page.bar.command.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("workbench inspect ")
    assert text.endswith("--split test --method activation_statistics --out activation_statistics")
    QGuiApplication.clipboard().clear()


@pytest.mark.parametrize("maps", [False, True])
def test_a_region_can_be_chosen_only_where_the_answer_is_a_map(make_page, qtbot, run, maps):
    def mapped(request, emit, engine):
        found = answer(request, emit, engine)
        return replace(found, maps=maps) if isinstance(found, InspectAnswer) else found

    page = start(make_page(mapped), qtbot, run)
    page.method.choose("saliency")
    settle(qtbot, page)
    form = page.method._form
    assert form.editor("region").isVisible() == maps
    assert page.method.settings.isVisible()  # what to explain is there in any case
    form.edited.emit("region", "rectangle")
    assert form.editor("left").isVisible() == maps
    page.method.forget_model()
    assert not page.method._form.editor("region").isVisible()
