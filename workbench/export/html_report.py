"""The report of a run (`workbench.export.report`) as one of the formats a run can be exported in."""

from pathlib import Path

from workbench.control import Control, Emit
from workbench.export.exporter import Exporter, Outcome
from workbench.export.report import report_page
from workbench.i18n import mark
from workbench.registry import Registry
from workbench.requests import ReportRequest


class HtmlReport(Exporter):
    """What is known of a run, to read."""

    name = "html"
    title = mark("HTML report")
    help = mark(
        "One .html file to read, keep and send: numbers, curves, samples with heatmaps, findings and the experiment."
    )
    limits = mark("Holds no model. Several runs in one file: select them on the Runs page, or workbench runs report.")
    ending = ".html"

    def made(self, folder: Path) -> bool:
        """A file is written, no folder."""
        return False

    def export(self, source: str, place: Path, emit: Emit, control: Control) -> Outcome:
        """Write it; what cannot be told is said in its place."""
        text = report_page(ReportRequest((source,), str(place)), emit, control)
        control.check()
        place.write_text(text, encoding="utf-8")
        return Outcome()


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(HtmlReport())
