"""Lines over a common axis, with their values under the pointer."""

import math
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.legend import Legend
from workbench.gui.figures.plot import Plot, column, readout
from workbench.gui.metric_text import short_number
from workbench.gui.theme import plot_color, style_plot, theme
from workbench.gui.widgets import button_with_icon
from workbench.i18n import _

# Lines are told apart by their strokes as well as by their colours.
STROKES = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)  # fmt: skip
FEW_POINTS = 40
HIGHEST = 0.75  # of its width: higher, curves are hard to compare
MANY_POINTS = 4000


class CurvesView(FigureView):
    """Draws `Curves`. A curve keeps its line item for the next figure, so that live curves cost only their points."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = Plot()
        self._plot.showGrid(x=True, y=True, alpha=0.25)
        self._legend = Legend(STROKES)
        self._legend.setWordWrap(True)
        self._lines: dict[str, pyqtgraph.PlotDataItem] = {}
        self._marks: list[pyqtgraph.InfiniteLine] = []
        self._pointer = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._pointer.setVisible(False)
        self._plot.addItem(self._pointer, ignoreBounds=True)
        self._plot.scene().sigMouseMoved.connect(self._tell_values)
        # Later: a plot whose size is changed while it is changing draws for the size before.
        self._plot.resized.connect(self._limit_height, Qt.ConnectionType.QueuedConnection)
        self._values = readout()
        self._logarithmic_x = False
        self._styled: tuple[Any, str, str] | None = None
        self._logarithmic = QCheckBox(_("&Logarithmic"))
        self._logarithmic.toggled.connect(self._set_logarithmic)
        everything = button_with_icon(_("Show &all"))
        everything.setToolTip(_("Back to the whole range. Drag to move, Ctrl and the wheel to zoom."))
        everything.clicked.connect(self._show_all)
        self.knobs.addWidget(self._logarithmic)
        self.knobs.addWidget(everything)
        self.set_body(column(self._legend, self._plot, self._values))

    @property
    def plot(self) -> pyqtgraph.PlotWidget:
        """The plot, for tests and for pages that zoom it."""
        return self._plot

    def _limit_height(self) -> None:
        self._plot.setMaximumHeight(max(self._plot.minimumHeight(), round(HIGHEST * self._plot.width())))
        self.grow_with(self._plot)

    def draw(self) -> None:
        self._style()
        if self.figure.logarithmic_x != self._logarithmic_x:
            self._logarithmic_x = self.figure.logarithmic_x
            self._plot.setLogMode(x=self._logarithmic_x)
            self._show_all()
        self._plot.setAccessibleName(self.figure.title)
        self._plot.getAxis("bottom").whole = all(_whole(curve.x) for curve in self.figure.curves)
        self._legend.show_names(tuple(curve.name for curve in self.figure.curves))
        self._draw_lines()
        self._draw_marks()
        self._plot.scene().prepareForPaint()  # while it paints, a new range would have everything painted again

    def _style(self) -> None:
        """Colours and labels, when they are others: a figure that plays has the same ones all the time."""
        style = (theme(), self.figure.x_label, self.figure.y_label)
        if style == self._styled:
            return
        self._styled, colors = style, theme()
        style_plot(self._plot)
        self._plot.setLabel("bottom", self.figure.x_label, color=colors.muted)
        self._plot.setLabel("left", self.figure.y_label, color=colors.muted)
        self._pointer.setPen(pyqtgraph.mkPen(colors.field_border, width=1))

    def _draw_lines(self) -> None:
        wanted = [curve.name for curve in self.figure.curves]
        if list(self._lines) != wanted:
            for line in self._lines.values():
                self._plot.removeItem(line)
            self._lines = {name: self._plot.plot() for name in wanted}
        for number, curve in enumerate(self.figure.curves):
            line = self._lines[curve.name]
            color = plot_color(number)
            many = len(curve.x) > MANY_POINTS
            # A pen wider than one pixel, or dashed, makes Qt's line drawing many times slower on long curves.
            line.setPen(
                pyqtgraph.mkPen(color, width=1 if many else 2, style=STROKES[0 if many else number % len(STROKES)])
            )
            few = len(curve.x) <= FEW_POINTS
            line.setSymbol("o" if few else None)
            if few:
                line.setSymbolSize(5)
                line.setSymbolBrush(color)
                line.setSymbolPen(None)
            line.setClipToView(many)
            line.setDownsampling(auto=many, method="peak")
            line.setData(np.asarray(curve.x, float), np.asarray(curve.y, float), connect="finite")

    def _draw_marks(self) -> None:
        colors = theme()
        if len(self._marks) == len(self.figure.marks):  # moved, not made anew: that is several times as quick
            for mark, (name, position) in zip(self._marks, self.figure.marks, strict=True):
                mark.setPen(_mark_pen())
                mark.label.setColor(colors.text)
                mark.label.fill = pyqtgraph.mkBrush(QColor(colors.surface))
                mark.label.setFormat(name)
                mark.setPos(self._place(position))
            return
        for mark in self._marks:
            self._plot.removeItem(mark)
        self._marks = []
        for number, (name, position) in enumerate(self.figure.marks):
            # Curves end at the top or the bottom; and names of neighbours would lie over each other.
            height = 0.45 + 0.1 * (number % 2)
            mark = pyqtgraph.InfiniteLine(
                pos=self._place(position), angle=90, label=name, pen=_mark_pen(),
                labelOpts={"position": height, "color": colors.text, "fill": QColor(colors.surface), "movable": False},
            )  # fmt: skip
            self._plot.addItem(mark, ignoreBounds=True)
            self._marks.append(mark)

    def _place(self, position: float) -> float:
        """Where a position lies on the axis as it is drawn."""
        return math.log10(position) if self._logarithmic_x else position

    def _set_logarithmic(self, logarithmic: bool) -> None:
        self._plot.setLogMode(y=logarithmic)
        self._show_all()

    def _show_all(self) -> None:
        self._plot.enableAutoRange()

    def _tell_values(self, position: QPointF) -> None:
        box = self._plot.getPlotItem().vb
        if self.figure is None or not box.sceneBoundingRect().contains(position):
            self._pointer.setVisible(False)
            self._values.setText(" ")
            return
        wanted = box.mapSceneToView(position).x()
        if self._logarithmic_x:
            wanted = 10**wanted
        parts, nearest = [], None
        for curve in self.figure.curves:
            index = _nearest(curve.x, wanted)
            if index is not None:
                nearest = (
                    curve.x[index]
                    if nearest is None or abs(curve.x[index] - wanted) < abs(nearest - wanted)
                    else nearest
                )
                parts.append(f"{curve.name} {short_number(curve.y[index], 5)}")
        if nearest is None:
            return
        self._pointer.setPos(self._place(float(nearest)))
        self._pointer.setVisible(True)
        self._values.setText(f"{self.figure.x_label} {nearest:.6g}:  " + "   ".join(parts))


def _mark_pen() -> QPen:
    return pyqtgraph.mkPen(theme().muted, width=1, style=Qt.PenStyle.DashLine)


def _whole(x: np.ndarray) -> bool:
    """Whether all positions are whole numbers, as those of epochs and layers."""
    places = np.asarray(x, float)
    return bool((places == np.round(places)).all())


def _nearest(x: np.ndarray, wanted: float) -> int | None:
    """The index of the position closest to `wanted`; positions rise."""
    if len(x) == 0:
        return None
    after = int(np.clip(np.searchsorted(x, wanted), 0, len(x) - 1))
    before = max(after - 1, 0)
    return before if abs(x[before] - wanted) <= abs(x[after] - wanted) else after
