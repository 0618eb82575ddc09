"""The names of the lines of a plot, beside it, where they cover none of them."""

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from workbench.colour_maps import VIRIDIS
from workbench.gui.theme import plot_color, theme
from workbench.i18n import _

_SIGNS = {
    Qt.PenStyle.SolidLine: "━",
    Qt.PenStyle.DashLine: "╍",
    Qt.PenStyle.DotLine: "┅",
    Qt.PenStyle.DashDotLine: "━╍",
    Qt.PenStyle.DashDotDotLine: "━┅",
}


# Symbols of pyqtgraph in the order in which groups of points take them, each as a letter.
SYMBOLS = {"o": "●", "s": "■", "t1": "▲", "d": "◆", "+": "✚", "x": "✖", "star": "★", "t": "▼"}


def group_symbol(index: int) -> str:
    """The symbol of the n-th group of points: another one also where the colours begin anew."""
    names = list(SYMBOLS)
    return names[(index + index // len(names)) % len(names)]


def group_color(index: int, shade: float | None = None) -> QColor:
    """The colour of the n-th group of points, or of one with a place in an order, that stands out from the ground."""
    if shade is None:
        return plot_color(index)
    low, high = (0.25, 1.0) if theme().dark else (0.0, 0.85)
    return QColor(*VIRIDIS[round(255 * (low + (high - low) * shade))].tolist())


class Legend(QLabel):
    """Every name behind a piece of its line, or its symbol; `strokes` are the lines' own, taken in turn.

    With `toggles` a click on a group of points (or Tab to it, and Enter) gives its number by `toggled`.
    """

    toggled = Signal(int)

    def __init__(
        self, strokes: tuple[Qt.PenStyle, ...], parent: QWidget | None = None, *, toggles: bool = False
    ) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._groups = 0
        self._shades: tuple[float | None, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self._strokes = strokes
        self._toggles = toggles
        self.setTextFormat(Qt.TextFormat.RichText)
        self.linkActivated.connect(self._activated)

    def show_names(
        self,
        names: tuple[str, ...],
        groups: int = 0,
        shades: tuple[float | None, ...] = (),
        hidden: frozenset[int] = frozenset(),
    ) -> None:
        """Show the names in the colours of the curves, in their order; the first ones may be groups of points.

        Args:
            names: of groups, then of curves.
            groups: how many of them are groups.
            shades: of the groups, where they have an order.
            hidden: numbers of groups that are not drawn.
        """
        self._names, self._groups, self._shades, self._hidden = names, groups, shades, hidden
        linked = self._toggles and groups > 1
        flags = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        self.setTextInteractionFlags(flags if linked else Qt.TextInteractionFlag.NoTextInteraction)
        self.setToolTip(_("Click a name to hide its points, and again to show them.") if linked else "")
        texts = (self._entry(index, name, linked) for index, name in enumerate(names))
        self.setText(" &nbsp;".join(texts))
        told = (_("{name} (hidden)").format(name=name) if at in hidden else name for at, name in enumerate(names))
        self.setAccessibleName(", ".join(told))

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self.show_names(self._names, self._groups, self._shades, self._hidden)

    def _entry(self, index: int, name: str, linked: bool) -> str:
        text = html.escape(name)
        if index in self._hidden:
            text = f'<span style="color:{theme().muted}">○ <s>{text}</s></span>'
        else:
            text = (
                f'{self._sign(index)} <span style="color:{theme().text}">{text}</span>'
                if linked
                else (f"{self._sign(index)} {text}")
            )
        if not linked or index >= self._groups:
            return text
        return f'<a href="{index}" style="text-decoration:none">{text}</a>'

    def _activated(self, link: str) -> None:
        self.toggled.emit(int(link))

    def _sign(self, index: int) -> str:
        if index < self._groups:
            shade = self._shades[index] if index < len(self._shades) else None
            sign, color = SYMBOLS[group_symbol(index)], group_color(index, shade)
        else:
            sign = _SIGNS[self._strokes[(index - self._groups) % len(self._strokes)]]
            color = plot_color(index)
        return f'<span style="color:{color.name()}">{sign}</span>'
