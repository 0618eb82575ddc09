"""The Data page: which samples, how they become the network's input, and what is wrong with them."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QSplitter, QToolButton, QWidget

from workbench.gui.data_reader import data_reader, missing_place
from workbench.gui.dropped import read_dropped
from workbench.gui.pages.data_change import change_dataset
from workbench.gui.pages.data_drops import dataset_of_drop
from workbench.gui.pages.data_report_view import AUGMENTATION, SAMPLES, DataReportView
from workbench.gui.pages.data_settings import WIDTH, DataSettings
from workbench.gui.pages.page import Page
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark


class DataPage(Page):
    """Settings on the left, the data on the right; takes dropped folders and files."""

    name = "data"
    title = mark("Data")
    subtitle = mark("Choose what to learn from. Folders, .csv, .xlsx and .npz files can be dropped anywhere here.")
    icon = "data"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.setAcceptDrops(True)
        self.reader = data_reader(workspace)
        self.settings = DataSettings(workspace, self.reader)
        self.report_view = DataReportView(workspace, self.reader)
        self.drop_notice = Notice()
        self.content.addWidget(self.drop_notice)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(2 * GRID)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.settings)
        splitter.addWidget(self.report_view)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([WIDTH, 2 * WIDTH])
        self.content.addWidget(splitter, 1)
        self.settings.augmentation_edited.connect(self._show_augmentation)
        self.settings.data_edited.connect(self._show_data)
        self.report_view.place_asked.connect(self._choose_place)

    def hidden(self) -> None:
        """Let readings end."""
        self.settings.columns.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dataset_in(event):
            event.acceptProposedAction()
        else:
            event.ignore()  # the window may know what to do with it

    def dropEvent(self, event: QDropEvent) -> None:
        dataset = _dataset_in(event)
        if not dataset:
            event.ignore()
            return
        event.acceptProposedAction()
        message = change_dataset(self.workspace.document, dataset, _("Use the dropped data"))
        self._show_data()
        self.drop_notice.show_message(message, "error")

    def _show_augmentation(self) -> None:
        self.report_view.tabs.setCurrentIndex(AUGMENTATION)

    def _show_data(self) -> None:
        self.drop_notice.show_message("")
        if self.report_view.tabs.currentIndex() == AUGMENTATION:
            self.report_view.tabs.setCurrentIndex(SAMPLES)

    def _choose_place(self) -> None:
        field = missing_place(self.workspace.document.experiment.dataset)
        editor = self.settings.dataset_form.editor(field) if field else None
        if editor is not None:
            editor.findChild(QToolButton).click()


def _dataset_in(event: QDropEvent) -> dict[str, Any]:
    paths = read_dropped(event.mimeData()).paths
    return dataset_of_drop(Path(paths[0])) if len(paths) == 1 else {}
