"""The answers: one in detail, or a table of many with the selected one in detail."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.figure_files import save_figure
from workbench.figures import Adjustable, Figure, Heatmap, Image
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.predict_rows import THUMBNAIL, PredictedRow, columns, identity, milliseconds, tip
from workbench.gui.row_table import RowTableModel, RowTableView
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint, section_title
from workbench.i18n import _

LONGEST_SHOWN = 640
_FIGURE_COLUMN = 360
_PLAIN_ROW = 4 * GRID


class ResultView(QSplitter):
    """A table of rows, hidden while there is only one, beside the detail of the selected one."""

    row_changed = Signal(object)  # the row in detail, or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.model = RowTableModel(identity, tip)
        self.table = RowTableView(self.model)
        self.table.setAccessibleName(_("Predictions"))
        self.table.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.table.set_row_height(THUMBNAIL + GRID)
        self.detail = Detail()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.detail)
        self.addWidget(self.table)
        self.addWidget(scroll)
        self.setChildrenCollapsible(False)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.table.hide()
        self.table.selected_changed.connect(self._select)

    @property
    def rows(self) -> list[PredictedRow]:
        """All rows, as they were answered."""
        return self.model.all_rows

    @property
    def row(self) -> PredictedRow | None:
        """The row in detail."""
        return self.detail.row

    def set_rows(self, rows: list[PredictedRow]) -> None:
        """Show other answers; many of them as a table."""
        many = len(rows) > 1
        opens = many and self.table.isHidden()
        self.table.setVisible(many)
        if many:
            self.model.set_columns(columns([row.item for row in rows]))
            pictured = any(row.item.pixels is not None for row in rows)
            self.table.set_row_height(THUMBNAIL + GRID if pictured else _PLAIN_ROW)
        self.model.set_rows(rows)
        if opens:
            self.setSizes([self.width() * 3 // 5, self.width() * 2 // 5])
        if many:
            self.table.fit_columns(0)
            self.table.select([identity(self.model.rows[0])])
        self._show(rows[0] if rows and not many else self.table.current())

    def replace_live(self, row: PredictedRow) -> None:
        """Show the answer to what is still being drawn or typed, without anything jumping."""
        if self.table.isHidden() and self.detail.row is not None:
            self.model.set_rows([row])
            self._show(row)
        else:
            self.set_rows([row])

    def _select(self) -> None:
        if not self.table.isHidden():
            row = self.table.current()
            if row is not None and row is not self.detail.row:
                self._show(row)

    def _show(self, row: PredictedRow | None) -> None:
        self.detail.set_row(row)
        self.row_changed.emit(row)


class Detail(QWidget):
    """One answer: its words, the time it took, the picture or its heatmap, and the figures of the answer.

    An answer that is a picture itself (a mask) can be saved in its own pixels by a button; `ask_path` may be replaced.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: PredictedRow | None = None
        self._picture: np.ndarray | None = None
        self.with_picture = True
        self.with_heatmap = False
        self.answer = section_title("")
        self.answer.setProperty("role", "heading")
        self.answer.setWordWrap(True)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about: QLabel = hint("")
        self.error = Notice(self)
        self.figures = FigurePanel(column_width=_FIGURE_COLUMN)
        self.ask_path: Callable[[QWidget, str], str] = _ask_path
        self.save_button = button_with_icon("", "save")
        self.save_button.setToolTip(_("Save it in its own pixels, as the model gave it"))
        self.save_button.clicked.connect(self._save_picture)
        self.save_button.hide()
        self.saved = Notice(self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(GRID, 0, 0, 0)
        self._layout.setSpacing(GRID)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.about, 1)
        head.addWidget(self.save_button)
        self._layout.addWidget(self.answer)
        self._layout.addLayout(head)
        for widget in (self.saved, self.error, self.figures):
            self._layout.addWidget(widget)
        self._layout.addStretch(1)

    def set_row(self, row: PredictedRow | None) -> None:
        """Show another answer, or none."""
        if row is None or self.row is None or row.number != self.row.number:
            self._picture = None
            self.saved.show_message("")
        self.row = row
        answer = row.item.answer if row is not None else None
        self.answer.setText(answer.text if answer is not None else "")
        self.answer.setVisible(answer is not None)
        self.about.setText(_about(row) if row is not None else "")
        self.error.show_message(row.item.error if row is not None else "", "error")
        picture = self._answered_picture()
        self.save_button.setVisible(picture is not None)
        if picture is not None:
            self.save_button.setText(_("&Save “{title}” as PNG…").format(title=picture.title))
        self.refresh()

    def set_picture(self, picture: np.ndarray) -> None:
        """Show the picture in more pixels than the thumbnail has."""
        self._picture = picture
        self.refresh()

    def refresh(self) -> None:
        """Draw the figures of the row anew: after a heatmap came, or a knob was turned."""
        figures = self._figures_of(self.row) if self.row is not None else []
        self.figures.set_figures(figures)
        # A picture grows with the window; bars alone would only be stretched.
        grows = any(_is_picture(figure) for figure in figures)
        self._layout.setStretchFactor(self.figures, 10 if grows else 0)

    def _figures_of(self, row: PredictedRow) -> list[Figure]:
        heatmaps = [figure for figure in row.figures if isinstance(figure, Heatmap)] if self.with_heatmap else []
        others = [figure for figure in row.figures if not isinstance(figure, Heatmap)]
        pixels = self._picture if self._picture is not None else row.item.pixels
        answers = list(row.item.answer.figures) if row.item.answer is not None else []
        shown: list[Figure] = list(heatmaps)
        seen = heatmaps or any(_is_picture(figure) for figure in answers)
        if not seen and self.with_picture and pixels is not None:
            shown.append(Image(_("Picture"), pixels))
        return [*answers, *shown, *others]

    def _answered_picture(self) -> Image | None:
        """The picture that the model made, where it makes one."""
        answer = self.row.item.answer if self.row is not None else None
        figures = answer.figures if answer is not None else ()
        return next((figure for figure in figures if isinstance(figure, Image)), None)

    def _save_picture(self) -> None:
        picture = self._answered_picture()
        stem = Path(self.row.file).stem or "prediction"
        path = self.ask_path(self, f"{stem}_{picture.title.lower()}.png") if picture is not None else ""
        if not path:
            return
        target = Path(path) if path.lower().endswith(".png") else Path(f"{path}.png")
        try:
            save_figure(picture, target)
        except UserError as error:
            self.saved.show_message(str(error), "error")
        else:
            self.saved.show_message(_("Saved as {path}.").format(path=target), "success")


