"""File work of a page in its one short-lived thread."""

import threading

import pytest
from PySide6.QtCore import QObject

from workbench.gui.background import BackgroundWork


@pytest.fixture
def work(qapp):
    owner = QObject()
    work = BackgroundWork(owner)
    yield work
    work.stop()
    owner.deleteLater()


def test_tasks_run_in_order_in_another_thread_and_arrive_in_this_one(qtbot, work):
    arrived = []

    def task(number):
        return lambda post: (post(-number), (number, threading.current_thread()))[1]

    def receive(outcome):
        arrived.append((outcome[0], outcome[1] is not threading.current_thread()))

    for number in (1, 2, 3):
        work.start(task(number), receive, arrived.append)
    qtbot.waitUntil(lambda: len(arrived) == 6)
    assert arrived == [-1, (1, True), -2, (2, True), -3, (3, True)]
    qtbot.waitUntil(lambda: not work.busy)


def test_a_task_that_raises_says_so_and_the_next_one_runs(qtbot, work):
    def broken(_post):
        raise OSError("the disk is gone")

    said, arrived = [], []
    work.start(broken, arrived.append, None, said.append)
    work.start(lambda _post: "next", arrived.append)
    qtbot.waitUntil(lambda: arrived == ["next"])
    assert said == ["OSError: the disk is gone"]


def test_stopping_waits_for_the_task_and_tells_it_to_hurry(work):
    began, hurried = threading.Event(), []

    def task(_post):
        began.set()
        hurried.append(work.hurry.wait(10))

    work.start(task, hurried.append)
    assert began.wait(10)
    work.stop()
    assert hurried == [True]
    assert not work.busy
