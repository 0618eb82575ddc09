"""The choice of an architecture by family, and the card of a published one."""

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QPalette, QStandardItem
from PySide6.QtWidgets import QComboBox, QLabel, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from workbench.architectures.architecture import Architecture, Card
from workbench.gui.theme import GRID
from workbench.gui.widgets import hint
from workbench.i18n import _

_ROWS = 24


class ArchitectureBox(QComboBox):
    """All architectures under the headings of their families; headings cannot be chosen, letters skip them."""

    def __init__(self, architectures: Iterable[Architecture], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Architecture"))
        self.setMaxVisibleItems(_ROWS)
        self.setItemDelegate(_Rows(self))
        heading = None
        for architecture in architectures:
            above = _(architecture.family) if architecture.family else _("Small networks")
            if above != heading:
                heading = above
                self.model().appendRow(self._heading(above))
            self.addItem(_(architecture.title), architecture.name)
            self.setItemData(self.count() - 1, _(architecture.help), Qt.ItemDataRole.ToolTipRole)

    def _heading(self, text: str) -> QStandardItem:
        item = QStandardItem(text)
        font = self.font()
        font.setBold(True)
        item.setFont(font)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        return item


class _Rows(QStyledItemDelegate):
    """Headings are to be read: quieter than what can be chosen, but not as pale as what is out of reach."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        quiet = QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        option.palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text, quiet)


class PaperCard(QWidget):
    """Where a network was published, what its idea is, and how large it is there; hidden for all others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.idea = QLabel()
        self.paper = QLabel()
        self.paper.setTextFormat(Qt.TextFormat.RichText)
        self.paper.setOpenExternalLinks(True)
        self.paper.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.paper.setAccessibleName(_("Paper"))
        self.size = hint("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, GRID)
        layout.setSpacing(GRID // 2)
        for label in (self.idea, self.paper, self.size):
            label.setWordWrap(True)
            layout.addWidget(label)

    def changeEvent(self, event: QEvent) -> None:
        """A link keeps the colour it was made with; after a change of the theme it is made anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            text = self.paper.text()
            self.paper.clear()
            self.paper.setText(text)

    def show_card(self, card: Card | None) -> None:
        """Show a card, or nothing."""
        self.setVisible(card is not None)
        if card is None:
            return
        self.idea.setText(_(card.idea))
        title = f'<a href="{escape(card.url)}">{escape(card.paper)}</a>'
        self.paper.setText(f"{escape(card.authors)} ({card.year}): {title}")
        self.paper.setToolTip(card.url)
        self.size.setText(
            _(
                "{parameters} parameters and {multiply_adds} multiply-adds a picture as published, for {size} × {size} "
                "px and 1,000 classes."
            ).format(parameters=f"{card.parameters:,}", multiply_adds=_billions(card.multiply_adds), size=card.size)
        )


def _billions(count: int) -> str:
    if count < 1e9:
        return _("{count:.3g} million").format(count=count / 1e6)
    return _("{count:.4g} billion").format(count=count / 1e9)
