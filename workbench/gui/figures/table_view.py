"""A table that sorts and copies, quick at tens of thousands of rows."""

import math
import re
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableView, QWidget

from workbench.data.corrections import Correction
from workbench.figures import RowSample, Table
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.sample_view import SampleView
from workbench.gui.figures.signs import SIGN_WIDTH, correction_icon, in_words
from workbench.i18n import _

ROWS_MEASURED = 200
ROWS_IN_SIGHT = 4  # at least
ROWS_UNROLLED = 14  # where the place around scrolls
WIDEST_COLUMN = 360
MOST_PLACES = 4
DIGITS = 5  # of the largest number of a column
GROUPED_FROM = 10_000  # so that a year is not 2,014
SCIENTIFIC_FROM = 1e15
FAITHFUL = 5e-3  # by how large a share of itself a number may be rounded


@dataclass(frozen=True)
class Numbers:
    """How the numbers of a column are written.

    Attributes:
        any: whether there are any.
        places: behind the point, the same for all.
        grouped: whether thousands are parted by commas.
    """

    any: bool = False
    places: int = MOST_PLACES
    grouped: bool = False


_LEADING_NUMBER = re.compile(r"-?\d+(\.\d+)?(?= |$)", re.ASCII)
_DIGITS = re.compile(r"(\d+)", re.ASCII)


