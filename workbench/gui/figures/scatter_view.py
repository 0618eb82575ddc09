"""Points in the plane, told apart by colour and shape, over a field of colour and under lines."""

from collections import Counter

import numpy as np
import pyqtgraph
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from workbench.figures import Gallery, Points, Scatter, Tile
from workbench.gui.figures.colour_bar import ColourBar
from workbench.gui.figures.curves_view import STROKES
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.gallery_view import GalleryView
from workbench.gui.figures.legend import Legend, group_color, group_symbol
from workbench.gui.figures.plot import Plot, column, end_texts, finite_range, readout, show_field, softened
from workbench.gui.figures.sample_rows import table_of
from workbench.gui.figures.scatter_selection import LassoSheet, SampleTip, inside
from workbench.gui.figures.table_view import TableView
from workbench.gui.metric_text import short_number
from workbench.gui.theme import GRID, plot_color, style_plot, theme
from workbench.gui.widgets import button_with_icon
from workbench.i18n import _, counted

MOST_POINTS = 20_000  # more are neither told apart nor drawn quickly
AXIS_WIDTH = 24  # by how much more the numbers beside a plot need than those under it
REACH = 14  # pixels within which a point is meant
SIZES = ((500, 9), (5_000, 7))  # up to so many points, their size in pixels
SMALLEST_SIZE = 5
MOST_TILES = 300  # of what is chosen


