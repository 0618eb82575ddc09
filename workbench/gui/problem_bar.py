"""What stays wrong is said above the pages until the user has read it."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon
from workbench.gui.workspace import Workspace
from workbench.i18n import _


class ProblemBar(QWidget):
    """Collects the problems of the workspace; hidden while there are none."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: list[str] = []
        self.notice = Notice(self)
        self.dismiss = button_with_icon(_("Dismiss"))
        self.dismiss.clicked.connect(self.clear)
        self.notice.buttons.addWidget(self.dismiss)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 0)
        layout.addWidget(self.notice)
        workspace.problem.connect(self.add)
        self.hide()

    def add(self, text: str) -> None:
        """Say one more thing; what is said already is not repeated."""
        if text not in self._texts:
            self._texts.append(text)
            self.notice.show_message("\n".join(self._texts), "warning")
            self.show()

    def clear(self) -> None:
        """Forget what was said."""
        self._texts.clear()
        self.hide()
