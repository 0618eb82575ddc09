"""Start and end of the window as a whole, its dialogs, and what it says when something stays wrong."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import shiboken6
from PySide6.QtWidgets import QWidget

from workbench.experiment import new_experiment
from workbench.experiment_toml import write_experiment
from workbench.gui.app import EngineStart, open_window
from workbench.gui.doctor_dialog import DoctorDialog, about_text
from workbench.gui.settings import Settings, read_settings
from workbench.gui.settings_dialog import SettingsDialog
from workbench.gui.signals import close_on_signal


def test_the_window_starts_its_engines_after_the_first_paint_and_leaves_nothing(qtbot, home):
    window = open_window([])
    engine = window.workspace.questions.engine
    assert engine.pid is None
    with qtbot.waitSignal(window.first_painted, timeout=5000):
        window.show()
    qtbot.waitUntil(lambda: engine.pid is not None, timeout=5000)
    child = engine.pid
    window.close()
    assert not psutil.pid_exists(child)


def test_a_file_on_the_command_line_is_opened(qtbot, home, tmp_path):
    path = tmp_path / "mine.toml"
    write_experiment(new_experiment(architecture="lenet5"), path)
    window = open_window([str(path)])
    assert window.workspace.document.experiment.architecture.name == "lenet5"
    window.close()


def test_a_file_on_the_command_line_that_cannot_be_opened_is_explained_in_the_window(qtbot, home, tmp_path):
    window = open_window([str(tmp_path / "missing.toml")])
    window.show()
    assert window.problems.isVisible()
    assert "missing.toml" in window.problems.notice.text
    window.problems.dismiss.click()
    assert not window.problems.isVisible()
    window.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_an_interrupt_from_the_terminal_closes_the_window_and_its_engines(home):
    process = subprocess.Popen(
        [sys.executable, "-c", "from workbench.gui.app import run_window; raise SystemExit(run_window([]))"],
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 20
        children = []
        while not children and time.monotonic() < deadline:
            children = psutil.Process(process.pid).children(recursive=True)
            time.sleep(0.05)
        assert children
        process.send_signal(signal.SIGINT)
        _out, complaints = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, complaints) == (0, b"")
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_signal_after_the_window_was_closed_is_passed_over(qtbot):
    window = QWidget()
    with close_on_signal(window):
        shiboken6.delete(window)
        with qtbot.captureExceptions() as complaints:
            signal.raise_signal(signal.SIGTERM)
            qtbot.wait(50)
    assert complaints == []


def test_keras_that_cannot_start_is_said_in_the_window(open_window, scripted_engine, qtbot):
    questions = scripted_engine()
    questions.problem = "No module named 'tensorflow'"
    window = open_window(questions=questions)
    EngineStart(window.workspace).begin()
    qtbot.waitUntil(window.problems.isVisible, timeout=3000)
    assert "tensorflow" in window.problems.notice.text


def test_the_training_engine_starts_when_the_other_is_ready_and_lists_the_devices(open_window, scripted_engine, qtbot):
    devices = ("a device",)
    questions, training = scripted_engine(), scripted_engine(lambda request, emit, engine: devices)
    questions.problem = ""
    questions.ready = False
    window = open_window(questions=questions, training=training)
    EngineStart(window.workspace).begin()
    assert questions.calls == ["start"]
    assert training.calls == []
    questions.ready = True
    qtbot.waitUntil(lambda: window.workspace.devices == devices, timeout=3000)
    assert training.calls == ["start"]


def test_settings_apply_at_once_and_are_kept(qtbot, home):
    settings = Settings()
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.form.editor("cache_gigabytes").box.setValue(2.5)
    dialog.form.editor("theme").box.activated.emit(2)
    assert settings.cache_limit_bytes == int(2.5 * 2**30)
    assert read_settings(home / "settings" / "settings.json").theme == "dark"
    dialog.close()


def test_the_doctor_can_be_sent_away_before_it_has_answered(qtbot):
    dialog = DoctorDialog()
    dialog.show()
    dialog.close()


def test_about_names_the_versions():
    assert "PySide6-Essentials 6." in about_text()
    assert "no_such" not in about_text()
