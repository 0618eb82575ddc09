"""Activation statistics: the numbers against NumPy, and what is said of layers in trouble."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.events import Progress
from workbench.inspection.answering import inspect
from workbench.inspection.loaded import open_data, open_model
from workbench.inspection.network import gradients
from workbench.inspection.network.taps import Pace
from workbench.requests import InspectRequest
from workbench.runs.model_file import read_about, save_model


def asked(model, params=None, split="test", control=None):
    events = []
    request = InspectRequest(str(model), "activation_statistics", params or {}, split=split)
    return inspect(request, events.append, control or Control()), events


def rows_of(answer):
    table = answer.figures[0]
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_the_numbers_are_those_of_all_samples_whatever_the_batches_were(digits_run):
    answer, events = asked(digits_run, {"layers": "all"})
    opened = open_model(str(digits_run))
    data = open_data(opened.run.experiment(), lambda event: None, Control())
    pictures = np.asarray(data.inputs[data.splits["test"]])
    for name in ("first", "second", "logits"):
        values = gradients.activations(opened.model, name)(pictures)
        row = rows_of(answer)[name]
        assert row["Units"] == values.shape[-1]
        assert row["Zeros"] == f"{(values == 0).mean():.1%}"
        assert row["Mean"] == pytest.approx(float(values.mean()), rel=1e-3)
        assert row["Deviation"] == pytest.approx(float(values.std()), rel=1e-3)
        if name != "logits":
            assert row["Dead"].startswith(f"{int((values.max(axis=(0, 1, 2)) <= 0).sum())} ")
    assert "No layer is in trouble" in answer.figures[0].note
    assert answer.figures[0].warning == ""
    assert events[-1] == Progress("looking at samples", len(pictures), len(pictures))


@pytest.fixture(scope="module")
def sick_run(digits_run, tmp_path_factory):
    """A run whose network has a dead layer of rectifiers beside a saturated one of sigmoids."""
    import keras

    layers = keras.layers
    inputs = keras.Input((28, 28, 1))
    hidden = layers.Flatten()(layers.Rescaling(1 / 255, name="scale")(inputs))
    dead = layers.Dense(10, activation="relu", name="dead", bias_initializer=keras.initializers.Constant(-99))(hidden)
    stuck = layers.Dense(6, activation="sigmoid", name="stuck", bias_initializer=keras.initializers.Constant(99))(
        hidden
    )
    outputs = layers.Dense(10, activation="softmax", name="output")(layers.Concatenate()([dead, stuck]))
    folder = tmp_path_factory.mktemp("runs") / "sick"
    folder.mkdir()
    (folder / "experiment.toml").write_bytes((digits_run / "experiment.toml").read_bytes())
    save_model(keras.Model(inputs, outputs), folder / "model.keras", read_about(digits_run / "model.keras"))
    return folder


def test_dead_and_saturated_layers_are_named_with_what_to_do(sick_run):
    answer, _events = asked(sick_run)
    rows = rows_of(answer)
    assert rows["dead"]["Dead"] == "10 (100%)"
    assert rows["dead"]["Trouble"] == "dead"
    assert rows["stuck"]["Saturated"] == "100.0%"
    assert rows["stuck"]["Trouble"] == "saturated"
    assert answer.figures[0].columns[1] == "Trouble"  # in sight where there is little room
    warning = answer.figures[0].warning
    for text in ("all 10 of dead", "100% of stuck (sigmoid)", "Put a batch normalisation"):
        assert text in warning
    bars = answer.figures[1]
    assert dict(zip(bars.names, bars.series["Dead units"], strict=True))["dead"] == 1


def test_at_most_so_many_samples_are_looked_at_spread_over_the_split(sick_run):
    _answer, events = asked(sick_run, {"samples": 7}, "train")
    assert events[-1].total == 7


def test_a_model_file_has_no_split_to_look_at(colour_file):
    with pytest.raises(UserError, match="no samples of its own"):
        asked(colour_file)


def test_it_stops_between_two_batches(digits_run):
    control = Control()
    seen = []

    def stop_at_once(event):
        if isinstance(event, Progress) and event.what == "looking at samples":
            seen.append(event)
            control.stop()

    with pytest.raises(Stopped):
        inspect(InspectRequest(str(digits_run), "activation_statistics", {}), stop_at_once, control)
    assert len(seen) == 1


def test_steps_grow_while_they_are_short_and_shrink_when_they_are_long(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("workbench.inspection.network.taps.time.perf_counter", lambda: clock[0])
    pace, sizes = Pace(most=16), []
    for part in pace.slices(200):
        sizes.append(part.stop - part.start)
        clock[0] += 0.02 * sizes[-1]
    assert sum(sizes) == 200
    assert max(sizes) == 4  # 0.08 s; eight would take 0.16 s
    for part in pace.slices(8):
        clock[0] += 1.0 * (part.stop - part.start)
    assert pace.size == 1
