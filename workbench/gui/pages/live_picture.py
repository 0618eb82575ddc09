"""The moving picture: a frame with its heatmap or mask over it, and how both are saved as one."""

from pathlib import Path

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from workbench.colour_maps import colour
from workbench.errors import UserError
from workbench.events import FrameSeen
from workbench.figure_files import stretched
from workbench.gui.figures.pictures import Picture, to_image
from workbench.gui.theme import GRID
from workbench.i18n import _

_FINENESS = 160  # longest side of a heatmap before it is coloured; Qt smooths the rest


class LivePicture(Picture):
    """Shows the newest frame; says which one has been painted."""

    painted = Signal(object)  # a `FrameSeen`, the first time it is on the screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame: FrameSeen | None = None
        self._told: FrameSeen | None = None
        self.setAccessibleName(_("Moving picture"))

    def show_frame(self, frame: FrameSeen | None) -> None:
        """Show a frame, or none."""
        self.frame = frame
        if frame is None:
            self._told = None
            self.set_images(QImage())
        else:
            self.set_images(to_image(frame.pixels), _above(frame))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.frame is not None and self.frame is not self._told:
            self._told = self.frame
            self.painted.emit(self.frame)


def snapshot(frame: FrameSeen, blend: float) -> QImage:
    """The frame in its own pixels, what lies over it blended in, and the answer in words below."""
    below, above = to_image(frame.pixels), _above(frame)
    line = 4 * GRID
    image = QImage(below.width(), below.height() + line, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.drawImage(0, 0, below)
    if above is not None:
        painter.setOpacity(blend)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(below.rect(), above)
        painter.setOpacity(1)
    painter.setPen(QColor("white"))
    room = QRect(GRID, below.height(), below.width() - 2 * GRID, line)
    text = painter.fontMetrics().elidedText(frame.text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
    painter.end()
    return image


def save(image: QImage, path: str | Path) -> None:
    """Write a snapshot as PNG.

    Raises:
        UserError: the file cannot be written.
    """
    if not image.save(str(path), "PNG"):
        raise UserError(_("{path} cannot be written. Choose another folder, or make room.").format(path=path))


def _above(frame: FrameSeen) -> QImage | None:
    if frame.over is not None:
        return to_image(frame.over)
    if frame.heat is None:
        return None
    height, width = frame.pixels.shape[:2]
    scale = _FINENESS / max(height, width)
    return to_image(colour(stretched(frame.heat, max(1, round(height * scale)), max(1, round(width * scale)))))