def _is_picture(figure: Figure) -> bool:
    """Whether a figure shows what was asked about, by itself or with knobs."""
    if isinstance(figure, Adjustable):
        return any(_is_picture(part) for part in figure.figures())
    return isinstance(figure, Image | Heatmap)


def _ask_path(parent: QWidget, suggestion: str) -> str:
    return QFileDialog.getSaveFileName(parent, _("Save picture"), suggestion, _("Pictures (*.png)"))[0]


def _about(row: PredictedRow) -> str:
    parts = [row.name, _("answered in {time}").format(time=milliseconds(row.item.seconds)) if row.item.answer else ""]
    return " · ".join(part for part in parts if part)


def read_picture(path: str, content: bytes) -> np.ndarray | None:
    """A picture for the eye, at most `LONGEST_SHOWN` on its longest side, (height, width, 3) uint8; None if Qt cannot.

    Runs in a worker thread. Only for showing: what the model sees is decoded by the engine.
    """
    if path:
        reader = QImageReader(path)
        reader.setAutoTransform(True)
        size = reader.size()
        if size.isValid() and max(size.width(), size.height()) > LONGEST_SHOWN:
            reader.setScaledSize(size.scaled(LONGEST_SHOWN, LONGEST_SHOWN, Qt.AspectRatioMode.KeepAspectRatio))
        image = reader.read()
    else:
        image = QImage.fromData(content)
        if max(image.width(), image.height()) > LONGEST_SHOWN:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(LONGEST_SHOWN, LONGEST_SHOWN, Qt.AspectRatioMode.KeepAspectRatio, smooth)
    if image.isNull():
        return None
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.array(image.constBits(), copy=True).reshape(image.height(), image.bytesPerLine())
    return flat[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
