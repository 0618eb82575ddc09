"""The dialog that exports: what it offers, asks, tells and takes back, and how the pages open it."""

import shlex
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from workbench.cli.arguments import parser
from workbench.errors import UserError
from workbench.events import Finished, Progress
from workbench.experiment import new_experiment
from workbench.export.exporter import Check
from workbench.export.exporting import Exported
from workbench.gui.export_dialog import ExportDialog, open_export
from workbench.gui.pages.evaluate import EvaluatePage
from workbench.gui.pages.runs import RunsPage
from workbench.gui.workspace import Workspace
from workbench.registry import registry
from workbench.requests import ExportRequest
from workbench.runs.writer import RunWriter, create_run_folder


@pytest.fixture
def run(home):
    """A finished run with a model file, which nobody opens here."""
    folder = create_run_folder(new_experiment(), home / "runs")
    with RunWriter(folder) as writer:
        writer.event(Finished("completed", str(folder.path), ""))
    folder.model_path.write_bytes(b"a model")
    return folder


@pytest.fixture
def engine(scripted_engine):
    """An engine that answers exports; a file named `slow` is not done before it is stopped."""

    def answer(request, emit, engine):
        if not isinstance(request, ExportRequest):
            return engine.wait(1)
        emit(Progress("Writing the model", 1, 4))
        if "slow" in request.out:
            return engine.wait(10)
        if "full" in request.out:
            raise UserError("There is no space left.")
        return Exported(request.out, request.format, 2048, Check(64, "test", 2e-7, 1.0), ("Bring small pictures.",))

    return scripted_engine(answer)


