"""Exports of what a run told: its curves as event files of TensorBoard, its report."""

import shutil

import pytest

from workbench.cli import run as command
from workbench.errors import UserError


def read_events(path):
    """(tag, value, step, wall time) of every value, and the version the file begins with."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    records = [event_pb2.Event.FromString(record) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    values = [(each.tag, each.simple_value, event.step, event.wall_time) for event in records[1:]
              for each in event.summary.value]  # fmt: skip
    return values, records[0].file_version


def test_the_curves_of_a_run_are_event_files_of_tensorboard(exported_run, tmp_path, capsys):
    out = tmp_path / "curves"
    assert command(["export", str(exported_run), "--format", "tensorboard", "--out", str(out)]) == 0
    assert "pip install tensorboard" in capsys.readouterr().out
    (train,), (validation,) = ((out / part).glob("events.out.tfevents.*") for part in ("train", "validation"))
    values, version = read_events(train)
    assert version == "brain.Event:2"
    curves = {}
    for tag, value, step, _when in values:
        curves.setdefault(tag, []).append((step, round(value, 4)))
    assert curves["epoch/loss"] == [(1, 1.5), (2, 0.75)]
    assert curves["epoch/accuracy"] == [(1, 0.4), (2, 0.8)]
    assert [step for step, _loss in curves["batch/loss"]] == list(range(1, 9))
    assert curves["batch/loss"][4] == (5, round(1 / 6, 4))
    assert "epoch/seconds" not in curves
    times = [when for *_value, when in values]
    assert times == sorted(times)
    batches = [when - 1_700_000_000 for tag, _value, _step, when in values if tag == "batch/loss"]
    assert batches == [0.625, 1.25, 1.875, 2.5, 3.125, 3.75, 4.375, 5.0]
    epochs = [when - 1_700_000_000 for tag, _value, _step, when in values if tag == "epoch/loss"]
    assert epochs == [2.5, 5.0]
    values, _version = read_events(validation)
    assert [(tag, round(value, 4), step) for tag, value, step, _when in values] == [
        ("epoch/loss", 1.6, 1),
        ("epoch/loss", 0.8, 2),
    ]


def test_a_run_that_has_told_nothing_yet_has_no_curves(export, exported_run, tmp_path):
    run = tmp_path / "new run"
    run.mkdir()
    shutil.copy(exported_run / "experiment.toml", run)
    with pytest.raises(UserError, match="nothing to draw"):
        export(run, "tensorboard", tmp_path / "curves")
    with pytest.raises(UserError, match="no model yet"):
        export(run, "onnx", tmp_path / "a.onnx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["new run"]


def test_the_report_of_a_run_is_one_of_the_formats(export, exported_run, tmp_path, capsys):
    run = tmp_path / "runs" / "without a model"
    shutil.copytree(exported_run, run, ignore=shutil.ignore_patterns("model.keras"))
    assert command(["export", str(run), "--format", "html", "--out", str(tmp_path / "out" / "run")]) == 0
    assert "run.html" in capsys.readouterr().out
    text = (tmp_path / "out" / "run.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "without a model" in text
    with pytest.raises(UserError, match="is not a run"):
        export(exported_run / "model.keras", "html", tmp_path / "out" / "b.html")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["run.html"]
