"""Questions and trainings off the GUI thread, on engines that play scripts."""

import threading
import time

import pytest
from PySide6.QtWidgets import QApplication

from workbench.engine import EngineDiedError, JobFailedError
from workbench.errors import UserError
from workbench.events import BatchesDone, EpochFinished, Finished, Paused, PhaseStarted, RunStarted
from workbench.experiment import new_experiment
from workbench.gui.training_queue import TrainingQueue
from workbench.gui.workers import Questions
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.writer import create_run_folder


@pytest.fixture
def ask(qtbot, scripted_engine):
    made = []

    def make(script):
        questions = Questions(scripted_engine(script))
        made.append(questions)
        return questions

    yield make
    for questions in made:
        questions.close()
        questions.deleteLater()


@pytest.fixture
def queue_of(qtbot, scripted_engine):
    made = []

    def make(script):
        queue = TrainingQueue(scripted_engine(script))
        queue.seen = []
        queue.event.connect(queue.seen.append)
        made.append(queue)
        return queue

    yield make
    for queue in made:
        queue.close()
        queue.deleteLater()


def train_request(runs="runs"):
    return TrainRequest(new_experiment(), str(runs))


def test_an_answer_arrives_on_the_gui_thread(ask, qtbot):
    questions = ask(lambda request, emit, engine: (request, threading.current_thread().name))
    got = []
    questions.ask("how many", lambda answer: got.append((*answer, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(got), timeout=3000)
    request, worker, receiver = got[0]
    assert (request, worker) == ("how many", "workbench-questions")
    assert receiver is threading.main_thread()


def test_the_newest_question_of_a_key_wins_and_the_older_is_never_answered(ask, qtbot):
    def script(request, emit, engine):
        if request == "old":
            engine.wait()
        return request

    questions = ask(script)
    got, errors = [], []
    questions.ask("old", got.append, errors.append, key="map")
    qtbot.waitUntil(lambda: questions.engine.busy, timeout=3000)
    questions.ask("waiting", got.append, errors.append, key="map")
    questions.ask("new", got.append, errors.append, key="map")
    qtbot.waitUntil(lambda: bool(got) and not questions.busy, timeout=3000)
    assert got == ["new"]
    assert errors == []
    assert questions.engine.requests == ["old", "new"]


def test_an_answer_that_comes_after_its_question_was_dropped_is_thrown_away(ask, qtbot):
    go_on = threading.Event()
    questions = ask(lambda request, emit, engine: go_on.wait(5) and request)
    got = []
    questions.ask("old", got.append, key="map")
    qtbot.waitUntil(lambda: questions.engine.busy, timeout=3000)
    questions.drop("map")
    go_on.set()
    qtbot.waitUntil(lambda: not questions.busy, timeout=3000)
    assert got == []


def test_questions_with_different_keys_are_all_answered_in_order(ask, qtbot):
    questions = ask(lambda request, emit, engine: request)
    got = []
    for number in range(20):
        questions.ask(number, got.append, key=str(number))
    qtbot.waitUntil(lambda: len(got) == 20, timeout=3000)
    assert got == list(range(20))


@pytest.mark.parametrize("error", [UserError("no such folder"), JobFailedError("it broke"), EngineDiedError("it died")])
def test_whatever_goes_wrong_is_told_once_and_the_next_question_is_answered(ask, qtbot, error):
    def script(request, emit, engine):
        if request == "bad":
            raise error
        return request

    questions = ask(script)
    got, errors = [], []
    questions.ask("bad", got.append, errors.append)
    questions.ask("good", got.append, errors.append)
    qtbot.waitUntil(lambda: got == ["good"], timeout=3000)
    assert errors == [str(error)]


def test_an_error_that_nobody_takes_is_told_by_the_questions(ask, qtbot):
    def script(request, emit, engine):
        raise UserError("no such folder")

    questions = ask(script)
    with qtbot.waitSignal(questions.failed, timeout=3000) as told:
        questions.ask("bad", print)
    assert told.args == ["no such folder"]


def test_a_question_that_does_not_stop_is_killed_after_the_grace_time(ask, qtbot):
    def script(request, emit, engine):
        if request == "hangs":
            engine.killed.wait(10)
        return request

    questions = ask(script)
    questions._overdue.setInterval(50)
    got = []
    questions.ask("hangs", got.append, key="map")
    qtbot.waitUntil(lambda: questions.engine.busy, timeout=3000)
    questions.ask("next", got.append, key="map")
    qtbot.waitUntil(lambda: "kill" in questions.engine.calls, timeout=3000)
    qtbot.waitUntil(lambda: got == ["next"], timeout=5000)


def test_events_of_a_question_arrive_before_its_answer(ask, qtbot):
    def script(request, emit, engine):
        for number in range(100):
            emit(number)
        return "answer"

    questions = ask(script)
    got = []
    questions.ask("how", got.append, on_event=got.append)
    qtbot.waitUntil(lambda: "answer" in got, timeout=3000)
    assert got == [*range(100), "answer"]


def test_closing_while_a_question_runs_ends_the_thread(ask, qtbot):
    questions = ask(lambda request, emit, engine: engine.wait())
    questions.ask("forever", print, print)
    qtbot.waitUntil(lambda: questions.engine.busy, timeout=3000)
    questions.close()
    assert not any(thread.name == "workbench-questions" for thread in threading.enumerate())


def test_a_training_tells_its_events_in_order_and_ends(queue_of, qtbot, tmp_path):
    events = [RunStarted("r", "r", 1), PhaseStarted("data"), Finished("completed", "r")]
    queue = queue_of(events)
    queue.submit(train_request())
    assert queue.running
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert queue.seen == events
    assert not queue._timer.isActive()


def test_many_batches_arrive_as_few_events_with_every_loss(queue_of, qtbot):
    def script(request, emit, engine):
        for step in range(5000):
            emit(BatchesDone(0, step + 1, 5000, (float(step),), 0.1, 100.0))
        emit(Finished("completed", ""))

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: not queue.running, timeout=5000)
    batches = [event for event in queue.seen if isinstance(event, BatchesDone)]
    assert len(batches) <= 20
    assert [loss for event in batches for loss in event.losses] == [float(step) for step in range(5000)]
    assert batches[-1].step == 5000


def test_batches_of_different_epochs_are_never_merged(queue_of, qtbot):
    batch = (0.5,)
    events = [
        BatchesDone(0, 1, 2, batch, 0.1, 1.0),
        BatchesDone(0, 2, 2, batch, 0.1, 1.0),
        EpochFinished(0, {"loss": 0.5}, 0.1, 1.0, 1.0, True, 0),
        BatchesDone(1, 1, 2, batch, 0.1, 1.0),
        Finished("completed", ""),
    ]
    queue = queue_of(events)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert [type(event).__name__ for event in queue.seen] == ["BatchesDone", "EpochFinished", "BatchesDone", "Finished"]
    assert queue.seen[0].losses == (0.5, 0.5)


def test_a_training_submitted_while_one_runs_waits_for_its_turn(queue_of, qtbot):
    go_on = threading.Event()

    def script(request, emit, engine):
        go_on.wait(5)
        emit(Finished("completed", request.runs))

    queue = queue_of(script)
    for name in ("one", "two", "three"):
        queue.submit(train_request(name))
    assert [training.request.runs for training in queue.queue] == ["two", "three"]
    queue.remove(0)
    go_on.set()
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert [event.run for event in queue.seen] == ["one", "three"]


def test_a_refused_experiment_ends_as_failed_with_the_reason(queue_of, qtbot):
    def script(request, emit, engine):
        raise UserError("the folder is empty")

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert queue.seen == [Finished("failed", "", "the folder is empty")]


def test_stop_now_kills_and_writes_the_one_end_of_the_run(queue_of, qtbot, tmp_path):
    folder = create_run_folder(new_experiment(), tmp_path)

    def script(request, emit, engine):
        emit(RunStarted(str(folder.path), folder.name, 5))
        engine.wait()

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: bool(queue.seen), timeout=3000)
    queue.stop_now()
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    ends = [event for event in queue.seen if isinstance(event, Finished)]
    assert [end.state for end in ends] == ["stopped"]
    assert [type(event) for event in RunFolder(folder.path).events()] == [Finished]
    assert folder.state() == "stopped"


