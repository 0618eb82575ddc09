"""A small board to draw on with the mouse, for models that know drawn things (digits).

It keeps strokes, not pixels, so that one can be taken back and the board can be resized.
"""

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.dropped import png_bytes
from workbench.i18n import _

_SAVED_SIDE = 280
SMALLEST_BRUSH, LARGEST_BRUSH, USUAL_BRUSH = 4, 24, 11


class DrawingCanvas(QWidget):
    """Draw with the left button; the right one erases.

    Positions are kept as shares of the sides and the brush in percent of the shorter one, so that the picture does not
    depend on the size of the widget.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strokes: list[_Stroke] = []
        self._brush = USUAL_BRUSH
        self._dark = True
        self._ratio = 1.0
        self._drawing = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(_("Drawing board"))

    @property
    def empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self._strokes

    @property
    def brush(self) -> int:
        """Width of the brush, in percent of the shorter side."""
        return self._brush

    def set_brush(self, percent: int) -> None:
        """Width of the strokes from now on, in percent of the shorter side."""
        self._brush = min(max(percent, SMALLEST_BRUSH), LARGEST_BRUSH)

    def set_dark(self, dark: bool) -> None:
        """White on black (as digits are stored), or black on white."""
        self._dark = dark
        self.update()
        if self._strokes:
            self.changed.emit()

    def set_proportions(self, height: int, width: int) -> None:
        """The proportions of the picture, those of the network's input."""
        self._ratio = width / height
        self.update()

    def undo(self) -> None:
        """Take the last stroke back."""
        if self._strokes:
            self._strokes.pop()
            self._drawing = False
            self._tell()

    def clear(self) -> None:
        """Wipe the board."""
        if self._strokes:
            self._strokes.clear()
            self._drawing = False
            self._tell()

    def picture(self) -> QImage:
        """The drawing at a fixed size, whatever the size on screen; grey."""
        size = QSize(round(_SAVED_SIDE * self._ratio), _SAVED_SIDE)
        image = QImage(size, QImage.Format.Format_Grayscale8)
        painter = QPainter(image)
        self._draw(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return image

    def png(self) -> bytes:
        """The drawing as PNG."""
        return png_bytes(self.picture())

    def sizeHint(self) -> QSize:
        return QSize(_SAVED_SIDE, _SAVED_SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)

    def board(self) -> QRect:
        """Where the board lies in the widget: as large as fits, centred."""
        width = min(self.width(), round(self.height() * self._ratio))
        height = min(self.height(), round(self.width() / self._ratio))
        return QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        board = self.board()
        painter.setClipRect(board)
        self._draw(painter, QRectF(board))
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self.palette().color(self.palette().ColorRole.Mid), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(board.adjusted(0, 0, -1, -1))
        if self.empty:
            painter.setPen(self._colour(not self._dark, faint=True))
            painter.drawText(board, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, _("Draw here"))
        painter.end()

    def event(self, event: QEvent) -> bool:
        # Ctrl+Z takes back a stroke while the board has the focus; elsewhere it is the experiment's. A shortcut of the
        # board's own would be ambiguous beside the window's, and Qt would then call neither.
        if event.type() == QEvent.Type.ShortcutOverride and event.matches(QKeySequence.StandardKey.Undo):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        erases = event.button() == Qt.MouseButton.RightButton
        if event.button() != Qt.MouseButton.LeftButton and not erases:
            return
        self._drawing = True
        self._strokes.append(_Stroke(self._brush * (2 if erases else 1), erases, [self._share(event.position())]))
        self._tell()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawing:
            self._strokes[-1].points.append(self._share(event.position()))
            self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drawing = False

    def _share(self, position: QPointF) -> tuple[float, float]:
        board = self.board()
        return (position.x() - board.x()) / max(board.width(), 1), (position.y() - board.y()) / max(board.height(), 1)

    def _tell(self) -> None:
        self.update()
        self.changed.emit()

    def _colour(self, black: bool, faint: bool = False) -> QColor:
        if faint:
            return QColor(120, 120, 120)
        return QColor(Qt.GlobalColor.black if black else Qt.GlobalColor.white)

    def _draw(self, painter: QPainter, area: QRectF) -> None:
        painter.fillRect(area, self._colour(self._dark))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in self._strokes:
            colour = self._colour(self._dark if stroke.erases else not self._dark)
            width = stroke.percent / 100 * min(area.width(), area.height())
            painter.setPen(
                QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            )
            painter.drawPath(stroke.path(area))


class _Stroke:
    """One stroke: points as shares of the board's sides."""

    def __init__(self, percent: int, erases: bool, points: list[tuple[float, float]]) -> None:
        self.percent = percent
        self.erases = erases
        self.points = points

    def path(self, area: QRectF) -> QPainterPath:
        places = [QPointF(area.x() + x * area.width(), area.y() + y * area.height()) for x, y in self.points]
        path = QPainterPath(places[0])
        # A click without a movement is a dot: a path needs some length to be drawn at all.
        for place in places[1:] or [places[0] + QPointF(0.01, 0)]:
            path.lineTo(place)
        return path
