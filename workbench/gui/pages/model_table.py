"""The layer table on screen: a row a layer, problems with a sign and words, and the formula of the selected row."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from workbench.architectures.base_network import is_of_base
from workbench.architectures.layers import LAYER_KINDS
from workbench.architectures.table import LayerRow, LayerTable
from workbench.gui.theme import GRID, appearance, icon
from workbench.gui.widgets import Card, hint
from workbench.i18n import _, mark

NAME, KIND, SHAPE, PARAMETERS = range(4)
_TITLES = (mark("Layer"), mark("Kind"), mark("Output shape"), mark("Parameters"))
_NARROWEST, _SHAPE_WIDTH, _PARAMETERS_WIDTH = 90, 125, 108
_FIXED_KINDS = {
    "input": mark("Picture"), "resize": mark("Resize"), "cut": mark("Cut"), "scale": mark("Scale"),
    "row": mark("Row"), "fill": mark("Fill in"),
}  # fmt: skip

Index = QModelIndex | QPersistentModelIndex


def kind_title(kind: str) -> str:
    """A layer's kind for people; the class name for layers that a builder made."""
    if kind in LAYER_KINDS:
        return _(LAYER_KINDS[kind].title)
    return _(_FIXED_KINDS[kind]) if kind in _FIXED_KINDS else kind


def shape_text(shape: tuple[int | None, ...]) -> str:
    """A shape as `28 × 28 × 1`; a side of any length as `any`."""
    return " × ".join(_("any") if side is None else f"{side:,}" for side in shape)


