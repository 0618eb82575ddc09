"""The adviser on the Model page: what it asks, what it guesses, and one change that is undone as one."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from workbench.control import Control, Stopped
from workbench.diagnosis.adviser import advise
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.gui.pages.model_advice import AdviceDialog
from workbench.requests import AdviseRequest
from workbench.runs.writer import create_run_folder


@pytest.fixture
def page(open_window, scripted_engine, monkeypatch):
    def script(request, emit, engine):
        if not isinstance(request, AdviseRequest):
            raise Stopped
        return advise(request, emit, Control())

    window = open_window(questions=scripted_engine(script), page="model")
    window.workspace.questions.failed.disconnect()
    page = window.show_page("model")
    monkeypatch.setattr(page, "_ask_for_table", lambda: None)
    return page


@pytest.fixture
def dialog(page, qtbot):
    qtbot.mouseClick(page.settings.advise_button, Qt.MouseButton.LeftButton)
    return page.settings.findChild(AdviceDialog)


def advised(qtbot, dialog, name):
    qtbot.waitUntil(lambda: dialog.advice is not None and dialog.advice.name == name, timeout=20_000)


def test_it_asks_in_words_and_guesses_where_it_can(dialog):
    assert "ImageNet" in dialog.question.text()
    assert dialog.no.isChecked()  # the digits are grey
    assert dialog.guess.text().startswith("A guess: Grey pictures")
    assert dialog.samples_box.text() == "not known"
    dialog.reject()


def test_the_advice_follows_the_answers_and_is_applied_as_one_change(dialog, page, qtbot):
    document = page.workspace.document
    before = document.experiment
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    dialog.samples_box.setValue(1_000)
    advised(qtbot, dialog, "features")
    assert "1,000" in dialog.reasons.text()
    assert "architecture.name = transfer" in dialog.changes.text()
    assert dialog.title.text().startswith("Features of the base")
    qtbot.keyClick(dialog.no, Qt.Key.Key_Space)
    dialog.samples_box.setValue(60_000)
    advised(qtbot, dialog, "anew")
    assert "Grey pictures" in dialog.reasons.text()  # the guess, which was not contradicted
    dialog.yes.click()
    dialog.samples_box.setValue(1_000)
    advised(qtbot, dialog, "features")
    qtbot.mouseClick(dialog.apply_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert document.experiment.architecture.name == "transfer"
    assert document.undo_stack.undoText().startswith("Follow the advice: Features of the base")
    document.undo_stack.undo()
    assert document.experiment == before


def test_an_earlier_run_can_be_the_base(page, qtbot):
    runs = page.workspace.settings.runs_folder
    folder = create_run_folder(new_experiment("shapes"), runs)
    folder.model_path.write_bytes(b"not opened unless it is to be cut")
    page.settings.advise_button.click()
    dialog = page.settings.findChild(AdviceDialog)
    dialog.base_box.setCurrentIndex(dialog.base_box.findData(str(folder.path)))
    assert "of an earlier run" in dialog.question.text()
    assert "another dataset" in dialog.guess.text()
    dialog.yes.click()
    dialog.samples_box.setValue(300)
    advised(qtbot, dialog, "features")
    dialog.apply_button.click()
    assert page.workspace.document.experiment.architecture.source == str(folder.path)


def test_what_goes_wrong_is_said_and_nothing_can_be_applied(page, qtbot, scripted_engine):
    def fail(request, emit, engine):
        raise UserError("The data are not here")

    page.workspace.questions.engine.script = fail
    page.settings.advise_button.click()
    dialog = page.settings.findChild(AdviceDialog)
    qtbot.waitUntil(lambda: "The data are not here" in dialog.notice.text)
    assert not dialog.apply_button.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_rows_of_tables_get_no_advice(page):
    assert page.settings.advise_button.isVisible()
    page.workspace.document.new(new_experiment("iris", "mlp"))
    assert not page.settings.advise_button.isVisible()


def test_no_two_letters_on_the_page_lead_to_the_same_place(page):
    page.workspace.document.set_value("architecture.name", "transfer")
    texts = [button.text() for button in page.findChildren(QPushButton) if button.isVisible()]
    texts += [label.text() for label in page.findChildren(QLabel) if label.buddy() is not None and label.isVisible()]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    assert len(letters) > 10
    assert sorted(letters) == sorted(set(letters))
