"""The predict page: drop pictures on it, paste one, open some or draw one, and see what a model makes of them."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figure_files import save_figure
from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import Dropped, may_hold_pictures, read_dropped
from workbench.gui.drops import understand
from workbench.gui.pages.page import Page
from workbench.gui.pages.predict_drawing import DrawingPanel
from workbench.gui.pages.predict_drop_zone import DropZone
from workbench.gui.pages.predict_models import ModelChooser
from workbench.gui.pages.predict_result import ResultView, read_picture
from workbench.gui.pages.predict_rows import PredictedRow, as_table, milliseconds
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import PredictRequest
from workbench.runs.folder import RunFolder

ASKED, DRAWING, HEATMAP = "predict", "drawing", "predict-heatmap"
LARGEST_TO_DRAW = 64  # px; the board opens by itself for models of small grey pictures


class PredictPage(Page):
    """Pictures in, answers out. `ask_files` and `ask_csv` may be replaced, so that tests open no dialogs."""

    name = "predict"
    title = mark("Predict")
    subtitle = mark("Give pictures to a trained model: drop, open, paste or draw them.")
    icon = "predict"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.ask_files: Callable[[QWidget], list[str]] = _ask_files
        self.ask_csv: Callable[[QWidget], str] = _ask_csv
        self._work = BackgroundWork(self)
        self._paths: tuple[str, ...] = ()
        self._pixels = b""
        self._busy = False
        self._drawing_asked = False
        self._drawing_changed = False
        self._outdated = True
        self._board_was_toggled = False
        self._counter = 0
        self._wanted = 0
        self._started = 0.0
        self.models = ModelChooser(self._work)
        self.notice = Notice(self)
        self.drop_zone = DropZone()
        self.result = ResultView()
        self.drawing = DrawingPanel()
        self._build()
        self._connect()
        self.setAcceptDrops(True)
        self._show_busy(False)

    def shown(self) -> None:
        """Bring the model up to date, and the answers with it."""
        self.models.refresh(self.workspace.settings.runs_folder)
        if self._outdated:
            self._outdated = False
            self._use_model(self.workspace.current_run)

    def hidden(self) -> None:
        """Let readings end."""
        self._work.stop()

    def predict_paths(self, paths: list[str]) -> None:
        """Predict files and folders."""
        if paths:
            self._paths, self._pixels = tuple(paths), b""
            self._ask()

    def predict_pixels(self, pixels: bytes) -> None:
        """Predict one encoded picture."""
        self._paths, self._pixels = (), pixels
        self._ask()

    def take(self, dropped: Dropped) -> None:
        """Predict what was dropped or pasted, or say why that cannot be done."""
        if dropped.paths:
            self.predict_paths(list(dropped.paths))
        elif dropped.pixels:
            self.predict_pixels(dropped.pixels)
        else:
            self.notice.show_message(dropped.message, "warning")

    def paste(self) -> None:
        """Predict what the clipboard holds."""
        self.take(read_dropped(QGuiApplication.clipboard().mimeData()))

    def open_files(self) -> None:
        """Ask for pictures and predict them."""
        self.predict_paths(self.ask_files(self))

    def cancel(self) -> None:
        """Give up what is being predicted; what was answered before stays."""
        self.workspace.questions.drop(ASKED)
        self._show_busy(False)
        self.notice.show_message(_("Stopped. The answers from before are kept."))

    def save_csv(self) -> None:
        """Ask for a file and write the answers to it."""
        path = self.ask_csv(self)
        if not path:
            return
        target = Path(path) if path.lower().endswith(".csv") else Path(f"{path}.csv")
        try:
            save_figure(as_table(self.result.rows), target)
        except UserError as error:
            self.notice.show_message(str(error), "error")
        else:
            self.notice.show_message(_("Saved as {path}.").format(path=target))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _is_for_the_window(event.mimeData()):
            event.ignore()
        elif may_hold_pictures(event.mimeData()):
            event.acceptProposedAction()
            self.drop_zone.set_hot(True)
            self._stack.setCurrentWidget(self.drop_zone)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._end_drag()
        self.take(read_dropped(event.mimeData()))

    def _build(self) -> None:
        self.open_button = primary_button(_("&Open pictures…"), "open")
        self.open_button.setToolTip(_("Predict picture files (Ctrl+Shift+O)"))
        self.paste_button = button_with_icon(_("&Paste"), "paste")
        self.paste_button.setToolTip(_("Predict the copied picture or files (Ctrl+V)"))
        self.draw_button = button_with_icon(_("&Draw"), "edit")
        self.draw_button.setCheckable(True)
        self.heatmap_box = QCheckBox(_("Heat&map"))
        self.heatmap_box.setToolTip(_("Show where the model looks for its answer (Grad-CAM)."))
        self.csv_button = button_with_icon(_("Save as &CSV…"), "save")
        self.progress = QProgressBar()
        self.progress.setMaximumWidth(220)
        self.progress.setAccessibleName(_("Progress"))
        self.cancel_button = button_with_icon(_("Cancel"), "stop")
        self._summary = QLabel()
        self._summary.setProperty("role", "hint")
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        for widget in (self.open_button, self.paste_button, self.draw_button, self.heatmap_box):
            bar.addWidget(widget)
        bar.addStretch(1)
        for widget in (self._summary, self.progress, self.cancel_button, self.csv_button):
            bar.addWidget(widget)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.drop_zone)
        self._stack.addWidget(self.result)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.addWidget(self.drawing)
        self._splitter.addWidget(self._stack)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 2)
        self.drawing.hide()
        self.content.addWidget(self.models)
        self.content.addLayout(bar)
        self.content.addWidget(self.notice)
        self.content.addWidget(self._splitter, 1)

    def _connect(self) -> None:
        self.open_button.clicked.connect(self.open_files)
        self.drop_zone.clicked.connect(self.open_files)
        self.paste_button.clicked.connect(self.paste)
        self.draw_button.toggled.connect(self._toggle_board)
        self.draw_button.clicked.connect(self._remember_toggle)
        self.heatmap_box.toggled.connect(self._toggle_heatmap)
        self.csv_button.clicked.connect(self.save_csv)
        self.cancel_button.clicked.connect(self.cancel)
        self.drawing.canvas.changed.connect(self._drawn)
        self.result.row_changed.connect(self._row_changed)
        self.models.chosen.connect(self._choose_model)
        self.workspace.current_run_changed.connect(self._current_run_changed)
        for keys, slot in (
            (QKeySequence(QKeySequence.StandardKey.Paste), self.paste),
            (QKeySequence("Ctrl+Shift+O"), self.open_files),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def _choose_model(self, model: str) -> None:
        """By the user: a run is shown on all pages, a file only here."""
        if RunFolder(model).exists() and model != self.workspace.current_run:
            self.workspace.set_current_run(model)
        else:
            self._use_model(model)

    def _current_run_changed(self, run: str) -> None:
        if self.isVisible():
            self._use_model(run)
        else:
            self._outdated = True

    def _use_model(self, model: str) -> None:
        self.models.set_model(model)
        self.notice.show_message("")
        self._fit_board(model)
        if not model:
            self.result.set_rows([])
            self._stack.setCurrentWidget(self.drop_zone)
            self._say_that_there_is_no_model()
        elif self._paths or self._pixels:
            self._ask()
        elif not self.drawing.canvas.empty:
            self._drawn()

    def _fit_board(self, model: str) -> None:
        """Give the board the proportions of the model's input; open it where drawing makes sense."""
        try:
            wanted = RunFolder(model).experiment().preprocessing if model and RunFolder(model).exists() else None
        except UserError:  # the run's experiment is damaged; its model may still answer
            wanted = None
        if wanted is None:
            return
        self.drawing.canvas.set_proportions(wanted.height, wanted.width)
        if not self._board_was_toggled:
            self.draw_button.setChecked(wanted.channels == 1 and max(wanted.height, wanted.width) <= LARGEST_TO_DRAW)

    def _say_that_there_is_no_model(self) -> None:
        self.notice.show_message(
            _(
                "There is no model to predict with yet. Train an experiment, choose a run on the Runs page, or open a "
                "model file."
            )
        )

    def _ask(self) -> None:
        """Predict what was given; when there is no model yet, once there is one."""
        self.workspace.questions.drop(DRAWING)
        self._drawing_asked = self._drawing_changed = False
        if not self.models.model:
            self._say_that_there_is_no_model()
            return
        alone = bool(self._pixels) or (len(self._paths) == 1 and not os.path.isdir(self._paths[0]))
        request = PredictRequest(
            self.models.model, self._paths, self._pixels, heatmap=alone and self.heatmap_box.isChecked()
        )
        self.notice.show_message("")
        self._started = time.perf_counter()
        self._show_busy(True)
        self.workspace.questions.ask(request, self._answered, self._failed, self._progressed, ASKED)

    def _answered(self, predictions: Any) -> None:
        self._show_busy(False)
        rows = [self._row(item) for item in predictions.items]
        self.result.detail.with_picture = True
        self._stack.setCurrentWidget(self.result)
        self.result.set_rows(rows)
        self._summarise(rows, time.perf_counter() - self._started)
        self.csv_button.setEnabled(bool(rows))

    def _failed(self, message: str) -> None:
        self._show_busy(False)
        self.notice.show_message(message, "error")

    def _progressed(self, event: Any) -> None:
        if isinstance(event, Progress) and self._busy:
            self.progress.setRange(0, event.total)
            self.progress.setValue(event.done)

    def _row(self, item: Any) -> PredictedRow:
        self._counter += 1
        name = "" if item.path else _("pasted picture") if self._pixels else _("drawing")
        return PredictedRow(self._counter, item, name)

    def _summarise(self, rows: list[PredictedRow], seconds: float) -> None:
        wrong = sum(1 for row in rows if row.item.error)
        parts = [_("{count} pictures in {time}").format(count=len(rows) - wrong, time=milliseconds(seconds))]
        if wrong:
            parts.append(_("{count} could not be predicted").format(count=wrong))
        self._summary.setText(", ".join(parts) if len(rows) > 1 else "")

    def _row_changed(self, row: PredictedRow | None) -> None:
        """Fetch what the detail of a row lacks: the picture in more pixels, and its heatmap."""
        if row is None or row.item.answer is None:
            return
        self._wanted = row.number
        number, path, content = row.number, row.item.path, self._pixels

        def read(_post: Any) -> tuple[int, np.ndarray | None]:
            return number, read_picture(path, content) if number == self._wanted else None

        if path or content:
            self._work.start(read, self._show_picture)
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
        if row.item.path or self._pixels:
            self._ask_heatmap(row)
        else:
            self._drawn()

    def _ask_heatmap(self, row: PredictedRow) -> None:
        drawn = not row.item.path and not self._pixels
        if drawn or row.figures or row.item.answer is None or not self.heatmap_box.isChecked():
            return

        def show(predictions: Any) -> None:
            row.figures = predictions.items[0].figures
            if self.result.row is row:
                self.result.detail.refresh()
                if not row.figures:
                    self.notice.show_message(_("This model has no convolution layer, so there is no heatmap."))

        paths = (row.item.path,) if row.item.path else ()
        request = PredictRequest(self.models.model, paths, b"" if paths else self._pixels, heatmap=True)
        self.workspace.questions.ask(request, show, self._failed, key=HEATMAP)

    def _remember_toggle(self) -> None:
        self._board_was_toggled = True

    def _toggle_board(self, wanted: bool) -> None:
        self.drawing.setVisible(wanted)

    def _drawn(self) -> None:
        """Ask about the drawing, one question at a time, so that there is an answer while the mouse still moves."""
        self._paths, self._pixels = (), b""
        if self.drawing.canvas.empty:
            self.workspace.questions.drop(DRAWING)
            self._drawing_asked = self._drawing_changed = False
            self.result.set_rows([])
            self._stack.setCurrentWidget(self.drop_zone)
            self.csv_button.setEnabled(False)
        elif not self.models.model:
            self._say_that_there_is_no_model()
        elif self._drawing_asked:
            self._drawing_changed = True
        else:
            if self._busy:
                self.workspace.questions.drop(ASKED)
                self._show_busy(False)
            self._drawing_asked, self._drawing_changed = True, False
            request = PredictRequest(
                self.models.model, pixels=self.drawing.canvas.png(), heatmap=self.heatmap_box.isChecked()
            )
            self.workspace.questions.ask(request, self._drawing_answered, self._drawing_failed, key=DRAWING)

    def _drawing_answered(self, predictions: Any) -> None:
        self._drawing_asked = False
        self.result.detail.with_picture = False
        self._stack.setCurrentWidget(self.result)
        self.result.replace_drawing(self._row(predictions.items[0]))
        self._summary.setText("")
        self.csv_button.setEnabled(True)
        if self._drawing_changed:
            self._drawn()

    def _drawing_failed(self, message: str) -> None:
        self._drawing_asked = self._drawing_changed = False
        self.notice.show_message(message, "error")

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self.progress.setRange(0, 0 if busy else 1)
        self.progress.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self._summary.setVisible(not busy)
        self.csv_button.setEnabled(not busy and bool(self.result.rows))

    def _end_drag(self) -> None:
        self.drop_zone.set_hot(False)
        self._stack.setCurrentWidget(self.result if self.result.rows else self.drop_zone)


def _is_for_the_window(mime: QMimeData) -> bool:
    """Whether an experiment, a run or a model is dragged: what these mean is the same on every page."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return bool(paths) and understand(paths, PredictPage.name).what != "predict"


def _ask_files(parent: QWidget) -> list[str]:
    patterns = _("Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff *.pgm *.ppm);;All files (*)")
    return QFileDialog.getOpenFileNames(parent, _("Open pictures"), "", patterns)[0]


def _ask_csv(parent: QWidget) -> str:
    return QFileDialog.getSaveFileName(parent, _("Save predictions"), "predictions.csv", _("Tables (*.csv)"))[0]
