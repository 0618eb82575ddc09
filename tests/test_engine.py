"""The engine by itself: small jobs, in a process where Keras cannot be imported, which makes it quick to start."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from workbench.control import Stopped
from workbench.engine import Engine, EngineDiedError, JobFailedError
from workbench.errors import UserError
from workbench.events import Note, Progress
from workbench.experiment import new_experiment

SUPPORT = Path(__file__).parent / "engine_support"
WITHOUT_KERAS = SUPPORT / "without_keras"


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """The module of the small jobs, importable here and in an engine."""
    patched = pytest.MonkeyPatch()
    patched.syspath_prepend(str(SUPPORT))
    patched.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("engine")))
    patched.setenv("PYTHONPATH", os.pathsep.join((str(WITHOUT_KERAS), str(SUPPORT))))
    import small_jobs

    yield small_jobs
    patched.undo()


@pytest.fixture(scope="module")
def lasting(jobs):
    """An engine for the tests that leave it as it was."""
    engine = Engine("lasting")
    engine.start()
    pid = engine.pid
    yield engine
    assert engine.pid == pid
    engine.close()


@pytest.fixture
def engine(jobs):
    threads, processes = set(threading.enumerate()), engine_processes()
    engine = Engine("test")
    yield engine
    engine.close()
    assert set(threading.enumerate()) <= threads
    assert engine_processes() <= processes


def engine_processes():
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if "workbench.engine.child" in child.cmdline():
                found.add(child.pid)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class InThread:
    """Runs a job as the window does: in a thread that is not the one that stops it."""

    def __init__(self, engine, request):
        self.events = []
        self.answer = self.error = None
        self._engine, self._request = engine, request
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        try:
            self.answer = self._engine.run(self._request, self.events.append)
        except Exception as error:
            self.error = error

    def join(self):
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self


def test_events_and_the_answer_of_a_job_come_back_in_order(lasting, jobs):
    events = []
    assert lasting.run(jobs.Count(2000, seconds=0), events.append) == 2000
    assert events == [Progress("count", number, 2000) for number in range(1, 2001)]
    assert not lasting.busy


def test_what_a_job_prints_does_not_get_into_the_answers(lasting, jobs):
    value = {"text": "Tiếng Việt", "numbers": tuple(range(1000))}
    assert lasting.run(jobs.Echo(value), print) == value
    assert lasting.run(jobs.Echo(b"x" * 3_000_000), print) == b"x" * 3_000_000


def test_starting_returns_at_once_and_the_engine_becomes_ready_in_the_background(engine):
    began = time.monotonic()
    engine.start()
    assert time.monotonic() - began < 0.3
    wait_until(lambda: engine.ready)
    assert psutil.pid_exists(engine.pid)
    assert engine.memory_bytes > 1_000_000


def test_an_installation_without_keras_is_named_and_jobs_that_do_not_need_it_still_run(lasting, jobs):
    lasting.start()
    wait_until(lambda: lasting.ready)
    assert "this installation has no Keras" in lasting.problem
    with pytest.raises(JobFailedError, match="workbench doctor"):
        lasting.run(jobs.Fail("import"), print)
    assert lasting.run(jobs.Echo(1), print) == 1


def test_stop_reaches_the_running_job_which_keeps_what_it_has(lasting, jobs):
    running = InThread(lasting, jobs.Count(100_000))
    wait_until(lambda: len(running.events) > 3)
    assert lasting.busy
    lasting.stop()
    running.join()
    assert running.error is None
    assert 3 < running.answer < 1000


def test_a_job_with_nothing_to_keep_ends_as_stopped(lasting, jobs):
    running = InThread(lasting, jobs.Count(100_000, keep=False))
    wait_until(lambda: running.events)
    lasting.stop()
    assert isinstance(running.join().error, Stopped)


def test_a_stop_that_was_meant_for_one_job_does_not_stop_the_next(lasting, jobs):
    lasting.start()
    lasting.stop()
    assert lasting.run(jobs.Count(3), print) == 3


def test_a_paused_job_waits_until_it_is_resumed(lasting, jobs):
    running = InThread(lasting, jobs.Count(40, seconds=0.005))
    wait_until(lambda: running.events)
    lasting.pause()
    time.sleep(0.3)
    count = len(running.events)
    time.sleep(0.3)
    assert len(running.events) == count < 40
    lasting.resume()
    assert running.join().answer == 40


def test_a_paused_job_can_be_stopped(lasting, jobs):
    running = InThread(lasting, jobs.Count(100_000))
    wait_until(lambda: running.events)
    lasting.pause()
    lasting.stop()
    assert running.join().answer < 100_000


def test_a_mistake_of_the_user_arrives_as_such_and_the_engine_stays(lasting, jobs):
    with pytest.raises(UserError, match="Sai rồi: that was yours"):
        lasting.run(jobs.Fail("user"), print)
    pid = lasting.pid
    assert lasting.run(jobs.Echo(1), print) == 1
    assert lasting.pid == pid


@pytest.mark.parametrize(
    ("how", "message", "in_the_log"),
    [
        ("defect", "ZeroDivisionError: a defect of two lines", "in fail"),
        ("exit", "SystemExit: 3", "SystemExit"),
        ("unpicklable", "", "pickle"),
    ],
)
def test_a_job_that_raises_gives_one_line_and_a_log(lasting, jobs, how, message, in_the_log):
    assert_one_line_and_a_log(lasting, jobs, how, message, in_the_log)


def assert_one_line_and_a_log(engine, jobs, how, message, in_the_log):
    events = []
    with pytest.raises(JobFailedError) as failure:
        engine.run(jobs.Fail(how), events.append)
    assert message in str(failure.value)
    assert "\n" not in str(failure.value)
    assert in_the_log in failure.value.log
    assert events == [Note("before")]


@pytest.mark.parametrize(
    ("how", "message"), [("quit", "exit code 7"), ("killed", "memory was used up"), ("crash", "SIGSEGV")]
)
def test_an_engine_that_dies_is_noticed_at_once_and_replaced(engine, jobs, how, message):
    engine.start()
    wait_until(lambda: engine.ready)
    pid = engine.pid
    with pytest.raises(EngineDiedError, match=message) as death:
        engine.run(jobs.Fail(how), print)
    assert not death.value.asked
    wait_until(lambda: engine.ready)
    assert engine.run(jobs.Echo(1), print) == 1
    assert engine.pid != pid


def test_an_engine_that_dies_while_idle_is_replaced(engine, jobs):
    engine.start()
    wait_until(lambda: engine.ready)
    pid = engine.pid
    psutil.Process(pid).kill()
    wait_until(lambda: engine.ready and engine.pid != pid)
    assert engine.run(jobs.Echo(1), print) == 1


def test_a_job_that_hangs_deep_inside_a_library_can_be_killed(engine, jobs):
    running = InThread(engine, jobs.Fail("hang"))
    wait_until(lambda: Note("hanging") in running.events)
    pid = engine.pid
    engine.kill()
    error = running.join().error
    assert isinstance(error, EngineDiedError)
    assert error.asked
    assert engine.run(jobs.Echo(1), print) == 1
    assert engine.pid != pid
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("how", ["memory", "training"])
def test_an_engine_is_replaced_after_running_out_of_memory_or_a_failed_training(engine, jobs, how):
    engine.run(jobs.Echo(1), print)
    pid = engine.pid
    if how == "memory":
        assert_one_line_and_a_log(engine, jobs, how, "smaller batch size", "MemoryError")
    else:
        engine.run(jobs.Fail(how), print)
    assert not psutil.pid_exists(pid)
    assert engine.run(jobs.Echo(1), print) == 1


def test_an_engine_that_has_grown_past_its_limit_is_replaced(jobs):
    engine = Engine("test", memory_growth_limit=100_000_000)
    try:
        engine.run(jobs.Echo(1), print)
        pid = engine.pid
        engine.run(jobs.Echo(2), print)
        assert engine.pid == pid
        assert engine.run(jobs.Fail("grow"), print) == 200_000_000
        assert engine.pid != pid
    finally:
        engine.close()


def test_a_change_of_device_takes_a_fresh_engine(engine, jobs):
    experiment = new_experiment()
    on_cpu = jobs.TrainOn(experiment.changed("training.device", "cpu"), "")
    first = engine.run(on_cpu, print)
    assert engine.run(on_cpu, print) == first
    assert engine.run(jobs.TrainOn(experiment.changed("training.device", "gpu:0"), ""), print) != first


def test_jobs_from_two_threads_run_one_after_the_other(lasting, jobs, tmp_path):
    file = str(tmp_path / "order.txt")
    first = InThread(lasting, jobs.Count(20, file=file))
    second = InThread(lasting, jobs.Count(20, file=file))
    first.join()
    second.join()
    assert (tmp_path / "order.txt").read_text().split() == [str(number) for number in range(1, 21)] * 2


def test_a_reader_that_raises_stops_its_job_and_leaves_the_engine_usable(lasting, jobs):
    def refuse(event):
        raise LookupError("no window any more")

    with pytest.raises(LookupError):
        lasting.run(jobs.Count(100_000), refuse)
    assert lasting.run(jobs.Echo("next"), print) == "next"


def test_closing_in_the_middle_of_a_job_leaves_nothing_behind(jobs, tmp_path):
    threads, processes = set(threading.enumerate()), engine_processes()
    engine = Engine("test")
    running = InThread(engine, jobs.Count(100_000, file=str(tmp_path / "counted.txt")))
    wait_until(lambda: running.events)
    engine.close()
    running.join()
    assert isinstance(running.error, EngineDiedError) or running.answer < 100_000
    assert set(threading.enumerate()) <= threads
    assert engine_processes() <= processes
    with pytest.raises(EngineDiedError):
        engine.run(jobs.Echo(1), print)


def test_an_engine_runs_without_a_log_where_none_can_be_written(jobs, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    engine = Engine("test")
    try:
        with pytest.raises(JobFailedError, match="ZeroDivisionError") as failure:
            engine.run(jobs.Fail("defect"), print)
        assert failure.value.log == ""
    finally:
        engine.close()


WINDOW = """
import sys
import small_jobs
from workbench.engine import Engine
engine = Engine("gone")
def tell(event):
    print(engine.pid, flush=True)
