"""A table of objects: sorting, searching and selecting stay fast at tens of thousands of rows.

Rows are sorted and searched here, in plain Python. A `QSortFilterProxyModel` would ask a Python model for two values
per comparison, through Qt: at 10,000 rows a second against some milliseconds.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

Row = Any
Index = QModelIndex | QPersistentModelIndex
_ROWS_MEASURED_FOR_WIDTHS = 60
_NARROWEST_STRETCHED = 140


@dataclass(frozen=True)
class Column:
    """What stands in a column.

    Attributes:
        title: its head, translated.
        text: what a row shows in it.
        key: what it is sorted by; None stands last, either way. The text by default.
        numeric: whether it is set flush right.
        picture: an icon or pixmap of a row, made only for rows in sight.
        editable: whether its text can be edited in place (F2).
        descending: whether a first click on the head puts the largest on top.
        widest: pixels that its width is not made larger than.
    """

    title: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any] | None = None
    numeric: bool = False
    picture: Callable[[Row], Any] | None = None
    editable: bool = False
    descending: bool = False
    widest: int = 420

    def sort_key(self, row: Row) -> Any:
        """What a row is sorted by."""
        return self.key(row) if self.key is not None else self.text(row).casefold()


class RowTableModel(QAbstractTableModel):
    """Rows of any kind, told apart by an identity."""

    edited = Signal(object, str)  # row, new text of its editable column

    def __init__(self, identity: Callable[[Row], Hashable], tip: Callable[[Row], str] | None = None) -> None:
        super().__init__()
        self._identity = identity
        self._tip = tip
        self._columns: tuple[Column, ...] = ()
        self._all: list[Row] = []
        self._shown: list[Row] = []
        self._sorted: list[Row] | None = None
        self._search: tuple[str, ...] = ()
        self._wanted: Callable[[Row], bool] | None = None
        self._order: tuple[int, bool] = (-1, False)

    @property
    def rows(self) -> list[Row]:
        """The rows in sight, in their order."""
        return self._shown

    @property
    def all_rows(self) -> list[Row]:
        """All rows, as they were given."""
        return self._all

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return self._columns

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Exchange the columns."""
        self.beginResetModel()
        self._columns = tuple(columns)
        self._sorted = None
        self.endResetModel()

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Exchange the rows. Where the same ones stay in the same places, only what changed is drawn again."""
        self._all = list(rows)
        self._sorted = None
        before, after = self._shown, self._arranged()
        if [self._identity(row) for row in before] == [self._identity(row) for row in after]:
            self._shown = after
            last = self.columnCount() - 1
            for place, (old, new) in enumerate(zip(before, after, strict=True)):
                if old is not new and old != new:
                    self.dataChanged.emit(self.index(place, 0), self.index(place, last))
            return
        self._show(after)

    def set_search(self, text: str) -> None:
        """Show only rows in which every word of the text occurs in some column."""
        words = tuple(text.casefold().split())
        if words != self._search:
            self._search = words
            self._show(self._arranged())

    def set_filter(self, wanted: Callable[[Row], bool] | None) -> None:
        """Show only rows for which this holds; None shows all."""
        if wanted is not self._wanted:
            self._wanted = wanted
            self._show(self._arranged())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order == Qt.SortOrder.DescendingOrder)
        self._sorted = None
        self._show(self._arranged())

    def row(self, index: Index) -> Row:
        """The row at an index."""
        return self._shown[index.row()]

    def place(self, identity: Hashable) -> int:
        """Where the row of an identity stands, or -1."""
        return next((place for place, row in enumerate(self._shown) if self._identity(row) == identity), -1)

    def identity(self, row: Row) -> Hashable:
        """What tells a row from the others."""
        return self._identity(row)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self._columns[section])
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            descending = self._columns[section].descending
            return (Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder).value
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column, row = self._columns[index.column()], self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return column.text(row)
            case Qt.ItemDataRole.DecorationRole:
                return column.picture(row) if column.picture is not None else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                return (self._tip(row) if self._tip is not None else "") or column.text(row)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or str(value) == self._columns[index.column()].text(self.row(index)):
            return False
        self.edited.emit(self.row(index), str(value))
        return False  # whoever listens gives new rows when the change was made

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and self._columns[index.column()].editable:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def _arranged(self) -> list[Row]:
        if self._sorted is None:
            self._sorted = self._in_order()
        rows = self._sorted
        if self._wanted is not None:
            rows = [row for row in rows if self._wanted(row)]
        if self._search:
            rows = [row for row in rows if self._matches(row)]
        return list(rows)

    def _in_order(self) -> list[Row]:
        """All rows in their order. Kept while they are searched: the many keys made for it wake the collector."""
        column, descending = self._order
        if not 0 <= column < len(self._columns):
            return list(self._all)
        keys = [(self._columns[column].sort_key(row), row) for row in self._all]
        known = ((key, place) for place, (key, _row) in enumerate(keys) if key is not None)
        known = sorted(known, key=_first, reverse=descending)
        return [keys[place][1] for _key, place in known] + [row for key, row in keys if key is None]

    def _matches(self, row: Row) -> bool:
        text = "\n".join(column.text(row) for column in self._columns).casefold()
        return all(word in text for word in self._search)

    def _show(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self._shown = rows
        self.endResetModel()


class RowTableView(QTableView):
    """Shows a `RowTableModel`; what is selected stays selected when rows come, go or are sorted."""

    chosen = Signal(object)  # Enter or a double click on a row
    delete_pressed = Signal()
    selected_changed = Signal()

    def __init__(self, model: RowTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = model
        self._kept: list[Hashable] = []
        self._current: Hashable | None = None
        self._scrolled = 0
        self._stretched = -1
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(_ROWS_MEASURED_FOR_WIDTHS)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # in the order given, until asked
        self.setSortingEnabled(True)
        self.doubleClicked.connect(self._choose)
        self.selectionModel().selectionChanged.connect(self.selected_changed)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)

    @property
    def editing(self) -> bool:
        """Whether a cell is being edited now."""
        return self.state() == QAbstractItemView.State.EditingState

    def set_row_height(self, pixels: int) -> None:
        """Make all rows this high."""
        self.verticalHeader().setDefaultSectionSize(pixels)

    def selected(self) -> list[Row]:
        """The selected rows, top to bottom."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows.rows[place] for place in places]

    def current(self) -> Row | None:
        """The row that was selected last; the first selected one where that is none of them."""
        index = self.currentIndex()
        if index.isValid() and self.selectionModel().isRowSelected(index.row()):
            return self.rows.row(index)
        return next(iter(self.selected()), None)

    def select(self, identities: Iterable[Hashable]) -> None:
        """Select the rows of these identities, the first one current."""
        wanted = list(identities)
        self._kept, self._current = wanted, wanted[0] if wanted else None
        self._scrolled = self.verticalScrollBar().value()
        self._restore()
        self.scrollTo(self.currentIndex())

    def fit_columns(self, stretch: int) -> None:
        """Give every column the width of its texts; from now on one of them takes the room that is left."""
        self._stretched = stretch
        self.resizeColumnsToContents()
        for place, column in enumerate(self.rows.columns):
            self.setColumnWidth(place, min(self.columnWidth(place), column.widest))
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def _fill(self) -> None:
        count = self.rows.columnCount()
        if 0 <= self._stretched < count:
            used = sum(self.columnWidth(column) for column in range(count) if column != self._stretched)
            self.setColumnWidth(self._stretched, max(_NARROWEST_STRETCHED, self.viewport().width() - used))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.editing:
            self._choose(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.rows.row(index))

    def _keep(self) -> None:
        current = self.currentIndex()
        self._kept = [self.rows.identity(row) for row in self.selected()]
        self._current = self.rows.identity(self.rows.row(current)) if current.isValid() else None
        self._scrolled = self.verticalScrollBar().value()

    def _restore(self) -> None:
        """Select again by identity. One signal for all rows, and none when nothing changed in the selection."""
        wanted = set(self._kept)
        last = self.rows.columnCount() - 1
        selection, current = QItemSelection(), QModelIndex()
        if wanted or self._current is not None:
            for place, row in enumerate(self.rows.rows):
                identity = self.rows.identity(row)
                if identity in wanted:
                    selection.select(self.rows.index(place, 0), self.rows.index(place, last))
                if identity == self._current:
                    current = self.rows.index(place, 0)
        chooser = self.selectionModel()
        chooser.setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.verticalScrollBar().setValue(self._scrolled)
        self.selected_changed.emit()


def _alignment(column: Column) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
    return (side | Qt.AlignmentFlag.AlignVCenter).value


def _first(pair: tuple[Any, int]) -> Any:
    return pair[0]
