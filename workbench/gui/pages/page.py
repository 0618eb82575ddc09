"""What all pages of the window are: a widget with a name, that knows when it is seen."""

from typing import ClassVar

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme import GRID
from workbench.gui.widgets import heading, hint
from workbench.gui.workspace import Workspace


class Page(QWidget):
    """Base of the pages.

    A page fills `self.content` (a vertical layout below the page's title), reads and changes the experiment through
    `self.workspace.document`, and draws only between `shown` and `hidden`. `self.head` is the line of the title;
    what is added to it stands at its right.

    Attributes:
        subtitle: one line under the title that says what to do here; a class attribute like `title`.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    subtitle: ClassVar[str] = ""
    icon: ClassVar[str] = ""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        from workbench.i18n import _

        super().__init__(parent)
        self.workspace = workspace
        self.setObjectName(f"page_{self.name}")
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        self.content.setSpacing(2 * GRID)
        self.head = QHBoxLayout()
        self.head.setSpacing(GRID)
        titles = QVBoxLayout()
        titles.setSpacing(GRID // 2)
        if self.title:
            titles.addWidget(heading(_(self.title)))
        if self.subtitle:
            titles.addWidget(hint(_(self.subtitle)))
        self.head.addLayout(titles, 1)
        self.content.addLayout(self.head)

    def shown(self) -> None:
        """The page came into sight: bring it up to date."""

    def hidden(self) -> None:
        """The page went out of sight: stop drawing."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.hidden()
