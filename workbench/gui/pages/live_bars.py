"""The likeliest answers as bars of a fixed scale: a live bar must not grow because the others shrink."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import GRID, theme

_ROW = 5 * GRID
_BAR = GRID


class LiveBars(QWidget):
    """A name, its share in percent, and below both a bar from 0 to 100 %."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[tuple[str, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: tuple[tuple[str, float], ...]) -> None:
        """Show names with values from 0 to 1."""
        if len(bars) != len(self.bars):
            self.updateGeometry()
        self.bars = bars
        self.setAccessibleName(", ".join(f"{name} {_percent(value)}" for name, value in bars))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(24 * GRID, len(self.bars) * _ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = self.fontMetrics()
        number = metrics.horizontalAdvance("100.0 %")
        for place, (name, value) in enumerate(self.bars):
            top, width = place * _ROW, self.width()
            words = QRect(0, top, width - number - GRID, _ROW - _BAR - GRID // 2)
            painter.setPen(QColor(theme().text))
            painter.drawText(
                words,
                int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom),
                metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, words.width()),
            )
            painter.drawText(
                QRect(width - number, top, number, words.height()),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom),
                _percent(value),
            )
            whole = QRect(0, words.bottom() + 3, width, _BAR - 2)
            painter.fillRect(whole, QColor(theme().border))
            share = min(1.0, max(0.0, value))
            painter.fillRect(QRect(0, whole.top(), round(width * share), whole.height()), QColor(theme().accent))


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
