"""The checks that train for some steps, in the window: one click begins, Stop ends, one click takes over the rate."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from workbench.diagnosis.tried import Tried
from workbench.errors import UserError
from workbench.events import Note, Progress
from workbench.figures import Curve, Curves
from workbench.finding import Finding
from workbench.gui.try_dialog import TRIES, TryDialog
from workbench.requests import FindRateRequest, OneBatchRequest, TrialRequest

RATE = "training.optimizer.learning_rate"
RATES = np.geomspace(1e-7, 1, 20)
FOUND = Tried(
    (Finding("learning_rate_found", "information", "It falls.", "Why.", "Set the learning rate to 0.002",
             ((RATE, 0.002),)),),
    (Curves("Loss over the learning rate", "Learning rate", "Loss", (Curve("loss", RATES, RATES),),
            (("suggested", 0.002),), logarithmic_x=True),),
)  # fmt: skip
TRAINING = (FindRateRequest, OneBatchRequest, TrialRequest)


@pytest.fixture
def opened(open_window, scripted_engine):
    """A window on the Model page, with an engine that answers the checks by a function."""

    def open_one(answer):
        def script(request, emit, engine):
            if isinstance(request, TRAINING):
                return answer(request, emit, engine)
            raise UserError("There are no data here.")

        engine = scripted_engine(script)
        window = open_window(questions=engine, page="model")
        return window, window.show_page("model"), engine

    return open_one


def asked(engine):
    return [request for request in engine.requests if isinstance(request, TRAINING)]


def dialogs(window):
    return [dialog for dialog in window.findChildren(TryDialog) if dialog.isVisible()]


@pytest.mark.parametrize(("name", "kind"), list(zip(TRIES, TRAINING, strict=True)))
def test_a_button_for_each_begins_it_on_the_experiment_shown(opened, qtbot, name, kind):
    window, page, engine = opened(lambda request, emit, engine: Tried(()))
    button = page.try_buttons[name]
    assert button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    (dialog,) = dialogs(window)
    qtbot.waitUntil(lambda: not dialog.running)
    (request,) = asked(engine)
    assert isinstance(request, kind)
    assert request.experiment == window.workspace.document.experiment
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialogs(window) == []


@pytest.mark.parametrize(("name", "keys"), [("find_rate", "Ctrl+L"), ("one_batch", "Ctrl+B"), ("trial", "Ctrl+T")])
def test_the_menu_begins_it_from_any_page(opened, qtbot, name, keys):
    window, _page, _engine = opened(lambda request, emit, engine: Tried(()))
    window.show_page("runs")
    action = window.actions_by_name[name]
    assert action.shortcut().toString() == keys
    action.trigger()
    (dialog,) = dialogs(window)
    assert dialog.check.name == name
    assert window.pages.current_name == "model"
    qtbot.waitUntil(lambda: not dialog.running)
    assert dialog.close()


def test_the_curve_is_shown_and_one_click_uses_the_rate_which_undo_takes_back(opened, qtbot):
    window, page, _engine = opened(lambda request, emit, engine: FOUND)
    dialog = page.try_out("find_rate")
    qtbot.waitUntil(lambda: not dialog.running)
    (view,) = dialog.figures
    qtbot.waitUntil(view.isVisible)
    assert view.plot.getAxis("bottom").logMode
    low, high = view.plot.getPlotItem().vb.viewRange()[0]
    assert -8 < low < -6.9
    assert -0.1 < high < 1
    (use,) = dialog.findings.buttons
    assert use.accessibleName() == "Use this rate: Set the learning rate to 0.002"
    assert use.hasFocus() or dialog.focusWidget() is use
    document = window.workspace.document
    qtbot.mouseClick(use, Qt.MouseButton.LeftButton)
    assert document.experiment.training.optimizer.learning_rate == 0.002
    assert dialog.findings.buttons == []
    document.undo_stack.undo()
    assert document.experiment.training.optimizer.learning_rate == 0.001
    assert len(dialog.findings.buttons) == 1
    dialog.close()


def test_it_tells_how_far_it_is_and_stops_when_asked_to(opened, qtbot):
    def work(request, emit, engine):
        emit(Note("The data are large."))
        emit(Progress("rate 0.001, loss 2.3", 40, 100))
        engine.wait(30)

    _window, page, engine = opened(work)
    dialog = page.try_out("find_rate")
    qtbot.waitUntil(lambda: dialog.bar.maximum() == 100)
    assert (dialog.bar.value(), dialog.told.text()) == (40, "rate 0.001, loss 2.3")
    assert dialog.notice.text == "The data are large."
    assert dialog.stop_button.isVisible()
    assert not dialog.again_button.isEnabled()
    qtbot.mouseClick(dialog.stop_button, Qt.MouseButton.LeftButton)
    assert dialog.told.text() == "Stopped."
    assert not dialog.bar.isVisible()
    assert "stop" in engine.calls
    assert dialog.again_button.isEnabled()
    dialog.close()


def test_what_cannot_be_tried_says_why(opened, qtbot):
    def refuse(request, emit, engine):
        raise UserError("The trainer knows no steps.")

    _window, page, _engine = opened(refuse)
    dialog = page.try_out("one_batch")
    qtbot.waitUntil(lambda: not dialog.running)
    assert dialog.notice.text == "The trainer knows no steps."
    dialog.close()


def test_other_settings_hold_when_it_is_begun_again_and_wrong_ones_are_told(opened, qtbot):
    _window, page, engine = opened(lambda request, emit, engine: FOUND)
    dialog = page.try_out("find_rate")
    qtbot.waitUntil(lambda: not dialog.running)
    dialog.form.edited.emit("steps", 50)
    dialog.form.edited.emit("lowest", 20.0)
    qtbot.mouseClick(dialog.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(asked(engine)) == 2 and not dialog.running)
    first, second = asked(engine)
    assert first.params == {"lowest": 1e-7, "highest": 10.0, "steps": 100}
    assert second.params == {**first.params, "steps": 50}
    assert len(dialog.figures) == 1
    dialog.close()


def test_closing_the_window_while_it_works_leaves_nothing_behind(opened, qtbot):
    window, page, engine = opened(lambda request, emit, engine: engine.wait(30))
    dialog = page.try_out("trial")
    qtbot.waitUntil(lambda: bool(asked(engine)))
    assert dialog.running
    assert window.close()
    assert engine.closed
