"""What a dataset is once it is ready to be trained on: read, brought to the input's size, split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.data.corrected import CorrectionLine
from workbench.data.source import Problem
from workbench.specs import InputSpec, TargetSpec


@dataclass(frozen=True)
class InputsOf:
    """The inputs of some samples without a copy of them all: index it with a number, a slice or an array of numbers."""

    inputs: np.ndarray
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> np.ndarray:
        return np.asarray(self.inputs[self.indices[key]])


@dataclass(frozen=True)
class PreparedData:
    """A dataset as the experiment wants it; only samples that could be read.

    Samples that a correction leaves out are in no split, and those of tables not in the arrays either.

    Attributes:
        inputs: (n, ...): pictures uint8 (height, width, channels), memory-mapped and read-only; rows of tables float32.
        targets: first axis n.
        names: a name per sample, for people and for exported lists.
        paths: absolute path per sample where samples are files, else empty.
        target: the spec of the targets, fitted on the training split.
        input: the spec of the inputs, likewise.
        splits: `train`, `validation`, `test` -> ascending indices into `inputs`.
        problems: what was left out, and what may spoil the result.
        leaks: pairs of indices of the same sample in two splits, the one in the earlier split first.
        original_sizes: int32, (n, 2): height and width of pictures before resizing, else zeros.
        fingerprint: sha256 of samples, targets and their specs, the same on every machine.
        ready_made: names of the splits that came with the dataset and are not drawn.
        corrections: the list beside the data, line by line.
        left_out: indices of samples in no split, because a correction leaves them out.
    """

    inputs: np.ndarray
    targets: np.ndarray
    names: Sequence[str]
    paths: Sequence[str]
    target: TargetSpec
    input: InputSpec
    splits: dict[str, np.ndarray]
    problems: tuple[Problem, ...]
    leaks: tuple[tuple[int, int], ...]
    original_sizes: np.ndarray
    fingerprint: str
    ready_made: tuple[str, ...] = ()
    corrections: tuple[CorrectionLine, ...] = ()
    left_out: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def used(self) -> np.ndarray:
        """Indices of all samples that are in a split, ascending."""
        everything = np.arange(len(self.targets))
        return np.delete(everything, self.left_out) if len(self.left_out) else everything
