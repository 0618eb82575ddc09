"""Unreachable objects are found by the GUI thread, whoever makes the next thousand objects."""

import gc
import threading

import pytest
from PySide6.QtCore import QObject

from workbench.gui.garbage import garbage_on_gui_thread

MANY = 200_000


class Circle(QObject):
    """Refers to itself, so that only a search finds it; tells which thread found it."""

    def __init__(self, found_by):
        super().__init__()
        self.itself = self
        self.found_by = found_by

    def __del__(self):
        self.found_by.append(threading.current_thread())


def allocate_on_another_thread():
    made = []
    thread = threading.Thread(target=lambda: made.extend([number] for number in range(MANY)))
    thread.start()
    thread.join()
    return made


def test_a_worker_thread_that_makes_many_objects_destroys_none_of_qt(qtbot):
    found_by = []
    Circle(found_by)
    made = allocate_on_another_thread()
    assert found_by == []
    qtbot.waitUntil(lambda: bool(found_by), timeout=5000)
    assert len(made) == MANY
    assert found_by == [threading.main_thread()]


def test_without_it_the_worker_thread_would(qapp):
    """What the module is there for; if Python or PySide ever change it, the module can go."""
    found_by = []
    gc.enable()
    try:
        Circle(found_by)
        allocate_on_another_thread()
    finally:
        gc.disable()
    assert found_by
    assert found_by[0] is not threading.main_thread()


@pytest.mark.parametrize("automatic", [True, False])
def test_the_end_finds_what_is_left_and_gives_back_the_search_as_it_was(qapp, automatic):
    found_by = []
    (gc.enable if automatic else gc.disable)()
    try:
        with garbage_on_gui_thread(qapp):
            assert not gc.isenabled()
            Circle(found_by)
        assert found_by == [threading.main_thread()]
        assert gc.isenabled() == automatic
    finally:
        gc.disable()
