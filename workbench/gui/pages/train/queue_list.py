"""The trainings that wait, with a button that takes one out."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from workbench.gui.theme import GRID
from workbench.gui.training_queue import TrainingQueue
from workbench.gui.widgets import Card, button_with_icon
from workbench.i18n import _


class QueueList(Card):
    """Hidden while nothing waits."""

    def __init__(self, queue: TrainingQueue, parent: QWidget | None = None) -> None:
        super().__init__(_("Waiting"), parent)
        self._queue = queue
        self.list = QListWidget()
        self.list.setAccessibleName(_("Trainings that wait"))
        self.list.setMaximumHeight(14 * GRID)
        self.remove = button_with_icon(_("Take out"), "remove")
        self.remove.clicked.connect(self._remove)
        self.content.addWidget(self.list)
        self.content.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignLeft)
        queue.state_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what waits now."""
        names = [f"{number}.  {training.name}" for number, training in enumerate(self._queue.queue, start=1)]
        if names != [self.list.item(row).text() for row in range(self.list.count())]:
            row = self.list.currentRow()
            self.list.clear()
            self.list.addItems(names)
            self.list.setCurrentRow(min(max(row, 0), len(names) - 1))
        self.setVisible(bool(names))

    def _remove(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._queue.queue):
            self._queue.remove(row)
