"""Several figures in one place: side by side where there is room, below each other where there is not."""

from collections.abc import Iterable

from PySide6.QtCore import QMargins, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.figures import Figure
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card

NARROWEST_COLUMN = 560


class FigurePanel(QWidget):
    """Shows figures; a view is kept for the next figure of the same kind and title, with its zoom and its knobs.

    It does not scroll: put it into a scroll area. With `framed=False` figures stand without cards around them.
    """

    tile_clicked = Signal(int)  # index of a sample in its split
    cell_clicked = Signal(int, int, tuple)  # row, column, indices of its samples

    def __init__(
        self, parent: QWidget | None = None, *, column_width: int = NARROWEST_COLUMN, framed: bool = True
    ) -> None:
        super().__init__(parent)
        self._framed = framed
        self._column_width = column_width
        self._views: dict[tuple[str, str, int], FigureView] = {}
        self.clicked_view: FigureView | None = None  # the view that was clicked last
        self._cards: list[Card] = []
        self._columns: list[QVBoxLayout] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2 * GRID)

    @property
    def views(self) -> list[FigureView]:
        """The views, in the order of the figures."""
        return list(self._views.values())

    def set_figures(self, figures: Iterable[Figure]) -> None:
        """Show these figures and no others."""
        before, self._views, self.clicked_view = self._views, {}, None
        for figure in figures:
            key = self._free_key(figure)
            view = before.pop(key, None)
            if view is None:
                view = self._add_view(figure)
            else:
                view.set_figure(figure)
            self._views[key] = view
        for view in before.values():
            view.parentWidget().deleteLater()
            view.parentWidget().hide()
        cards = [view.parentWidget() for view in self._views.values()]
        changed, self._cards = cards != self._cards, cards
        self._arrange(force=changed)

    def clear(self) -> None:
        """Show nothing."""
        self.set_figures(())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _tile_clicked(self, sample: int) -> None:
        self.clicked_view = self.sender().clicked_view
        self.tile_clicked.emit(sample)

    def _cell_clicked(self, row: int, column: int, samples: tuple[int, ...]) -> None:
        self.clicked_view = self.sender().clicked_view
        self.cell_clicked.emit(row, column, samples)

    def _free_key(self, figure: Figure) -> tuple[str, str, int]:
        number = 0
        while (figure.kind, figure.title, number) in self._views:
            number += 1
        return (figure.kind, figure.title, number)

    def _add_view(self, figure: Figure) -> FigureView:
        card = Card(parent=self)
        # A card is as high as what it holds may become.
        card.content.setSizeConstraint(QLayout.SizeConstraint.SetMinAndMaxSize)
        if not self._framed:
            card.setProperty("role", "plain")
            card.content.setContentsMargins(0, 0, 0, 0)
        view = view_for(figure, card)
        view.unroll()
        view.tile_clicked.connect(self._tile_clicked)
        view.cell_clicked.connect(self._cell_clicked)
        view.drawn.connect(self._view_drawn)
        card.content.addWidget(view)
        card.show()
        return view

    def _arrange(self, force: bool = False) -> None:
        """Put every card into the column that is the shortest so far."""
        widest = max((view.wanted_width for view in self.views), default=0)
        margins = self._cards[0].content.contentsMargins() if self._cards else QMargins()
        needed = max(self._column_width, min(widest + margins.left() + margins.right(), self.width()))
        fitting = max(1, (self.width() + 2 * GRID) // (needed + 2 * GRID))
        count = min(fitting, max(1, len(self._cards)))
        if count == len(self._columns) and not force:
            return
        for column in self._columns:
            _take_apart(column)
            self._row.removeItem(column)
            column.deleteLater()
        self._columns = [QVBoxLayout() for _number in range(count)]
        for column in self._columns:
            column.setSpacing(2 * GRID)
            self._row.addLayout(column, 1)
        heights = [0] * count
        for card in self._cards:
            shortest = heights.index(min(heights))
            self._columns[shortest].addWidget(card)
            heights[shortest] += card.sizeHint().height()
        for column in self._columns:
            column.addStretch(0)
        self._share_height()

    def _view_drawn(self) -> None:
        if self.sender().parentWidget() in self._cards:
            self._arrange()  # a table knows now how wide it wants to be
        self._share_height()

    def _share_height(self) -> None:
        """Height to spare goes to the cards that have a use for it, or stays free below the last one."""
        for column in self._columns:
            for card in self._cards:
                if column.indexOf(card) >= 0:
                    grows = card.findChild(FigureView).grows
                    policy = QSizePolicy.Policy.Expanding if grows else QSizePolicy.Policy.Maximum
                    card.setSizePolicy(QSizePolicy.Policy.Expanding, policy)
                    column.setStretchFactor(card, 1 if grows else 0)


def _take_apart(column: QVBoxLayout) -> None:
    while column.count():
        column.takeAt(0)
