"""A stop is answered at once, and what was left behind by it does no harm."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workbench.attended import attended, unless_abandoned, wait_for_what_was_left
from workbench.control import Control, Stopped


@pytest.fixture
def deaf():
    """Starts deaf work that ends when it is told, and stops it; gives `(begin, end)`."""
    end = threading.Event()

    def begin(then=lambda: None):
        control, begun = Control(), threading.Event()

        def work():
            begun.set()
            control.stop()
            end.wait(10)
            then()

        start = time.perf_counter()
        with pytest.raises(Stopped):
            attended(control, work)
        assert begun.is_set()
        return time.perf_counter() - start

    yield begin, end
    end.set()
    wait_for_what_was_left(Control())


def test_a_stop_does_not_wait_for_work_that_cannot_be_interrupted(deaf):
    begin, _end = deaf
    assert begin() < 0.2


def test_what_attended_work_raises_is_raised_where_it_was_asked_for():
    with pytest.raises(ZeroDivisionError):
        attended(Control(), lambda: 1 / 0)
    assert attended(Control(), lambda: 3) == 3


def test_work_that_was_left_behind_changes_no_files(deaf, tmp_path):
    begin, end = deaf
    ended = []

    def write():
        try:
            with unless_abandoned():
                (tmp_path / "numbers").write_text("late")
        finally:
            ended.append(True)

    begin(write)
    end.set()
    wait_for_what_was_left(Control())
    assert ended
    assert not list(tmp_path.iterdir())


def test_a_stop_waits_until_a_file_is_whole(tmp_path):
    control = Control()

    def work():
        with unless_abandoned():
            control.stop()
            time.sleep(0.12)
            (tmp_path / "numbers").write_text("whole")
        time.sleep(0.3)

    with pytest.raises(Stopped):
        attended(control, work)
    assert (tmp_path / "numbers").read_text() == "whole"


def test_the_next_work_begins_when_what_was_left_behind_has_ended(deaf):
    begin, end = deaf
    order = []
    begin(lambda: order.append("left behind"))
    threading.Timer(0.1, end.set).start()
    attended(Control(), lambda: order.append("next"))
    assert order == ["left behind", "next"]


def test_waiting_for_what_was_left_behind_can_be_stopped_too(deaf):
    begin, _end = deaf
    begin()
    for wait in (lambda control: attended(control, lambda: None), wait_for_what_was_left):
        control = Control()
        threading.Timer(0.02, control.stop).start()
        start = time.perf_counter()
        with pytest.raises(Stopped):
            wait(control)
        assert time.perf_counter() - start < 0.2


def test_attended_work_within_attended_work_is_done_at_once():
    control = Control()

    def work():
        wait_for_what_was_left(control)  # this is itself: nothing to wait for
        return attended(control, threading.current_thread), threading.current_thread()

    inner, outer = attended(control, work)
    assert inner is outer


def test_without_attending_files_are_changed_at_once(tmp_path):
    with unless_abandoned():
        (tmp_path / "numbers").write_text("here")
    assert (tmp_path / "numbers").exists()


LEFT_BEHIND = """
import atexit, threading, time
import workbench.cli
from workbench.__main__ import main
from workbench.attended import attended
from workbench.control import Control, Stopped

def run(arguments, open_window):
    control = Control()
    try:
        attended(control, lambda: (control.stop(), time.sleep(60)))
    except Stopped:
        print("Interrupted.")
    return 130

workbench.cli.run = run
atexit.register(time.sleep, 30)  # stands for all that Python and its libraries wait for at their end
raise SystemExit(main())
"""


def test_the_command_ends_with_its_answer_whatever_was_left_behind():
    parent = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", LEFT_BEHIND], cwd=parent, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (130, "Interrupted.\n", "")
