"""Everything that was found about a run: told while it trained, and seen afterwards."""

from workbench.events import Found
from workbench.finding import SEVERITIES, Finding, look
from workbench.registry import registry
from workbench.runs.folder import RunFolder


def told(event: Found) -> Finding | None:
    """The finding of an event; None for one that a newer version told in another form."""
    try:
        finding = Finding.from_json(event.finding)
    except (TypeError, KeyError, AttributeError):
        return None
    return finding if finding.severity in SEVERITIES else None


def findings_of_run(folder: RunFolder) -> tuple[Finding, ...]:
    """What was told while it trained and what is seen now, each once, the worst first."""
    during = (told(event) for event in folder.events(mentioning='"found"') if isinstance(event, Found))
    return once((*during, *look(registry().checks, "after", folder)))


def once(findings: tuple[Finding | None, ...]) -> tuple[Finding, ...]:
    """Each fault once, the worst first: a run that was resumed may have told it again."""
    by_fault = {(finding.name, finding.seen): finding for finding in findings if finding is not None}
    return tuple(sorted(by_fault.values(), key=lambda finding: SEVERITIES.index(finding.severity)))
