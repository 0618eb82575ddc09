"""The predict page: give a model something it has never seen, and see what it makes of it.

What can be given, and how, follows from the model's input (`predict_entries`); what is shown, from the answers.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QProgressBar, QSplitter, QStackedWidget, QWidget

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figure_files import save_figure
from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import Dropped, read_dropped
from workbench.gui.drops import understand
from workbench.gui.pages.model_input import input_of
from workbench.gui.pages.page import Page
from workbench.gui.pages.predict_entries import ENTRIES
from workbench.gui.pages.predict_entry import Entry, Given
from workbench.gui.pages.predict_models import ModelChooser
from workbench.gui.pages.predict_result import ResultView
from workbench.gui.pages.predict_rows import PredictedRow, as_table, milliseconds
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon
from workbench.gui.workspace import Workspace
from workbench.i18n import _, counted, mark
from workbench.runs.folder import RunFolder
from workbench.specs import ImageInput

ASKED, LIVE = "predict", "predict-live"


class PredictPage(Page):
    """Samples in, answers out. `ask_files` and `ask_csv` may be replaced, so that tests open no dialogs.

    Attributes:
        entry: how something is entered for the chosen model.
        entries: all of them, by the kind of input.
    """

    name = "predict"
    title = mark("Predict")
    subtitle = mark("Give a trained model something it has never seen, and look at its answer.")
    icon = "predict"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.ask_files: Callable[[QWidget, str], list[str]] = _ask_files
        self.ask_csv: Callable[[QWidget], str] = _ask_csv
        self._work = BackgroundWork(self)
        self._given = Given()
        self._busy = False
        self._live_asked = False
        self._live_again = False
        self._outdated = True
        self._counter = 0
        self._started = 0.0
        self.models = ModelChooser(self._work)
        self.notice = Notice(self)
        self.result = ResultView()
        self.entries: dict[str, Entry] = {
            kind: make(workspace, self.result, self._work) for kind, make in ENTRIES.items()
        }
        self.entry = self.entries[ImageInput.kind]
        self._build()
        self._connect()
        self.setAcceptDrops(True)
        self._show_entry()
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
            self._give(Given(tuple(paths)))

    def take(self, dropped: Dropped) -> None:
        """Predict what was dropped or pasted, or say why that cannot be done."""
        try:
            self._give(self.entry.read(dropped))
        except UserError as error:
            self.notice.show_message(str(error), "warning")

    def paste(self) -> None:
        """Predict what the clipboard holds."""
        self.take(read_dropped(QGuiApplication.clipboard().mimeData()))

    def open_files(self) -> None:
        """Ask for files and predict them."""
        self.predict_paths(self.ask_files(self, self.entry.file_patterns()))

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
        if self._is_for_the_window(event.mimeData()):
            event.ignore()
        elif self.entry.may_take(event.mimeData()):
            event.acceptProposedAction()
            self.entry.drop_zone.set_hot(True)
            self._stack.setCurrentWidget(self.entry.drop_zone)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._end_drag()
        self.take(read_dropped(event.mimeData()))

    def _build(self) -> None:
        self.csv_button = button_with_icon(_("Save as &CSV…"), "save")
        self.progress = QProgressBar()
        self.progress.setMaximumWidth(220)
        self.progress.setAccessibleName(_("Progress"))
        self.cancel_button = button_with_icon(_("Cancel"), "stop")
        self._summary = QLabel()
        self._summary.setProperty("role", "hint")
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        self._stack = QStackedWidget()
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        for entry in self.entries.values():
            bar.addWidget(entry.bar)
            self._stack.addWidget(entry.drop_zone)
            self._splitter.addWidget(entry)
            self._splitter.setStretchFactor(self._splitter.indexOf(entry), 1)
        bar.addStretch(1)
        for widget in (self._summary, self.progress, self.cancel_button, self.csv_button):
            bar.addWidget(widget)
        self._stack.addWidget(self.result)
        self._splitter.addWidget(self._stack)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setStretchFactor(self._splitter.indexOf(self._stack), 2)
        self.content.addWidget(self.models)
        self.content.addLayout(bar)
        self.content.addWidget(self.notice)
        self.content.addWidget(self._splitter, 1)

    def _connect(self) -> None:
        for entry in self.entries.values():
            entry.open_requested.connect(self.open_files)
            entry.paste_requested.connect(self.paste)
            entry.live_changed.connect(self._live_changed)
            entry.told.connect(self.notice.show_message)
            entry.failed.connect(self._failed)
        self.csv_button.clicked.connect(self.save_csv)
        self.cancel_button.clicked.connect(self.cancel)
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
        self._use_entry(model)
        if not model:
            self._show_nothing()
            self._say_that_there_is_no_model()
        elif self._given:
            self._ask()
        elif self.entry.live_request() is not None:
            self._live_changed()

    def _use_entry(self, model: str) -> None:
        """Take the entry that suits the model's input; what was given to another one means nothing to this."""
        spec = input_of(model)
        kind = spec.kind if spec is not None else ImageInput.kind if model else self.entry.kind
        entry = self.entries.get(kind, self.entry)
        entry.set_model(model, spec)
        if entry is self.entry:
            return
        if self.entry.model or not entry.claims([Path(path) for path in self._given.paths]):
            self._given = Given()
        self.entry.model = ""
        self.entry = entry
        self._show_nothing()
        self._show_entry()

    def _show_entry(self) -> None:
        for entry in self.entries.values():
            chosen = entry is self.entry
            entry.bar.setVisible(chosen)
            entry.setVisible(chosen and entry.panel_wanted)
        self._stack.setCurrentWidget(self.entry.drop_zone)

    def _show_nothing(self) -> None:
        for key in (ASKED, LIVE):
            self.workspace.questions.drop(key)
        self._live_asked = self._live_again = False
        self._show_busy(False)
        self._summary.setText("")
        self.result.set_rows([])
        self.csv_button.setEnabled(False)
        self._stack.setCurrentWidget(self.entry.drop_zone)

    def _say_that_there_is_no_model(self) -> None:
        self.notice.show_message(
            _(
                "There is no model to predict with yet. Train an experiment, choose a run on the Runs page, or open a "
                "model file."
            )
        )

    def _give(self, given: Given) -> None:
        self._given = given
        self._ask()

    def _ask(self) -> None:
        """Predict what was given; when there is no model yet, once there is one."""
        self.workspace.questions.drop(LIVE)
        self._live_asked = self._live_again = False
        if not self.models.model:
            self._say_that_there_is_no_model()
            return
        self.notice.show_message("")
        self._started = time.perf_counter()
        self._show_busy(True)
        request = self.entry.request(self._given)
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
        return PredictedRow(self._counter, item, "" if item.path else self.entry.name_of(item, self._given))

    def _summarise(self, rows: list[PredictedRow], seconds: float) -> None:
        wrong = sum(1 for row in rows if row.item.error)
        right = len(rows) - wrong
        parts = [counted(*self.entry.items, right).format(count=right, time=milliseconds(seconds))]
        if wrong:
            parts.append(_("{count} could not be predicted").format(count=wrong))
        self._summary.setText(", ".join(parts) if len(rows) > 1 else "")

    def _row_changed(self, row: PredictedRow | None) -> None:
        if row is not None and row.item.answer is not None:
            self.entry.show_row(row, self._given)

    def _live_changed(self) -> None:
        """Ask about what is drawn or typed, one question at a time: there is an answer while it still changes."""
        self._given = Given()
        request = self.entry.live_request()
        if request is None:
            self._show_nothing()
        elif not self.models.model:
            self._say_that_there_is_no_model()
        elif self._live_asked:
            self._live_again = True
        else:
            if self._busy:
                self.workspace.questions.drop(ASKED)
                self._show_busy(False)
            self._live_asked, self._live_again = True, False
            self.workspace.questions.ask(request, self._live_answered, self._live_failed, key=LIVE)

    def _live_answered(self, predictions: Any) -> None:
        self._live_asked = False
        self.result.detail.with_picture = False
        self._stack.setCurrentWidget(self.result)
        self.result.replace_live(self._row(predictions.items[0]))
        self._summary.setText("")
        self.csv_button.setEnabled(True)
        if self._live_again:
            self._live_changed()
        else:
            self.notice.show_message("")

    def _live_failed(self, message: str) -> None:
        self._live_asked = self._live_again = False
        self.notice.show_message(message, "error")

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self.progress.setRange(0, 0 if busy else 1)
        self.progress.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self._summary.setVisible(not busy)
        self.csv_button.setEnabled(not busy and bool(self.result.rows))

    def _end_drag(self) -> None:
        self.entry.drop_zone.set_hot(False)
        self._stack.setCurrentWidget(self.result if self.result.rows else self.entry.drop_zone)

    def _is_for_the_window(self, mime: QMimeData) -> bool:
        """Whether an experiment, a run or a model is dragged: what these mean is the same on every page."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if not paths or self.entry.claims(paths):
            return False
        return understand(paths, self.name).what != "predict"


def _ask_files(parent: QWidget, patterns: str) -> list[str]:
    return QFileDialog.getOpenFileNames(parent, _("Open files"), "", patterns)[0]


def _ask_csv(parent: QWidget) -> str:
    return QFileDialog.getSaveFileName(parent, _("Save predictions"), "predictions.csv", _("Tables (*.csv)"))[0]
