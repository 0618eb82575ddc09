"""A value per name as horizontal bars; hundreds of names scroll, and only those in sight are painted."""

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractScrollArea, QCheckBox, QComboBox, QFrame, QSizePolicy, QWidget

from workbench.figures import Bars
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.metric_text import short_number
from workbench.gui.theme import GRID, plot_color, theme
from workbench.i18n import _

THICKNESS = 16
ROWS_IN_SIGHT = 12
ROWS_UNROLLED = 40  # at first, where the place around scrolls
WIDEST_NAME = 0.35
# Series are told apart by their filling as well as by their colours.
FILLINGS = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.Dense4Pattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.CrossPattern,
)


class BarChart(QAbstractScrollArea):
    """Paints the bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figure: Bars | None = None
        self._order = np.zeros(0, int)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)

    def set_figure(self, figure: Bars, largest_first: bool, most: int = 0) -> None:
        """Show a figure, in its own order or by the first series.

        Args:
            figure: what is shown.
            largest_first: whether the first series decides the order.
            most: show so many names at full height instead of scrolling; 0 scrolls.
        """
        self._figure = figure
        self._order = np.arange(len(figure.names))
        if largest_first and figure.series:
            first = np.nan_to_num(np.asarray(next(iter(figure.series.values())), float), nan=-np.inf)
            self._order = np.argsort(-first, kind="stable")
        self._order = self._order[: most or None]
        needed = len(self._order) * self._row_height() + self._legend_height() + 2
        least = needed if most else ROWS_IN_SIGHT * self._row_height() + self._legend_height()
        self.setMinimumHeight(min(needed, least))
        self.setMaximumHeight(max(needed, 40))
        self._fit_scroll_bar()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(480, self.minimumHeight())

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._figure is None or not self._figure.series:
            return
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(theme().surface))
        height, legend = self._row_height(), self._legend_height()
        offset = self.verticalScrollBar().value()
        # Only what is to be painted anew: a chart at full height may be longer than any screen.
        first = max(0, (offset + event.rect().top() - legend) // height)
        last = min(len(self._order), (offset + event.rect().bottom()) // height + 1)
        names = [self._figure.names[index] for index in self._order]
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in names[:400]), default=0)
        left = min(widest, int(self.viewport().width() * WIDEST_NAME)) + 2 * GRID
        span = self._span()
        for row in range(first, last):
            top = legend + row * height - offset
            self._paint_row(painter, QRect(0, top, self.viewport().width(), height), left, int(self._order[row]), span)
        if legend:
            self._paint_legend(painter, legend)

    def _paint_row(self, painter: QPainter, row: QRect, left: int, index: int, span: tuple[float, float]) -> None:
        colors, metrics = theme(), self.fontMetrics()
        painter.setPen(QColor(colors.text))
        name = metrics.elidedText(self._figure.names[index], Qt.TextElideMode.ElideMiddle, left - 2 * GRID)
        place = QRect(0, row.top(), left - GRID, row.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        room = row.width() - left - self._value_width()
        low, high = span
        zero = left + round(room * -low / (high - low))
        for number, values in enumerate(self._figure.series.values()):
            value = float(values[index])
            top = row.top() + 4 + number * THICKNESS
            length = round(room * value / (high - low)) if np.isfinite(value) else 0
            bar = QRect(min(zero, zero + length), top, max(abs(length), 1), THICKNESS - 3)
            painter.fillRect(bar, QColor(colors.grid) if not length else _filling(number))
            if number and length:
                painter.setPen(plot_color(number))
                painter.drawRect(bar.adjusted(0, 0, -1, -1))
            painter.setPen(QColor(colors.muted))
            where = QRect(bar.right() + GRID // 2, top - 2, self._value_width(), THICKNESS + 1)
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown(value))

    def _paint_legend(self, painter: QPainter, height: int) -> None:
        painter.fillRect(0, 0, self.viewport().width(), height, QColor(theme().surface))
        x = GRID
        for number, name in enumerate(self._figure.series):
            box = QRect(x, (height - 12) // 2, 18, 12)
            painter.fillRect(box, _filling(number))
            painter.setPen(plot_color(number))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
            painter.setPen(QColor(theme().text))
            width = self.fontMetrics().horizontalAdvance(name)
            painter.drawText(QRect(x + 24, 0, width + 4, height), Qt.AlignmentFlag.AlignVCenter, name)
            x += 24 + width + 2 * GRID

    def _span(self) -> tuple[float, float]:
        values = np.concatenate([np.asarray(series, float) for series in self._figure.series.values()])
        values = values[np.isfinite(values)]
        low, high = min(0.0, values.min(initial=0)), max(0.0, values.max(initial=0))
        return (low, high if high > low else low + 1)

    def _row_height(self) -> int:
        return max(1, len(self._figure.series)) * THICKNESS + 8

    def _legend_height(self) -> int:
        return self.fontMetrics().height() + GRID if len(self._figure.series) > 1 else 0

    def _value_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("-0.0006705") + GRID

    def _fit_scroll_bar(self) -> None:
        if self._figure is None:
            return
        needed = len(self._order) * self._row_height() + self._legend_height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, needed - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._row_height())


def _filling(number: int):
    from PySide6.QtGui import QBrush

    return QBrush(plot_color(number), FILLINGS[number % len(FILLINGS)])


def shown(value: float) -> str:
    """The value beside its bar."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e9 else short_number(value)


class BarsView(FigureView):
    """Draws `Bars`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chart = BarChart()
        self._unrolled = False
        self._all = QCheckBox()
        self._all.hide()
        self._all.toggled.connect(self._reorder)
        self.knobs.addWidget(self._all)
        self._order = QComboBox()
        self._order.addItems([_("As listed"), _("Largest first")])
        self._order.setAccessibleName(_("Order of the bars"))
        self._order.currentIndexChanged.connect(self._reorder)
        self.knobs.addWidget(self._order)
        self.set_body(self._chart)

    def unroll(self) -> None:
        self._unrolled = True

    def draw(self) -> None:
        count = len(self.figure.names)
        many = self._unrolled and count > ROWS_UNROLLED
        self._all.setText(_("&All {count:,}").format(count=count))
        self._all.setToolTip(_("{shown} of {count:,} are shown.").format(shown=ROWS_UNROLLED, count=count))
        self._all.setVisible(many)
        most = ROWS_UNROLLED if many and not self._all.isChecked() else count if self._unrolled else 0
        self._chart.set_figure(self.figure, self._order.currentIndex() == 1, most)
        self._order.setVisible(len(self.figure.names) > 3)

    def _reorder(self, _choice: int | bool) -> None:
        if self.figure is not None:
            self.draw()
            self.drawn.emit()
