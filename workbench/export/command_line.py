"""An export of the window as the command line that does the same."""

from workbench.inspection.command_line import line_of
from workbench.requests import ExportRequest


def as_command(request: ExportRequest) -> str:
    """The line to type."""
    words = ["workbench", "export", request.run, "--format", request.format, "--out", request.out]
    return line_of([*words, "--force"] if request.force else words)
