"""The reader of events: plain lines, a bar on a terminal, JSON."""

import io
import json
import math

import pytest

from workbench.cli.output import Output
from workbench.cli.readers import EventReader, ProgressReader, bar, duration
from workbench.cli.tables import cell, print_table
from workbench.events import BatchesDone, EpochFinished, Finished, Note, PhaseStarted, Progress, RunStarted


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Pipe(io.StringIO):
    encoding = "utf-8"


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def training(epochs=2, steps=10):
    yield RunStarted("/runs/first", "first", epochs)
    yield PhaseStarted("train")
    for epoch in range(epochs):
        for step in range(1, steps + 1):
            yield BatchesDone(epoch, step, steps, (0.5,), 0.001, 1234.0)
        yield EpochFinished(epoch, {"loss": 0.5, "val_loss": 0.4}, 0.001, 10.0, 1234.0, epoch == 1, epoch)
    yield Note("early")
    yield Finished("completed", "/runs/first", best_epoch=1)


def read(stream, as_json=False, seconds_per_event=1.0):
    clock = Clock()
    reader = EventReader(Output(stream, as_json=as_json), clock)
    for event in training():
        reader(event)
        clock.seconds += seconds_per_event
    reader.close()
    return reader


def test_a_pipe_gets_a_line_an_epoch_and_no_bar():
    pipe = Pipe()
    reader = read(pipe)
    lines = pipe.getvalue().splitlines()
    assert len(lines) == 4
    assert "first" in lines[0]
    assert lines[1].startswith("epoch 1/2  loss 0.5000  val_loss 0.4000")
    assert lines[2].endswith("best")
    assert lines[3] == "early"
    assert "\r" not in pipe.getvalue()
    assert reader.finished.state == "completed"


def test_a_terminal_shows_a_bar_with_the_time_left():
    terminal = Terminal()
    read(terminal)
    shown = terminal.getvalue().split("\r")
    halfway = [text for text in shown if "epoch 1/2" in text and "10/10" in text]
    # 9 of 20 batches took 9 events of a second: 10 more batches, and the end of the first epoch is no batch.
    assert any("0:10 left" in text for text in halfway)
    assert "1,234 images/s" in halfway[0]
    assert terminal.getvalue().endswith("\r") or terminal.getvalue().endswith("\n")


def test_a_terminal_is_not_redrawn_for_every_event():
    slow, fast = Terminal(), Terminal()
    read(slow, seconds_per_event=1.0)
    read(fast, seconds_per_event=0.001)
    assert fast.getvalue().count("images/s") < slow.getvalue().count("images/s") == 20


def test_json_lines_are_the_events_and_never_hold_what_json_has_no_number_for():
    pipe = Pipe()
    reader = EventReader(Output(pipe, as_json=True))
    reader(BatchesDone(0, 1, 2, (math.nan, math.inf), 0.001, 5.0))
    reader(Finished("failed", "/runs/x", "It diverged."))
    first, last = [json.loads(line) for line in pipe.getvalue().splitlines()]
    assert first["event"] == "batches_done"
    assert first["losses"] == [None, None]
    assert last == {
        "event": "finished", "state": "failed", "run": "/runs/x", "message": "It diverged.", "best_epoch": -1,
        "metrics": {}, "seconds": 0.0,
    }  # fmt: skip


def test_progress_of_other_jobs_shows_on_a_terminal_only():
    terminal, pipe = Terminal(), Pipe()
    for stream in (terminal, pipe):
        clock = Clock()
        reader = ProgressReader(Output(stream, as_json=False), clock)
        clock.seconds += 1
        reader(Progress("download", 500, 1000))
        reader.close()
    assert "download 500/1,000" in terminal.getvalue()
    assert pipe.getvalue() == ""


def test_a_terminal_without_block_characters_gets_a_bar_of_ascii():
    assert bar(0.5, "ascii") == "#" * 8 + "-" * 8
    assert bar(2.0, "utf-8") == "█" * 16


def test_durations_read_like_a_clock():
    assert [duration(seconds) for seconds in (0, 7.4, 750, 3723)] == ["0:00", "0:07", "12:30", "1:02:03"]


def test_columns_of_a_table_line_up_with_wide_and_combining_characters():
    pipe = Pipe()
    print_table(Output(pipe, as_json=False), ("Class", "n"), [("猫", 3), ("mèo", 10), ("nothing", None)])
    assert pipe.getvalue().splitlines() == ["Class     n", "猫        3", "mèo      10", "nothing   -"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.5e33, "2.50e+33"), (-4e9, "-4.00e+09"), (2e5, "200000.0000"), (math.inf, "inf"), (0.0, "0.0000")],
)
def test_huge_numbers_in_a_table_of_the_terminal_are_written_by_their_power(value, text):
    assert cell(value) == text
