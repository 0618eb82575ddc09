"""Entering rows of a table: typed into a form, or many at once from a CSV or XLSX file."""

from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout

from workbench.errors import UserError
from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import Dropped
from workbench.gui.pages.predict_drop_zone import DropZone
from workbench.gui.pages.predict_entry import Entry, Given
from workbench.gui.pages.predict_result import ResultView
from workbench.gui.pages.predict_row_form import RowForm
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, button_with_icon, hint, primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import PredictRequest
from workbench.specs import InputSpec, TableInput

TABLE_ENDINGS = (".csv", ".tsv", ".xlsx")
NARROWEST, WIDEST = 42 * GRID, 60 * GRID
ROOM_FOR_NOTES = 6 * GRID  # where a field says what is wrong with it


class RowEntry(Entry):
    """A form with a field per column, and files of many rows."""

    kind: ClassVar[str] = TableInput.kind
    items: ClassVar[tuple[str, str]] = (mark("{count} row in {time}"), mark("{count} rows in {time}"))

    def __init__(self, workspace: Workspace, result: ResultView, work: BackgroundWork) -> None:
        zone = DropZone(_("Drop a CSV or XLSX file here"), _("or click to open one"), "open")
        super().__init__(workspace, result, work, zone)
        self.form = RowForm()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        self.form.setProperty("role", "plain")
        self.typical_button = button_with_icon(_("&Typical values"), "undo")
        self.typical_button.setToolTip(_("Put the values back that most rows of the training have"))
        self.file_hint = hint(
            _(
                "Many rows: open or drop a CSV or XLSX file. Its first line has these names in any order; other "
                "columns are left out, empty cells are missing values."
            )
        )
        card = Card(_("Row"))
        below = QHBoxLayout()
        below.addWidget(self.typical_button)
        below.addStretch(1)
        self._scroll = scroll
        card.content.setSizeConstraint(QLayout.SizeConstraint.SetMinAndMaxSize)
        card.content.addWidget(scroll, 1)
        card.content.addLayout(below)
        card.content.addWidget(self.file_hint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card, 1)
        layout.addStretch(0)
        self.setMinimumWidth(NARROWEST)
        self.setMaximumWidth(WIDEST)
        self.open_button = primary_button(_("&Open table…"), "open")
        self.open_button.setToolTip(_("Predict the rows of a CSV or XLSX file (Ctrl+Shift+O)"))
        self.buttons.addWidget(self.open_button)
        self.open_button.clicked.connect(self.open_requested)
        self.typical_button.clicked.connect(self.form.show_typical)
        self.form.changed.connect(self._form_changed)

    def set_model(self, model: str, spec: InputSpec | None) -> None:
        """Give the form the columns of the model."""
        super().set_model(model, spec)
        if isinstance(spec, TableInput):
            self.form.set_columns(spec.columns)
            self._scroll.setMaximumHeight(self.form.sizeHint().height() + ROOM_FOR_NOTES)

    def file_patterns(self) -> str:
        """Tables."""
        return _("Tables (*.csv *.tsv *.xlsx);;All files (*)")

    def claims(self, paths: list[Path]) -> bool:
        """Tables, which elsewhere in the window would become the dataset."""
        return bool(paths) and all(path.suffix.lower() in TABLE_ENDINGS for path in paths)

    def read(self, dropped: Dropped) -> Given:
        """Files of rows."""
        if not dropped.paths:
            raise UserError(_("This model takes rows of a table. Drop a CSV or XLSX file, or type a row."))
        return Given(dropped.paths)

    def _form_changed(self) -> None:
        if self.form.valid:  # while a field is wrong it says so, and the answer before it stays
            self.live_changed.emit()

    def live_request(self) -> PredictRequest | None:
        """The row in the form; none while a field cannot be read."""
        if not self.form.fields or not self.form.valid:
            return None
        return PredictRequest(self.model, rows=(self.form.row,))

    def name_of(self, item: Any, given: Given) -> str:
        """The row in the form."""
        return _("typed row")
