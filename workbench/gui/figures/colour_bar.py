"""The key of a colour map: the colours from low to high, with the values at both ends."""

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.colour_maps import VIRIDIS
from workbench.gui.figures.pictures import to_image
from workbench.gui.theme import GRID, theme


class ColourBar(QWidget):
    """A horizontal colour bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = VIRIDIS
        self._low, self._high = "0", "1"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(360)

    def set_range(self, low: str, high: str, colours: np.ndarray = VIRIDIS) -> None:
        """The texts at both ends, and the colours between them, uint8 (256, 3)."""
        self._low, self._high, self._colours = low, high, colours
        self.setAccessibleName(f"{low} – {high}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.fontMetrics().height() + GRID // 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance(self._low) + GRID
        right = metrics.horizontalAdvance(self._high) + GRID
        painter.setPen(QColor(theme().muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignLeft, self._low)
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignRight, self._high)
        bar = QRect(left, self.height() // 2 - 5, max(8, self.width() - left - right), 10)
        painter.drawImage(bar, to_image(self._colours[None]))
        painter.setPen(QColor(theme().field_border))
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
