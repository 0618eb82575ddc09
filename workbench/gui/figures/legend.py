"""The names of the lines of a plot, beside it, where they cover none of them."""

import html

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.theme import plot_color

_SIGNS = {
    Qt.PenStyle.SolidLine: "━",
    Qt.PenStyle.DashLine: "╍",
    Qt.PenStyle.DotLine: "┅",
    Qt.PenStyle.DashDotLine: "━╍",
    Qt.PenStyle.DashDotDotLine: "━┅",
}


# Symbols of pyqtgraph in the order in which groups of points take them, each as a letter.
SYMBOLS = {"o": "●", "s": "■", "t1": "▲", "d": "◆", "+": "✚", "x": "✖", "star": "★", "t": "▼"}


class Legend(QLabel):
    """Every name behind a piece of its line, or its symbol; `strokes` are the lines' own, taken in turn."""

    def __init__(self, strokes: tuple[Qt.PenStyle, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._groups = 0
        self._strokes = strokes
        self.setTextFormat(Qt.TextFormat.RichText)

    def show_names(self, names: tuple[str, ...], groups: int = 0) -> None:
        """Show the names in the colours of the curves, in their order; the first ones may be groups of points."""
        self._names, self._groups = names, groups
        texts = (f"{self._sign(index)} {html.escape(name)}" for index, name in enumerate(names))
        self.setText(" &nbsp;".join(texts))
        self.setAccessibleName(", ".join(names))

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self.show_names(self._names, self._groups)

    def _sign(self, index: int) -> str:
        if index < self._groups:
            sign = list(SYMBOLS.values())[index % len(SYMBOLS)]
        else:
            sign = _SIGNS[self._strokes[(index - self._groups) % len(self._strokes)]]
        return f'<span style="color:{plot_color(index).name()}">{sign}</span>'
