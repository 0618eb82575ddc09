"""One trial step: whether a batch really fits, and how long an epoch will take on this machine."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil

from workbench.architectures.assembly import assemble
from workbench.control import Control
from workbench.data.prepared import PreparedData
from workbench.diagnosis.facts import Facts
from workbench.diagnosis.memory import memory_needed, readable
from workbench.finding import Finding
from workbench.i18n import _
from workbench.registry import registry
from workbench.training.devices import use_device
from workbench.training.failure import is_out_of_memory
from workbench.training.optimizers import keras_optimizer
from workbench.training.steps import JointAugmentation, make_steps

_SECONDS = 2.0
_STEPS = 20


def trial(facts: Facts, data: PreparedData, control: Control) -> Finding | None:
    """Train a few steps on the first samples, at the batch size asked for, or at the largest that fits by estimate.

    A batch the device has no memory for is halved until one fits. None where it is not trained by mini-batches.
    """
    needed = memory_needed(facts)
    if needed is None:
        return None
    batch = facts.experiment.training.batch_size
    if facts.memory_bytes:
        batch = min(batch, needed.largest_batch(facts.memory_bytes))
    while batch >= 1:
        control.check()
        try:
            seconds, peak = _measure(facts, data, batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            batch //= 2
            continue
        return _told(facts, data, batch, seconds, peak)
    return Finding(
        "trial_step", "error", _("Not a single sample fits into the memory."),
        _("Tried with one step on this machine."), _("Take a smaller network or smaller pictures"),
    )  # fmt: skip


def _measure(facts: Facts, data: PreparedData, batch: int) -> tuple[float, int]:
    """Seconds a step after the first, and by how many bytes the memory of the process grew."""
    experiment = facts.experiment
    task = registry().tasks.get(experiment.task.name)
    kind = registry().inputs.get(data.input.kind)
    memory = psutil.Process().memory_info
    before = memory().rss
    with use_device(experiment.training.device):
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
        seconds = _seconds_each(lambda: float(steps.train(x, y, None)))
    return seconds, max(0, memory().rss - before)


def _seconds_each(step: Callable[[], Any]) -> float:
    began, count = time.perf_counter(), 0
    while count < _STEPS and time.perf_counter() - began < _SECONDS:
        step()
        count += 1
    return (time.perf_counter() - began) / count


def _told(facts: Facts, data: PreparedData, batch: int, seconds: float, peak: int) -> Finding:
    samples = len(data.splits["train"])
    operations = sum(row.multiply_adds for row in facts.rows)
    wanted = facts.experiment.training.batch_size
    remedy, changes = "", ()
    if batch < wanted:
        remedy, changes = _("Set the batch size to {batch}").format(batch=batch), (("training.batch_size", batch),)
    return Finding(
        "trial_step", "information" if batch == wanted else "error",
        _("A step of {batch} samples fits: it takes {seconds:.3g} s and {memory} of memory; an epoch of {samples:,} "
          "samples takes about {epoch:,.0f} s. {operations:,} multiply-adds a sample.").format(
            batch=batch, seconds=seconds, memory=readable(peak), samples=samples, epoch=seconds * samples / batch,
            operations=operations),
        _("Measured with a few steps on this machine."), remedy, changes,
    )  # fmt: skip
