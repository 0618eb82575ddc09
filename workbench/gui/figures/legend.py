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


class Legend(QLabel):
    """Every name behind a piece of its line; `strokes` are the lines' own, taken in turn."""

    def __init__(self, strokes: tuple[Qt.PenStyle, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._strokes = strokes
        self.setTextFormat(Qt.TextFormat.RichText)

    def show_names(self, names: tuple[str, ...]) -> None:
        """Show the names in the colours of the curves, in their order."""
        self._names = names
        texts = (f"{self._sign(index)} {html.escape(name)}" for index, name in enumerate(names))
        self.setText(" &nbsp;".join(texts))
        self.setAccessibleName(", ".join(names))

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self.show_names(self._names)

    def _sign(self, index: int) -> str:
        stroke = self._strokes[index % len(self._strokes)]
        return f'<span style="color:{plot_color(index).name()}">{_SIGNS[stroke]}</span>'
