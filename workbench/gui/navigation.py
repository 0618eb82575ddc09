"""The list of pages at the left, and the stack that makes each page when it is first shown."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStackedWidget, QWidget

from workbench.gui.pages import PAGES
from workbench.gui.pages.page import Page
from workbench.gui.theme import GRID, ICON_SIZE, appearance
from workbench.gui.workspace import Workspace
from workbench.i18n import _

WIDTH = 21 * GRID


class Navigation(QListWidget):
    """Pages by name and icon, in the order of work."""

    page_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("navigation")
        self.setAccessibleName(_("Pages"))
        self.setFixedWidth(WIDTH)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for number, entry in enumerate(PAGES, start=1):
            item = QListWidgetItem(_(entry.title), self)
            item.setData(Qt.ItemDataRole.UserRole, entry.name)
            item.setToolTip(f"{_(entry.title)} (Ctrl+{number % 10})")
        self._tint()
        appearance().changed.connect(self._tint)
        self.currentRowChanged.connect(self._row_changed)

    def select(self, name: str) -> None:
        """Mark a page as the one shown."""
        names = [entry.name for entry in PAGES]
        if name in names:
            self.setCurrentRow(names.index(name))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tint()

    def _tint(self) -> None:
        for row, entry in enumerate(PAGES):
            self.item(row).setIcon(appearance().icon(entry.icon))

    def _row_changed(self, row: int) -> None:
        if row >= 0:
            self.page_selected.emit(PAGES[row].name)


class PageStack(QStackedWidget):
    """The pages; one is imported and made when it is first shown."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._made: dict[str, Page] = {}

    @property
    def current_name(self) -> str:
        """The name of the page in sight."""
        return getattr(self.currentWidget(), "name", "")

    def page(self, name: str) -> Page:
        """A page, made now if it was not."""
        if name not in self._made:
            entry = next(entry for entry in PAGES if entry.name == name)
            # Made under its parent, because moving a whole page makes Qt style it again.
            page = entry.load()(self._workspace, self)
            self._made[name] = page
            self.addWidget(page)
        return self._made[name]

    def show_page(self, name: str) -> Page:
        """Bring a page into sight."""
        page = self.page(name)
        self.setCurrentWidget(page)
        return page
