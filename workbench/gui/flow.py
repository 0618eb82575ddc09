"""Small widgets in a row that goes on in the next line where the room ends."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Flow(QWidget):
    """Widgets side by side in columns of equal width, in as many lines as they need.

    Args:
        spacing: between columns, px.
        line_spacing: between lines, px.
        most_lines: it is never so narrow that it needs more.
    """

    def __init__(self, spacing: int, line_spacing: int, most_lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spacing = spacing
        self._line_spacing = line_spacing
        self._most_lines = most_lines
        self._least_width = 0
        self._items: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        """Put one more at the end."""
        widget.setParent(self)
        self._items.append(widget)
        widget.show()
        self.updateGeometry()
        self._arrange()

    def clear(self) -> None:
        """Take all away."""
        for widget in self._items:
            widget.hide()
            widget.deleteLater()
        self._items.clear()
        self.updateGeometry()

    def heightForWidth(self, width: int) -> int:
        lines = self._lines(width)
        if not lines:
            return 0
        return sum(self._height(line) for line in lines) + self._line_spacing * (len(lines) - 1)

    def sizeHint(self) -> QSize:
        wide = sum(widget.sizeHint().width() + self._spacing for widget in self._items)
        return QSize(max(0, wide - self._spacing), self.heightForWidth(max(self.width(), 1)))

    def minimumSizeHint(self) -> QSize:
        columns = -(-len(self._items) // self._most_lines)
        width = columns * (self._widest() + self._spacing) - self._spacing
        return QSize(max(0, width), self._height(self._items) if self._items else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @property
    def widest(self) -> int:
        """The width that the widest of its widgets wants."""
        return max((widget.sizeHint().width() for widget in self._items), default=0)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # a widget in it became higher or wider
            self.relayout(self._least_width)
        return super().event(event)

    def relayout(self, least_width: int) -> None:
        """What is in it became wider or narrower; columns are at least so wide, as those of others beside it."""
        self._least_width = least_width
        self.updateGeometry()
        self._arrange()

    def _arrange(self) -> None:
        top = 0
        for line in self._lines(self.width()):
            height = self._height(line)
            for column, widget in enumerate(line):
                left = column * (self._column(self.width()) + self._spacing)
                widget.setGeometry(QRect(QPoint(left, top), QSize(self._column(self.width()), height)))
            top += height + self._line_spacing

    def _lines(self, width: int) -> list[list[QWidget]]:
        count = self._per_line(width)
        return [self._items[start : start + count] for start in range(0, len(self._items), count)]

    def _per_line(self, width: int) -> int:
        """As many as fit, but no fuller lines than are needed for lines of about equal length."""
        fitting = max(1, (width + self._spacing) // max(1, self._widest() + self._spacing))
        lines = -(-len(self._items) // fitting)
        return max(1, -(-len(self._items) // max(1, lines)))

    def _column(self, width: int) -> int:
        count = self._per_line(width)
        widest = self._widest()
        room = (width - self._spacing * (count - 1)) // count
        return max(widest, min(room, 2 * widest))

    def _widest(self) -> int:
        return max(self.widest, self._least_width)

    def _height(self, line: list[QWidget]) -> int:
        return max(widget.sizeHint().height() for widget in line)
