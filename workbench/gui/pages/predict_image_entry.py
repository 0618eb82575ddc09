"""Entering pictures: open, paste, draw or drop them; a heatmap shows where the model looks."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QCheckBox, QVBoxLayout

from workbench.errors import UserError
from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import Dropped, may_hold_pictures
from workbench.gui.pages.predict_drawing import DrawingPanel
from workbench.gui.pages.predict_drop_zone import DropZone
from workbench.gui.pages.predict_entry import Entry, Given
from workbench.gui.pages.predict_result import ResultView, read_picture
from workbench.gui.pages.predict_rows import PredictedRow
from workbench.gui.widgets import button_with_icon, primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import PredictRequest
from workbench.specs import ImageInput, InputSpec

HEATMAP = "predict-heatmap"
LARGEST_TO_DRAW = 64  # px; the board opens by itself for models of small grey pictures


class ImageEntry(Entry):
    """A drawing board, files, the clipboard."""

    kind: ClassVar[str] = ImageInput.kind
    items: ClassVar[tuple[str, str]] = (mark("{count} picture in {time}"), mark("{count} pictures in {time}"))

    def __init__(self, workspace: Workspace, result: ResultView, work: BackgroundWork) -> None:
        zone = DropZone(
            _("Drop pictures or folders here"),
            _("or click to open files, paste a copied picture with Ctrl+V, or draw one"),
        )
        super().__init__(workspace, result, work, zone)
        self._given = Given()
        self._wanted = 0
        self._was_toggled = False
        self.drawing = DrawingPanel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.drawing)
        self.open_button = primary_button(_("&Open pictures…"), "open")
        self.open_button.setToolTip(_("Predict picture files (Ctrl+Shift+O)"))
        self.paste_button = button_with_icon(_("&Paste"), "paste")
        self.paste_button.setToolTip(_("Predict the copied picture or files (Ctrl+V)"))
        self.draw_button = button_with_icon(_("&Draw"), "edit")
        self.draw_button.setCheckable(True)
        self.heatmap_box = QCheckBox(_("Heat&map"))
        self.heatmap_box.setToolTip(_("Show where the model looks for its answer (Grad-CAM)."))
        for widget in (self.open_button, self.paste_button, self.draw_button, self.heatmap_box):
            self.buttons.addWidget(widget)
        self.panel_wanted = False
        self.open_button.clicked.connect(self.open_requested)
        self.paste_button.clicked.connect(self.paste_requested)
        self.draw_button.toggled.connect(self._show_board)
        self.draw_button.clicked.connect(self._remember_toggle)
        self.heatmap_box.toggled.connect(self._toggle_heatmap)
        self.drawing.canvas.changed.connect(self.live_changed)

    def set_model(self, model: str, spec: InputSpec | None) -> None:
        """Give the board the proportions of the model's input; open it where drawing makes sense."""
        super().set_model(model, spec)
        if not isinstance(spec, ImageInput):
            return
        self.drawing.canvas.set_proportions(spec.height, spec.width)
        if not self._was_toggled:
            self.draw_button.setChecked(spec.channels == 1 and max(spec.height, spec.width) <= LARGEST_TO_DRAW)

    def file_patterns(self) -> str:
        """Pictures."""
        return _("Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff *.pgm *.ppm);;All files (*)")

    def may_take(self, mime: QMimeData) -> bool:
        """Files, folders, pictures of a browser."""
        return may_hold_pictures(mime)

    def read(self, dropped: Dropped) -> Given:
        """Files, folders, or one picture."""
        if not dropped.paths and not dropped.pixels:
            raise UserError(dropped.message)
        return Given(dropped.paths, b"" if dropped.paths else dropped.pixels)

    def request(self, given: Given) -> PredictRequest:
        """With a heatmap where it is asked for; of many pictures each gets its own when it is looked at."""
        heatmap = len(given.paths) <= 1 and self.heatmap_box.isChecked()
        return PredictRequest(self.model, given.paths, given.pixels, heatmap=heatmap)

    def live_request(self) -> PredictRequest | None:
        """The drawing."""
        if self.drawing.canvas.empty:
            return None
        return PredictRequest(self.model, pixels=self.drawing.canvas.png(), heatmap=self.heatmap_box.isChecked())

    def name_of(self, item: Any, given: Given) -> str:
        """A picture without a file."""
        return _("pasted picture") if given.pixels else _("drawing")

    def show_row(self, row: PredictedRow, given: Given) -> None:
        """Fetch what the detail of a row lacks: the picture in more pixels, and its heatmap."""
        self._given = given
        self._wanted = row.number
        number, path, content = row.number, row.item.path, given.pixels

        def read(_post: Any) -> tuple[int, np.ndarray | None]:
            return number, read_picture(path, content) if number == self._wanted else None

        if path or content:
            self.work.start(read, self._show_picture)
        self._ask_heatmap(row)

    def _show_picture(self, outcome: tuple[int, np.ndarray | None]) -> None:
        number, picture = outcome
        if picture is not None and self.result.row is not None and self.result.row.number == number:
            self.result.detail.set_picture(picture)

    def _toggle_heatmap(self, wanted: bool) -> None:
        self.result.detail.with_heatmap = wanted
        self.result.detail.refresh()
        row = self.result.row
        if not wanted or row is None:
            return
        if row.item.path or self._given.pixels:
            self._ask_heatmap(row)
        else:
            self.live_changed.emit()

    def _ask_heatmap(self, row: PredictedRow) -> None:
        drawn = not row.item.path and not self._given.pixels
        if drawn or row.figures or row.item.answer is None or not self.heatmap_box.isChecked():
            return

        def show(predictions: Any) -> None:
            row.figures = predictions.items[0].figures
            if self.result.row is row:
                self.result.detail.refresh()
                if not row.figures:
                    self.told.emit(_("This model has no convolution layer, so there is no heatmap."))

        paths = (row.item.path,) if row.item.path else ()
        request = PredictRequest(self.model, paths, b"" if paths else self._given.pixels, heatmap=True)
        self.workspace.questions.ask(request, show, self.failed.emit, key=HEATMAP)

    def _remember_toggle(self) -> None:
        self._was_toggled = True

    def _show_board(self, wanted: bool) -> None:
        self.panel_wanted = wanted
        self.setVisible(wanted)
