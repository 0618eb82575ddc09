"""One trial step: whether a batch really fits, and how long an epoch will take on this machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from workbench.architectures.assembly import assemble
from workbench.control import Control, Emit
from workbench.data.prepare import prepare
from workbench.data.prepared import PreparedData
from workbench.diagnosis.diagnose import facts_of
from workbench.diagnosis.facts import Facts
from workbench.diagnosis.memory import memory_needed, readable
from workbench.diagnosis.tried import Tried
from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Table
from workbench.finding import Finding
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import TrialRequest
from workbench.training.devices import use_device
from workbench.training.failure import is_out_of_memory
from workbench.training.optimizers import keras_optimizer
from workbench.training.steps import JointAugmentation, make_steps

_SECONDS = 2.0
_STEPS = 20


def try_a_step(request: TrialRequest, emit: Emit, control: Control) -> Tried:
    """Train a few steps of an experiment, as a check of its own.

    Returns:
        What a step takes, or that none fits; a table of that.

    Raises:
        UserError: the network cannot be built, its data cannot be read, or it is not trained by mini-batches.
        Stopped: it was asked to stop.
    """
    experiment = request.experiment
    emit(Progress(_("counting the layers"), 0))
    facts = facts_of(experiment, True, emit, control)
    if facts.problem:
        raise UserError(facts.problem)
    if memory_needed(facts) is None:
        raise UserError(
            _("The trainer {trainer} does not go in mini-batches: a trial step says nothing about it.").format(
                trainer=experiment.trainer.name
            )
        )
    data = prepare(experiment, emit, control)
    emit(Progress(_("training a few steps"), 0))
    step = _largest_step(facts, data, control)
    return Tried((_told(facts, data, step),), (_table(facts, data, step),))


def trial(facts: Facts, data: PreparedData, control: Control) -> Finding | None:
    """Train a few steps on the first samples, at the batch size asked for, or at the largest that fits by estimate.

    None where it is not trained by mini-batches.
    """
    return None if memory_needed(facts) is None else _told(facts, data, _largest_step(facts, data, control))


@dataclass(frozen=True)
class _Step:
    """A step that was made: its samples, how long it took, and by how many bytes the process grew for it."""

    batch: int
    seconds: float
    grown: int


def _largest_step(facts: Facts, data: PreparedData, control: Control) -> _Step | None:
    """A batch the device has no memory for is halved until one fits; None where none does."""
    batch = facts.experiment.training.batch_size
    if facts.memory_bytes:
        batch = min(batch, memory_needed(facts).largest_batch(facts.memory_bytes))
    while batch >= 1:
        control.check()
        try:
            return _Step(batch, *_measure(facts, data, batch, control))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            batch //= 2
    return None


def _measure(facts: Facts, data: PreparedData, batch: int, control: Control) -> tuple[float, int]:
    """Seconds a step after the first, and by how many bytes the memory of the process grew."""
    import keras

    experiment = facts.experiment
    task = registry().tasks.get(experiment.task.name)
    kind = registry().inputs.get(data.input.kind)
    memory = psutil.Process().memory_info
    with use_device(experiment.training.device):
        keras.ops.ones(1)  # the framework itself takes more than many a network
        before = memory().rss
        network = assemble(experiment, data.input, data.target, kind.statistics(data, experiment.preprocessing))
        network.trainable.compile(
            optimizer=keras_optimizer(experiment.training.optimizer),
            loss=task.loss(experiment, data.target, network.from_logits),
            metrics=task.metrics(data.target, network.from_logits),
            jit_compile=False,
        )
        indices = np.resize(data.splits["train"], batch)
        x = np.asarray(data.inputs[indices])
        y = np.asarray(task.encode(data.targets[indices], data.target))
        change = None if network.change is None else JointAugmentation(network.change, data.target)
        steps = make_steps(network.trainable, change)
        steps.build(x, y)
        float(steps.train(x, y, None))  # traced, with all its memory taken
        seconds = _seconds_each(lambda: float(steps.train(x, y, None)), control)
    return seconds, max(0, memory().rss - before)


def _seconds_each(step: Callable[[], Any], control: Control) -> float:
    began, count = time.perf_counter(), 0
    while count < _STEPS and time.perf_counter() - began < _SECONDS:
        control.check()
        step()
        count += 1
    return (time.perf_counter() - began) / count


def _told(facts: Facts, data: PreparedData, step: _Step | None) -> Finding:
    if step is None:
        return Finding(
            "trial_step", "error", _("Not a single sample fits into the memory."),
            _("Tried with one step on this machine."), _("Take a smaller network or smaller pictures"),
        )  # fmt: skip
    samples = len(data.splits["train"])
    wanted = facts.experiment.training.batch_size
    remedy, changes = "", ()
    if step.batch < wanted:
        changes = (("training.batch_size", step.batch),)
        remedy = _("Set the batch size to {batch}").format(batch=step.batch)
    return Finding(
        "trial_step", "information" if step.batch == wanted else "error",
        _("A step of {batch} samples fits: it takes {seconds:.3g} s and {memory} of memory; an epoch of {samples:,} "
          "samples takes about {epoch} s. {operations:,} multiply-adds a sample.").format(
            batch=step.batch, seconds=step.seconds, memory=readable(_memory(facts, step)), samples=samples,
            epoch=_seconds(step.seconds * samples / step.batch), operations=_operations(facts)),
        _("Measured with a few steps on this machine."), remedy, changes,
    )  # fmt: skip


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"


def _memory(facts: Facts, step: _Step) -> float:
    """What the process grew by, or the estimate where that is more: a warm process has memory to spare."""
    needed = memory_needed(facts)
    return max(step.grown, needed.weights + needed.per_sample * step.batch)


def _operations(facts: Facts) -> int:
    return sum(row.multiply_adds for row in facts.rows)


def _table(facts: Facts, data: PreparedData, step: _Step | None) -> Table:
    """What a training takes, beside what there is."""
    needed, free = memory_needed(facts), facts.memory_bytes
    unknown = _("unknown")
    rows = [
        (_("Memory that is free"), readable(free) if free else unknown),
        (_("Memory for weights, gradients and optimizer"), readable(needed.weights)),
        (_("Memory for each sample of a batch"), readable(needed.per_sample)),
        (_("Batch size of the experiment"), f"{needed.batch_size:,}"),
        (_("Memory for a step, by estimate"), readable(needed.total)),
        (_("Largest batch that fits, by estimate"), f"{needed.largest_batch(free):,}" if free else unknown),
        (_("Multiply-adds for each sample"), f"{_operations(facts):,}"),
    ]
    if step is not None:
        samples = len(data.splits["train"])
        rows += [
            (_("Batch that was tried"), f"{step.batch:,}"),
            (_("Time for a step"), _("{seconds:.3g} s").format(seconds=step.seconds)),
            (_("Samples a second"), f"{step.batch / step.seconds:,.0f}"),
            (_("Training samples"), f"{samples:,}"),
            (_("Time for an epoch"), _("{seconds} s").format(seconds=_seconds(step.seconds * samples / step.batch))),
            (_("The process grew by"), readable(step.grown)),
        ]
    return Table(_("What a training takes"), (_("What"), _("Value")), tuple(rows))
