"""The button that saves a live plot: as a picture of what is seen, or as all its numbers."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from workbench.errors import UserError
from workbench.figure_files import save_figure
from workbench.gui.pages.train.plots import TrainingPlot
from workbench.gui.theme import set_icon
from workbench.gui.workspace import Workspace
from workbench.i18n import _


class SaveButton(QToolButton):
    """Offers PNG and CSV; tests replace `ask_path`."""

    def __init__(self, plot: TrainingPlot, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = plot
        self._workspace = workspace
        self.ask_path = QFileDialog.getSaveFileName
        self.setToolTip(_("Save this figure"))
        self.setAccessibleName(_("Save {figure}").format(figure=plot.accessibleName()))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_icon(self, "save", "muted")
        menu = QMenu(self)
        self.as_png = menu.addAction(_("Save as PNG…"), self._save_png)
        self.as_csv = menu.addAction(_("Save as CSV…"), self._save_csv)
        self.setMenu(menu)

    def _save_png(self) -> None:
        path = self._ask("png")
        if path is not None and not self._plot.grab().save(str(path), "PNG"):
            self._workspace.problem.emit(_("{path} cannot be written. Choose another folder.").format(path=path))

    def _save_csv(self) -> None:
        path = self._ask("csv")
        if path is None:
            return
        try:
            save_figure(self._plot.figure(), path)
        except UserError as error:
            self._workspace.problem.emit(str(error))

    def _ask(self, ending: str) -> Path | None:
        suggestion = f"{self._plot.accessibleName()}.{ending}"
        text = self.ask_path(self, _("Save figure"), suggestion, f"{ending.upper()} (*.{ending})")[0]
        if not text:
            return None
        return Path(text) if text.endswith(f".{ending}") else Path(f"{text}.{ending}")
