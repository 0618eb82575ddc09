"""The same picture in two splits: what a model has seen, it need not have learned."""

import numpy as np


def find_leaks(images: np.ndarray, hashes: np.ndarray, splits: dict[str, np.ndarray]) -> tuple[tuple[int, int], ...]:
    """Pairs of indices of equal pictures in two splits.

    Args:
        images: (n, ...), compared where the hashes agree.
        hashes: uint8, (n, k), a digest per image.
        splits: indices per split, in order.

    Returns:
        (first picture in the earliest split, its copy in a later one), a pair per copy.
    """
    split_of = np.full(len(images), -1)
    for number, indices in enumerate(splits.values()):
        split_of[indices] = number
    keys = np.ascontiguousarray(hashes).view(np.dtype((np.void, hashes.shape[1]))).ravel()
    _values, groups, counts = np.unique(keys, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts[groups] > 1)
    repeated = repeated[np.lexsort((repeated, split_of[repeated], groups[repeated]))]
    leaks = []
    first = -1
    for index in repeated:
        if first < 0 or groups[index] != groups[first]:
            first = index
        elif split_of[index] != split_of[first] and np.array_equal(images[index], images[first]):
            leaks.append((int(first), int(index)))
    return tuple(leaks)
