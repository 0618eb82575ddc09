"""The painted part of a matrix: cells, names that fit, a cursor; zoom and pan.

Where cells are smaller than pixels, a pixel shows the highest of its cells, so that a single mistake among a million
cells stays visible; of numbers from -1 to 1, the one that is the farthest from 0. Cells without a count or a number
keep the colour of the background.
"""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.colour_maps import dark_text_reads_better
from workbench.figures import Matrix
from workbench.gui.figures.pictures import to_image
from workbench.gui.theme import GRID, theme

LARGEST_CELL = 120
ZOOM_STEP = 1.25
WIDEST_NAMES = 0.28
DRAG_STARTS = 4
SMALLEST = QSize(320, 360)

ARROWS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


class MatrixCanvas(QWidget):
    """Paints the matrix and knows which cell is meant."""

    cell_pointed = Signal(int, int)  # row and column under the pointer or the cursor; -1, -1 when it leaves
    cell_clicked = Signal(int, int)
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._matrix: Matrix | None = None
        self._shares = np.zeros((0, 0))
        self._empty = np.zeros((0, 0), bool)
        self._style = "count"
        self._colours = np.zeros((256, 3), np.uint8)
        self._zoom = 1.0
        self._corner = QPointF(0, 0)  # what of the matrix is at the upper left, in cells
        self._cursor = (0, 0)
        self._places: QRect | None = None
        self._pressed: QPointF | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(SMALLEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_matrix(self, matrix: Matrix, shares: np.ndarray, style: str, colours: np.ndarray) -> None:
        """Show a matrix.

        Args:
            matrix: what is shown.
            shares: (n, n), places in the colours from 0 to 1.
            style: what the cells say: their `count`, their share in `percent`, or their `signed` value (the middle of
                the colours is 0 then, and NaN has none).
            colours: uint8 (256, 3).
        """
        if self._matrix is None or len(matrix.names) != len(self._matrix.names):
            self._zoom, self._corner, self._cursor = 1.0, QPointF(0, 0), (0, 0)
        self._empty = np.isnan(shares) if style == "signed" else shares <= 0
        self._matrix, self._shares, self._style, self._colours = matrix, np.nan_to_num(shares, nan=0.5), style, colours
        self._places = None
        self._limit_height()
        self.update()

    def show_all(self) -> None:
        """The whole matrix."""
        self._zoom, self._corner = 1.0, QPointF(0, 0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(520, 480)

    @property
    def cell_side(self) -> float:
        """The side of a cell in pixels."""
        area, count = self._area(), max(1, self._count())
        return min(LARGEST_CELL, min(area.width(), area.height()) / count) * self._zoom

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """Row and column at a position, or (-1, -1)."""
        area, side = self._area(), self.cell_side
        column = math.floor((position.x() - area.left()) / side + self._corner.x())
        row = math.floor((position.y() - area.top()) / side + self._corner.y())
        inside = QRectF(area).contains(position) and 0 <= row < self._count() and 0 <= column < self._count()
        return (row, column) if inside else (-1, -1)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell is painted, in sight or not."""
        area, side = self._area(), self.cell_side
        left = area.left() + (column - self._corner.x()) * side
        top = area.top() + (row - self._corner.y()) * side
        return QRectF(left, top, side, side)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._places = None
        self._limit_height()
        self.resized.emit()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        self._places = None

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._matrix is None or not self._count():
            return
        painter = QPainter(self)
        area = self._area()
        rows, columns = self._in_sight()
        painter.save()
        painter.setClipRect(area.adjusted(0, 0, 1, 1))
        self._paint_cells(painter, area, rows, columns)
        self._paint_texts(painter, rows, columns)
        self._paint_cursor(painter)
        painter.restore()
        self._paint_names(painter, area, rows, columns)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = event.position() - self._pressed
            if self._dragged or moved.manhattanLength() > DRAG_STARTS:
                self._dragged = True
                self._move_to(self._corner - moved / self.cell_side)
                self._pressed = event.position()
            return
        self.cell_pointed.emit(*self.cell_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton
        self._pressed = None
        row, column = self.cell_at(event.position())
        if clicked and row >= 0:
            self._cursor = (row, column)
            self.update()
            self.cell_clicked.emit(row, column)

    def leaveEvent(self, event) -> None:
        self.cell_pointed.emit(-1, -1)
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_by(ZOOM_STEP ** (event.angleDelta().y() / 120), event.position())
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in ARROWS:
            down, right = ARROWS[key]
            last = self._count() - 1
            self._cursor = (min(max(self._cursor[0] + down, 0), last), min(max(self._cursor[1] + right, 0), last))
            self._bring_into_sight()
            self.cell_pointed.emit(*self._cursor)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._count():
            self.cell_clicked.emit(*self._cursor)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom_by(ZOOM_STEP, self.cell_rect(*self._cursor).center())
        elif key == Qt.Key.Key_Minus:
            self._zoom_by(1 / ZOOM_STEP, self.cell_rect(*self._cursor).center())
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _count(self) -> int:
        return 0 if self._matrix is None else len(self._matrix.names)

    def _area(self) -> QRect:
        """Where the cells are: right of and below the names."""
        if self._places is None:
            self._places = self._measure()
        return self._places

    def _measure(self) -> QRect:
        metrics = self.fontMetrics()
        line, title = metrics.height(), metrics.height() + GRID
        names = () if self._matrix is None else self._matrix.names
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0) + GRID
        left = title + min(widest, int(min(self.width(), self.height()) * WIDEST_NAMES))
        # Half a line stays free at the far ends, where the last names reach over their cells.
        width, height = self.width() - left - line // 2, self.height() - line // 2
        flat = title + line + GRID // 2
        beside = title + min(widest, int(self.width() * WIDEST_NAMES))
        if widest <= min(
            LARGEST_CELL, (self.width() - beside - line // 2) / max(1, len(names)), (height - flat) / max(1, len(names))
        ):
            return QRect(beside, flat, self.width() - beside - line // 2, height - flat)
        return QRect(left, left, width, height - left)

    def _limit_height(self) -> None:
        """No higher than the cells need at this width, so that nothing stays empty below them."""
        if not self._count():
            return
        area = self._measure()
        side = min(LARGEST_CELL, area.width() / max(1, self._count()))
        needed = area.top() + side * self._count() + self.fontMetrics().height() // 2 + 1
        self.setMinimumHeight(min(SMALLEST.height(), math.ceil(needed)))
        self.setMaximumHeight(math.ceil(needed))

    def _in_sight(self) -> tuple[range, range]:
        area, side, count = self._area(), self.cell_side, self._count()
        first_row, first_column = max(0, math.floor(self._corner.y())), max(0, math.floor(self._corner.x()))
        last_row = min(count, math.ceil(self._corner.y() + area.height() / side))
        last_column = min(count, math.ceil(self._corner.x() + area.width() / side))
        return range(first_row, last_row), range(first_column, last_column)

    def _paint_cells(self, painter: QPainter, area: QRect, rows: range, columns: range) -> None:
        background = QColor(theme().surface)
        values = self._shares[rows.start : rows.stop, columns.start : columns.stop]
        device_side = self.cell_side * self.devicePixelRatioF()
        empty = self._empty[rows.start : rows.stop, columns.start : columns.stop]
        if device_side < 1:
            block = math.ceil(1 / device_side)
            empty = ~highest_of_blocks(~empty, block)
            values = (farthest_of_blocks if self._style == "signed" else highest_of_blocks)(values, block)
        pixels = self._colours[(np.clip(values, 0, 1) * 255).round().astype(np.uint8)]
        pixels[empty] = (background.red(), background.green(), background.blue())
        corner = self.cell_rect(rows.start, columns.start).topLeft()
        size = QPointF(len(columns), len(rows)) * self.cell_side
        target = QRectF(corner, corner + size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, to_image(pixels))
        painter.setPen(QColor(theme().border))
        if self.cell_side >= 6:
            self._paint_grid(painter, target, len(rows), len(columns))
        painter.drawRect(target)

    def _paint_grid(self, painter: QPainter, target: QRectF, rows: int, columns: int) -> None:
        for column in range(columns + 1):
            x = target.left() + column * self.cell_side
            painter.drawLine(QPointF(x, target.top()), QPointF(x, target.bottom()))
        for row in range(rows + 1):
            y = target.top() + row * self.cell_side
            painter.drawLine(QPointF(target.left(), y), QPointF(target.right(), y))

    def _paint_texts(self, painter: QPainter, rows: range, columns: range) -> None:
        """The numbers, in black or white, whichever reads better; all of them fit, or none is shown."""
        metrics = self.fontMetrics()
        longest = {"percent": "100 %", "signed": "-0.00"}.get(self._style)
        longest = longest or f"{int(np.max(self._matrix.values, initial=0)):,}"
        if metrics.horizontalAdvance(longest) + 4 > self.cell_side or metrics.height() > self.cell_side:
            return
        cell_colours = self._colours[(np.clip(self._shares, 0, 1) * 255).round().astype(np.uint8)]
        dark_text = dark_text_reads_better(cell_colours)
        empty, muted = self._empty, QColor(theme().muted)
        for row in rows:
            for column in columns:
                if empty[row, column]:
                    painter.setPen(muted)
                else:
                    painter.setPen(QColor("black") if dark_text[row, column] else QColor("white"))
                painter.drawText(self.cell_rect(row, column), Qt.AlignmentFlag.AlignCenter, self._text(row, column))

    def _text(self, row: int, column: int) -> str:
        if self._style == "signed":
            return signed(self._matrix.values[row, column])
        if self._style == "count":
            return f"{int(self._matrix.values[row, column]):,}"
        share = self._shares[row, column]
        return "<1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")

    def _paint_cursor(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme().accent), 2.5))
            frame = self.cell_rect(*self._cursor)
            grown = max(0.0, (8 - frame.width()) / 2)
            painter.drawRect(frame.adjusted(-grown, -grown, grown, grown))

    def _paint_names(self, painter: QPainter, area: QRect, rows: range, columns: range) -> None:
        """As many names as fit without touching each other: every one, or every n-th."""
        metrics = self.fontMetrics()
        title = metrics.height() + GRID
        room = area.left() - title - 6
        step = max(1, math.ceil(metrics.height() / self.cell_side))
        painter.setPen(QColor(theme().text))
        for row in (row for row in rows if row % step == 0):
            frame = self.cell_rect(row, columns.start)
            if area.top() - 1 <= frame.center().y() <= area.bottom() + 1:
                place = QRectF(title, frame.center().y() - metrics.height() / 2, room, metrics.height())
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(place, flags, _short(metrics, self._matrix.names[row], room))
        for column in (column for column in columns if column % step == 0):
            centre = self.cell_rect(rows.start, column).center().x()
            if area.left() - 1 <= centre <= area.right() + 1:
                self._paint_column_name(painter, centre, area.top() - 6, room, self._matrix.names[column])
        self._paint_titles(painter, area)

    def _paint_column_name(self, painter: QPainter, centre: float, bottom: float, room: float, name: str) -> None:
        metrics = self.fontMetrics()
        if metrics.horizontalAdvance(name) + 4 <= self.cell_side:
            place = QRectF(centre - self.cell_side / 2, bottom - metrics.height(), self.cell_side, metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)
            return
        painter.save()
        painter.translate(centre, bottom)
        painter.rotate(-90)
        place = QRectF(0, -metrics.height() / 2, room, metrics.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, _short(metrics, name, room))
        painter.restore()

    def _paint_titles(self, painter: QPainter, area: QRect) -> None:
        shown = QRectF(area).intersected(
            QRectF(self.cell_rect(0, 0).topLeft(), self.cell_rect(self._count() - 1, self._count() - 1).bottomRight())
        )
        metrics = self.fontMetrics()
        painter.setPen(QColor(theme().muted))
        across = QRectF(
            shown.left(),
            0,
            max(shown.width(), metrics.horizontalAdvance(self._matrix.column_label) + 4),
            metrics.height(),
        )
        painter.drawText(across, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, self._matrix.column_label)
        painter.save()
        painter.translate(0, shown.center().y())
        painter.rotate(-90)
        half = max(shown.height(), metrics.horizontalAdvance(self._matrix.row_label) + 4) / 2
        painter.drawText(
            QRectF(-half, 0, 2 * half, metrics.height()), Qt.AlignmentFlag.AlignCenter, self._matrix.row_label
        )
        painter.restore()

    def _zoom_by(self, factor: float, about: QPointF) -> None:
        area, before = self._area(), self.cell_side
        largest = max(1.0, LARGEST_CELL / (before / self._zoom))
        self._zoom = min(max(self._zoom * factor, 1.0), largest)
        offset = about - QPointF(area.topLeft())
        self._move_to(self._corner + offset / before - offset / self.cell_side)

    def _move_to(self, corner: QPointF) -> None:
        area, side, count = self._area(), self.cell_side, self._count()
        right, bottom = max(0.0, count - area.width() / side), max(0.0, count - area.height() / side)
        self._corner = QPointF(min(max(corner.x(), 0.0), right), min(max(corner.y(), 0.0), bottom))
        self.update()

    def _bring_into_sight(self) -> None:
        area, side = self._area(), self.cell_side
        row, column = self._cursor
        high, wide = area.height() / side, area.width() / side
        y = min(max(self._corner.y(), row + 1 - high), row)
        x = min(max(self._corner.x(), column + 1 - wide), column)
        self._move_to(QPointF(x, y))


def highest_of_blocks(values: np.ndarray, block: int) -> np.ndarray:
    """The highest value of every block of `block` by `block` cells; the last ones may be smaller."""
    if block <= 1 or not values.size:
        return values
    rows = np.maximum.reduceat(values, np.arange(0, values.shape[0], block), axis=0)
    return np.maximum.reduceat(rows, np.arange(0, values.shape[1], block), axis=1)


def farthest_of_blocks(values: np.ndarray, block: int) -> np.ndarray:
    """The value farthest from the middle, 0.5, of every block of `block` by `block` cells."""
    highest, lowest = highest_of_blocks(values, block), -highest_of_blocks(-values, block)
    return np.where(highest - 0.5 >= 0.5 - lowest, highest, lowest)


def signed(value: float) -> str:
    """A number from -1 to 1 with two decimals; a dash for none."""
    return "–" if np.isnan(value) else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def _short(metrics: QFontMetrics, text: str, room: float) -> str:
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room))
