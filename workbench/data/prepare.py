"""From an experiment to data that can be trained on: opened, decoded once into the cache, split, checked."""

import hashlib
import json

import numpy as np

from workbench.control import Control
from workbench.data import cache
from workbench.data.filling import HASH_BYTES, fill
from workbench.data.leakage import find_leaks
from workbench.data.prepared import PreparedData
from workbench.data.source import SPLIT_NAMES, TEST, VALIDATION, Emit, Samples
from workbench.data.splits import make_splits
from workbench.errors import UserError
from workbench.events import Event
from workbench.experiment import Experiment, PreprocessingSection
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import ClassTarget, ImageInput

__all__ = ["PreparedData", "prepare"]


def prepare(experiment: Experiment, emit: Emit, control: Control) -> PreparedData:
    """The experiment's data, decoded, resized, split and checked.

    Args:
        experiment: its dataset, splits and preprocessing are used.
        emit: takes `Progress` events.
        control: a stop leaves nothing behind.

    Raises:
        UserError: there is nothing to train on; the message says what was expected where.
        Stopped: it was asked to stop.
    """
    source = registry().datasets.get(experiment.dataset.name)

    def emit_unless_stopped(event: Event) -> None:
        control.check()
        emit(event)

    samples = source.open(experiment.dataset, emit_unless_stopped)
    control.check()
    if not samples.names:
        raise UserError(_("The dataset {name} has no samples.").format(name=experiment.dataset.name))
    _refuse_one_class(samples.target, None)
    entry = _decoded(samples, experiment.preprocessing, emit, control)
    problems = (*samples.problems, *entry.problems)
    if len(entry.rows) == 0:
        raise UserError(_("None of the {count} samples can be read. The first, {where}: {reason}.").format(
            count=len(samples.names), where=problems[0].where, reason=problems[0].reason))  # fmt: skip
    targets = samples.targets[entry.rows]
    _refuse_one_class(samples.target, targets)
    ready = samples.ready_split[entry.rows]
    splits, split_problems = make_splits(targets, ready, samples.target, experiment.splits)
    return PreparedData(
        images=entry.images,
        targets=targets,
        names=_pick(samples.names, entry.rows),
        paths=_pick(samples.paths, entry.rows) if samples.paths else (),
        target=samples.target,
        input=ImageInput(*entry.images.shape[1:]),
        splits=splits,
        problems=problems + split_problems,
        leaks=find_leaks(entry.images, entry.hashes, splits),
        original_sizes=entry.sizes,
        fingerprint=_fingerprint(entry.hashes, targets, samples.target),
        ready_made=tuple(SPLIT_NAMES[number] for number in (VALIDATION, TEST) if np.any(ready == number)),
    )


def _decoded(samples: Samples, preprocessing: PreprocessingSection, emit: Emit, control: Control) -> cache.CacheEntry:
    shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
    name = cache.key(samples.fingerprint, *shape, preprocessing.resize)
    entry = cache.open_entry(name)
    while entry is None:
        # Twice only when another process deletes what this one has just filled.
        _fill_entry(name, samples, preprocessing, emit, control)
        entry = cache.open_entry(name)
    return entry


def _fill_entry(name: str, samples: Samples, preprocessing: PreprocessingSection, emit: Emit, control: Control) -> None:
    image_bytes = preprocessing.height * preprocessing.width * preprocessing.channels
    with cache.filling(name, control) as folder:
        if folder is None:
            return
        cache.make_room(len(samples.names) * (image_bytes + HASH_BYTES + 16))
        fill(folder, samples, preprocessing, emit, control)


def _refuse_one_class(target: object, targets: np.ndarray | None) -> None:
    if not isinstance(target, ClassTarget):
        return
    present = range(len(target.class_names)) if targets is None else np.unique(targets)
    if len(present) < 2:
        names = ", ".join(target.class_names[index] for index in present) or "-"
        raise UserError(_(
            "The dataset has samples of one class only ({names}). A classifier needs at least two."
        ).format(names=names))  # fmt: skip


def _pick(values: tuple[str, ...], rows: np.ndarray) -> tuple[str, ...]:
    if len(rows) == len(values):
        return values
    return tuple(values[row] for row in rows)


def _fingerprint(hashes: np.ndarray, targets: np.ndarray, target: object) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(hashes).data)
    digest.update(np.ascontiguousarray(targets).data)
    digest.update(json.dumps(vars(target), default=str).encode())
    return digest.hexdigest()
