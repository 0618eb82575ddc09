"""Where exports go: what is there already, what cannot be written, and what is left after a stop."""

import numpy as np
import pytest

from workbench.cli import run as command
from workbench.control import Control, Stopped
from workbench.errors import UnknownNameError, UserError
from workbench.inspection.loaded import open_model
from workbench.registry import registry

MODELS = ("keras", "saved_model", "tflite", "onnx")


def test_an_export_that_answers_otherwise_is_not_kept(exported_run, tmp_path, monkeypatch, capsys):
    exporter = registry().exporters.get("keras")
    right = type(exporter).answers
    monkeypatch.setattr(type(exporter), "answers", lambda *given: right(*given) + np.float32(2e-4))
    assert command(["export", str(exported_run), "--format", "keras", "--out", str(tmp_path / "a.keras")]) == 1
    assert "does not answer as the original does" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*MODELS, "tensorboard", "html"])
def test_a_full_disk_is_told_in_one_sentence_and_nothing_is_left(export, exported_run, tmp_path, name):
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    open_model(str(exported_run))  # Keras unpacks it into a temporary file
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(UserError, match=r"cannot be written: File too large. Choose another place") as told:
            export(exported_run, name, tmp_path / "new" / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ".part" not in str(told.value)
    assert not list((tmp_path / "new").iterdir())


def test_what_is_there_is_replaced_only_when_forced_and_only_by_the_same_format(export, exported_run, tmp_path):
    place = tmp_path / "a.keras"
    place.write_text("mine")
    with pytest.raises(UserError, match="--force"):
        export(exported_run, "keras", place)
    assert place.read_text() == "mine"
    export(exported_run, "keras", place, force=True)
    assert place.stat().st_size > 1000
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter.txt").write_text("mine")
    for format in ("saved_model", "tensorboard", "keras"):
        with pytest.raises(UserError, match="is a folder"):
            export(exported_run, format, tmp_path / "folder", force=True)
    assert (tmp_path / "folder" / "letter.txt").read_text() == "mine"
    for _again in range(2):
        export(exported_run, "tensorboard", tmp_path / "curves", force=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.keras", "curves", "folder"]


@pytest.mark.parametrize(
    ("format", "out", "message"),
    [
        ("keras", "", "where the export goes"),
        ("keras", "n" * 5000, "n…? cannot be written: File name too long"),
        ("keras", "nothing\0", "cannot be written: embedded null byte"),
        ("onnx", "a.tflite", "ends with .onnx"),
        ("saved_model", "file/inside", "cannot be written"),
        ("saved_model", "file", "is a file"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(export, exported_run, tmp_path, format, out, message):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=message):
        export(exported_run, format, tmp_path / out if out else "", force=True)


def test_an_unknown_format_is_told_with_those_there_are(export, exported_run, tmp_path):
    with pytest.raises(UnknownNameError, match="onnx"):
        export(exported_run, "onxx", tmp_path / "a")


def test_what_has_to_be_installed_is_told_before_anything_is_read(export, exported_run, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install tf2onnx onnx onnxruntime"):
        export(exported_run, "onnx", tmp_path / "a.onnx")


def test_a_stopped_export_leaves_nothing(export, exported_run, tmp_path):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        export(exported_run, "saved_model", tmp_path / "a", control=control)
    assert not list(tmp_path.iterdir())


def test_a_stop_is_answered_at_once_also_while_a_library_writes_and_what_it_wrote_by_then_goes(
    export, exported_run, tmp_path, monkeypatch
):
    import threading
    import time

    control, begun, finished = Control(), threading.Event(), threading.Event()

    def write(_exporter, _model, _opened, _source, place):
        begun.set()
        time.sleep(0.8)  # as a converter that looks at nothing meanwhile
        place.mkdir()
        (place / "saved_model.pb").write_text("half of it")
        finished.set()

    def stop():
        begun.wait(20)
        asked.append(time.monotonic())
        control.stop()

    asked = []
    monkeypatch.setattr(type(registry().exporters.get("saved_model")), "write", write)
    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Stopped):
        export(exported_run, "saved_model", tmp_path / "a", control=control)
    assert time.monotonic() - asked[0] < 0.2
    stopper.join()
    assert finished.wait(5)
    deadline = time.monotonic() + 2
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_half_written_goes_with_the_next_one(export, exported_run, tmp_path):
    import subprocess
    import sys

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".a.{gone.pid}.part.keras").write_text("half of it")
    (tmp_path / ".a.1.part.keras").write_text("of one that still writes")
    (tmp_path / ".a.txt.part").write_text("somebody else's")
    export(exported_run, "keras", tmp_path / "a.keras")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".a.1.part.keras", ".a.txt.part", "a.keras"]
