"""A function of two variables from above: colours, lines of equal value, and the path that was taken over it."""

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from workbench.colour_maps import VIRIDIS, colour, dark_text_reads_better
from workbench.figures import Surface
from workbench.gui.figures.colour_bar import ColourBar
from workbench.gui.figures.contours import contour_levels, contour_lines
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.plot import Plot, column, end_texts, finite_range, readout, show_field
from workbench.gui.metric_text import short_number
from workbench.gui.theme import style_plot, theme
from workbench.gui.widgets import button_with_icon
from workbench.i18n import _, counted

LEAST_HEIGHT = 320
FAR = 50.0  # how many widths of the surface away a step of the path is drawn at most
FEW_STEPS = 80  # up to so many, every step of the path has a dot
FINEST = 400  # cells along an axis of a surface whose steps are uneven


class SurfaceView(FigureView):
    """Draws `Surface`. Arrow keys walk along the path and say its steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = Plot()
        self._plot.setMinimumHeight(LEAST_HEIGHT)
        self._field = pyqtgraph.ImageItem()
        self._plot.addItem(self._field)
        # Contours over dark colours are light, and the other way round.
        self._contours = {dark: self._plot.plot(connect="pairs") for dark in (True, False)}
        self._halo = self._plot.plot(pen=pyqtgraph.mkPen("#000000", width=4))
        self._path = self._plot.plot(pen=pyqtgraph.mkPen("#ffffff", width=2))
        for item in (self._halo, self._path):
            item.setZValue(10)
        self._ends = pyqtgraph.ScatterPlotItem(pxMode=True)
        self._ends.setZValue(20)
        self._step = pyqtgraph.ScatterPlotItem(pxMode=True, size=18, symbol="o", brush=None)
        self._step.setPen(pyqtgraph.mkPen("#ffffff", width=3))
        self._step.setZValue(30)
        for item in (self._ends, self._step):
            self._plot.addItem(item, ignoreBounds=True)
        self._names: list[pyqtgraph.TextItem] = []
        self._current = -1
        self._plot.pointed.connect(self._point)
        self._plot.walked.connect(self._walk)
        # Later: a plot whose size is changed while it is changing draws for the size before.
        self._plot.resized.connect(self._limit_height, Qt.ConnectionType.QueuedConnection)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.PlainText)
        self._legend.setWordWrap(True)
        self._told = readout()
        self._key = ColourBar()
        self._key_name = QLabel()
        self._key_name.setProperty("role", "caption")
        everything = button_with_icon(_("Show &all"))
        everything.setToolTip(_("Back to the whole range. Drag to move, Ctrl and the wheel to zoom."))
        everything.clicked.connect(self._show_all)
        self.knobs.addWidget(everything)
        self.set_body(column(self._legend, self._plot, self._told, self._key_name, self._key))
        self._place: tuple[float, float, float, float] | None = None

    def _limit_height(self) -> None:
        self._plot.setMaximumHeight(max(self._plot.minimumHeight(), self._plot.width()))  # a square at most
        self.grow_with(self._plot)

    @property
    def plot(self) -> Plot:
        """The plot, for tests and for pages that zoom it."""
        return self._plot

    def draw(self) -> None:
        figure: Surface = self.figure
        style_plot(self._plot)
        self._plot.setLabel("bottom", figure.x_label, color=theme().muted)
        self._plot.setLabel("left", figure.y_label, color=theme().muted)
        self._draw_surface()
        self._draw_path()
        self._draw_marks()
        self._current = -1
        self._step.setData(x=[], y=[])
        outside = self._steps_outside()
        self._told.setText(outside or " ")
        self._plot.setAccessibleName(figure.title)
        about = _("A path of {count} steps; arrow keys walk along it.").format(count=len(self._steps()))
        self._plot.setAccessibleDescription(" ".join(part for part in (about, outside) if part))
        place = (*finite_range(figure.x), *finite_range(figure.y))
        if place != self._place:  # another surface; a zoom into the same one stays
            self._place = place
            self._show_all()

    def describe_step(self, index: int) -> str:
        """A step of the path in words."""
        figure: Surface = self.figure
        steps = self._steps()
        x, y = steps[index]
        value = (
            "" if self._value_at(x, y) is None else f"   {figure.value_label} {short_number(self._value_at(x, y), 5)}"
        )
        return _("Step {number} of {count}:").format(number=index, count=len(steps) - 1) + (
            f"  {figure.x_label} {short_number(x, 5)}   {figure.y_label} {short_number(y, 5)}{value}"
        )

    def _steps(self) -> np.ndarray:
        return np.asarray(self.figure.path, float).reshape(-1, 2)

    def _draw_surface(self) -> None:
        figure: Surface = self.figure
        values = drawn_values(figure)
        for item in self._contours.values():
            item.setData([], [])
        there = values.size > 0 and bool(np.isfinite(values).any())
        self._field.setVisible(there)
        self._key.setVisible(there)
        self._key_name.setVisible(there and bool(figure.value_label))
        if not there:
            self._field.clear()
            return
        x, y = np.asarray(figure.x, float), np.asarray(figure.y, float)
        low, high = show_field(self._field, evenly(x, y, values), (x[0], x[-1], y[0], y[-1]), VIRIDIS)
        ends = (short_number(10**low), short_number(10**high)) if figure.logarithmic else end_texts(low, high)
        self._key.set_range(*ends, VIRIDIS)
        name = _("{name}, logarithmic") if figure.logarithmic else "{name}"
        self._key_name.setText(name.format(name=figure.value_label))
        self._draw_contours(x, y, values, low, high)

    def _draw_contours(self, x: np.ndarray, y: np.ndarray, values: np.ndarray, low: float, high: float) -> None:
        levels = contour_levels(values)
        dark = dark_text_reads_better(colour((levels - low) / (high - low)))
        for choice, item in self._contours.items():
            pieces = [contour_lines(x, y, values, level) for level in levels[dark == choice]]
            item.setPen(pyqtgraph.mkPen(QColor(0, 0, 0, 130) if choice else QColor(255, 255, 255, 130), width=1))
            if pieces:
                item.setData(np.concatenate([piece[0] for piece in pieces]),
                             np.concatenate([piece[1] for piece in pieces]))  # fmt: skip

    def _draw_path(self) -> None:
        steps = near(self._steps(), self.figure)
        few = len(steps) <= FEW_STEPS
        for item in (self._halo, self._path):
            item.setData(steps[:, 0], steps[:, 1], connect="finite")
        self._path.setSymbol("o" if few and len(steps) else None)
        if few and len(steps):
            self._path.setSymbolSize(5)
            self._path.setSymbolBrush("#ffffff")
            self._path.setSymbolPen(pyqtgraph.mkPen("#000000", width=1))

    def _draw_marks(self) -> None:
        for name in self._names:
            self._plot.removeItem(name)
        self._names = []
        spots, texts = [], []
        steps = near(self._steps(), self.figure)
        steps = steps[np.isfinite(steps).all(axis=1)]
        if len(steps):
            spots += [_spot(steps[0], "o", 13), _spot(steps[-1], "s", 13)]
            texts += ["○ " + _("start"), "□ " + _("end")]
        for name, x, y in self.figure.marks:
            if not (np.isfinite(x) and np.isfinite(y)):
                continue
            spots.append(_spot((x, y), "star", 17))
            texts.append(f"☆ {name}")
            text = pyqtgraph.TextItem(name, color="#ffffff", fill=QColor(0, 0, 0, 170), anchor=(-0.15, 0.5))
            text.setPos(float(x), float(y))
            text.setZValue(25)
            self._plot.addItem(text, ignoreBounds=True)
            self._names.append(text)
        self._ends.setData(spots)
        self._legend.setText("   ".join(texts))
        self._legend.setVisible(bool(texts))

    def _steps_outside(self) -> str:
        steps, (left, right), (bottom, top) = self._steps(), finite_range(self.figure.x), finite_range(self.figure.y)
        x, y = steps[:, 0], steps[:, 1]
        outside = int(len(steps) - np.sum((x >= left) & (x <= right) & (y >= bottom) & (y <= top)))
        if not outside:
            return ""
        text = counted(
            "{outside} of {count} steps of the path lies outside the part that is drawn.",
            "{outside} of {count} steps of the path lie outside the part that is drawn.",
            outside,
        )
        return text.format(outside=outside, count=len(steps))

    def _show_all(self) -> None:
        left, right, bottom, top = (*finite_range(self.figure.x), *finite_range(self.figure.y))
        self._plot.setRange(xRange=(left, right), yRange=(bottom, top), padding=0.02)

    def _value_at(self, x: float, y: float) -> float | None:
        """The value between the four nearest; None beside the surface or where one of them is no number."""
        figure: Surface = self.figure
        if not np.size(figure.values) or not (np.isfinite(x) and np.isfinite(y)):
            return None
        (left, right), (bottom, top) = finite_range(figure.x), finite_range(figure.y)
        if not (left <= x <= right and bottom <= y <= top):
            return None
        (column, across), (row, up) = _between(figure.x, x), _between(figure.y, y)
        corners = np.asarray(figure.values, float)[row : row + 2, column : column + 2]
        if not np.isfinite(corners).all():
            return None
        along = [np.interp(across, (0, 1), line) if len(line) > 1 else line[0] for line in corners]
        return float(np.interp(up, (0, 1), along) if len(along) > 1 else along[0])

    def _point(self, place: QPointF) -> None:
        figure: Surface = self.figure
        value = self._value_at(place.x(), place.y())
        text = f"{figure.x_label} {short_number(place.x(), 5)}   {figure.y_label} {short_number(place.y(), 5)}"
        self._told.setText(text if value is None else f"{text}   {figure.value_label} {short_number(value, 5)}")

    def _walk(self, steps: int) -> None:
        path = self._steps()
        if not len(path):
            return
        at = self._current + steps if self._current >= 0 else 0
        self._current = min(max(at, 0), len(path) - 1)
        place = near(path[self._current : self._current + 1], self.figure)
        self._step.setData(x=place[:, 0], y=place[:, 1])
        self._told.setText(self.describe_step(self._current))
        self._plot.setAccessibleDescription(self.describe_step(self._current))


def drawn_values(figure: Surface) -> np.ndarray:
    """The values that colours and contours follow: NaN where there is none, or none to take a logarithm of."""
    values = np.array(figure.values, float)
    values[~np.isfinite(values)] = np.nan
    if figure.logarithmic:
        values[values <= 0] = np.nan
        values = np.log10(values)
    return values


def evenly(x: np.ndarray, y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values on a grid of even steps, by straight lines between those given; as they are where steps are even."""
    for axis, places in ((1, x), (0, y)):
        steps = np.diff(places)
        if len(steps) < 2 or np.allclose(steps, steps[0], rtol=1e-3):
            continue
        count = min(FINEST, max(len(places), round((places[-1] - places[0]) / steps.min()) + 1))
        wanted = np.linspace(places[0], places[-1], count)
        after = np.clip(np.searchsorted(places, wanted), 1, len(places) - 1)
        share = np.expand_dims((wanted - places[after - 1]) / steps[after - 1], 1 - axis)
        values = np.take(values, after - 1, axis) * (1 - share) + np.take(values, after, axis) * share
    return values


def near(steps: np.ndarray, figure: Surface) -> np.ndarray:
    """A path whose steps far outside the surface are drawn in, so that no coordinate is too large to draw."""
    drawn = np.array(steps, float).reshape(-1, 2)
    drawn[~np.isfinite(drawn).all(axis=1)] = np.nan
    for axis, places in enumerate((figure.x, figure.y)):
        low, high = finite_range(places)
        drawn[:, axis] = np.clip(drawn[:, axis], low - FAR * (high - low), high + FAR * (high - low))
    return drawn


def _between(places: np.ndarray, wanted: float) -> tuple[int, float]:
    """The index of the place before, and how far between it and the next."""
    before = int(np.clip(np.searchsorted(places, wanted, "right") - 1, 0, max(0, len(places) - 2)))
    if len(places) < 2:
        return before, 0.0
    return before, float((wanted - places[before]) / (places[before + 1] - places[before]))


def _spot(place: np.ndarray | tuple[float, float], symbol: str, size: int) -> dict:
    return {
        "pos": (float(place[0]), float(place[1])), "symbol": symbol, "size": size,
        "brush": pyqtgraph.mkBrush("#ffffff"), "pen": pyqtgraph.mkPen("#000000", width=1.5),
    }  # fmt: skip
