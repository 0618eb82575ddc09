"""What the Train page shows of a training without batches and epochs: what it does now, and what came of it."""

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from workbench.gui.metric_text import number_text, readable
from workbench.gui.pages.train.record import TrainingRecord
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, hint, value_label
from workbench.i18n import _


class AtOnceView(Card):
    """A line that changes while the weights are being found, and the metrics beside each other when they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("All weights in one go"), parent)
        self.doing = value_label()
        self.doing.setAccessibleName(_("What the training does now"))
        self._metrics = QWidget(self)
        self._grid = QGridLayout(self._metrics)
        self._grid.setContentsMargins(0, GRID, 0, 0)
        self._grid.setHorizontalSpacing(4 * GRID)
        self._shown: dict[str, float] | None = None
        self.content.addWidget(hint(_("This method knows no batches, no epochs and no learning rate.")))
        self.content.addWidget(self.doing)
        self.content.addWidget(self._metrics)
        self.content.addStretch(1)

    def text(self) -> str:
        """Everything the table says, for tests."""
        items = (self._grid.itemAt(position).widget() for position in range(self._grid.count()))
        return " ".join(label.text() for label in items)

    def show_record(self, record: TrainingRecord | None) -> None:
        """Show how far it is."""
        self.doing.setText("" if record is None else _doing(record))
        self.doing.setVisible(bool(self.doing.text()))
        found = record.history[-1].metrics if record is not None and record.history else {}
        if found != self._shown:
            self._shown = found
            self._show_metrics(found)

    def _show_metrics(self, metrics: dict[str, float]) -> None:
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        names = [name for name in metrics if not name.startswith("val_")]
        if not names:
            return
        for column, title in enumerate((_("Training"), _("Validation")), start=1):
            self._grid.addWidget(_caption(title), 0, column)
        for row, name in enumerate(names, start=1):
            self._grid.addWidget(_caption(readable(name)), row, 0)
            for column, key in enumerate((name, f"val_{name}"), start=1):
                value = value_label(number_text(name, metrics[key]) if key in metrics else "–")
                self._grid.addWidget(value, row, column)
        self._grid.setColumnStretch(3, 1)


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "caption")
    return label


def _doing(record: TrainingRecord) -> str:
    progress = record.progress
    if record.end is not None:
        return ""
    if record.paused:
        return _("Paused")
    if progress is None:
        return _("Working…")
    if not progress.total:
        return progress.what
    return _("{what}: {done:,} of {total:,}").format(what=progress.what, done=progress.done, total=progress.total)
