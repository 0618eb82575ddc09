"""The numbers of a training at a glance."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.gui.metric_text import number_text
from workbench.gui.pages.train.record import TrainingRecord
from workbench.gui.theme import GRID
from workbench.gui.training_text import duration, memory
from workbench.gui.widgets import value_label
from workbench.i18n import _


class Numbers(QWidget):
    """A row of captions with their values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, QLabel] = {}
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3 * GRID)
        for name, caption in (
            ("epoch", _("Epoch")),
            ("loss", _("Loss")),
            ("best", _("Best epoch")),
            ("left", _("Time left")),
            ("speed", _("Samples/s")),
            ("rate", _("Learning rate")),
            ("memory", _("Memory")),
        ):
            self._add(name, caption)
        self._layout.addStretch(1)
        self.show_record(None)

    def text(self, name: str) -> str:
        """The value shown under a name, for tests."""
        return self._values[name].text()

    def show_record(self, record: TrainingRecord | None) -> None:
        """Show the numbers of a training."""
        texts = dict.fromkeys(self._values, "–") if record is None else _texts(record)
        for name, text in texts.items():
            self._values[name].setText(text)

    def _add(self, name: str, caption: str) -> None:
        title = QLabel(caption)
        title.setProperty("role", "caption")
        value = value_label("–")
        value.setAccessibleName(caption)
        self._values[name] = value
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(title)
        column.addWidget(value)
        self._layout.addLayout(column)


def _texts(record: TrainingRecord) -> dict[str, str]:
    left = record.seconds_left()
    shown_epoch = min(record.epoch + 1, record.epochs) if record.epochs else 0
    return {
        "epoch": f"{shown_epoch} / {record.epochs}" if record.epochs else "–",
        "loss": number_text("loss", record.losses.smooth[-1]) if len(record.losses) else "–",
        "best": f"{record.best_epoch + 1}" if record.best_epoch >= 0 else "–",
        "left": duration(left) if left is not None else "–",
        "speed": f"{record.samples_per_second:,.0f}" if record.samples_per_second else "–",
        "rate": f"{record.learning_rate:.3g}" if record.learning_rate else "–",
        "memory": memory(record.memory_bytes) if record.memory_bytes else "–",
    }