@pytest.fixture
def workspace(home, engine, scripted_engine, tmp_path):
    made = Workspace(engine, scripted_engine())
    made.settings.change(runs=str(home / "runs"), export_folder=str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.fixture
def dialog(workspace, run, parent):
    dialog = open_export(workspace, str(run.path), parent)
    dialog.opened = []
    dialog.open_url = lambda url: dialog.opened.append(url.toLocalFile()) or True
    return dialog


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_every_format_is_offered_models_first_with_what_it_lacks_and_its_own_ending(qtbot, dialog, run, tmp_path):
    buttons = dialog.formats.buttons
    assert list(buttons)[-2:] == ["html", "tensorboard"]
    assert set(buttons) == set(registry().exporters.names())
    for name, button in buttons.items():
        button.setFocus()
        qtbot.keyClick(button, Qt.Key.Key_Space)
        exporter = registry().exporters.get(name)
        assert dialog.formats.exporter is exporter
        assert dialog.place.text() == str(tmp_path / f"{run.name}{exporter.ending or '_' + name}")
        assert exporter.limits
        assert exporter.limits in button.accessibleDescription()
    dialog.place.setText(str(tmp_path / "mine_tensorboard"))
    dialog.formats.choose("onnx")
    assert dialog.place.text() == str(tmp_path / "mine.onnx")


def test_an_export_tells_where_it_is_how_it_compares_and_what_it_takes(qtbot, dialog, workspace, tmp_path):
    dialog.formats.choose("onnx")
    dialog.place.setText(str(tmp_path / "a"))
    click(qtbot, dialog.export_button)
    qtbot.waitUntil(lambda: not dialog.running, timeout=3000)
    assert workspace.questions.engine.requests[-1].out == str(tmp_path / "a.onnx")
    for part in ("a.onnx", "2.0 KiB", "64 samples", "2e-07"):
        assert part in dialog.notice.text
    assert dialog.notes.text() == "Bring small pictures."
    click(qtbot, dialog.show_button)
    assert dialog.opened == [str(tmp_path)]
    assert workspace.settings.values.export_format == "onnx"


def test_a_stop_is_answered_at_once_and_nothing_of_that_export_is_told_later(qtbot, dialog, workspace, tmp_path):
    dialog.place.setText(str(tmp_path / "slow.keras"))
    click(qtbot, dialog.export_button)
    qtbot.waitUntil(lambda: dialog.bar.maximum() == 4, timeout=3000)
    assert dialog.told.text() == "Writing the model…"
    assert not dialog.export_button.isEnabled()
    began = time.monotonic()
    click(qtbot, dialog.stop_button)
    assert time.monotonic() - began < 0.2
    assert "Nothing was written" in dialog.notice.text
    assert dialog.stop_button.isHidden()
    qtbot.waitUntil(lambda: not workspace.questions.busy, timeout=3000)
    assert "Nothing was written" in dialog.notice.text


def test_closing_stops_and_another_export_meanwhile_shows_the_one_that_writes(
    qtbot, dialog, workspace, run, parent, tmp_path
):
    dialog.place.setText(str(tmp_path / "slow.keras"))
    click(qtbot, dialog.export_button)
    qtbot.waitUntil(lambda: dialog.bar.maximum() == 4, timeout=3000)
    assert open_export(workspace, str(run.path), parent) is dialog
    dialog.close()
    qtbot.waitUntil(lambda: not workspace.questions.busy, timeout=3000)
    assert workspace.questions.engine.calls[-1] == "stop"


@pytest.mark.parametrize("replace", [False, True])
def test_what_is_there_is_replaced_only_after_a_yes(qtbot, dialog, workspace, tmp_path, replace):
    (tmp_path / "a.keras").write_text("mine")
    dialog.place.setText(str(tmp_path / "a.keras"))
    asked = []
    dialog.ask = lambda question: asked.append(question) or replace
    click(qtbot, dialog.export_button)
    qtbot.waitUntil(lambda: not dialog.running, timeout=3000)
    assert [str(tmp_path / "a.keras") in question for question in asked] == [True]
    requests = [each for each in workspace.questions.engine.requests if isinstance(each, ExportRequest)]
    assert [each.force for each in requests] == [True] * replace


def test_a_failure_is_one_message_and_the_dialog_goes_on(qtbot, dialog, tmp_path):
    dialog.place.setText("  ")
    click(qtbot, dialog.export_button)
    assert "Say where" in dialog.notice.text
    dialog.place.setText(str(tmp_path / "full.keras"))
    click(qtbot, dialog.export_button)
    qtbot.waitUntil(lambda: not dialog.running, timeout=3000)
    assert dialog.notice.text == "There is no space left."
    assert dialog.show_button.isHidden()
    assert dialog.export_button.isEnabled()


def test_a_run_without_a_model_offers_its_report_and_says_why_no_model(workspace, run, parent):
    run.model_path.unlink()
    fresh = open_export(workspace, str(run.path), parent)
    assert not fresh.export_button.isEnabled()
    assert "no model yet" in fresh.notice.text
    fresh.formats.choose("html")
    assert fresh.export_button.isEnabled()
    assert not fresh.notice.text


def test_what_has_to_be_installed_is_said_before(dialog, monkeypatch):
    monkeypatch.setattr(type(registry().exporters.get("onnx")), "missing", lambda exporter: "pip install onnx")
    dialog.formats.choose("onnx")
    assert "pip install onnx" in dialog.notice.text
    assert not dialog.export_button.isEnabled()


def test_a_model_file_of_no_run_is_offered_as_a_model_only(workspace, run, parent):
    other = open_export(workspace, str(run.model_path), parent)
    assert "html" not in other.formats.buttons
    assert "keras" in other.formats.buttons
    assert other.export_button.isEnabled()
    assert other.place.text().endswith("model.keras")


def test_the_copied_command_asks_for_the_same(qtbot, dialog, workspace, run, tmp_path):
    dialog.formats.choose("saved_model")
    dialog.place.setText(str(tmp_path / "a model"))
    click(qtbot, dialog.command_button)
    words = shlex.split(QGuiApplication.clipboard().text())
    arguments = parser().parse_args(words[1:])
    assert (arguments.run, arguments.format, arguments.out) == (str(run.path), "saved_model", str(tmp_path / "a model"))


@pytest.mark.parametrize("kind", [RunsPage, EvaluatePage])
def test_the_pages_open_it_by_a_button_and_by_ctrl_e(qtbot, workspace, run, kind):
    page = kind(workspace)
    qtbot.addWidget(page)
    workspace.set_current_run(str(run.path))
    page.resize(1100, 700)
    page.show()
    qtbot.waitExposed(page)
    page.shown()
    if kind is RunsPage:
        qtbot.waitUntil(lambda: bool(page.table_model.rows), timeout=5000)
        page.table.select([str(run.path)])
        assert any(action.text() == page.export_button.text() for action in page.menu_of_selected().actions())
    click(qtbot, page.export_button)
    (dialog,) = page.window().findChildren(ExportDialog)
    dialog.close()
    qtbot.waitUntil(lambda: not page.window().findChildren(ExportDialog), timeout=2000)
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow, timeout=3000)
    (page.table if kind is RunsPage else page.export_button).setFocus()
    qtbot.keyClick(page.focusWidget(), Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(page.window().findChildren(ExportDialog)), timeout=2000)
    page.hidden()
    qtbot.waitUntil(lambda: not getattr(page, "_reading", False), timeout=5000)


def test_tab_leads_from_the_format_that_is_chosen_to_every_button(qtbot, dialog):
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=3000)
    assert dialog.focusWidget() is dialog.formats.buttons["keras"]
    met = []
    for _step in range(5):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        met.append(dialog.focusWidget())
    assert met[:4] == [dialog.place, dialog.browse_button, dialog.command_button, dialog.export_button]
    assert met[4].text() in ("Close", "&Close")


def test_what_is_told_makes_the_dialog_higher_and_squeezes_no_format(dialog):
    before = dialog.formats.height()
    dialog._answered(Exported("a.onnx", "onnx", 1, None, ("What it takes, and who does the rest. " * 20,) * 3))
    assert dialog.height() >= dialog.layout().totalHeightForWidth(dialog.width())
    assert dialog.formats.height() == before
