"""The plots of the Train page together: one for the batches, one for the loss per epoch, one to choose."""

from collections.abc import Callable

import numpy as np
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from workbench.events import EpochFinished
from workbench.gui.metric_text import readable
from workbench.gui.pages.train.losses import LossHistory
from workbench.gui.pages.train.plots import EpochPlot, LossPlot, TrainingPlot
from workbench.gui.pages.train.record import TrainingRecord
from workbench.gui.pages.train.saving import SaveButton
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _

_OF_EVERY_EPOCH: dict[str, Callable[[EpochFinished], float]] = {
    "learning_rate": lambda epoch: epoch.learning_rate,
    "samples_per_second": lambda epoch: epoch.samples_per_second,
    "seconds": lambda epoch: epoch.seconds,
    "memory": lambda epoch: epoch.memory_bytes / 2**20,
}


class TrainingCurves(QWidget):
    """Draws a record; costs little when nothing has changed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._record: TrainingRecord | None = None
        self._batches_drawn: tuple[TrainingRecord | None, int] = (None, -1)
        self._epochs_drawn: tuple[TrainingRecord | None, int, int, int] = (None, 0, -1, 0)
        self.batches = LossPlot(self)
        self.losses = EpochPlot(_("Loss per epoch"), self)
        self.metrics = EpochPlot(_("A value per epoch"), self, label_height=0.1)
        self.choice = QComboBox(self)
        self.choice.setAccessibleName(_("What is drawn per epoch"))
        self.choice.setMaximumWidth(15 * GRID)
        self.choice.activated.connect(self._draw_metric)
        self._fill_choice([])
        self._save_buttons = [SaveButton(plot, workspace) for plot in (self.batches, self.losses, self.metrics)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * GRID)
        above = _card(_("Loss of every batch"), self.batches, self._save_buttons[0])
        below = QSplitter(self)
        below.setChildrenCollapsible(False)
        below.setHandleWidth(2 * GRID)
        below.addWidget(_card(_("Epoch loss"), self.losses, self._save_buttons[1]))
        below.addWidget(_card("", self.metrics, self._save_buttons[2], self.choice))
        layout.addWidget(above, 1)
        layout.addWidget(below, 1)

    def draw_batches(self, record: TrainingRecord | None) -> None:
        """Draw the batches, where there are new ones."""
        drawn = (record, record.version if record is not None else -1)
        if drawn != self._batches_drawn:
            self._batches_drawn = drawn
            self.batches.show_losses(record.losses if record is not None else LossHistory())
            drawn_any = record is not None and len(record.losses) > 0
            stages = record.stages if drawn_any else {}
            self.batches.show_stages({epoch * record.steps: title for epoch, title in stages.items()})

    def draw_epochs(self, record: TrainingRecord | None) -> None:
        """Draw the epochs, where there are new ones."""
        drawn = (None, 0, -1, 0)
        if record is not None:
            drawn = (record, len(record.history), record.best_epoch, len(record.stages))
        if drawn != self._epochs_drawn:
            self._epochs_drawn = drawn
            self._record = record
            self._draw_epochs()

    def _draw_epochs(self) -> None:
        record = self._record
        if record is None or not record.history:
            self.losses.show_series({}, -1)
            self.metrics.show_series({}, -1)
            self._mark_stages({})
            return
        self._fill_choice(record.metric_names())
        self.losses.show_series(_twins(record.history, "loss"), record.best_epoch)
        self._draw_metric()
        # Between two epochs, which are counted from 1.
        self._mark_stages({epoch + 0.5: title for epoch, title in record.stages.items() if epoch})

    def _mark_stages(self, stages: dict[float, str]) -> None:
        for plot in (self.losses, self.metrics):
            plot.show_stages(stages)

    def _draw_metric(self, _index: int = 0) -> None:
        if self._record is None or not self._record.history:
            return
        name = self.choice.currentData()
        history = self._record.history
        if name in _OF_EVERY_EPOCH:
            values = np.array([_OF_EVERY_EPOCH[name](epoch) for epoch in history])
            series = {self.choice.currentText(): (_epochs(history), values)}
        else:
            series = _twins(history, name)
        self.metrics.show_series(series, self._record.best_epoch)

    def _fill_choice(self, metrics: list[str]) -> None:
        names = [*metrics, *_OF_EVERY_EPOCH]
        if names == [self.choice.itemData(row) for row in range(self.choice.count())]:
            return
        titles = {
            "learning_rate": _("Learning rate"),
            "samples_per_second": _("Samples per second"),
            "seconds": _("Seconds"),
            "memory": _("Memory (MiB)"),
        }
        chosen = self.choice.currentData() if metrics and self.choice.property("filled") else None
        self.choice.clear()
        for name in names:
            self.choice.addItem(titles.get(name) or readable(name), name)
        self.choice.setCurrentIndex(max(self.choice.findData(chosen), 0))
        self.choice.setProperty("filled", bool(metrics))


def _epochs(history: list[EpochFinished]) -> np.ndarray:
    return np.array([epoch.epoch + 1 for epoch in history], float)


def _twins(history: list[EpochFinished], name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    series = {}
    for key, title in ((name, _("training")), (f"val_{name}", _("validation"))):
        known = [epoch for epoch in history if key in epoch.metrics]
        if known:
            series[title] = (_epochs(known), np.array([epoch.metrics[key] for epoch in known]))
    return series


def _card(title: str, plot: TrainingPlot, save: SaveButton, choice: QComboBox | None = None) -> Card:
    card = Card()
    card.content.setContentsMargins(GRID, GRID, GRID, GRID)
    head = QHBoxLayout()
    if title:
        head.addWidget(section_title(title))
    else:
        head.addWidget(choice)
    head.addStretch(1)
    head.addWidget(plot.legend)
    head.addWidget(save)
    card.content.addLayout(head)
    card.content.addWidget(plot, 1)
    return card
