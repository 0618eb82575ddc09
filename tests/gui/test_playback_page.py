"""The Playback page: a run with probes is played, followed while it trains, and made afterwards where it can be."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from workbench.errors import UserError
from workbench.events import ProbesStored, Progress, RunStarted
from workbench.experiment import new_experiment
from workbench.gui.pages.playback import PlaybackPage
from workbench.gui.pages.train.page import TrainPage
from workbench.gui.workspace import Workspace
from workbench.requests import ProbeRequest
from workbench.runs.probe_files import ProbeFiles, Stored, write_weights
from workbench.runs.writer import create_run_folder

ABOUT = Stored(
    {
        "split": "validation", "samples": [3, 8], "captions": ["cat", "dog"], "layers": ["conv_1", "conv_2"],
        "maps": [[0, 1], [0, 5, 9]], "method": "grad_cam", "choices": ["cat", "dog"], "features": "flat",
        "kernels": "conv_1", "settings": {}, "note": "",
    },
    {
        "pictures": np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8),
        "points": np.arange(20), "truth": np.arange(20) % 2,
    },
)  # fmt: skip


def seen(epoch):
    random = np.random.default_rng(epoch)
    sizes = np.array([[0.5, 0.5 + epoch, 0.2]] * 2, np.float32)
    counts = random.integers(0, 50, (2, 48)).astype(np.uint32)
    arrays = {
        "maps_0": random.integers(0, 255, (2, 6, 6, 2), np.uint8), "range_0": np.ones((2, 2, 2), np.float32),
        "maps_1": random.integers(0, 255, (2, 3, 3, 3), np.uint8), "range_1": np.ones((2, 3, 2), np.float32),
        "heat": random.integers(0, 255, (2, 3, 3), np.uint8), "shares": np.eye(2, dtype=np.float32),
        "kernels": random.normal(size=(3, 3, 1, 4)).astype(np.float16),
        "weight_counts": counts, "gradient_counts": counts, "weight_sizes": sizes, "gradient_sizes": sizes,
        "matrix": np.array([[epoch, 1], [2, 3]]), "features": random.normal(size=(20, 5)).astype(np.float16),
    }  # fmt: skip
    return Stored({"answers": ["cat (90.0 %)", "cat (60.0 %)"], "weighted": ["conv_1", "logits"], "note": ""}, arrays)


@pytest.fixture
def run(home):
    """A run whose metrics nobody wrote yet."""
    return create_run_folder(new_experiment(), home / "runs")


@pytest.fixture
def probed(run):
    """The same with the probes of four epochs."""
    files = ProbeFiles(run.path)
    files.write_about(ABOUT)
    for epoch in (1, 2, 3, 4):
        files.write(epoch, seen(epoch))
    return run


@pytest.fixture
def make_page(qtbot, home, scripted_engine):
    made = []

    def make(questions=(), training=(), page_class=PlaybackPage):
        workspace = Workspace(scripted_engine(questions), scripted_engine(training))
        made.append(workspace)
        page = page_class(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        return page

    yield make
    for workspace in made:
        workspace.training.stop_now()
        workspace.close()


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page.reader._work.busy and page.player._shown, timeout=5000)


def titles(page):
    return [view.figure.title for view in page.panel.views]


def wait_for(qtbot, page, *shown):
    qtbot.waitUntil(lambda: titles(page)[: len(shown)] == list(shown), timeout=5000)
    settle(qtbot, page)


def choose(qtbot, page, view):
    page.tabs.setCurrentIndex([page.tabs.tabData(index) for index in range(page.tabs.count())].index(view))
    settle(qtbot, page)


def start(qtbot, page, run):
    page.workspace.set_current_run(str(run.path))
    qtbot.waitUntil(lambda: page.player.epoch > 0, timeout=5000)
    settle(qtbot, page)


def test_every_view_of_an_epoch_is_shown_and_a_layer_can_be_chosen(make_page, qtbot, probed):
    page = make_page()
    start(qtbot, page, probed)
    assert page.player.epoch == 4
    expected = {
        "maps": ["Feature maps of conv_1"], "heatmaps": ["Heatmaps (Grad-CAM)"], "filters": ["Filters of conv_1"],
        "answers": ["Predictions"], "matrix": ["Confusion matrix"], "embedding": ["Embedding of flat"],
    }  # fmt: skip
    for view, shown in expected.items():
        choose(qtbot, page, view)
        wait_for(qtbot, page, *shown)
    choose(qtbot, page, "weights")
    wait_for(qtbot, page, "Weights of conv_1", "Gradients of conv_1")
    choose(qtbot, page, "maps")
    qtbot.keyClicks(page.choice, "conv_2")
    wait_for(qtbot, page, "Feature maps of conv_2")
    choose(qtbot, page, "answers")
    wait_for(qtbot, page, "Predictions")
    assert [tile.wrong for tile in page.panel.views[0].figure.tiles] == [False, True]


def test_why_something_is_missing_is_said(make_page, qtbot, probed):
    page = make_page()
    start(qtbot, page, probed)
    assert not page.missing.isVisible()
    reason = "Grad-CAM needs maps, and this network has none."
    fifth = seen(5)
    del fifth.arrays["heat"]
    fifth.values["note"] = reason
    ProbeFiles(probed.path).write(5, fifth)
    page.refresh()
    qtbot.waitUntil(page.missing.isVisible, timeout=5000)
    assert reason in page.missing.text()
    assert "heatmaps" not in [page.tabs.tabData(index) for index in range(page.tabs.count())]


def test_the_keys_play_pause_and_go_from_epoch_to_epoch(make_page, qtbot, probed):
    page = make_page()
    start(qtbot, page, probed)
    choose(qtbot, page, "matrix")
    wait_for(qtbot, page, "Confusion matrix")
    page.player.slider.setFocus()
    for key, epoch in ((Qt.Key.Key_Left, 3), (Qt.Key.Key_Left, 2), (Qt.Key.Key_Right, 3)):
        qtbot.keyClick(page.player.slider, key)
        settle(qtbot, page)
        assert page.player.epoch == epoch
        assert page.panel.views[0].figure.values[0, 0] == epoch
    page.player.speed.setCurrentIndex(4)
    page.player.speed.activated.emit(4)
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Space)
    assert page.player.playing
    qtbot.waitUntil(lambda: not page.player.playing, timeout=5000)
    settle(qtbot, page)
    assert page.panel.views[0].figure.values[0, 0] == 4
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Space)  # from the end it begins anew
    assert page.player.epoch == 1
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Space)
    assert not page.player.playing


def test_a_running_training_is_followed_until_the_slider_is_moved(make_page, qtbot, run):
    def script(_request, emit, engine):
        emit(RunStarted(str(run.path), run.name, 3))
        files = ProbeFiles(run.path)
        files.write_about(ABOUT)
        for epoch in (1, 2, 3):
            engine.go_on.wait(5)
            engine.go_on.clear()
            files.write(epoch, seen(epoch))
            emit(ProbesStored(epoch - 1))
        engine.wait()

    page = make_page(training=script)
    go_on = page.workspace.training.engine.go_on
    page.workspace.train()
    qtbot.waitUntil(lambda: page.player.epoch == 1, timeout=5000)
    assert page.player.follow.isVisible()
    go_on.set()
    qtbot.waitUntil(lambda: page.player.epoch == 2, timeout=5000)
    settle(qtbot, page)
    qtbot.keyClick(page.player.slider, Qt.Key.Key_Left)
    go_on.set()
    qtbot.waitUntil(lambda: page.player.slider.maximum() == 2, timeout=5000)
    settle(qtbot, page)
    assert page.player.epoch == 1
    assert not page.player.follow.isChecked()
    page.player.follow.click()
    assert page.player.epoch == 3
    page.workspace.training.stop_now()
    qtbot.waitUntil(lambda: not page.workspace.training.running, timeout=5000)
    qtbot.waitUntil(lambda: not page.player.follow.isVisible(), timeout=5000)


def test_probes_are_switched_on_from_an_empty_page_and_that_can_be_undone(make_page, qtbot, run):
    page = make_page()
    assert page.no_run.isVisible()
    page.workspace.set_current_run(str(run.path))
    qtbot.waitUntil(page.empty.isVisible, timeout=5000)
    assert not page.empty.make.isVisible()  # it has no model either
    qtbot.mouseClick(page.empty.switch_on, Qt.MouseButton.LeftButton)
    document = page.workspace.document
    assert document.experiment.probes.samples == 8
    assert not page.empty.switch_on.isVisible()
    document.undo_stack.undo()
    assert document.experiment.probes.samples == 0
    assert page.empty.switch_on.isVisible()


def test_what_was_not_kept_is_made_from_kept_weights(make_page, qtbot, run):
    def answer(request, emit, _engine):
        assert isinstance(request, ProbeRequest)
        if not run.model_path.with_name("ready").exists():
            raise UserError("The data are gone.")
        emit(Progress("looking at epochs", 0, 1))
        ProbeFiles(run.path).write_about(ABOUT)
        ProbeFiles(run.path).write(1, seen(1))
        return (1,)

    run.model_path.write_bytes(b"model")
    page = make_page(answer)
    page.workspace.set_current_run(str(run.path))
    qtbot.waitUntil(page.empty.make.isVisible, timeout=5000)
    assert "best and the last" in page.empty.make.text()
    qtbot.mouseClick(page.empty.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.notice.text == "The data are gone.", timeout=5000)
    write_weights(run.path, 1, [np.zeros(3)])
    page.refresh()
    qtbot.waitUntil(lambda: "kept weights" in page.empty.make.text(), timeout=5000)
    run.model_path.with_name("ready").touch()
    qtbot.mouseClick(page.empty.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.player.epoch == 1, timeout=5000)
    settle(qtbot, page)
    assert [request.best for request in page.workspace.questions.engine.requests] == [True, False]


def test_a_damaged_epoch_is_said_and_the_others_stay(make_page, qtbot, probed):
    ProbeFiles(probed.path).path(2).write_bytes(b"half a file")
    page = make_page()
    start(qtbot, page, probed)
    choose(qtbot, page, "matrix")
    wait_for(qtbot, page, "Confusion matrix")
    page.player.slider.setValue(1)
    qtbot.waitUntil(lambda: "cannot be read" in page.notice.text, timeout=5000)
    page.player.slider.setValue(0)
    settle(qtbot, page)
    assert page.notice.text == ""
    assert page.panel.views[0].figure.values[0, 0] == 1


def test_the_train_page_sets_the_probes(make_page, qtbot, home):
    page = make_page(page_class=TrainPage)
    page.probes.editor("samples").box.setValue(5)
    assert page.workspace.document.experiment.probes.samples == 5
    methods = page.probes.editor("method").box
    assert {"", "grad_cam"} <= {methods.itemData(index) for index in range(methods.count())}
    methods.setCurrentIndex(methods.findData(""))
    methods.activated.emit(methods.currentIndex())
    assert page.workspace.document.experiment.probes.method == ""