def test_an_engine_that_dies_by_itself_leaves_a_failed_run(queue_of, qtbot, tmp_path):
    folder = create_run_folder(new_experiment(), tmp_path)

    def script(request, emit, engine):
        emit(RunStarted(str(folder.path), folder.name, 5))
        raise EngineDiedError("The engine was killed from outside")

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert queue.seen[-1].state == "failed"
    assert "from outside" in queue.seen[-1].message
    assert folder.state() == "failed"


def test_an_end_told_by_the_job_is_not_told_again_when_the_engine_dies_after_it(queue_of, qtbot):
    def script(request, emit, engine):
        emit(Finished("completed", ""))
        raise EngineDiedError("too late")

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert queue.seen == [Finished("completed", "")]


def test_a_stop_that_came_before_the_job_began_is_asked_again(queue_of, qtbot):
    began = threading.Event()

    def script(request, emit, engine):
        began.wait(5)
        engine.stopped.clear()  # as when the engine had nothing to ask yet
        engine.wait()

    queue = queue_of(script)
    queue.submit(train_request())
    queue.stop()
    began.set()
    qtbot.waitUntil(lambda: not queue.running, timeout=5000)
    assert queue.seen[-1].state == "stopped"


def test_a_stop_without_effect_is_offered_to_be_killed_after_the_grace_time(queue_of, qtbot):
    queue = queue_of(lambda request, emit, engine: engine.killed.wait(10))
    queue._overdue.setInterval(50)
    queue.submit(train_request())
    with qtbot.waitSignal(queue.stop_overdue, timeout=3000):
        queue.stop()
    queue.stop_now()
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)


