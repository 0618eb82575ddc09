"""Whether the network can be built for its input, and has something left to look at in its last layers."""

from collections.abc import Iterator
from typing import Any

from workbench.architectures.table import LOGITS
from workbench.diagnosis.facts import Facts, is_weighted
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.specs import ImageInput

_TOO_MANY = 3  # convolutions on maps of one pixel
_ENLARGED_TO = 1024


def network_can_be_built(facts: Facts) -> Iterator[Finding]:
    """The problem of the layer table."""
    if facts.problem:
        yield Finding(
            "cannot_be_built", "error", facts.problem, _("The training is refused like this."),
            _("Change the settings of the network or the size of its input"),
        )  # fmt: skip


def input_is_large_enough(facts: Facts) -> Iterator[Finding]:
    """Maps of one pixel long before the end of the network."""
    if not isinstance(facts.input, ImageInput) or facts.problem:
        return
    rows = facts.rows
    large = [number for number, row in enumerate(rows) if len(row.output_shape) == 3 and _side(row.output_shape) > 1]
    if not large:
        return
    wasted = [
        row for row in rows[large[-1] + 1 :] if len(row.output_shape) == 3 and is_weighted(row) and row.name != LOGITS
    ]
    if len(wasted) < _TOO_MANY:
        return
    factor = max(2, -(-64 // min(facts.input.height, facts.input.width)))
    height, width = facts.input.height * factor, facts.input.width * factor
    changes: tuple[tuple[str, Any], ...] = ()
    remedy = _("Take a stem for small pictures, fewer poolings, or larger pictures")
    if getattr(facts.experiment.architecture, "stem", "") == "standard":
        changes, remedy = (("architecture.stem", "small"),), _("Use the stem for small pictures")
    elif max(height, width) <= _ENLARGED_TO:
        changes = (("preprocessing.height", height), ("preprocessing.width", width))
        remedy = _("Enlarge the pictures to {height} × {width}").format(height=height, width=width)
    yield Finding(
        "input_too_small", "warning",
        _("The input of {height} × {width} is too small for the depth: {count} convolutions, from {name} on, see maps "
          "of a single pixel.").format(
            height=facts.input.height, width=facts.input.width, count=len(wasted), name=wasted[0].name),
        _("There are no neighbours left to compare: kernels see zeros around one value. These layers cost memory and "
          "time and make the network harder to train."),
        remedy, changes,
    )  # fmt: skip


def _side(shape: tuple[int | None, ...]) -> int:
    """The longer side of a map."""
    return max(side or 2 for side in shape[:2])


def something_is_trained(facts: Facts) -> Iterator[Finding]:
    """A network that has weights, but none to learn; a phase for a base that has none to learn."""
    experiment = facts.experiment
    if hasattr(experiment.trainer, "base_rate") and getattr(experiment.architecture, "boundary", None) == "":
        yield Finding(
            "frozen_everything", "error",
            _("The whole base is frozen, but the second phase of the training is to train it."),
            _("The training is refused like this."), _("Train the head only"), (("trainer.name", "fit"),),
        )  # fmt: skip
    if facts.table is not None and facts.table.total and not facts.table.trainable:
        yield Finding(
            "frozen_everything", "error", _("All {count:,} parameters are frozen.").format(count=facts.table.total),
            _("Nothing is left to be learned: every epoch ends as it began."),
            _("Freeze up to an earlier layer"),
        )  # fmt: skip


def register(registry: Any) -> None:
    """Add the checks."""
    for name, title, help, look in (
        ("network_can_be_built", mark("Network"), mark("Whether its layers fit together."), network_can_be_built),
        (
            "input_is_large_enough", mark("Size of the input"),
            mark("Whether maps shrink to one pixel long before the end."), input_is_large_enough,
        ),
        ("something_is_trained", mark("Frozen layers"), mark("Whether anything is left to learn."),
         something_is_trained),
    ):  # fmt: skip
        registry.checks.add(Check(name, title, help, "before", look))
