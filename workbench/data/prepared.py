"""What a dataset is once it is ready to be trained on: decoded, resized, split."""

from dataclasses import dataclass

import numpy as np

from workbench.data.source import Problem
from workbench.specs import ImageInput, TargetSpec


@dataclass(frozen=True)
class PreparedData:
    """A dataset at the experiment's input size; only samples that could be read.

    Attributes:
        images: uint8, (n, height, width, channels), memory-mapped and read-only.
        targets: first axis n.
        names: a name per sample, for people and for exported lists.
        paths: absolute path per sample where samples are files, else empty.
        target: the spec of the targets.
        input: the spec of the images.
        splits: `train`, `validation`, `test` -> ascending indices into `images`.
        problems: what was left out, and what may spoil the result.
        leaks: pairs of indices of the same picture in two splits, the one in the earlier split first.
        original_sizes: int32, (n, 2): height and width before resizing.
        fingerprint: sha256 of pictures, targets and class names, the same on every machine.
        ready_made: names of the splits that came with the dataset and are not drawn.
    """

    images: np.ndarray
    targets: np.ndarray
    names: tuple[str, ...]
    paths: tuple[str, ...]
    target: TargetSpec
    input: ImageInput
    splits: dict[str, np.ndarray]
    problems: tuple[Problem, ...]
    leaks: tuple[tuple[int, int], ...]
    original_sizes: np.ndarray
    fingerprint: str
    ready_made: tuple[str, ...] = ()
