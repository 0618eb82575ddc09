"""Which model a service runs with: the run of the window, as long as no service runs."""

from PySide6.QtCore import Signal

from workbench.gui.background import BackgroundWork
from workbench.gui.pages.predict_models import ModelChooser
from workbench.gui.service_runner import ServiceRunner
from workbench.gui.workspace import Workspace
from workbench.runs.folder import RunFolder


class ServiceModelChooser(ModelChooser):
    """Follows the run that all pages show. A run that is chosen here is shown on all of them, a file only here."""

    changed = Signal()

    def __init__(self, work: BackgroundWork, workspace: Workspace, runner: ServiceRunner) -> None:
        super().__init__(work)
        self._workspace = workspace
        self._runner = runner
        self.set_model(workspace.current_run)
        workspace.current_run_changed.connect(self._follow)
        runner.state_changed.connect(self._running_changed)
        self.chosen.connect(self._choose)

    def _choose(self, model: str) -> None:
        if RunFolder(model).exists() and model != self._workspace.current_run:
            self._workspace.set_current_run(model)
        else:
            self._follow(model)

    def _follow(self, model: str) -> None:
        if not self._runner.running:
            self.set_model(model)
        self.changed.emit()

    def _running_changed(self) -> None:
        running = self._runner.running
        if not running:  # the window may have gone to another run meanwhile
            self.set_model(self._workspace.current_run or self.model)
        self.setEnabled(not running)
