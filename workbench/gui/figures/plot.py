"""What the views of plots share: the plot itself, keys that walk through its points, fields of colour under it."""

import math

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from workbench.colour_maps import VIRIDIS
from workbench.gui.metric_text import short_number
from workbench.gui.theme import GRID, theme

SMALLEST_HEIGHT = 260
STEPS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10,
}  # fmt: skip


class WholeAxis(pyqtgraph.AxisItem):
    """An axis that, where it is told so, has no numbers between whole ones: there is no epoch 1.5."""

    whole = False

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Distances and offsets of the levels of ticks, the widest first."""
        levels = super().tickSpacing(low, high, size)
        if not self.whole:
            return levels
        return [level for level in levels if level[0] >= 1] or [(1.0, 0.0)]


class Plot(pyqtgraph.PlotWidget):
    """A plot inside a page that scrolls: the wheel zooms only with Ctrl, and the figure's own menu is offered."""

    walked = Signal(int)  # so many points further
    chosen = Signal()  # Enter or Space
    pointed = Signal(QPointF)  # position of the pointer on the axes
    pressed = Signal(QPointF)  # a click, likewise
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems={"bottom": WholeAxis("bottom")})
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMinimumHeight(SMALLEST_HEIGHT)
        for side in ("left", "bottom"):  # the numbers as they are, instead of "(x0.001)" behind the label
            self.getAxis(side).enableAutoSIPrefix(False)
        self.getPlotItem().layout.setContentsMargins(0, GRID, GRID, 0)  # half of the outermost numbers lies outside
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.scene().sigMouseMoved.connect(self._moved)
        self.scene().sigMouseClicked.connect(self._clicked)

    def sizeHint(self) -> QSize:
        # Not, as a graphics view has it, the size it has now. It grows where there is room; a page that scrolls asks
        # for this height.
        return QSize(480, SMALLEST_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in STEPS:
            self.walked.emit(STEPS[event.key()])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions on the axes in pixels of the plot."""
        left, bottom = self._corner(0), self._corner(1)
        return (np.asarray(x, float) - left[0]) * left[1], (np.asarray(y, float) - bottom[0]) * bottom[1]

    def _corner(self, axis: int) -> tuple[float, float]:
        box = self.getPlotItem().vb
        low, high = box.viewRange()[axis]
        length = box.width() if axis == 0 else box.height()
        return low, length / (high - low)

    def _moved(self, position: QPointF) -> None:
        box = self.getPlotItem().vb
        if box.sceneBoundingRect().contains(position):
            self.pointed.emit(box.mapSceneToView(position))

    def _clicked(self, event: object) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            self.pressed.emit(box.mapSceneToView(event.scenePos()))


def readout() -> QLabel:
    """The line under a plot that says what is under the pointer."""
    label = QLabel(" ")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", "hint")
    return label


def column(*widgets: QWidget) -> QWidget:
    """Widgets below each other; plots take the room there is."""
    body = QWidget()
    layout = QVBoxLayout(body)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID // 2)
    for widget in widgets:
        layout.addWidget(widget, 1 if isinstance(widget, Plot) else 0)
    return body


def finite_range(values: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest number, never the same; 0 and 1 where there is none."""
    numbers = np.asarray(values, float)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return (0.0, 1.0)
    low, high = float(numbers.min()), float(numbers.max())
    return (low, high) if high > low else (low, low + max(abs(low), 1.0) * 1e-6)


def end_texts(low: float, high: float) -> tuple[str, str]:
    """Both ends of a range, as exact as its width deserves."""
    digits = 3 - math.floor(math.log10(high - low))
    return (short_number(round(low, digits) + 0.0, 5), short_number(round(high, digits) + 0.0, 5))


def softened(colours: np.ndarray = VIRIDIS, share: float = 0.55) -> np.ndarray:
    """A colour map moved towards the ground of the theme, for fields that have points over them."""
    ground = QColor(theme().surface)
    mixed = share * colours + (1 - share) * np.array([ground.red(), ground.green(), ground.blue()])
    return mixed.round().astype(np.uint8)


def show_field(
    item: pyqtgraph.ImageItem, values: np.ndarray, place: tuple[float, float, float, float], colours: np.ndarray
) -> tuple[float, float]:
    """Draw values (rows from the bottom) as colours; what is no number stays clear.

    Args:
        item: what draws them.
        values: (rows, columns).
        place: (x minimum, x maximum, y minimum, y maximum), centres of the outer cells.
        colours: uint8 (256, 3).

    Returns:
        The values at both ends of the colours.
    """
    low, high = finite_range(values)
    numbers = np.isfinite(values)
    shares = np.clip((np.where(numbers, values, low) - low) / (high - low), 0, 1)
    pixels = np.dstack([colours[(shares * 255).round().astype(np.uint8)], np.where(numbers, 255, 0).astype(np.uint8)])
    item.setImage(pixels, axisOrder="row-major", autoLevels=False, levels=(0, 255))
    left, right, bottom, top = place
    wide = (right - left) / max(1, values.shape[1] - 1) or 1.0
    tall = (top - bottom) / max(1, values.shape[0] - 1) or 1.0
    item.setRect(QRectF(left - wide / 2, bottom - tall / 2, right - left + wide, top - bottom + tall))
    return low, high
