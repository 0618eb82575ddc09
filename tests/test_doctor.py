"""The doctor: tells what is there, and still answers when the heavy parts cannot be loaded."""

import json
import os

import pytest

from workbench.cli import run
from workbench.doctor import examine, line_that_installs, missing_in

BROKEN = {
    "keras.py": "raise ImportError('libcudart.so.12: cannot open shared object file')",
    "PySide6/__init__.py": "",
    "PySide6/QtGui.py": "raise ImportError('libEGL.so.1: cannot open shared object file')",
}


def by_name(findings):
    return {finding.name: finding for finding in findings}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What the doctor says here, as JSON records."""
    home = tmp_path_factory.mktemp("doctor")
    (home / "runs").mkdir()
    (home / "runs" / "a file").write_bytes(b"x" * 5000)
    broken = home / "plugins" / "broken"
    broken.mkdir(parents=True)
    (broken / "plugin.toml").write_text("module = 'nothing'", encoding="utf-8")
    patched = pytest.MonkeyPatch()
    patched.setenv("WORKBENCH_HOME", str(home))
    findings = examine(home / "runs")
    patched.undo()
    return home, findings


def test_versions_devices_and_the_qt_platform_are_told(report):
    _home, findings = report
    found = by_name(findings)
    assert found["tensorflow"].value[0].isdigit()
    assert "loads" in found["Keras"].value
    assert "GiB" in found["cpu"].value
    assert found["Qt platform"].value == "offscreen"


def test_places_are_told_with_their_sizes(report):
    home, findings = report
    found = by_name(findings)
    assert str(home / "runs") in found["Runs"].value
    assert "4.9 KiB" in found["Runs"].value
    assert "free" in found["Cache"].value
    assert str(home / "settings") in found["Settings"].value


def test_a_plugin_that_fails_is_told_with_its_reason(report):
    _home, findings = report
    broken = by_name(findings)["broken"]
    assert broken.state == "problem"
    assert "nothing.py" in broken.value


def test_it_answers_when_neither_keras_nor_qt_can_be_loaded(home, tmp_path, monkeypatch, capfd):
    for name, text in BROKEN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run(["doctor", "--json"]) == 0
    records = {record["name"]: record for record in map(json.loads, capfd.readouterr().out.splitlines())}
    assert records["Keras"]["state"] == "problem"
    assert "libcudart.so.12" in records["Keras"]["value"]
    assert "pip install" in records["Keras"]["advice"]
    assert "libEGL.so.1" in records["Qt platform"]["value"]
    assert records["Runs"]["state"] == "ok"


def test_what_hangs_is_given_up(home, tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = by_name(examine(home / "runs", timeout=1.5))
    assert found["Keras"].value == "no answer within 2 s"
    assert found["Runs"].state == "ok"


def test_a_folder_that_cannot_be_written_is_a_problem(home, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.doctor._try", lambda *_arguments, **_environment: _Nothing)
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    assert by_name(examine(blocked / "runs"))["Runs"].state == "problem"


class _Nothing:
    answer, problem = None, "not tried"


LDD = """
	linux-vdso.so.1 (0x00007ffd)
	libEGL.so.1 => not found
	libQt6Core.so.6 => not found
	libxcb-cursor.so.0 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)
	libstrange.so.9 => not found
"""


def test_missing_libraries_get_the_line_that_installs_them():
    missing = missing_in(LDD)
    assert missing == ["libEGL.so.1", "libxcb-cursor.so.0", "libstrange.so.9"]
    assert line_that_installs(missing[:2], "apt") == "sudo apt-get install libegl1 libxcb-cursor0"
    assert line_that_installs(missing, "dnf").startswith("sudo dnf install libglvnd-egl xcb-util-cursor and")
    assert "libstrange.so.9" in line_that_installs(missing, "apt")


def test_people_get_lines_under_headings(home, monkeypatch, capfd):
    monkeypatch.setattr("workbench.doctor._try", lambda *_arguments, **_environment: _Nothing)
    assert run(["doctor"]) == 0
    text = capfd.readouterr().out
    for heading in ("Versions", "Devices", "Window", "Places", "Plugins"):
        assert f"\n{heading}\n" in f"\n{text}"
    assert "! Keras: not tried" in text
    assert os.fspath(home / "cache") in text
