"""The memory a training needs against the memory there is, and the largest batch that fits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.diagnosis.facts import Facts
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.training_settings import TrainingSection

FLOAT32 = 4
_HALF = 2
_USABLE = 0.9  # the rest is for the framework, the data and everybody else


@dataclass(frozen=True)
class MemoryNeeded:
    """An estimate in bytes.

    Attributes:
        weights: parameters, their gradients and what the optimizer keeps for each.
        per_sample: the outputs of all layers of one sample, kept for the way back, and the gradient of the largest.
        batch_size: samples per step.
    """

    weights: int
    per_sample: int
    batch_size: int

    @property
    def total(self) -> int:
        """For a step of training."""
        return self.weights + self.per_sample * self.batch_size

    def largest_batch(self, memory_bytes: int) -> int:
        """The largest batch that fits, a power of two; 0 where not a single sample does."""
        room = int((memory_bytes * _USABLE - self.weights) // max(1, self.per_sample))
        return 0 if room < 1 else 2 ** int(math.log2(room))


def memory_needed(facts: Facts) -> MemoryNeeded | None:
    """What a step of training needs, or None where the layers are not known."""
    if facts.table is None or facts.problem or not facts.uses_mini_batches:
        return None
    training = facts.experiment.training
    size = FLOAT32 if training.precision == "float32" else _HALF
    values = [math.prod(row.output_shape) for row in facts.rows if row.output_shape and None not in row.output_shape]
    if not values:
        return None
    table = facts.table
    weights = FLOAT32 * (table.total + table.trainable * (1 + _slots(training)))
    return MemoryNeeded(weights, size * (sum(values) + 2 * max(values)), training.batch_size)


def _slots(training: TrainingSection) -> int:
    """How many numbers the optimizer keeps for every parameter."""
    optimizer = training.optimizer
    match optimizer.name:
        case "sgd":
            return int(optimizer.momentum > 0)
        case "adagrad":
            return 1
        case "rmsprop":
            return 1 + (optimizer.momentum > 0) + optimizer.centered
        case "adam" if optimizer.amsgrad:
            return 3
    return 2


def fits_into_memory(facts: Facts) -> Iterator[Finding]:
    """A batch that needs more than there is."""
    needed = memory_needed(facts)
    if needed is None or not facts.memory_bytes or needed.total <= facts.memory_bytes * _USABLE:
        return
    largest = needed.largest_batch(facts.memory_bytes)
    if largest:
        remedy = _("Set the batch size to {largest}, the largest that fits").format(largest=largest)
        changes: tuple[tuple[str, Any], ...] = (("training.batch_size", largest),)
    else:
        remedy, changes = _("Take a smaller network or smaller pictures: not a single one fits"), ()
    yield Finding(
        "memory", "error",
        _("A step with {batch} samples needs about {needed} of memory, and {there} are free: {weights} for weights, "
          "gradients and optimizer, {sample} for the outputs of the layers of each sample.").format(
            batch=needed.batch_size, needed=readable(needed.total), there=readable(facts.memory_bytes),
            weights=readable(needed.weights), sample=readable(needed.per_sample)),
        _("The training will end with an out-of-memory error, or the machine will swap and stand still."),
        remedy, changes,
    )  # fmt: skip


def readable(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def register(registry: Any) -> None:
    """Add the check."""
    registry.checks.add(Check(
        "memory", mark("Memory"),
        mark("Whether a step of training fits into the memory there is."),
        "before", fits_into_memory,
    ))  # fmt: skip
