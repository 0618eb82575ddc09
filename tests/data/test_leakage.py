"""The same sample in two splits."""

import itertools

import numpy as np
import pytest

from workbench.data.leakage import find_leaks


@pytest.mark.parametrize(("count", "width", "values"), [(300, 16, 3), (400, 5, 3), (200, 2, 9), (1, 4, 9), (0, 16, 3)])
def test_copies_in_a_later_split_are_paired_with_the_first_of_the_earliest(count, width, values):
    random = np.random.default_rng(0)
    rows = random.integers(0, values, (count, width)).astype(np.uint8)
    rows[count // 2 :] = rows[: count - count // 2]
    split_of = random.integers(0, 3, count)
    splits = {name: np.flatnonzero(split_of == number) for number, name in enumerate(("train", "validation", "test"))}
    expected = set()
    for _row, same in itertools.groupby(sorted(range(count), key=lambda i: (rows[i].tobytes(), split_of[i], i)),
                                        key=lambda i: rows[i].tobytes()):  # fmt: skip
        first, *others = same
        expected |= {(first, other) for other in others if split_of[other] != split_of[first]}
    leaks = find_leaks(rows, rows, splits)
    assert set(leaks) == expected
    assert len(leaks) == len(expected)
    assert count < 100 or len(leaks) > 20
