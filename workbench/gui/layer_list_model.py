"""A stack of layers as a list for a view: titles, captions, problems, and moving by drag and drop."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.architectures.layers import Layer, layer_names
from workbench.gui.theme import GRID, ICON_SIZE, icon, theme
from workbench.i18n import _

MIME_TYPE = "application/x-workbench-layer"
NAME_ROLE = Qt.ItemDataRole.UserRole
CAPTION_ROLE = Qt.ItemDataRole.UserRole + 1
PROBLEM_ROLE = Qt.ItemDataRole.UserRole + 2
ROW_HEIGHT = 6 * GRID

Index = QModelIndex | QPersistentModelIndex


class LayerListModel(QAbstractListModel):
    """The layers. A drop never changes them here: it asks, and whoever owns the stack sets the new one."""

    move_asked = Signal(int, int)  # from this row to that row, as counted afterwards

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layers: tuple[Layer, ...] = ()
        self._names: list[str] = []
        self._problems: dict[int, str] = {}

    def set_layers(self, layers: tuple[Layer, ...], before: str) -> None:
        """Show these layers, their names beginning with `before`."""
        names = layer_names(layers, before)
        if len(layers) == len(self.layers):
            self.layers, self._names = layers, names
            self._changed()
            return
        self.beginResetModel()
        self.layers, self._names, self._problems = layers, names, {}
        self.endResetModel()

    def set_problems(self, problems: dict[int, str]) -> None:
        """Mark rows with what is wrong with them."""
        if problems != self._problems:
            self._problems = problems
            self._changed()

    def _changed(self) -> None:
        if self.layers:
            self.dataChanged.emit(self.index(0), self.index(len(self.layers) - 1))

    def name(self, row: int) -> str:
        """The name of the layer in the network."""
        return self._names[row]

    def row_of(self, name: str) -> int:
        """The row of the layer of that name, or -1."""
        return self._names.index(name) if name in self._names else -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.layers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if not 0 <= row < len(self.layers):
            return None
        layer, problem = self.layers[row], self._problems.get(row, "")
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _(layer.title)
            case Qt.ItemDataRole.AccessibleTextRole:
                parts = [_(layer.title), layer.caption(), _("problem: {text}").format(text=problem) if problem else ""]
                return ", ".join(part for part in parts if part)
            case Qt.ItemDataRole.ToolTipRole:
                return problem or None
        return {NAME_ROLE: self._names[row], CAPTION_ROLE: layer.caption(), PROBLEM_ROLE: problem}.get(role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [MIME_TYPE]

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        data = QMimeData()
        data.setData(MIME_TYPE, f"{id(self)} {indexes[0].row()}".encode())
        return data

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        return self._dragged_row(data) >= 0

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        dragged = self._dragged_row(data)
        if dragged < 0:
            return False
        target = row if row >= 0 else parent.row() if parent.isValid() else len(self.layers)
        target -= target > dragged
        if target != dragged:
            self.move_asked.emit(dragged, target)
        return True

    def _dragged_row(self, data: QMimeData) -> int:
        """The row a drag began at; -1 when it came from another list."""
        owner, _space, row = bytes(data.data(MIME_TYPE).data()).decode().partition(" ")
        return int(row) if owner == str(id(self)) and int(row) < len(self.layers) else -1


class LayerDelegate(QStyledItemDelegate):
    """Two lines a layer: its kind and name, then its settings, or its problem with a sign."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> Any:
        size = super().sizeHint(option, index)
        size.setHeight(ROW_HEIGHT)
        return size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        colors, problem = theme(), index.data(PROBLEM_ROLE)
        area = option.rect.adjusted(GRID, GRID // 2, -GRID, -GRID // 2)
        painter.save()
        if problem:
            sign = QRect(area.left(), area.center().y() - ICON_SIZE // 2, ICON_SIZE, ICON_SIZE)
            icon("warning", "error").paint(painter, sign)
            area.setLeft(sign.right() + GRID)
        upper, lower = QRect(area), QRect(area)
        upper.setHeight(area.height() // 2)
        lower.setTop(upper.bottom() + 1)
        metrics = option.fontMetrics
        name = index.data(NAME_ROLE)
        painter.setPen(QColor(colors.muted))
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(QColor(colors.text))
        room = upper.width() - metrics.horizontalAdvance(name) - GRID
        title = metrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, room)
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(QColor(colors.error if problem else colors.muted))
        text = metrics.elidedText(problem or index.data(CAPTION_ROLE), Qt.TextElideMode.ElideRight, lower.width())
        painter.drawText(lower, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
