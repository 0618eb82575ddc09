"""The same picture in two splits: what a model has seen, it need not have learned."""

import numpy as np


def find_leaks(images: np.ndarray, hashes: np.ndarray, splits: dict[str, np.ndarray]) -> tuple[tuple[int, int], ...]:
    """Pairs of indices of equal pictures in two splits.

    Args:
        images: (n, ...), compared where the hashes agree.
        hashes: uint8, (n, k), a digest per image.
        splits: indices per split, in order; what is in none is left out.

    Returns:
        (first picture in the earliest split, its copy in a later one), a pair per copy.
    """
    split_of = np.full(len(images), -1)
    for number, indices in enumerate(splits.values()):
        split_of[indices] = number
    repeated, groups = _repeated(hashes)
    used = split_of[repeated] >= 0
    repeated, groups = repeated[used], groups[used]
    order = np.lexsort((repeated, split_of[repeated], groups))
    leaks = []
    first = last_group = -1
    for index, group in zip(repeated[order], groups[order], strict=True):
        if first < 0 or group != last_group:
            first, last_group = index, group
        elif split_of[index] != split_of[first] and np.array_equal(images[index], images[first]):
            leaks.append((int(first), int(index)))
    return tuple(leaks)


def _repeated(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the rows that are there more than once, and a number per group of equal ones.

    Sorting a million rows of 80 bytes takes seconds. So a number is made of each first; only where two of these agree
    are the rows compared.
    """
    padded = np.pad(hashes, ((0, 0), (0, -hashes.shape[1] % 4)))
    words = np.ascontiguousarray(padded).view(np.uint32)
    factors = np.random.default_rng(0).integers(0, 2**63, words.shape[1], np.uint64) * 2 + 1
    mixed = np.zeros(len(words), np.uint64)
    for column, factor in zip(words.T, factors, strict=True):
        mixed += column * factor
    order = np.argsort(mixed)
    same_as_next = mixed[order[:-1]] == mixed[order[1:]]
    alike = np.zeros(len(words), bool)
    alike[order[:-1][same_as_next]] = alike[order[1:][same_as_next]] = True
    candidates = np.flatnonzero(alike)
    keys = np.ascontiguousarray(hashes[candidates]).view(np.dtype((np.void, hashes.shape[1]))).ravel()
    _values, groups, counts = np.unique(keys, return_inverse=True, return_counts=True)
    certain = counts[groups] > 1
    return candidates[certain], groups[certain]
