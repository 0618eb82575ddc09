"""What can be done about a fault, and the first of several ways that an experiment takes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.finding import changed_by


class Remedy(NamedTuple):
    """What to do, in words for a button, and the settings; none where it has to be done by hand."""

    text: str
    changes: tuple[tuple[str, Any], ...] = ()


def first_that_fits(experiment: Experiment, remedies: Iterable[Remedy], by_hand: str = "") -> Remedy:
    """The first whose settings the experiment takes and that changes something; else what to do by hand."""
    for remedy in remedies:
        try:
            changed = changed_by(experiment, remedy.changes)
        except UserError:  # beyond the limits of that setting
            continue
        if changed != experiment:
            return remedy
    return Remedy(by_hand)
