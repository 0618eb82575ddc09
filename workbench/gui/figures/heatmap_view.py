"""Values over a picture, with a slider between the two and a key to the colours."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QResizeEvent
from PySide6.QtWidgets import QLabel, QSlider, QToolTip, QVBoxLayout, QWidget

from workbench.colour_maps import colour
from workbench.figure_files import stretched
from workbench.gui.figures.colour_bar import ColourBar
from workbench.gui.figures.figure_view import FigureView, knob_label
from workbench.gui.figures.pictures import Picture, to_image
from workbench.gui.theme import GRID
from workbench.i18n import _

FINENESS = 256


class HeatmapView(FigureView):
    """Draws `Heatmap`. The two pictures are made once; the slider only changes how they are painted over each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setPageStep(10)
        self._slider.setMinimumWidth(100)
        self._slider.setMaximumWidth(180)
        self._slider.setAccessibleName(_("Blend of picture and heatmap"))
        self._slider.valueChanged.connect(self._blend)
        self._percent = QLabel()
        self._percent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self.knobs.addWidget(knob_label(_("&Heatmap"), self._slider))
        self.knobs.addWidget(self._slider)
        self.knobs.addWidget(self._percent)
        self._picture = Picture()
        self._picture.hovered.connect(self._tell_value)
        self._key = ColourBar()
        self._key.set_range(_("low"), _("high"))
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._picture, 1)
        layout.addWidget(self._key, 0, Qt.AlignmentFlag.AlignHCenter)
        self.set_body(body)
        self._slider.setValue(50)

    @property
    def blend(self) -> float:
        """How much of the heatmap is seen, from 0 to 1."""
        return self._slider.value() / 100

    def draw(self) -> None:
        pixels = self.figure.pixels
        height, width = pixels.shape[:2]
        scale = max(1.0, FINENESS / max(height, width))
        fine = stretched(self.figure.values, round(height * scale), round(width * scale))
        self._picture.set_images(to_image(pixels), to_image(colour(fine)))
        self._picture.set_share(self.blend)
        self._limit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.figure is not None:
            self._limit_height()

    def _limit_height(self) -> None:
        """No higher than the picture is in this width, so that its key and its note stay with it."""
        height, width = self.figure.pixels.shape[:2]
        self._picture.setMaximumHeight(max(self._picture.sizeHint().height(), self.width() * height // width))
        self.grow_with(self._picture)

    def _blend(self, percent: int) -> None:
        self._percent.setText(f"{percent} %")
        self._picture.set_share(percent / 100)

    def _tell_value(self, across: float, down: float) -> None:
        values = np.asarray(self.figure.values)
        row, column = int(down * values.shape[0]), int(across * values.shape[1])
        QToolTip.showText(QCursor.pos(), f"{values[row, column]:.3f}", self._picture)