class LayerTableModel(QAbstractTableModel):
    """A `LayerTable` for a view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[LayerRow, ...] = ()

    def set_rows(self, rows: tuple[LayerRow, ...]) -> None:
        """Show these rows; a selection stays where it is while their number does."""
        if len(rows) == len(self.rows):
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, PARAMETERS))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _(_TITLES[section])
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _cell(row, index.column())
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(index.column()) if not row.problem else _alignment(NAME)
            case Qt.ItemDataRole.DecorationRole if row.problem and index.column() == NAME:
                return icon("warning", "error")
            case Qt.ItemDataRole.ToolTipRole:
                return row.problem or (row.name if index.column() == NAME else row.formula) or None
            case Qt.ItemDataRole.AccessibleTextRole if row.problem and index.column() == NAME:
                return _("{name}, problem: {problem}").format(name=row.name, problem=row.problem)
        return None


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (SHAPE, PARAMETERS) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _cell(row: LayerRow, column: int) -> str:
    match column:
        case 0:
            return row.name
        case 1:
            return _("{kind}, frozen").format(kind=kind_title(row.kind)) if row.frozen else kind_title(row.kind)
        case 2:
            return _("Problem: {text}").format(text=row.problem) if row.problem else shape_text(row.output_shape) or "–"
        case _:
            return "" if row.problem else f"{row.parameters:,}" if row.output_shape else "–"


class LayerTableView(QTableView):
    """The rows; a problem's text takes the place of the shape and the count."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Layer table"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        self.horizontalHeader().setHighlightSections(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._model = LayerTableModel(self)
        self.setModel(self._model)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(SHAPE, QHeaderView.ResizeMode.Stretch)
        self._spans: set[int] = set()
        appearance().changed.connect(self.viewport().update)

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """What is shown."""
        return self._model.rows

    def set_rows(self, rows: tuple[LayerRow, ...]) -> None:
        """Show these rows, keeping the selected layer by its name where their number changed."""
        chosen = self.chosen()
        self._model.set_rows(rows)
        spans = {number for number, row in enumerate(rows) if row.problem}
        for number in self._spans - spans:
            if number < len(rows):
                self.setSpan(number, SHAPE, 1, 1)
        for number in spans:
            self.setSpan(number, SHAPE, 1, 2)
        self._spans = spans
        ends_matter = Qt.TextElideMode.ElideRight if spans else Qt.TextElideMode.ElideMiddle
        self.setTextElideMode(ends_matter)  # a sentence is read from its start, a builder's names end differently
        self._fit_columns()
        if chosen is not None:
            self.choose(chosen.name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Numbers keep their width; long names of a builder's layers give way."""
        self.setColumnWidth(PARAMETERS, _PARAMETERS_WIDTH)
        room = max(self.viewport().width() - _PARAMETERS_WIDTH - _SHAPE_WIDTH, 2 * _NARROWEST)
        names = max(self.sizeHintForColumn(NAME) + 2 * GRID, _NARROWEST)
        kinds = max(self.sizeHintForColumn(KIND) + 2 * GRID, _NARROWEST)
        kinds = min(kinds, max(room - names, _NARROWEST, 2 * room // 5))
        self.setColumnWidth(KIND, kinds)
        self.setColumnWidth(NAME, min(names, room - kinds))

    def chosen(self) -> LayerRow | None:
        """The selected row."""
        selected = self.selectionModel().selectedRows()
        return self._model.rows[selected[0].row()] if selected else None

    def choose(self, name: str) -> None:
        """Select the layer of that name, if there is one."""
        for number, row in enumerate(self._model.rows):
            if row.name == name:
                if self.chosen() is not row:
                    self.selectRow(number)
                self.scrollTo(self._model.index(number, NAME))


class LayerTablePanel(QWidget):
    """The table with the formula of the selected layer and the totals below it."""

    layer_chosen = Signal(str)
    boundary_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = LayerTableView()
        self.boundary_button = QPushButton(_("Train from this layer on"))
        self.boundary_button.setToolTip(_("Freeze the layers of the base before the selected one, and no other"))
        self.boundary_button.clicked.connect(self._choose_boundary)
        self._has_base = False
        self.formula = QLabel()
        self.formula.setObjectName("formula")
        self.formula.setTextFormat(Qt.TextFormat.PlainText)
        self.formula.setWordWrap(True)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.formula.setAccessibleName(_("Formula of the selected layer"))
        self.totals = hint("")
        self.totals.setObjectName("totals")
        self.totals.setWordWrap(True)
        card = Card()
        card.content.addWidget(self.formula)
        card.content.addWidget(self.totals)
        card.content.addWidget(self.boundary_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.view, 1)
        layout.addWidget(card)
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self._show_formula()

    def set_table(self, table: LayerTable | None, note: str = "") -> None:
        """Show a table; without one, nothing but the note."""
        self.view.set_rows(table.rows if table else ())
        if table is None:
            self.totals.setText(note)
        else:
            operations = sum(row.multiply_adds for row in table.rows)
            parts = [
                _("{total} parameters").format(total=f"{table.total:,}"),
                _("{count} of them trained").format(count=f"{table.trainable:,}"),
                *([_("{count} frozen").format(count=f"{table.frozen:,}")] if table.frozen else []),
                _("{size} as float32").format(size=_bytes(4 * table.total)),
            ]
            if operations:
                parts.append(_("{count} multiply-adds a sample").format(count=_short(operations)))
            if note:
                parts.append(note)
            text = " · ".join(parts)
            self.totals.setText(_("Up to the problem: {totals}").format(totals=text) if table.problem else text)
        self._show_formula()

    def offer_boundary(self, has_base: bool) -> None:
        """Whether the network has a base, of which layers can be frozen."""
        self._has_base = has_base
        self._show_formula()

    def _could_learn_from(self, row: LayerRow) -> bool:
        """Whether it is of the base, and it or a later one has anything to learn."""
        later = self.view.rows[self.view.rows.index(row) :]
        return is_of_base(row.name) and any(other.parameters and is_of_base(other.name) for other in later)

    def _choose_boundary(self) -> None:
        row = self.view.chosen()
        if row is not None:
            self.boundary_chosen.emit(row.name)

    def _selected(self) -> None:
        self._show_formula()
        row = self.view.chosen()
        if row is not None:
            self.layer_chosen.emit(row.name)

    def _show_formula(self) -> None:
        row = self.view.chosen()
        self.boundary_button.setVisible(self._has_base)
        self.boundary_button.setEnabled(row is not None and self._could_learn_from(row))
        if row is None:
            self.formula.setText(_("Select a layer to see how its numbers come about."))
            return
        self.formula.setText("\n".join(_explanation(row)))


def _explanation(row: LayerRow) -> list[str]:
    if row.problem:
        return [_("{name} cannot stand here: {problem}").format(name=row.name, problem=row.problem)]
    if not row.output_shape:
        return [_("{name}: unknown until the layer with the problem is mended.").format(name=row.name)]
    lines = [f"{row.name}: {shape_text(row.output_shape)}"]
    if row.shape_formula:
        lines.append(_("Output: {formula}").format(formula=row.shape_formula))
    if row.formula:
        lines.append(_("Parameters: {formula}").format(formula=row.formula))
    elif row.parameters == 0:
        lines.append(_("Parameters: none to learn"))
    else:
        lines.append(_("Parameters: {count}").format(count=f"{row.parameters:,}"))
    if row.multiply_adds:
        lines.append(_("Multiply-adds a picture: {count}").format(count=f"{row.multiply_adds:,}"))
    return lines


def _short(count: float) -> str:
    for unit in ("", _("thousand"), _("million"), _("billion")):
        if count < 1000:
            return f"{count:.3g} {unit}".strip()
        count /= 1000
    return f"{count:,.0f} {_('trillion')}"


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"
        count /= 1024
    raise AssertionError
