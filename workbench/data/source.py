"""The contract of a dataset's source, and what a source gives when it is opened.

A source only finds and reads samples. Decoding once, resizing, splitting and batching are the same for all of them
(`workbench.data.prepare`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.events import Event
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.specs import ClassTarget, ImageInput, TableInput, TargetSpec

TRAIN, VALIDATION, TEST = 0, 1, 2
NO_SPLIT = -1
SPLIT_NAMES = ("train", "validation", "test")
SPLIT_TITLES = {"train": mark("Training"), "validation": mark("Validation"), "test": mark("Test")}

Emit = Callable[[Event], None]


class UnreadableSampleError(Exception):
    """A sample that cannot be read; the message is the reason, in plain words."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with the data: where, and why it was left out or what it may spoil."""

    where: str
    reason: str


@dataclass(frozen=True)
class Samples:
    """An opened dataset: n samples that can be read one by one.

    Attributes:
        names: a name per sample, for people and for exported lists: a path relative to the dataset, or an index.
        targets: what is to be learned, first axis n; int64 class indices for a `ClassTarget`.
        target: the spec of the targets.
        ready_split: int8, (n,): `TRAIN`, `VALIDATION`, `TEST`, or `NO_SPLIT` where the source does not say.
        read: (index, channels) -> uint8 array (height, width, channels); raises `UnreadableSampleError`. Thread-safe.
        fingerprint: text that changes whenever the content does (settings; paths with sizes and times).
        problems: what was left out before reading anything.
        paths: absolute path per sample where samples are files, else empty.
        read_target: for targets as large as pictures (masks): index -> uint8 array (height, width) of class indices, of
            the picture's own size; raises `UnreadableSampleError`. `targets` then holds anything of length n.
        groups: int64, (n,): samples that must stay in one split together, or None.
        columns: for a table, what its columns are; `values` then holds the rows, float32 (n, columns), NaN where a
            value is missing, and `read` is not called.
    """

    names: tuple[str, ...]
    targets: np.ndarray
    target: TargetSpec
    ready_split: np.ndarray
    read: Callable[[int, int], np.ndarray]
    fingerprint: str
    problems: tuple[Problem, ...] = ()
    paths: tuple[str, ...] = ()
    read_target: Callable[[int], np.ndarray] | None = None
    groups: np.ndarray | None = None
    columns: TableInput | None = None
    values: np.ndarray | None = None


POSSIBLE, LIKELY, CERTAIN = 1, 2, 3


@dataclass(frozen=True)
class Offer:
    """How a source would read a file or folder that was dropped on the window.

    Attributes:
        settings: what to put into its section, without the name.
        certainty: `POSSIBLE` (it can read anything of that ending), `LIKELY` or `CERTAIN`; the highest is taken.
    """

    settings: dict[str, Any]
    certainty: int = POSSIBLE


@dataclass(frozen=True)
class ColumnsToChoose:
    """The columns of a table that settings name.

    Attributes:
        columns: names and kinds (`number`, `text`, `date`, `empty`, `unclear`).
        automatic: by the setting, the column that is meant where it names none.
    """

    columns: tuple[tuple[str, str], ...] = ()
    automatic: dict[str, str] = field(default_factory=dict)


class DatasetSource(ABC):
    """A named source of samples. Registered once; its settings come as a section of the experiment."""

    name: str
    title: str
    help: str
    section: type[DatasetSection] = DatasetSection  # one without settings of its own needs no other
    input_kind: str = ImageInput.kind
    architecture: str = ""  # the one to begin with; empty for the usual one of its kinds

    def target_kind(self, section: DatasetSection) -> str:
        """The kind of its target spec, from its settings (and a quick look at most); it decides on the task."""
        return ClassTarget.kind

    def settled(self, section: DatasetSection, target: TargetSpec) -> DatasetSection:
        """The settings with what was found out from the data, so that a run stays what it is when the data go."""
        return section

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """What it suggests for `[preprocessing]`: for pictures any of `height`, `width`, `channels`, `resize`..."""
        return {}

    def task(self, section: DatasetSection) -> dict[str, Any]:
        """What it suggests for the settings of the task, without the name."""
        return {}

    def takes(self, path: Path) -> Offer | None:
        """What it could make of a dropped file or folder, after a quick look; None where that is nothing for it."""
        return None

    def columns(self, section: DatasetSection) -> ColumnsToChoose:
        """What fields with the hint `column` or `columns` choose from, after a quick look at the file.

        Raises:
            UserError: it is no table.
        """
        return ColumnsToChoose()

    def stated_classes(self, section: DatasetSection) -> int:
        """How many classes there are, where that is known without opening it; else 0."""
        stated = getattr(section, "classes", None)
        return stated if isinstance(stated, int) and stated > 1 else 0

    def at_hand(self, section: DatasetSection) -> bool:
        """Whether opening it fetches nothing from the network."""
        return True

    @abstractmethod
    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Find the samples.

        Args:
            section: this dataset's settings.
            emit: takes `Progress` events while something long goes on (a download, a walk over a big folder).

        Raises:
            UserError: there is nothing usable; the message names the place and what was expected there.
        """

    def reader_code(self, section: DatasetSection) -> str:
        """Stand-alone Python for *Copy as Keras code*: defines `read_dataset(channels)`.

        It returns inputs, labels and class names, in the order of `Samples.names`: a list or array of uint8 pictures
        (height, width, channels), with None for one that cannot be read, or the rows of a table (float32, NaN where a
        value is missing); an array, or a list of masks; a list. It uses NumPy as `np`, `keras`, and the source's own
        reader, which it imports itself.
        """
        text = _("An experiment on the dataset {name} cannot be written as a Keras script yet.")
        raise UserError(text.format(name=_(self.title)))