engine.run({request}, tell)
"""


@pytest.mark.parametrize("request_code", ["small_jobs.Count(100_000, file={file!r})", "small_jobs.Deaf({file!r})"])
def test_an_engine_whose_window_was_killed_ends_by_itself_in_the_middle_of_a_job(jobs, tmp_path, request_code):
    file = tmp_path / "counted.txt"
    code = WINDOW.format(request=request_code.format(file=str(file)))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as window:
        engine = psutil.Process(int(window.stdout.readline()))
        assert "workbench.engine.child" in engine.cmdline()
        window.kill()
    wait_until(lambda: not engine.is_running(), seconds=6)
    counted = file.read_text()
    time.sleep(0.2)
    assert file.read_text() == counted


def test_an_engine_on_the_cpu_sees_no_gpu(jobs):
    engine = Engine("questions", device="cpu")
    try:
        assert engine.run(jobs.Environment("CUDA_VISIBLE_DEVICES"), print) == "-1"
        assert engine.run(jobs.Environment("KERAS_BACKEND"), print) == os.environ.get("KERAS_BACKEND", "tensorflow")
    finally:
        engine.close()


def test_the_engine_has_keras_imported_before_the_first_job_and_at_full_priority(home, jobs, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    engine = Engine("test")
    try:
        engine.start()
        wait_until(lambda: engine.ready, seconds=120)
        assert engine.problem == ""
        began = time.monotonic()
        assert engine.run(jobs.Loaded("keras"), print)
        assert time.monotonic() - began < 1
        assert engine.run(jobs.Niceness(), print) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        engine.close()
