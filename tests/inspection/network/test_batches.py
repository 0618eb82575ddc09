"""Batches cover all variants once, two are under way at a time, and a stop is answered while they are."""

import threading
import time

import pytest

from workbench.control import Control, Stopped
from workbench.inspection.network.batches import in_batches


def test_batches_cover_every_variant_once_and_have_few_numbers_in_each():
    found = [numbers for _part, numbers in in_batches(lambda part: range(10)[part], 10, 30, Control(), most=100)]
    assert sorted(number for part in found for number in part) == list(range(10))
    assert {len(part) for part in found} == {3, 1}


def test_a_variant_larger_than_a_batch_is_asked_for_alone():
    assert [part for part, _none in in_batches(lambda part: None, 1, 500, Control(), most=100)] == [slice(0, 1)]


def test_two_batches_are_under_way_at_a_time():
    both = threading.Barrier(2, timeout=10)
    assert len(list(in_batches(lambda part: both.wait(), 4, 1, Control(), most=1))) == 4


def test_a_stop_is_answered_while_batches_are_under_way():
    control, go_on = Control(), threading.Event()
    control.stop()
    began = time.monotonic()
    with pytest.raises(Stopped):
        list(in_batches(lambda part: go_on.wait(10), 100, 1, control, most=1))
    assert time.monotonic() - began < 1
    go_on.set()


def test_what_goes_wrong_in_a_batch_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(in_batches(lambda part: 1 // part.start, 100, 1, Control(), most=1))
