"""A finding in lines for people."""

from workbench.finding import Finding


def described(finding: Finding) -> list[str]:
    """A finding in lines for people."""
    lines = [f"{finding.severity}: {finding.seen}", f"  {finding.why}"]
    if finding.remedy:
        lines.append(f"  → {finding.remedy}")
    return [*lines, *(f"      {path} = {_shown(value)}" for path, value in finding.changes), ""]


def _shown(value: object) -> str:
    return "-" if value is None or value == () else str(value)
