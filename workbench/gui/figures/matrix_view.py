"""A confusion matrix that can be read from 2 to 1,000 classes, or the correlations of as many columns."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.colour_maps import DIVERGING, ramp
from workbench.figures import Matrix
from workbench.gui.figures.colour_bar import ColourBar
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.matrix_canvas import MatrixCanvas, signed
from workbench.gui.theme import GRID, theme
from workbench.gui.widgets import button_with_icon
from workbench.i18n import _

# Both begin well apart from the background, which is what cells without a count show.
LIGHT_RAMP = ("#a3bfec", "#08306b")
DARK_RAMP = ("#3d5c9c", "#ffe9a8")
DARK_DIVERGING = ("#82acff", "#2a2e36", "#f58e5e")


def shares(values: np.ndarray, mode: str) -> np.ndarray:
    """Counts as shares: of the true class (`row`), of the predicted class (`column`), or of the largest (`count`)."""
    counts = np.asarray(values, np.float64)
    match mode:
        case "row":
            total = counts.sum(axis=1, keepdims=True)
        case "column":
            total = counts.sum(axis=0, keepdims=True)
        case _:
            total = counts.max(initial=0)
    return counts / np.maximum(total, 1)


class MatrixView(FigureView):
    """Draws `Matrix`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = QComboBox()
        for text, mode in ((_("Counts"), "count"), (_("By row"), "row"), (_("By column"), "column")):
            self._mode.addItem(text, mode)
        self._mode.setAccessibleName(_("What the colours and numbers mean"))
        self._mode.setToolTip(
            _("Counts, shares of every true class (rows), or shares of every predicted class (columns)")
        )
        self._mode.currentIndexChanged.connect(self._change_mode)
        whole = button_with_icon(_("Show &all"))
        whole.setToolTip(_("Back to the whole matrix. Ctrl and the wheel or + and - zoom, dragging moves."))
        self.canvas = MatrixCanvas()
        whole.clicked.connect(self.canvas.show_all)
        self.knobs.addWidget(self._mode)
        self.knobs.addWidget(whole)
        self._key = ColourBar()
        self._told = QLabel(" ")
        self._told.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setProperty("role", "hint")
        self._told.setWordWrap(True)
        self.canvas.cell_pointed.connect(self._tell)
        self.canvas.cell_clicked.connect(self._click)
        self.canvas.resized.connect(self._limit_height)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.canvas, 1)
        below = QHBoxLayout()
        below.addWidget(self._key)
        below.addWidget(self._told, 1)
        layout.addLayout(below)
        # A matrix with all the height it needs stands at the top, its key right below it.
        layout.addStretch(0)
        self.set_body(body)

    @property
    def holds_counts(self) -> bool:
        """Whether the values are counts, not numbers from -1 to 1."""
        return not np.issubdtype(np.asarray(self.figure.values).dtype, np.floating)

    @property
    def mode(self) -> str:
        """`count`, `row` or `column`."""
        return self._mode.currentData()

    def set_mode(self, mode: str) -> None:
        """Show counts, or shares by row or by column."""
        self._mode.setCurrentIndex(self._mode.findData(mode))

    def draw(self) -> None:
        figure: Matrix = self.figure
        self._mode.setVisible(self.holds_counts)
        if self.holds_counts:
            self._draw_counts(figure)
        else:
            colours = ramp(*DARK_DIVERGING) if theme().dark else DIVERGING
            places = (np.clip(np.asarray(figure.values, float), -1, 1) + 1) / 2
            self.canvas.set_matrix(figure, places, "signed", colours)
            self._key.set_range("-1", "1", colours)
        self.canvas.setAccessibleName(
            _("{title}: {count} classes. Arrow keys choose a cell, Enter shows its samples.").format(
                title=figure.title, count=len(figure.names)
            )
            if self.holds_counts
            else _("{title}: {count} columns. Arrow keys choose a cell.").format(
                title=figure.title, count=len(figure.names)
            )
        )

    def _draw_counts(self, figure: Matrix) -> None:
        colours = ramp(*(DARK_RAMP if theme().dark else LIGHT_RAMP))
        style = "count" if self.mode == "count" else "percent"
        self.canvas.set_matrix(figure, shares(figure.values, self.mode), style, colours)
        high = "100 %" if self.mode != "count" else f"{int(np.max(figure.values, initial=0)):,}"
        self._key.set_range("0 %" if self.mode != "count" else "0", high, colours)

    def describe(self, row: int, column: int) -> str:
        """A cell in words: both classes, the count, its shares; of a correlation, its value."""
        figure: Matrix = self.figure
        if not self.holds_counts:
            return f"{figure.names[row]} · {figure.names[column]}: {signed(figure.values[row, column])}"
        count = int(figure.values[row, column])
        by_row = count / max(1, int(figure.values[row].sum()))
        by_column = count / max(1, int(figure.values[:, column].sum()))
        return " · ".join(
            (
                f"{figure.row_label}: {figure.names[row]}",
                f"{figure.column_label}: {figure.names[column]}",
                _("{count} ({by_row:.1%} of the row, {by_column:.1%} of the column)").format(
                    count=count, by_row=by_row, by_column=by_column
                ),
            )
        )

    def _limit_height(self) -> None:
        self.grow_with(self.canvas)

    def _change_mode(self, _index: int) -> None:
        if self.figure is not None:
            self.draw()

    def _tell(self, row: int, column: int) -> None:
        text = self.describe(row, column) if row >= 0 else " "
        self._told.setText(text)
        self.canvas.setToolTip(text.strip())
        self.canvas.setAccessibleDescription(text.strip())

    def _click(self, row: int, column: int) -> None:
        self.cell_clicked.emit(row, column, tuple(self.figure.samples.get((row, column), ())))
