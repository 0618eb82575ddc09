"""Choosing points of a plot: a sheet to draw a lasso on, and a card that shows the sample under the pointer."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from workbench.figures import SampleCards
from workbench.gui.figures.pictures import to_image
from workbench.gui.figures.sample_rows import value_lines
from workbench.gui.theme import GRID, theme
from workbench.i18n import _

PICTURE_SIDE, ROW_WIDTH = 112, 176
_CLOSEST = 3.0  # pixels between two corners of a lasso


class LassoSheet(QWidget):
    """Lies over a plot while a lasso is drawn; elsewhere the plot is as it was. Escape gives up."""

    drawn = Signal(QPolygonF, bool)  # corners in pixels of the plot; whether it adds to what is chosen (Shift)
    left = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._corners = QPolygonF()
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Lasso"))
        over.installEventFilter(self)
        self.hide()

    def enter(self) -> None:
        """Wait for a lasso."""
        self._corners = QPolygonF()
        self.setGeometry(self.parentWidget().rect())
        self.show()
        self.raise_()
        self.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._corners = QPolygonF([event.position()])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._corners.isEmpty() or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        if (event.position() - self._corners.last()).manhattanLength() >= _CLOSEST:
            self._corners.append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        corners, self._corners = self._corners, QPolygonF()
        self.update()
        if event.button() == Qt.MouseButton.LeftButton and corners.size() > 2:
            self.drawn.emit(corners, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._corners.size() < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme().accent), 1.5, Qt.PenStyle.DashLine))
        fill = QColor(theme().accent)
        fill.setAlpha(40)
        painter.setBrush(fill)
        painter.drawPolygon(self._corners)


class SampleTip(QFrame):
    """The picture and the line of a sample, or the values of its row, beside the pointer; the mouse goes through it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._shown = -1
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._picture)
        layout.addWidget(self._text)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_card(self, cards: SampleCards, row: int, place: QPointF) -> None:
        """Show a sample beside a place of the widget it lies over."""
        if row != self._shown:
            self._shown = row
            sign = "✗ " if cards.wrong[row] else ""
            text = sign + cards.captions[row]
            self._text.setText(f"{text}\n{value_lines(cards, row)}" if cards.values is not None else text)
            self._text.setFixedWidth((PICTURE_SIDE if cards.values is None else ROW_WIDTH) + 4 * GRID)
            self._picture.setVisible(cards.pixels is not None)
            if cards.pixels is not None:
                image = to_image(cards.pixels[row])
                smooth = Qt.TransformationMode.SmoothTransformation
                mode = smooth if image.width() > PICTURE_SIDE // 2 else Qt.TransformationMode.FastTransformation
                self._picture.setPixmap(
                    QPixmap.fromImage(
                        image.scaled(PICTURE_SIDE, PICTURE_SIDE, Qt.AspectRatioMode.KeepAspectRatio, mode)
                    )
                )
            self.adjustSize()
        room, size = self.parentWidget().rect(), self.size()
        left = int(place.x()) + 2 * GRID
        top = int(place.y()) + 2 * GRID
        if left + size.width() > room.right():
            left = int(place.x()) - 2 * GRID - size.width()
        top = min(top, room.bottom() - size.height())
        self.setGeometry(QRect(max(0, left), max(0, top), size.width(), size.height()))
        self.show()
        self.raise_()

    def forget(self) -> None:
        """Show nothing; the next card may be of another figure."""
        self._shown = -1
        self.hide()


def inside(x: np.ndarray, y: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Which points (n,) lie inside a polygon (corners, 2): those that an odd number of its sides lies right of."""
    found = np.zeros(len(x), bool)
    boxed = np.flatnonzero(
        (x >= corners[:, 0].min())
        & (x <= corners[:, 0].max())
        & (y >= corners[:, 1].min())
        & (y <= corners[:, 1].max())
    )
    across, up = x[boxed], y[boxed]
    odd = np.zeros(len(boxed), bool)
    for (left, below), (right, above) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if below == above:
            continue
        between = (below > up) != (above > up)
        odd ^= between & (across < left + (up - below) * (right - left) / (above - below))
    found[boxed] = odd
    return found