class Rows(QAbstractTableModel):
    """The rows of a table in the order asked for; missing values stand last, whichever way it is sorted."""

    def __init__(self, view: "TableView") -> None:
        super().__init__(view)
        self._view = view
        self.columns: tuple[str, ...] = ()
        self.rows: list[tuple[Any, ...]] = []
        self.order: list[int] = []  # where the rows stand in the table
        self._given: tuple[tuple[Any, ...], ...] = ()
        self.sign_column = 0  # where the names of samples stand
        self._samples: tuple[RowSample, ...] = ()
        self._numbers: tuple[Numbers, ...] = ()

    def set_table(self, table: Table) -> None:
        """Exchange all rows."""
        self.beginResetModel()
        self.columns, self._given, self.rows = table.columns, table.rows, list(table.rows)
        self.order, self._samples = list(range(len(table.rows))), table.samples
        named = table.samples[0].name if table.samples else None
        self.sign_column = table.rows[0].index(named) if named is not None and named in table.rows[0] else 0
        self._numbers = tuple(numbers_of(table.rows, column) for column in range(len(table.columns)))
        self.endResetModel()

    @property
    def ends_with_numbers(self) -> bool:
        """Whether the last column holds numbers."""
        return bool(self._numbers) and self._numbers[-1].any

    def text(self, row: int, column: int) -> str:
        """A cell as it is shown: all numbers of a column in the same way."""
        return shown(self.rows[row][column], self._numbers[column])

    def plain_text(self, row: int, column: int) -> str:
        """The same for other programs, which may take a comma for something else."""
        numbers = self._numbers[column]
        return shown(self.rows[row][column], Numbers(numbers.any, numbers.places))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.columns[section]
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._side(section) | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        value = self.rows[index.row()][index.column()]
        correction = self._correction(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text(index.row(), index.column())
            case Qt.ItemDataRole.ToolTipRole:
                words = in_words(correction) if correction is not None else ""
                text = str(value) if isinstance(value, str | float) else ""
                return "\n".join(part for part in (text, words) if part) or None
            case Qt.ItemDataRole.DecorationRole if correction is not None:
                return correction_icon(correction)
            case Qt.ItemDataRole.AccessibleTextRole if correction is not None:
                return f"{self.text(index.row(), index.column())}, {in_words(correction)}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._side(index.column()) | Qt.AlignmentFlag.AlignVCenter
        return None

    def _side(self, column: int) -> Qt.AlignmentFlag:
        """A column with numbers stands at the right, texts among them too: one edge is easier to follow than two."""
        return Qt.AlignmentFlag.AlignRight if self._numbers[column].any else Qt.AlignmentFlag.AlignLeft

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before, given = self.order, self._given
        self.order = list(range(len(given)))
        if column >= 0:
            present = [place for place in self.order if not _missing(given[place][column])]
            absent = [place for place in self.order if _missing(given[place][column])]
            descending = order == Qt.SortOrder.DescendingOrder
            present.sort(key=lambda place: _sort_key(given[place][column]), reverse=descending)
            self.order = present + absent
        self.rows = [given[place] for place in self.order]
        self._keep_selection(before)
        self.layoutChanged.emit()

    def _keep_selection(self, before: list[int]) -> None:
        """What is selected stays so, wherever it stands now."""
        kept = self.persistentIndexList()
        if kept and before != self.order:
            now = {place: row for row, place in enumerate(self.order)}
            self.changePersistentIndexList(
                kept, [self.index(now[before[index.row()]], index.column()) for index in kept]
            )

    def sample(self, row: int) -> RowSample | None:
        """The sample that a row shows."""
        return self._samples[self.order[row]] if self._samples else None

    def _correction(self, index: QModelIndex) -> Correction | None:
        """What a correction says of a row's sample; told beside its name."""
        sample = self.sample(index.row()) if index.column() == self.sign_column else None
        return self._view.corrections.get(sample.name) if sample is not None else None


def shown(value: Any, numbers: Numbers | None = None) -> str:
    """A value as a cell shows it, nothing for what is missing.

    Args:
        value: a plain value.
        numbers: how the numbers of its column are written; without it, as one that stands alone.
    """
    if _missing(value):
        return "" if value is None else "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    numbers = numbers or numbers_of(((value,),), 0)
    comma = "," if numbers.grouped else ""
    if isinstance(value, int):
        return f"{value:{comma}}"
    if not math.isfinite(value):
        return str(value)
    text = f"{value:z{comma}.{numbers.places}f}"
    lost = abs(float(text.replace(",", "")) - value)
    if abs(value) >= SCIENTIFIC_FROM or lost > FAITHFUL * abs(value):
        return f"{value:.4g}"
    return text


def numbers_of(rows: tuple[tuple[Any, ...], ...], column: int) -> Numbers:
    """How to write the numbers of a column: whole ones without places, others with as many digits as are of use."""
    step = max(1, len(rows) // ROWS_MEASURED)
    values = [row[column] for row in rows[::step] if isinstance(row[column], int | float)]
    values = [value for value in values if not isinstance(value, bool) and math.isfinite(value)]
    if not values:
        return Numbers()
    largest = max(abs(value) for value in values)
    most = MOST_PLACES if largest < 1 else max(0, min(MOST_PLACES, DIGITS - 1 - math.floor(math.log10(largest))))
    texts = (f"{value:.{most}f}".rstrip("0").partition(".")[2] for value in values if isinstance(value, float))
    return Numbers(True, max(map(len, texts), default=0), largest >= GROUPED_FROM)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, int | float):
        return (0, value)
    if number := _LEADING_NUMBER.match(str(value)):  # "103200 USD"
        return (0, float(number[0]))
    parts = _DIGITS.split(str(value).casefold())  # "row 9" before "row 10"
    return (1, tuple((int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)))


class TableView(SampleView):
    """Draws `Table`. Rows that show samples can be selected as such, and bear a sign when a correction names them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = Rows(self)
        self._rows_in_sight = ROWS_IN_SIGHT
        self._widths: list[int] = []
        self._view = QTableView()
        self._view.setModel(self._rows)
        self._view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._view.setAlternatingRowColors(True)
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._view.setWordWrap(False)
        self._view.setTabKeyNavigation(False)
        self._view.verticalHeader().setVisible(False)
        # Rows of one fixed height: otherwise Qt asks every row of ten thousand for its size.
        self._view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self._view.horizontalHeader()
        header.setResizeContentsPrecision(ROWS_MEASURED)
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._view.setSortingEnabled(True)
        self._copy_cells = QAction(_("Copy cells"), self)
        self._copy_cells.setShortcut(QKeySequence.StandardKey.Copy)
        self._copy_cells.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._copy_cells.triggered.connect(self.copy_cells)
        self._view.addAction(self._copy_cells)
        self.set_body(self._view)

    @property
    def grid(self) -> QTableView:
        return self._view

    @property
    def sample_views(self) -> list[FigureView]:
        return [self] if self.figure is not None and self.figure.samples else []

    def select_several(self) -> None:
        self._view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        super().select_several()

    def samples_of(self, rows: list[int]) -> list[RowSample]:
        found = (self._rows.sample(row) for row in rows)
        return [sample for sample in found if sample is not None]

    @property
    def table(self) -> QTableView:
        """The table itself."""
        return self._view

    def unroll(self) -> None:
        self._rows_in_sight = ROWS_UNROLLED

    @property
    def wanted_width(self) -> int:
        return sum(self._widths) + 2 * self._view.frameWidth() + self._view.verticalScrollBar().sizeHint().width()

    def draw(self) -> None:
        metrics = self.fontMetrics()
        height = metrics.height() + 8
        self._view.verticalHeader().setDefaultSectionSize(height)
        self._rows.set_table(self.figure)
        header = self._view.horizontalHeader()
        self._rows.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        self._widths = [self._needed(column) for column in range(len(self.figure.columns))]
        for column, width in enumerate(self._widths):
            self._view.setColumnWidth(column, width)
        # A number far from the column before it would be hard to follow.
        header.setStretchLastSection(not self._rows.ends_with_numbers)
        rows = len(self.figure.rows)
        frame = header.sizeHint().height() + 2 * self._view.frameWidth() + 2
        self._view.setMinimumHeight(min(rows, self._rows_in_sight) * height + frame)
        scroll_bar = self._view.horizontalScrollBar().sizeHint().height()
        self._view.setMaximumHeight(max(1, rows) * height + frame + scroll_bar)

    def _needed(self, column: int) -> int:
        """The width of what stands in a column, which the last one, stretched, does not tell."""
        text = max(self._view.sizeHintForColumn(column), self._view.horizontalHeader().sectionSizeHint(column))
        sign = SIGN_WIDTH if self.figure.samples and column == self._rows.sign_column else 0
        return min(text + sign, WIDEST_COLUMN)

    def actions_of_kind(self) -> list[QAction]:
        return [self._copy_cells, *self.actions()]

    def copy_cells(self) -> None:
        """The selected cells (all, when none is) to the clipboard, with tabs between them, as they are shown."""
        chosen = self._view.selectionModel().selectedIndexes()
        rows = sorted({index.row() for index in chosen}) or range(self._rows.rowCount())
        columns = sorted({index.column() for index in chosen}) or range(self._rows.columnCount())
        lines = ["\t".join(self.figure.columns[column] for column in columns)] if len(rows) > 1 else []
        lines += ["\t".join(self._rows.plain_text(row, column) for column in columns) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines))
