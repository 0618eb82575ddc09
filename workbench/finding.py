"""What a check is and what it finds. A plugin adds checks through `registry.checks.add(Check(...))`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from workbench.errors import UserError
from workbench.experiment import Experiment

Severity = Literal["error", "warning", "information"]
Moment = Literal["before", "during", "after"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information")


@dataclass(frozen=True)
class Finding:
    """Something that keeps a network from learning, or may.

    Attributes:
        name: of the fault, for scripts (`relu_before_softmax`).
        severity: `error` where it will not learn like this, `warning` where it will learn badly or may fail.
        seen: what is there.
        why: why that matters.
        remedy: what to do, in words; the text of a button where there are changes.
        changes: settings that mend it: paths as in `Experiment.changed`, with the values.
    """

    name: str
    severity: Severity
    seen: str
    why: str
    remedy: str
    changes: tuple[tuple[str, Any], ...] = ()

    def mended(self, experiment: Experiment) -> Experiment:
        """The experiment with the changes applied. Raises `UserError` where it does not take them."""
        return changed_by(experiment, self.changes)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "severity": self.severity,
            "seen": self.seen,
            "why": self.why,
            "remedy": self.remedy,
            "changes": dict(self.changes),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Finding":
        """The inverse of `to_json`, also after a way through a JSON text."""
        return cls(**{**values, "changes": tuple(values["changes"].items())})


@dataclass(frozen=True)
class Check:
    """A check with its name and when it is made.

    Attributes:
        name: of the check; `title` and `help` for people.
        moment: `before` looks at `Facts`; `after` at a `RunFolder`; `during` at what its watcher hands to it.
        look: gives what it finds.
    """

    name: str
    title: str
    help: str
    moment: Moment
    look: Callable[[Any], Iterable[Finding]]


def look(checks: Iterable[Check], moment: Moment, subject: Any) -> tuple[Finding, ...]:
    """What all checks of a moment find, the worst first."""
    found = [finding for check in checks if check.moment == moment for finding in check.look(subject)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def changed_by(experiment: Experiment, changes: Iterable[tuple[str, Any]]) -> Experiment:
    """The experiment with these settings. Raises `UserError` where it does not take them."""
    for path, value in changes:
        experiment = experiment.changed(path, value)
    return experiment


def applicable(finding: Finding, experiment: Experiment) -> bool:
    """Whether the changes of a finding can be applied, and change anything."""
    try:
        return bool(finding.changes) and finding.mended(experiment) != experiment
    except UserError:
        return False
