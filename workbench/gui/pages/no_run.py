"""What the pages about a run show while none is open: what to do, and the buttons that lead there."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon, hint, primary_button, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _

WIDEST = 56 * GRID


class NoRun(QWidget):
    """An explanation in the middle of the page."""

    def __init__(self, workspace: Workspace, explanation: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        title = section_title(_("No run is open"))
        text = hint(explanation)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setFixedWidth(WIDEST)
        self.button = primary_button(_("&Go to Train"), "train")
        self.button.clicked.connect(self._go_to_train)
        self.runs_button = button_with_icon(_("Choose a r&un"), "runs")
        self.runs_button.clicked.connect(self._go_to_runs)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * GRID)
        layout.addStretch(1)
        # In a row of its own: a label that is aligned in its layout is not asked how high its lines are.
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(text)
        row.addStretch(1)
        layout.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(row)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addStretch(1)
        buttons.addWidget(self.button)
        buttons.addWidget(self.runs_button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addStretch(2)

    def _go_to_train(self) -> None:
        self._workspace.page_requested.emit("train")

    def _go_to_runs(self) -> None:
        self._workspace.page_requested.emit("runs")
