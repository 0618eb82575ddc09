"""What there is to know about an experiment's data before anything is trained."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.prepare import prepare
from workbench.data.prepared import PreparedData
from workbench.data.source import SPLIT_NAMES, SPLIT_TITLES, Emit, Problem
from workbench.figures import Bars, Figure, Gallery, Table, Tile
from workbench.i18n import _
from workbench.requests import DataRequest
from workbench.specs import ClassTarget, ImageInput

_SIZES_LISTED = 20


@dataclass(frozen=True)
class DataReport:
    """A dataset described.

    Attributes:
        samples: how many could be read.
        classes: samples per class name; empty where targets are no classes.
        splits: samples per split.
        class_splits: per split the samples per class name.
        input: the pictures as they enter the network.
        problems: what was left out, and what may spoil the result.
        leaks: names of the same picture in two splits.
        figures: samples, class counts, picture sizes.
        ready_made: names of the splits that came with the dataset; their shares are not used.
    """

    samples: int
    classes: dict[str, int]
    splits: dict[str, int]
    class_splits: dict[str, dict[str, int]]
    input: ImageInput
    problems: tuple[Problem, ...]
    leaks: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    ready_made: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything but the figures, as plain values."""
        return {
            "samples": self.samples,
            "classes": self.classes,
            "splits": self.splits,
            "ready_made_splits": list(self.ready_made),
            "class_splits": self.class_splits,
            "input": {"height": self.input.height, "width": self.input.width, "channels": self.input.channels},
            "problems": [{"where": problem.where, "reason": problem.reason} for problem in self.problems],
            "leaks": [list(pair) for pair in self.leaks],
        }


def report(request: DataRequest, emit: Emit, control: Control) -> DataReport:
    """Open, decode and describe the data of an experiment.

    Raises:
        UserError: there is nothing to train on.
    """
    data = prepare(request.experiment, emit, control)
    class_splits = {name: _class_counts(data, data.splits[name]) for name in SPLIT_NAMES}
    classes = _class_counts(data, np.arange(len(data.targets)))
    figures: list[Figure] = [_samples(data, request.gallery)]
    if classes:
        series = {_(SPLIT_TITLES[name]): tuple(map(float, counts.values())) for name, counts in class_splits.items()}
        figures.append(Bars(_("Samples per class"), tuple(classes), series, _("samples")))
    figures.append(_sizes(data))
    return DataReport(
        samples=len(data.targets),
        classes=classes,
        splits={name: len(data.splits[name]) for name in SPLIT_NAMES},
        class_splits=class_splits,
        input=data.input,
        problems=data.problems,
        leaks=tuple((data.names[first], data.names[second]) for first, second in data.leaks),
        figures=tuple(figures),
        ready_made=data.ready_made,
    )


def _class_counts(data: PreparedData, indices: np.ndarray) -> dict[str, int]:
    if not isinstance(data.target, ClassTarget):
        return {}
    counts = np.bincount(data.targets[indices], minlength=len(data.target.class_names))
    return {name: int(count) for name, count in zip(data.target.class_names, counts, strict=True)}


def _samples(data: PreparedData, count: int) -> Gallery:
    """Training samples drawn at random, always the same ones."""
    training = data.splits["train"]
    chosen = np.sort(np.random.default_rng(0).permutation(len(training))[:count])
    tiles = []
    for number in chosen:
        row = training[number]
        picture = data.images[row]
        pixels = np.ascontiguousarray(picture[..., 0] if data.input.channels == 1 else picture)
        is_class = isinstance(data.target, ClassTarget)
        caption = data.target.class_names[data.targets[row]] if is_class else data.names[row]
        tiles.append(Tile(pixels, caption, int(number)))
    note = _("As the network sees them: {height} x {width} pixels.").format(
        height=data.input.height, width=data.input.width
    )
    return Gallery(_("Training samples"), tuple(tiles), note=note)


def _sizes(data: PreparedData) -> Table:
    counts = Counter(map(tuple, data.original_sizes.tolist()))
    rows = [(f"{width} x {height}", count) for (height, width), count in counts.most_common(_SIZES_LISTED)]
    rest = len(counts) - len(rows)
    smallest, largest = min(counts, key=np.prod), max(counts, key=np.prod)
    note = ""
    if len(counts) > 1:
        note = _("{count} sizes, from {smallest} to {largest} (width x height).").format(
            count=len(counts), smallest=f"{smallest[1]} x {smallest[0]}", largest=f"{largest[1]} x {largest[0]}"
        )
    if rest > 0:
        note += " " + _("{rest} rarer ones are not listed.").format(rest=rest)
    return Table(_("Picture sizes"), (_("width x height"), _("pictures")), tuple(rows), note=note)
