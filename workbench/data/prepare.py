"""From an experiment to data that can be trained on: opened, read once, split, checked, fitted."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence

import numpy as np

from workbench.control import Control
from workbench.data.corrected import corrected
from workbench.data.input_kind import Loaded
from workbench.data.leakage import find_leaks
from workbench.data.prepared import PreparedData
from workbench.data.source import SPLIT_NAMES, TEST, VALIDATION, Emit, Samples
from workbench.data.splits import make_splits
from workbench.errors import UserError
from workbench.events import Event
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import Spec, spec_to_json

__all__ = ["PreparedData", "prepare"]


def prepare(experiment: Experiment, emit: Emit, control: Control) -> PreparedData:
    """The experiment's data, read, split and checked, their specs fitted on the training split.

    Args:
        experiment: its dataset, corrections, splits, preprocessing and task are used.
        emit: takes `Progress` events.
        control: a stop leaves nothing behind.

    Raises:
        UserError: there is nothing to train on; the message says what was expected where.
        Stopped: it was asked to stop.
    """
    source = registry().datasets.get(experiment.dataset.name)
    kind = registry().inputs.get(source.input_kind)
    task = registry().tasks.get(experiment.task.name)

    def emit_unless_stopped(event: Event) -> None:
        control.check()
        emit(event)

    samples = source.open(experiment.dataset, emit_unless_stopped)
    control.check()
    if not len(samples.names):
        raise UserError(_("The dataset {name} has no samples.").format(name=experiment.dataset.name))
    if samples.read_target is None:  # otherwise they are not known yet
        _refuse(task.unlearnable(samples.targets, samples.target))
    mended = corrected(experiment.corrections, samples, control)
    loaded = kind.load(samples, experiment, emit, control)
    problems = (*mended.problems, *samples.problems, *loaded.problems)
    if len(loaded.rows) == 0:
        raise UserError(_("None of the {count} samples can be read. The first, {where}: {reason}.").format(
            count=len(samples.names), where=problems[0].where, reason=problems[0].reason))  # fmt: skip
    ready = samples.ready_split[loaded.rows]
    groups = _groups(samples.groups, loaded.rows)
    as_found, left_out = loaded.targets, mended.left_out(loaded.rows)
    loaded = dataclasses.replace(loaded, targets=mended.targets(loaded.targets, loaded.rows))
    splits, split_problems = make_splits(
        as_found, ready, samples.target, experiment.splits, groups, (loaded.targets, left_out) if mended.lines else None
    )
    if np.any(left_out) and not isinstance(loaded.inputs, np.memmap):  # what is on the disk stays as it is there
        loaded, splits, ready = _without(loaded, splits, ready, left_out)
        left_out = left_out[~left_out]
    in_memory = not isinstance(loaded.targets, np.memmap)
    learned = loaded.targets[~left_out] if np.any(left_out) and in_memory else loaded.targets
    _refuse(task.unlearnable(learned, samples.target))
    training = splits["train"]
    return PreparedData(
        inputs=loaded.inputs,
        targets=loaded.targets,
        names=_pick(samples.names, loaded.rows),
        paths=_pick(samples.paths, loaded.rows) if len(samples.paths) else (),
        target=task.fit(samples.target, loaded.targets[training], experiment.task),
        input=kind.refit(loaded.spec, loaded.inputs, training),
        splits=splits,
        problems=problems + split_problems,
        leaks=find_leaks(loaded.inputs, loaded.hashes, splits),
        original_sizes=loaded.sizes,
        fingerprint=_fingerprint(loaded, samples, left_out),
        ready_made=tuple(SPLIT_NAMES[number] for number in (VALIDATION, TEST) if np.any(ready == number)),
        corrections=mended.lines,
        left_out=np.flatnonzero(left_out),
    )


def _refuse(reason: str) -> None:
    if reason:
        raise UserError(reason)


def _groups(groups: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """What must stay together: the source's groups, and what was made of one sample."""
    if groups is not None:
        return groups[rows]
    return rows if np.any(np.diff(rows) == 0) else None


def _pick(values: Sequence[str], rows: np.ndarray) -> Sequence[str]:
    if len(rows) == len(values) and rows[-1] == len(values) - 1:
        return values
    return tuple(values[row] for row in rows)


def _without(
    loaded: Loaded, splits: dict[str, np.ndarray], ready: np.ndarray, left_out: np.ndarray
) -> tuple[Loaded, dict[str, np.ndarray], np.ndarray]:
    """The same without the samples that are left out, counted anew."""
    kept = ~left_out
    number = np.cumsum(kept) - 1
    parts = {name: getattr(loaded, name)[kept] for name in ("inputs", "targets", "rows", "hashes", "sizes")}
    return (
        dataclasses.replace(loaded, **parts),
        {name: number[indices] for name, indices in splits.items()},
        ready[kept],
    )


def _fingerprint(loaded: Loaded, samples: Samples, left_out: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(loaded.hashes).data)
    digest.update(np.ascontiguousarray(loaded.targets).data)
    digest.update(json.dumps(_told(samples.target), default=str).encode())
    if np.any(left_out):  # those of data without corrections stay as they were
        digest.update(np.flatnonzero(left_out).astype("<i8").data)
    if samples.columns is not None:
        digest.update(json.dumps(samples.columns.meaning).encode())
    return digest.hexdigest()


def _told(spec: Spec) -> dict[str, object]:
    """The values of a spec, without the kind: fingerprints of before the kinds stay as they were."""
    values = spec_to_json(spec)
    del values["kind"]
    return values
