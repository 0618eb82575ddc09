"""What the checks that train for some steps answer with."""

from dataclasses import dataclass

from workbench.figures import Figure
from workbench.finding import Finding


@dataclass(frozen=True)
class Tried:
    """What came of some steps of training: what was found, the verdict first, and figures of it."""

    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...] = ()
