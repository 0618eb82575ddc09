"""What was found about a run, on the pages that show it: told while it trained, and seen afterwards.

A finding is mended in the experiment on screen where that is the run's own, changed further or not; else in the run's
experiment, which becomes the one on screen. The window does that, since it may have to ask first.
"""

from functools import partial
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.diagnosis.run_findings import findings_of_run, once
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.finding import Finding
from workbench.gui.background import BackgroundWork
from workbench.gui.findings_panel import FindingsPanel
from workbench.gui.workspace import Workspace
from workbench.runs.folder import RunFolder


class RunFindings(QWidget):
    """The findings of one run at a time; takes no room while there are none."""

    def __init__(self, workspace: Workspace, narrow: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._files = BackgroundWork(self)
        self._run = ""
        self._experiment: Experiment | None = None
        self._is_its_own = False
        self._findings: tuple[Finding, ...] = ()
        self.panel = FindingsPanel(self, highest=0, narrow=narrow)
        self.panel.apply_requested.connect(self._mend)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        workspace.document.changed.connect(self._document_changed)
        workspace.closing.connect(self._files.stop)
        self.hide()

    def clear(self) -> None:
        """Forget the run."""
        self._run, self._experiment, self._is_its_own = "", None, False
        self._show(())

    def show_told(self, run: str, findings: tuple[Finding, ...]) -> None:
        """Show what a run told so far; the rest is read when it has ended."""
        if run != self._run:
            self._begin(run)
        self._show(once((*self._findings, *findings)))

    def read(self, run: str) -> None:
        """Read what is found about a run, in the background."""
        if run != self._run:
            self._begin(run)
        if run:
            self._files.start(partial(_read, run), partial(self._take, run))

    def _begin(self, run: str) -> None:
        self._show(())
        self._run = run
        try:
            self._experiment = RunFolder(run).experiment() if run else None
        except UserError:  # a newer version's: it can be read about, not changed
            self._experiment = None
        self._is_its_own = self._experiment is not None and self._workspace.document.has_been(self._experiment)

    def _take(self, run: str, findings: tuple[Finding, ...]) -> None:
        if run == self._run:
            self._show(findings)

    def _document_changed(self, _experiment: Experiment) -> None:
        if self._experiment is not None:
            self._is_its_own = self._workspace.document.has_been(self._experiment)
            self._show(self._findings)

    def _show(self, findings: tuple[Finding, ...]) -> None:
        self._findings = findings
        of_document = self._workspace.document.experiment if self._is_its_own else self._experiment
        self.panel.set_findings(findings, of_document)
        self.setVisible(bool(findings))

    def _mend(self, finding: Finding) -> None:
        self._workspace.mend_requested.emit(self._run, finding)


def _read(run: str, _post: Any) -> tuple[Finding, ...]:
    return findings_of_run(RunFolder(run))