class ScatterView(FigureView):
    """Draws `Scatter`. A click on a point (or Enter) gives its sample by `tile_clicked`; arrow keys walk through them.

    Of many points an even share is drawn, the outermost ones always; a line under the plot says so. A name in the
    legend hides its group. Where the figure has cards of its samples, the pointer shows them, a lasso or the menu
    *Select* puts them into a gallery beside it, a click on a point does so with that one, and a click on a picture in
    the gallery gives its sample by `tile_clicked`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot = Plot()
        self._plot.showGrid(x=True, y=True, alpha=0.2)
        self._field = pyqtgraph.ImageItem()
        self._field.setZValue(-10)
        self._plot.addItem(self._field)
        self._groups: list[pyqtgraph.ScatterPlotItem] = []
        self._lines: list[pyqtgraph.PlotDataItem] = []
        self._ring = pyqtgraph.ScatterPlotItem(pxMode=True, size=15, symbol="o", brush=None)
        self._ring.setZValue(20)
        self._plot.addItem(self._ring, ignoreBounds=True)
        self._x, self._y, self._group = np.zeros(0), np.zeros(0), np.zeros(0, int)
        self._samples = np.zeros(0, int)
        self._seen = np.zeros(0, bool)  # whether the group of each point is shown
        self._drawn_size = SMALLEST_SIZE
        self._current = -1
        self._plot.pointed.connect(self._point)
        self._plot.pressed.connect(self._press)
        self._plot.walked.connect(self._walk)
        # Later: a plot whose size is changed while it is changing draws for the size before.
        self._plot.resized.connect(self._limit_height, Qt.ConnectionType.QueuedConnection)
        self._plot.chosen.connect(self._choose)
        self._hidden: set[str] = set()  # names of groups
        self._chosen = np.zeros(0, np.int64)  # samples
        self._legend = Legend(STROKES, toggles=True)
        self._legend.setWordWrap(True)
        self._legend.toggled.connect(self._toggle)
        self._sheet = LassoSheet(self._plot.viewport())
        self._sheet.drawn.connect(self._take_lasso)
        self._sheet.left.connect(self._leave_lasso)
        self._tip = SampleTip(self._plot.viewport())
        self._plot.viewport().installEventFilter(self)
        self._marked = pyqtgraph.ScatterPlotItem(pxMode=True, symbol="o", brush=None)
        self._marked.setZValue(15)
        self._plot.addItem(self._marked, ignoreBounds=True)
        self.gallery = GalleryView()
        self.gallery.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.gallery.grid.rows_in_sight = 1  # it scrolls itself
        self.gallery.hide()
        self.gallery.tile_clicked.connect(self.tile_clicked)
        self.rows = TableView()
        self.rows.hide()
        self._make_choosing()
        self._key = ColourBar()
        self._key_name = QLabel()
        self._key_name.setProperty("role", "caption")
        self._told = readout()
        everything = button_with_icon(_("Show &all"))
        everything.setToolTip(_("Back to the whole range. Drag to move, Ctrl and the wheel to zoom."))
        everything.clicked.connect(self._plot.enableAutoRange)
        self.knobs.addWidget(everything)
        self._left = column(self._legend, self._plot, self._told, self._key_name, self._key)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self._left, 3)
        # Beside the plot: below it, what was chosen would lie out of sight in most windows.
        row.addWidget(self.gallery, 2)
        row.addWidget(self.rows, 2)
        self.set_body(body)

    def _limit_height(self) -> None:
        room = self._left.width()
        self._plot.setMaximumHeight(max(self._plot.minimumHeight(), room))  # a square at most
        wide = round(self._plot.height() * self._proportions()) + AXIS_WIDTH if self.figure.square else room
        self._plot.setMaximumWidth(max(self._plot.minimumHeight(), wide))
        self.grow_with(self._plot)

    def _proportions(self) -> float:
        """How much wider than high all points and lines are together."""
        figure: Scatter = self.figure
        parts = [*figure.points, *figure.curves]
        spans = (
            np.ptp(finite_range(np.concatenate([np.asarray(getattr(part, axis), float) for part in parts] or [[]])))
            for axis in ("x", "y")
        )
        across, up = spans
        return float(across / up)

    @property
    def sample_views(self) -> list[FigureView]:
        cards = self.figure.cards if self.figure is not None else None
        if cards is None:
            return []
        return [self.rows] if cards.values is not None else [self.gallery]

    @property
    def plot(self) -> Plot:
        """The plot, for tests and for pages that zoom it."""
        return self._plot

    def draw(self) -> None:
        figure: Scatter = self.figure
        style_plot(self._plot)
        self._plot.setLabel("bottom", figure.x_label, color=theme().muted)
        self._plot.setLabel("left", figure.y_label, color=theme().muted)
        self._plot.setAspectLocked(figure.square)
        self._draw_legend()
        self._draw_field()
        self._draw_points()
        self._draw_lines()
        self._forget_point()
        for widget in (self.lasso, self.choice):
            widget.setVisible(figure.cards is not None)
        if figure.cards is None:
            self._leave_lasso()
        self._show_chosen()
        self._plot.setAccessibleName(figure.title)

    def describe(self, index: int) -> str:
        """A drawn point in words."""
        name = self.figure.points[self._group[index]].name
        x, y = short_number(self._x[index], 5), short_number(self._y[index], 5)
        place = f"{self.figure.x_label} {x}   {self.figure.y_label} {y}"
        text = f"{name}:  {place}" if name else place
        return text if self._samples[index] < 0 else _("{point}   sample {sample}").format(
            point=text, sample=self._samples[index]
        )  # fmt: skip

    def _draw_field(self) -> None:
        figure: Scatter = self.figure
        there = figure.field is not None and np.size(figure.field) > 0
        for widget in (self._key, self._key_name):
            widget.setVisible(there)
        self._field.setVisible(there)
        if not there:
            self._field.clear()
            return
        colours = softened()
        low, high = show_field(self._field, np.asarray(figure.field, float), figure.field_range, colours)
        self._key.set_range(*end_texts(low, high), colours)
        self._key_name.setText(figure.field_label)
        self._key_name.setVisible(bool(figure.field_label))

    def _draw_points(self) -> None:
        figure: Scatter = self.figure
        total = sum(len(group.x) for group in figure.points)
        kept = [_kept(group, total) for group in figure.points]
        shown = sum(len(indices) for indices in kept)
        size = next((size for most, size in SIZES if shown <= most), SMALLEST_SIZE)
        while len(self._groups) > len(kept):
            self._plot.removeItem(self._groups.pop())
        while len(self._groups) < len(kept):
            self._groups.append(pyqtgraph.ScatterPlotItem(pxMode=True))
            self._plot.addItem(self._groups[-1])
        # Points of the colour of the field under them keep a rim; without a field they are quicker without one.
        rim = None if figure.field is None else pyqtgraph.mkPen(theme().surface, width=1)
        places = []
        for number, (item, group, indices) in enumerate(zip(self._groups, figure.points, kept, strict=True)):
            x, y = np.asarray(group.x, float)[indices], np.asarray(group.y, float)[indices]
            samples = np.asarray(group.samples, int)[indices] if group.samples else np.full(len(indices), -1)
            places.append((x, y, np.full(len(indices), number), samples))
            item.setVisible(group.name not in self._hidden)
            fill = group_color(number, group.shade)
            if rim is None:
                fill.setAlpha(230 if shown <= SIZES[1][0] else 150)
            item.setData(x=x, y=y, symbol=group_symbol(number), size=size, brush=pyqtgraph.mkBrush(fill), pen=rim)
        empty = (np.zeros(0), np.zeros(0), np.zeros(0, int), np.zeros(0, int))
        joined = [np.concatenate(parts) for parts in zip(empty, *places, strict=True)]
        self._x, self._y, self._group, self._samples = joined
        self._drawn_size = size
        self._seen = np.array([group.name not in self._hidden for group in figure.points], bool)[self._group]
        self._thinned = _("{shown:,} of {total:,} points are drawn.").format(shown=shown, total=total)
        self._thinned = self._thinned if shown < total else ""

    def _draw_lines(self) -> None:
        while len(self._lines) > len(self.figure.curves):
            self._plot.removeItem(self._lines.pop())
        while len(self._lines) < len(self.figure.curves):
            self._lines.append(self._plot.plot())
            self._lines[-1].setZValue(10)
        for number, (line, curve) in enumerate(zip(self._lines, self.figure.curves, strict=True)):
            color = plot_color(len(self.figure.points) + number)
            line.setPen(pyqtgraph.mkPen(color, width=2, style=STROKES[number % len(STROKES)]))
            line.setData(np.asarray(curve.x, float), np.asarray(curve.y, float), connect="finite")

    def _forget_point(self) -> None:
        self._current = -1
        self._tip.forget()
        self._ring.setData(x=[], y=[])
        self._ring.setPen(pyqtgraph.mkPen(QColor(theme().text), width=2))
        self._told.setText(self._thinned or " ")
        summary = counted(
            "{count} points in one group. Arrow keys go from point to point, Enter opens a sample.",
            "{count} points in {groups} groups. Arrow keys go from point to point, Enter opens a sample.",
            len(self.figure.points),
        )
        note = summary.format(count=len(self._x), groups=len(self.figure.points))
        self._plot.setAccessibleDescription(" ".join(part for part in (note, self._thinned) if part))

    def _tell(self, index: int) -> None:
        self._current = index
        self._ring.setData(x=[self._x[index]], y=[self._y[index]])
        self._told.setText(self.describe(index))
        self._plot.setAccessibleDescription(self.describe(index))
        openable = self._samples[index] >= 0
        self._plot.setCursor(Qt.CursorShape.PointingHandCursor if openable else Qt.CursorShape.ArrowCursor)

    def _nearest(self, place: QPointF) -> int:
        """The point within reach that is the closest to a place, or -1."""
        if not len(self._x):
            return -1
        x, y = self._plot.to_pixels(self._x, self._y)
        left, bottom = self._plot.to_pixels(np.array([place.x()]), np.array([place.y()]))
        distances = np.where(self._seen, (x - left) ** 2 + (y - bottom) ** 2, np.inf)
        index = int(np.argmin(distances))
        return index if distances[index] <= REACH**2 else -1

    def _point(self, place: QPointF) -> None:
        index = self._nearest(place)
        if index >= 0:
            self._tell(index)
            self._show_tip(index)
        elif self._current >= 0:
            self._plot.unsetCursor()
            self._forget_point()

    def _press(self, place: QPointF) -> None:
        index = self._nearest(place)
        if index < 0:
            return
        self._tell(index)
        if self.figure.cards is None:
            self._choose()
        elif self._samples[index] >= 0:
            self._set_chosen(self._samples[index : index + 1])

    def _walk(self, steps: int) -> None:
        if len(self._x):
            at = self._current + steps if self._current >= 0 else 0
            at = min(max(at, 0), len(self._x) - 1)
            self._tell(at)
            self._show_tip(at)

    def _choose(self) -> None:
        if self._current >= 0 and self._samples[self._current] >= 0:
            self.tile_clicked.emit(int(self._samples[self._current]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave and watched is self._plot.viewport():
            self._tip.hide()
        return super().eventFilter(watched, event)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The samples that are chosen."""
        return tuple(self._chosen.tolist())

    def choose_group(self, name: str) -> None:
        """Choose all samples of a group."""
        numbers = [number for number, group in enumerate(self.figure.points) if group.name == name]
        self._set_chosen(self._samples[np.isin(self._group, numbers)])

    def _make_choosing(self) -> None:
        self.lasso = button_with_icon(_("&Lasso"))
        self.lasso.setCheckable(True)
        self.lasso.setToolTip(
            _("Draw around points to see them beside the plot; Shift adds to what is chosen, Escape ends it.")
        )
        self.lasso.toggled.connect(self._lasso_toggled)
        self.choice = QToolButton()
        self.choice.setText(_("Sele&ct"))
        self.choice.setProperty("role", "button")
        self.choice.setToolTip(_("Choose samples without a mouse"))
        self.choice.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.choice)
        menu.aboutToShow.connect(self._fill_choice)
        self.choice.setMenu(menu)
        self.knobs.addWidget(self.lasso)
        self.knobs.addWidget(self.choice)

    def _fill_choice(self) -> None:
        menu = self.choice.menu()
        menu.clear()
        menu.addAction(_("All that are shown"), self._choose_all)
        menu.addAction(_("Nothing"), self._choose_nothing)
        menu.addSeparator()
        for group in self.figure.points:
            action = menu.addAction(group.name.replace("&", "&&"))
            action.setData(group.name)
            action.triggered.connect(self._group_chosen)

    def _group_chosen(self) -> None:
        self.choose_group(self.sender().data())

    def _choose_all(self) -> None:
        self._set_chosen(self._samples[self._seen])

    def _choose_nothing(self) -> None:
        self._set_chosen(np.zeros(0, np.int64))

    def _lasso_toggled(self, on: bool) -> None:
        self._tip.hide()
        if on:
            self._sheet.enter()
        else:
            self._sheet.hide()
            self._plot.setFocus()

    def _leave_lasso(self) -> None:
        self.lasso.setChecked(False)

    def _take_lasso(self, corners: QPolygonF, adds: bool) -> None:
        box = self._plot.getPlotItem().vb
        places = [box.mapSceneToView(self._plot.mapToScene(corner.toPoint())) for corner in corners]
        polygon = np.array([(place.x(), place.y()) for place in places])
        found = self._samples[inside(self._x, self._y, polygon) & self._seen & (self._samples >= 0)]
        self._forget_point()
        self._set_chosen(np.union1d(self._chosen, found) if adds else found)

    def _set_chosen(self, samples: np.ndarray) -> None:
        self._chosen = np.unique(samples[samples >= 0])
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Mark what is chosen, and show it in the gallery."""
        cards = self.figure.cards
        self._chosen = self._chosen[np.isin(self._chosen, cards.samples)] if cards is not None else self._chosen[:0]
        marked = np.isin(self._samples, self._chosen) & self._seen
        self._marked.setData(
            x=self._x[marked], y=self._y[marked], size=self._drawn_size + 4,
            pen=pyqtgraph.mkPen(QColor(theme().text), width=1),
        )  # fmt: skip
        rows = np.searchsorted(cards.samples, self._chosen)[:MOST_TILES].tolist() if cards is not None else []
        title, note = _("Chosen"), self._about_chosen(len(rows))
        if rows and cards.pixels is not None:
            tiles = tuple(
                Tile(
                    cards.pixels[row], cards.captions[row], int(cards.samples[row]), bool(cards.wrong[row]),
                    name=cards.names[row] if cards.names else "",
                )
                for row in rows
            )  # fmt: skip
            self.gallery.set_figure(Gallery(title, tiles, note=note))
            self.gallery.show()
        elif rows and cards.values is not None:
            self.rows.set_figure(table_of(cards, rows, title, note))
            self.rows.show()
        else:
            for view in (self.gallery, self.rows):
                view.grid.clearSelection()
                view.hide()
        self._limit_height()
        self.drawn.emit()

    def _about_chosen(self, shown: int) -> str:
        """How many of which group, the most frequent first."""
        members = self._group[np.isin(self._samples, self._chosen)]
        counts = Counter(members.tolist()).most_common(5)
        parts = [_("{count:,} of {name}").format(count=count, name=self.figure.points[at].name) for at, count in counts]
        text = counted("{count:,} sample: {parts}.", "{count:,} samples: {parts}.", len(self._chosen))
        if shown < len(self._chosen):
            text = _("The first {shown:,} of {count:,} samples: {parts}.")
        return text.format(shown=shown, count=len(self._chosen), parts=", ".join(parts))

    def _draw_legend(self) -> None:
        figure: Scatter = self.figure
        names = (*(group.name for group in figure.points), *(curve.name for curve in figure.curves))
        hidden = frozenset(at for at, group in enumerate(figure.points) if group.name in self._hidden)
        self._legend.show_names(names, len(figure.points), tuple(group.shade for group in figure.points), hidden)
        self._legend.setVisible(any(names))

    def _toggle(self, index: int) -> None:
        """Hide a group, or show it again."""
        self._hidden ^= {self.figure.points[index].name}
        self._draw_legend()
        for item, group in zip(self._groups, self.figure.points, strict=True):
            item.setVisible(group.name not in self._hidden)
        self._seen = np.array([group.name not in self._hidden for group in self.figure.points], bool)[self._group]
        self._forget_point()
        self._show_chosen()

    def _show_tip(self, index: int) -> None:
        """The card of a drawn point, beside it."""
        cards = self.figure.cards
        sample = self._samples[index]
        row = int(np.searchsorted(cards.samples, sample)) if cards is not None and sample >= 0 else -1
        if row < 0 or row >= len(cards.samples) or cards.samples[row] != sample:
            self._tip.hide()
            return
        self._left.layout().activate()  # what is said below the plot may have taken a line from it
        box = self._plot.getPlotItem().vb
        place = self._plot.mapFromScene(box.mapViewToScene(QPointF(self._x[index], self._y[index])))
        self._tip.show_card(cards, row, QPointF(place))


def _kept(group: Points, total: int) -> np.ndarray:
    """Which points of a group are drawn: those with a place, thinned evenly when all groups together are too many."""
    x, y = np.asarray(group.x, float), np.asarray(group.y, float)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    wanted = max(100, MOST_POINTS * len(x) // max(1, total))
    if total <= MOST_POINTS or len(there) <= wanted:
        return there
    outermost = [there[find(values[there])] for values in (x, y) for find in (np.argmin, np.argmax)]
    chosen = np.random.default_rng(0).choice(there, wanted, replace=False)
    return np.unique(np.concatenate([chosen, outermost]))
