"""Ctrl-C on a job in the foreground: the first asks, the second ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
import small_jobs
from workbench.cli.foreground import Foreground
foreground = Foreground()
answer = foreground.run(small_jobs.{job}, lambda event: print("event", flush=True))
print("answer", answer, foreground.interrupted)
"""


def start(job, tmp_path):
    paths = os.pathsep.join((str(Path(__file__).parent / "engine_support"), str(Path(__file__).resolve().parents[1])))
    process = subprocess.Popen(
        [sys.executable, "-c", CODE.format(job=job.format(file=str(tmp_path / "counted.txt")))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert process.stdout.readline() == "event\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_ctrl_c_and_a_shutdown_ask_the_job_to_stop_which_keeps_what_it_has(tmp_path, number):
    process = start("Count(100_000)", tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert out.splitlines()[-1].startswith("answer ")
    assert out.endswith("True\n")
    assert err == ""


def test_the_second_ctrl_c_ends_a_job_that_does_not_listen(tmp_path):
    process = start("Deaf({file!r})", tmp_path)
    process.send_signal(signal.SIGINT)
    for _ in range(5):
        process.stdout.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == ""
