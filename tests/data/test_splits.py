"""Splits are seeded, stratified, complete and keep what comes ready-made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.source import NO_SPLIT, TEST, TRAIN, VALIDATION
from workbench.data.splits import make_splits
from workbench.errors import UserError
from workbench.experiment import SplitsSection
from workbench.specs import ClassTarget, ValuesTarget


def split(counts, ready=None, **section):
    targets = np.repeat(np.arange(len(counts)), counts)
    ready = np.full(len(targets), NO_SPLIT, np.int8) if ready is None else ready
    names = tuple(f"class {index}" for index in range(len(counts)))
    splits, problems = make_splits(targets, ready, ClassTarget(names), SplitsSection(**section))
    return targets, splits, problems


@settings(deadline=None, max_examples=150)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=12),
    validation=st.floats(0, 0.45),
    test=st.floats(0, 0.45),
    seed=st.integers(0, 1000),
)
def test_every_sample_is_in_exactly_one_split_and_every_class_is_trained_on(counts, validation, test, seed):
    targets, splits, _problems = split(counts, validation=validation, test=test, seed=seed)
    everything = np.sort(np.concatenate(list(splits.values())))
    np.testing.assert_array_equal(everything, np.arange(len(targets)))
    assert set(targets[splits["train"]]) == set(targets)
    for name, share in (("validation", validation), ("test", test)):
        per_class = np.bincount(targets[splits[name]], minlength=len(counts))
        # One for rounding; a small class owes training its last sample before validation gets its share.
        assert np.all(np.abs(per_class - np.array(counts) * share) < 2)


def test_many_small_classes_still_give_the_share_that_was_asked_for():
    _targets, splits, _problems = split([3] * 17, validation=0.15, test=0.15)
    assert (len(splits["validation"]), len(splits["test"])) == (8, 8)


def test_the_same_seed_gives_the_same_splits_and_another_one_others():
    first, again, other = (split([50, 60], seed=seed)[1]["test"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_class_of_one_sample_is_trained_on_and_reported():
    targets, splits, problems = split([20, 1])
    assert 1 in targets[splits["train"]]
    assert [(problem.where, "one sample only" in problem.reason) for problem in problems] == [("class 1", True)]


def test_ready_made_splits_are_kept_and_validation_comes_from_train():
    ready = np.array([TRAIN] * 40 + [TEST] * 20, np.int8)
    _targets, splits, _problems = split([30, 30], ready, validation=0.25, test=0.5)
    np.testing.assert_array_equal(splits["test"], np.arange(40, 60))
    assert len(splits["validation"]) == 10
    assert splits["validation"].max() < 40


def test_three_ready_made_splits_are_left_exactly_as_they_are():
    ready = np.array([TRAIN, VALIDATION, TEST] * 10, np.int8)
    _targets, splits, _problems = split([15, 15], ready, validation=0.3, test=0.3)
    for number, name in enumerate(("train", "validation", "test")):
        np.testing.assert_array_equal(splits[name], np.arange(number, 30, 3))


def test_unstratified_splits_have_their_sizes_and_name_classes_they_left_untrained():
    _targets, splits, _problems = split([100, 100], validation=0.2, test=0.1, stratified=False)
    assert [len(indices) for indices in splits.values()] == [140, 40, 20]


def test_nothing_left_to_train_on_is_an_error():
    with pytest.raises(UserError, match="training"):
        split([5, 5], np.full(10, TEST, np.int8))


def test_a_split_that_stays_empty_says_why():
    ready, targets = np.full(12, NO_SPLIT, np.int8), np.linspace(0, 1, 12)[:, None]
    groups = np.repeat([0, 1, 2], 4)
    splits, problems = make_splits(targets, ready, ValuesTarget(("y",)), SplitsSection(), groups)
    assert len(splits["train"]) == 12
    reason = "has no samples: they come in 3 groups that must stay together, too few for a share of 15%"
    assert [(each.where, each.reason) for each in problems] == [
        ("the split validation", reason), ("the split test", reason),
    ]  # fmt: skip
    _splits, problems = make_splits(targets[:3], ready[:3], ValuesTarget(("y",)), SplitsSection())
    assert "3 are too few" in problems[0].reason
