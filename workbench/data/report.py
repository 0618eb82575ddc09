"""What there is to know about an experiment's data before anything is trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.corrected import CorrectionLine
from workbench.data.prepare import prepare
from workbench.data.prepared import PreparedData
from workbench.data.source import SPLIT_NAMES, SPLIT_TITLES, Emit, Problem
from workbench.figures import Bars, Figure
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import DataRequest
from workbench.specs import InputSpec, TargetSpec, spec_to_json


@dataclass(frozen=True)
class DataReport:
    """A dataset described.

    Attributes:
        samples: how many could be read.
        classes: samples per class name; empty where targets are no classes.
        splits: samples per split.
        class_splits: per split the samples per class name; empty likewise.
        input: what enters the network.
        target: what is to be learned.
        problems: what was left out, and what may spoil the result.
        leaks: names of the same sample in two splits.
        figures: samples first, then what there is to see of targets and inputs.
        ready_made: names of the splits that came with the dataset; their shares are not used.
        corrections: the list beside the data, line by line.
    """

    samples: int
    classes: dict[str, int]
    splits: dict[str, int]
    class_splits: dict[str, dict[str, int]]
    input: InputSpec
    target: TargetSpec
    problems: tuple[Problem, ...]
    leaks: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    ready_made: tuple[str, ...] = ()
    corrections: tuple[CorrectionLine, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything but the figures, as plain values."""
        return {
            "samples": self.samples,
            "classes": self.classes,
            "splits": self.splits,
            "ready_made_splits": list(self.ready_made),
            "class_splits": self.class_splits,
            "input": spec_to_json(self.input),
            "target": spec_to_json(self.target),
            "problems": [{"where": problem.where, "reason": problem.reason} for problem in self.problems],
            "leaks": [list(pair) for pair in self.leaks],
            "corrections": [line.to_json() for line in self.corrections],
        }


def report(request: DataRequest, emit: Emit, control: Control) -> DataReport:
    """Open, read and describe the data of an experiment.

    Raises:
        UserError: there is nothing to train on.
    """
    data = prepare(request.experiment, emit, control)
    task = registry().tasks.get(request.experiment.task.name)
    kind = registry().inputs.get(data.input.kind)
    names = data.target.strata_names
    class_splits = {name: _counts(data, data.splits[name]) for name in SPLIT_NAMES} if names else {}
    training = data.splits["train"]
    chosen = np.sort(np.random.default_rng(0).permutation(len(training))[: request.gallery])
    samples = kind.show(
        data,
        training[chosen],
        lambda index: task.describe(data.targets[index], data.target),
        lambda picture, index: task.paint(picture, data.targets[index], data.target),
        chosen,
        _("Training samples"),
    )
    figures: list[Figure] = [samples]
    if names:
        series = {_(SPLIT_TITLES[name]): tuple(map(float, counts.values())) for name, counts in class_splits.items()}
        figures.append(Bars(_("Samples per class"), names, series, _("samples")))
    figures += task.describe_data(data.targets, data.splits, data.target)
    figures += kind.describe(data)
    return DataReport(
        samples=len(data.used),
        classes=_counts(data, data.used) if names else {},
        splits={name: len(data.splits[name]) for name in SPLIT_NAMES},
        class_splits=class_splits,
        input=data.input,
        target=data.target,
        problems=data.problems,
        leaks=tuple((data.names[first], data.names[second]) for first, second in data.leaks),
        figures=tuple(figures),
        ready_made=data.ready_made,
        corrections=data.corrections,
    )


def _counts(data: PreparedData, indices: np.ndarray) -> dict[str, int]:
    names = data.target.strata_names
    counts = np.bincount(data.target.strata(data.targets[indices]), minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
