"""A list to choose from with headings in it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QWidget

from workbench.gui.elided_box import ElidedBox

MOST_IN_SIGHT = 40


class GroupedBox(ElidedBox):
    """A combo box whose entries stand under headings, which the keys and the wheel pass over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaxVisibleItems(MOST_IN_SIGHT)
        self.setMinimumContentsLength(12)

    def values(self) -> list[str]:
        """What can be chosen, in order."""
        found = (self.itemData(row) for row in range(self.count()))
        return [value for value in found if value is not None]

    def offer(self, groups: dict[str, dict[str, str]], help: dict[str, str]) -> None:
        """Other entries, without a signal; the one chosen before stays where it is among them.

        Args:
            groups: heading -> value -> text; a heading without entries is left out.
            help: value -> what is said about it.
        """
        before = self.currentData()
        self.blockSignals(True)
        self.clear()
        model = self.model()
        for heading, entries in groups.items():
            if entries:
                _add_heading(model, heading)
            for value, text in entries.items():
                self.addItem(text, value)
                self.setItemData(self.count() - 1, help.get(value, ""), Qt.ItemDataRole.ToolTipRole)
        values = self.values()
        self.setCurrentIndex(self.findData(before if before in values else values[0]) if values else -1)
        self.blockSignals(False)


def _add_heading(model: QStandardItemModel, text: str) -> None:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    font = item.font()
    font.setBold(True)
    item.setFont(font)
    model.appendRow(item)
