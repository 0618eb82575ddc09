"""Measured speeds on the Model page: the card, the table of all architectures, and how a measurement is stopped."""

import pytest
from PySide6.QtCore import Qt

from workbench.architectures.speeds import Speed, case_of, keep, standard_case, this_machine
from workbench.control import Stopped
from workbench.events import Progress
from workbench.gui.pages.model_comparison import ComparisonDialog
from workbench.registry import registry
from workbench.requests import MeasureRequest


def speed(case, predicting):
    return Speed(case, predicting, predicting / 4, case.batch_size, "Some processor", this_machine(), "2026-11-21")


def measured(request):
    """What the job does, without the work."""
    experiment = request.experiment
    cases = [case_of(experiment)] if request.own else []
    cases += [standard_case(registry().architectures.get(experiment.architecture.name))] if request.standard else []
    speeds = tuple(speed(case, 412.0 if case.height < 100 else 7.5) for case in cases)
    for each in speeds:
        keep(each)
    return speeds


class Measures:
    """Answers at once, or waits to be stopped."""

    def __init__(self):
        self.wait = False
        self.asked = []

    def __call__(self, request, emit, engine):
        self.asked.append(request)
        emit(Progress("predicting 28 × 28 px", 1, 6))
        return engine.wait(60) if self.wait else measured(request)


@pytest.fixture
def script():
    return Measures()


@pytest.fixture
def page(open_window, scripted_engine, script, monkeypatch):
    def only_measurements(request, emit, engine):
        if not isinstance(request, MeasureRequest):
            raise Stopped
        return script(request, emit, engine)

    window = open_window(questions=scripted_engine(only_measurements), page="model")
    window.workspace.questions.failed.disconnect()
    page = window.show_page("model")
    monkeypatch.setattr(page, "_ask_for_table", lambda: None)
    document = window.workspace.document
    document.apply(document.experiment.changed("architecture.name", "vgg16"), "VGG16")
    return page


def test_the_card_has_the_work_of_the_network_and_the_speed_once_measured(page, qtbot, script):
    settings = page.settings
    assert "138,357,544 parameters and 15.47 billion multiply-adds" in settings.paper.size.text()
    assert "not measured yet" in settings.speed.text.text()
    qtbot.mouseClick(settings.speed.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "7.5 images/s predicting" in settings.speed.text.text())  # the last of the two
    assert "412 images/s predicting, 103 training (28 × 28 px" in settings.speed.text.text()
    assert "Some processor, 2026-11-21" in settings.speed.text.text()
    assert (script.asked[0].own, script.asked[0].standard) == (True, True)


def test_other_settings_of_the_network_are_another_measurement(page, qtbot):
    page.settings.speed.button.click()
    qtbot.waitUntil(lambda: "412" in page.settings.speed.text.text())
    page.workspace.document.set_value("architecture.width_multiplier", 0.5)
    assert "412" not in page.settings.speed.text.text()
    page.workspace.document.undo_stack.undo()
    assert "412" in page.settings.speed.text.text()


def test_a_measurement_shows_how_far_it_is_and_can_be_stopped(page, qtbot, script):
    script.wait = True
    speed_line = page.settings.speed
    speed_line.button.setFocus()
    qtbot.keyClick(speed_line.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: speed_line.bar.progress.value() == 1)
    assert speed_line.bar.isVisible()
    assert "VGG16: predicting" in speed_line.bar.label.text()
    assert speed_line.button.text() == "&Stop"
    qtbot.keyClick(speed_line.button, Qt.Key.Key_Space)
    assert speed_line.button.text() == "&Measure"
    assert not speed_line.bar.isVisible()
    qtbot.waitUntil(lambda: not page.workspace.questions.busy)


@pytest.mark.parametrize("leave", ["another network", "another page", "a training"])
def test_a_measurement_nobody_waits_for_is_given_up(page, qtbot, script, leave, monkeypatch):
    script.wait = True
    page.settings.speed.button.click()
    qtbot.waitUntil(lambda: page.settings.speed.bar.progress.value() == 1)
    if leave == "another page":
        page.window().show_page("runs")
    elif leave == "a training":
        with monkeypatch.context() as patch:
            patch.setattr(page.workspace.training, "current", object())
            page.workspace.training.state_changed.emit()
        assert "A training runs" in page.settings.speed.bar.notice.text
    else:
        page.workspace.document.set_value("architecture.name", "vgg11")
    qtbot.waitUntil(lambda: not page.workspace.questions.busy)
    assert "not measured yet" in page.settings.speed.text.text()


def test_nothing_is_measured_beside_a_training(page, monkeypatch, script):
    with monkeypatch.context() as patch:
        patch.setattr(page.workspace.training, "current", object())
        page.settings.speed.button.click()
    assert "A training runs" in page.settings.speed.bar.notice.text
    assert script.asked == []


def test_rows_of_tables_have_no_speed(page):
    from workbench.experiment import new_experiment

    page.workspace.document.new(new_experiment("iris", "mlp"))
    assert not page.settings.speed.isVisible()
    assert not page.settings.speed.button.isVisible()


@pytest.fixture
def dialog(page, qtbot):
    page.settings.compare_button.click()
    return page.settings.findChild(ComparisonDialog)


def titles(dialog):
    return [row.architecture.name for row in dialog.model.rows]


def test_all_cards_stand_in_a_table_that_is_sorted_by_its_heads(dialog):
    assert dialog.table.current().architecture.name == "vgg16"
    heads = [column.title for column in dialog.model.columns]
    assert heads[:5] == ["Architecture", "Year", "Size", "Parameters", "Multiply-adds"]
    assert heads[5] == "Predicts, 28 px"
    dialog.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    assert (titles(dialog)[0], titles(dialog)[-1]) == ("resnet_cifar", "efficientnet_b7")
    dialog.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert titles(dialog)[0] == "vgg19"
    dialog.reject()


def test_selected_networks_are_measured_one_after_the_other_and_sorted_by_speed(dialog, qtbot, script):
    dialog.table.select(["vgg11", "resnet18"])
    qtbot.mouseClick(dialog.own_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len([row for row in dialog.model.rows if row.own]) == 2)
    assert {request.experiment.architecture.name for request in script.asked} == {"vgg11", "resnet18"}
    assert not any(request.standard for request in script.asked)
    dialog.table.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    assert set(titles(dialog)[:2]) == {"vgg11", "resnet18"}
    row = next(row for row in dialog.model.rows if row.architecture.name == "vgg11")
    assert [dialog.model.columns[place].text(row) for place in (5, 6, 7)] == ["412", "103", ""]
    qtbot.waitUntil(lambda: not dialog.stop_button.isEnabled())
    dialog.table.select(["vgg11"])
    dialog.standard_button.click()
    qtbot.waitUntil(lambda: len([row for row in dialog.model.rows if row.standard]) == 1)
    dialog.reject()


def test_closing_the_table_gives_a_measurement_up(dialog, page, qtbot, script):
    script.wait = True
    dialog.standard_button.click()
    qtbot.waitUntil(dialog.stop_button.isEnabled)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.workspace.questions.busy)


def test_enter_takes_the_network_of_a_row(dialog, page, qtbot):
    dialog.table.select(["resnet34"])
    qtbot.keyClick(dialog.table, Qt.Key.Key_Return)
    assert page.workspace.document.experiment.architecture.name == "resnet34"
    page.workspace.document.undo_stack.undo()
    assert page.workspace.document.experiment.architecture.name == "vgg16"
