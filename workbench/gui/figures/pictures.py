"""Arrays as Qt images, and the widget that shows one of them.

A QImage made from an array borrows its memory; every image made here is a copy that owns it.
"""

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.colour_maps import VIRIDIS
from workbench.gui.theme import theme


def to_image(pixels: np.ndarray, *, values: bool = False, palette: np.ndarray | None = None) -> QImage:
    """A picture (uint8; grey, or RGB, or with one channel) as an image of its own.

    Args:
        pixels: the picture.
        values: whether grey is drawn in viridis.
        palette: uint8, (colours, 3), for grey that is numbers of colours; a file of the image keeps the numbers.
    """
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if values and flat.ndim == 2:
        flat = VIRIDIS[flat]
    data = np.ascontiguousarray(flat, dtype=np.uint8)
    height, width = data.shape[:2]
    if data.ndim == 2 and palette is not None:
        image = QImage(data.data, width, height, width, QImage.Format.Format_Indexed8).copy()
        image.setColorTable([QColor(*map(int, rgb)).rgb() for rgb in palette])
        return image
    if data.ndim == 2:
        return QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def fitted(size: QSize, into: QRect) -> QRect:
    """The largest rectangle of these proportions in the middle of another."""
    scaled = size.scaled(into.size(), Qt.AspectRatioMode.KeepAspectRatio)
    left = into.left() + (into.width() - scaled.width()) // 2
    top = into.top() + (into.height() - scaled.height()) // 2
    return QRect(left, top, max(1, scaled.width()), max(1, scaled.height()))


def draw_image(painter: QPainter, target: QRect, image: QImage) -> None:
    """Draw an image into a rectangle: pixels of small pictures stay sharp squares, photographs are smoothed."""
    smooth = target.width() < 2 * image.width() or image.width() > 128
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    ratio = painter.device().devicePixelRatioF()
    if smooth and target.width() * ratio < image.width():
        wanted = QSize(round(target.width() * ratio), round(target.height() * ratio))
        image = image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    painter.drawImage(target, image)


class Picture(QWidget):
    """An image as large as there is room, with a second one over it if there is one."""

    activated = Signal()  # double click, or Enter
    hovered = Signal(float, float)  # position in the picture, each from 0 to 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._below = QImage()
        self._above = QImage()
        self._share = 0.5
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_images(self, below: QImage, above: QImage | None = None) -> None:
        """Show an image, and another of the same proportions blended over it."""
        self._below = below
        self._above = above if above is not None else QImage()
        self.update()

    def set_share(self, share: float) -> None:
        """How much of the upper image is seen, from 0 to 1."""
        self._share = share
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 272)  # the least in a page that scrolls: its note is to be in sight, too

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._below.isNull():
            return
        painter = QPainter(self)
        target = fitted(self._below.size(), self.rect().adjusted(2, 2, -2, -2))
        draw_image(painter, target, self._below)
        if not self._above.isNull() and self._share > 0:
            painter.setOpacity(self._share)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(target, self._above)
            painter.setOpacity(1)
        if self.hasFocus():
            painter.setPen(QColor(theme().accent))
            painter.drawRect(target.adjusted(-1, -1, 0, 0))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._below.isNull():
            target = fitted(self._below.size(), self.rect().adjusted(2, 2, -2, -2))
            across = (event.position().x() - target.left()) / target.width()
            down = (event.position().y() - target.top()) / target.height()
            if 0 <= across < 1 and 0 <= down < 1:
                self.hovered.emit(across, down)
        super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit()
        else:
            super().keyPressEvent(event)
