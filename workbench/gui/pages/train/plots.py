"""The live curves: loss per batch, and what is known per epoch. Only as many points are drawn as there are pixels."""

import numpy as np
import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QWidget

from workbench.figures import Curve, Curves
from workbench.gui.figures.legend import Legend
from workbench.gui.pages.train.losses import LossHistory
from workbench.gui.theme import appearance, plot_color, style_plot, theme
from workbench.i18n import _

_RAW_ALPHA = 150
_STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


class _CountAxis(pyqtgraph.AxisItem):
    """An axis of things that are counted: no half epochs."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        return [(max(spacing, 1.0), offset) for spacing, offset in super().tickSpacing(low, high, size)]


class TrainingPlot(pyqtgraph.PlotWidget):
    """A plot in the colours of the theme. Drag moves, Ctrl and the wheel zoom, a double click shows everything."""

    solid = False

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems={"bottom": _CountAxis("bottom")})
        self._stages: dict[tuple[float, str], pyqtgraph.InfiniteLine] = {}
        self.legend = Legend(_STROKES[:1] if self.solid else _STROKES)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.showGrid(x=True, y=True, alpha=0.15)
        self.setMinimumHeight(72)
        self.setAccessibleName(name)
        self.getViewBox().setMouseEnabled(x=True, y=True)
        appearance().changed.connect(self.restyle)
        self.restyle()

    def figure(self) -> Curves:
        """Everything that is drawn, with all its points."""
        raise NotImplementedError

    def show_stages(self, stages: dict[float, str]) -> None:
        """Mark where the training went another way: titles by their places on the axis."""
        wanted = [(place, title) for place, title in stages.items() if place > 0]
        if wanted == list(self._stages):
            return
        for line in self._stages.values():
            self.removeItem(line)
        self._stages = {
            (place, title): pyqtgraph.InfiniteLine(
                pos=place, angle=90, movable=False, label=title, labelOpts={"position": 0.06, "movable": False}
            )
            for place, title in wanted
        }
        for line in self._stages.values():
            self.addItem(line, ignoreBounds=True)
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        style_plot(self)
        self.legend.restyle()
        for line in self._stages.values():
            line.setPen(pyqtgraph.mkPen(theme().muted, width=1, style=Qt.PenStyle.DotLine))
            line.label.setColor(QColor(theme().text))

    def _marks(self) -> tuple[tuple[str, float], ...]:
        return tuple((title, place) for place, title in self._stages)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: object) -> None:
        self.enableAutoRange()


class LossPlot(TrainingPlot):
    """The loss of every batch, raw and smoothed."""

    solid = True

    def __init__(self, parent: QWidget | None = None) -> None:
        self._raw: pyqtgraph.PlotDataItem | None = None
        super().__init__(_("Loss of every batch"), parent)
        self._losses = LossHistory()
        self._drawing = False
        self._raw = self.plot([], [], connect="finite", skipFiniteCheck=False)
        self._trend = self.plot([], [], connect="all", skipFiniteCheck=True)
        self.legend.show_names((_("each batch"), _("smoothed")))
        self.getViewBox().sigXRangeChanged.connect(self._zoomed)
        self.restyle()

    def show_losses(self, losses: LossHistory) -> None:
        """Draw a history; called again after it has grown."""
        self._losses = losses
        self._draw()

    def restyle(self) -> None:
        super().restyle()
        if self._raw is not None:
            color = plot_color(0)
            color.setAlpha(_RAW_ALPHA)
            self._raw.setPen(pyqtgraph.mkPen(color, width=1))
            self._trend.setPen(pyqtgraph.mkPen(plot_color(1), width=2))

    def figure(self) -> Curves:
        losses = self._losses
        x = np.arange(losses.first, losses.first + len(losses))
        curves = (Curve(_("each batch"), x, losses.raw), Curve(_("smoothed"), x, losses.smooth))
        return Curves(self.accessibleName(), _("Batch"), _("Loss"), curves, self._marks())

    def _zoomed(self) -> None:
        if not self._drawing and not self.getViewBox().autoRangeEnabled()[0]:
            self._draw()

    def _draw(self) -> None:
        box = self.getViewBox()
        low, high = float(self._losses.first), float(self._losses.first + len(self._losses))
        if not box.autoRangeEnabled()[0]:
            low, high = box.viewRange()[0]
        columns = max(int(box.width()), 100)
        self._drawing = True
        self._raw.setData(*self._losses.extremes(low, high, columns))
        self._trend.setData(*self._losses.trend(low, high, columns))
        self._drawing = False


class EpochPlot(TrainingPlot):
    """Values per epoch, counted from 1, with the best epoch marked."""

    def __init__(self, name: str, parent: QWidget | None = None, *, label_height: float = 0.9) -> None:
        self._lines: dict[str, pyqtgraph.PlotDataItem] = {}
        self._best: pyqtgraph.InfiniteLine | None = None
        super().__init__(name, parent)
        self._best = pyqtgraph.InfiniteLine(
            angle=90, movable=False, label=_("best"), labelOpts={"position": label_height, "movable": False}
        )
        self._best.hide()
        self.addItem(self._best, ignoreBounds=True)
        self.restyle()

    def show_series(self, series: dict[str, tuple[np.ndarray, np.ndarray]], best_epoch: int) -> None:
        """Draw lines by name, each with its epochs and values; `best_epoch` is 0-based, -1 for none."""
        if list(series) != list(self._lines):
            for line in self._lines.values():
                self.removeItem(line)
            self._lines = {name: self.plot([], []) for name in series}
            self.legend.show_names(tuple(series))
            self.restyle()
        for name, (x, y) in series.items():
            few = len(x) <= 60
            self._lines[name].setData(x, y, symbol="o" if few else None)
        self._best.setVisible(best_epoch >= 0)
        self._best.setValue(best_epoch + 1)

    def figure(self) -> Curves:
        curves = tuple(Curve(name, *line.getData()) for name, line in self._lines.items())
        marks = self._marks()
        if self._best.isVisible():
            marks = (*marks, (_("best"), self._best.value()))
        return Curves(self.accessibleName(), _("Epoch"), self.accessibleName(), curves, marks)

    def restyle(self) -> None:
        super().restyle()
        for index, line in enumerate(self._lines.values()):
            color = plot_color(index)
            line.setPen(pyqtgraph.mkPen(color, width=2, style=_STROKES[index % len(_STROKES)]))
            line.setSymbolBrush(color)
            line.setSymbolPen(None)
            line.setSymbolSize(6)
        if self._best is not None:
            self._best.setPen(pyqtgraph.mkPen(theme().success, width=2, style=Qt.PenStyle.DashLine))
            self._best.label.setColor(QColor(theme().success))
