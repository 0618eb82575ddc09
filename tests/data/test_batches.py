"""Batches: every sample once an epoch, in an order of seed and epoch alone."""

import numpy as np

from workbench.data.batches import Batches, order


def made(count=103, batch_size=16):
    images = np.arange(2 * count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    indices = np.arange(0, 2 * count, 2)
    return Batches(images, np.arange(2 * count), np.linspace(0, 1, 2 * count), indices, batch_size), indices


def test_an_epoch_gives_every_sample_of_the_split_once_with_its_target_and_weight():
    batches, indices = made()
    seen = list(batches.epoch(order(0, 3, len(batches))))
    assert len(seen) == batches.steps == 7
    targets = np.concatenate([y for _x, y, _w in seen])
    np.testing.assert_array_equal(np.sort(targets), indices)
    np.testing.assert_array_equal(np.concatenate([x for x, _y, _w in seen]).ravel(), targets.astype(np.uint8))
    np.testing.assert_allclose(np.concatenate([w for _x, _y, w in seen]), targets / 205)


def test_going_on_in_mid_epoch_gives_exactly_the_batches_that_are_left():
    batches, _indices = made()
    permutation = order(5, 1, len(batches))
    whole, rest = list(batches.epoch(permutation)), list(batches.epoch(permutation, first_step=4))
    assert len(rest) == 3
    for left, right in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(left[1], right[1])


def test_the_order_follows_from_seed_and_epoch_only():
    np.random.seed(1)
    first = order(7, 2, 50)
    np.random.seed(2)
    np.testing.assert_array_equal(order(7, 2, 50), first)
    assert not np.array_equal(order(7, 3, 50), first)
    assert not np.array_equal(order(8, 2, 50), first)


def test_evaluation_keeps_the_order_of_the_split():
    batches, indices = made()
    np.testing.assert_array_equal(np.concatenate([y for _x, y, _w in batches.evaluation()]), indices)


def test_an_empty_split_has_no_steps():
    batches = Batches(np.zeros((3, 1, 1, 1), np.uint8), np.zeros(3), None, np.array([], np.int64), 8)
    assert batches.steps == 0
    assert list(batches.evaluation()) == []
