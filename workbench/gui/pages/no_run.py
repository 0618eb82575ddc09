"""What the pages about a run show while there is none: what to do, and the button that leads there."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme import GRID
from workbench.gui.widgets import hint, primary_button, section_title
from workbench.i18n import _

WIDEST = 56 * GRID


class NoRun(QWidget):
    """An explanation in the middle of the page."""

    train_wanted = Signal()

    def __init__(self, explanation: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = section_title(_("No run yet"))
        text = hint(explanation)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setFixedWidth(WIDEST)
        self.button = primary_button(_("&Go to Train"), "train")
        self.button.clicked.connect(self.train_wanted)
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
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