def test_pausing_is_known_once_the_job_says_so(queue_of, qtbot):
    def script(request, emit, engine):
        emit(Paused())
        engine.wait()

    queue = queue_of(script)
    queue.submit(train_request())
    qtbot.waitUntil(lambda: queue.paused, timeout=3000)
    queue.stop()
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert not queue.paused


def test_an_engine_that_is_not_ready_shows_as_a_phase_of_its_own(queue_of, qtbot):
    queue = queue_of([Finished("completed", "")])
    queue.engine.ready = False
    queue.submit(ResumeRequest("runs/a"))
    qtbot.waitUntil(lambda: not queue.running, timeout=3000)
    assert [getattr(event, "phase", "") for event in queue.seen] == ["engine", "engine", ""]


def test_closing_kills_what_runs_and_forgets_what_waits(queue_of, qtbot):
    queue = queue_of(lambda request, emit, engine: engine.wait())
    queue.submit(train_request())
    queue.submit(train_request())
    qtbot.waitUntil(lambda: queue.engine.busy, timeout=3000)
    queue.close()
    assert queue.queue == ()
    assert not any(thread.name == "workbench-training" for thread in threading.enumerate())


def test_the_window_stays_responsive_while_events_pour_in(queue_of, qtbot):
    def script(request, emit, engine):
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            emit(BatchesDone(0, 1, 1, (0.5,) * 10, 0.1, 1.0))
            time.sleep(0.001)
        emit(Finished("completed", ""))

    queue = queue_of(script)
    queue.submit(train_request())
    turns = 0
    while queue.running:
        QApplication.processEvents()
        turns += 1
    assert turns > 50
    assert len(queue.seen) < 40
