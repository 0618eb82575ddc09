"""The runs page: every run there is, what became of it, and two or more of them over each other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.events import EpochFinished, Finished, RunStarted
from workbench.gui.background import BackgroundWork
from workbench.gui.export_dialog import open_export
from workbench.gui.pages.page import Page
from workbench.gui.pages.runs_actions import RESUMABLE, RunActions
from workbench.gui.pages.runs_columns import NAME_COLUMN
from workbench.gui.pages.runs_comparison import RunsComparison
from workbench.gui.pages.runs_header import RunsHeader
from workbench.gui.pages.runs_reading import with_queue
from workbench.gui.pages.runs_report import RunsReport
from workbench.gui.pages.runs_search import RunsSearch
from workbench.gui.row_table import RowTableModel, RowTableView
from workbench.gui.theme import GRID, appearance
from workbench.gui.widgets import Notice, button_with_icon, hint, primary_button, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _, counted, mark
from workbench.runs.reading import RunsReader
from workbench.runs.summary import RunSummary

WATCH_MILLISECONDS = 3_000
AFTER_EVENT_MILLISECONDS = 300
MOST_COMPARED = 8
TABLE_BESIDE_COMPARISON = 130


class RunsPage(Page):
    """A table of runs with what can be done with them. Reads the disk in a worker thread, and only while seen."""

    name = "runs"
    title = mark("Runs")
    subtitle = mark("Every training, and what became of it. Select two or more to lay their curves over each other.")
    icon = "runs"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._work = BackgroundWork(self)
        self._reader = RunsReader()
        self._read: list[RunSummary] = []
        self._reading = False
        self._read_again = False
        self._to_select = ""
        self.actions_on_runs = RunActions(workspace, self._work, self)
        self.table_model = RowTableModel(_identity, _tip)
        self.table = RowTableView(self.table_model)
        self.table.setAccessibleName(_("Runs"))
        self.header = RunsHeader(self.table, workspace.settings)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.search = RunsSearch(self.table_model)
        self.notice = Notice(self)  # what went wrong with an action, or what can be undone
        self.about = Notice(self)  # what is wrong with the selected run
        self._selected: set[str] = set()
        self.comparison = RunsComparison(workspace, self._work)
        self.report = RunsReport(workspace, self)
        self._build()
        self._connect()
        self._timer = QTimer(self, interval=WATCH_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        self._soon = QTimer(self, singleShot=True, interval=AFTER_EVENT_MILLISECONDS)
        self._soon.timeout.connect(self.refresh)
        self._follow_selection()

    def shown(self) -> None:
        """Read the folder now, and watch it."""
        self._timer.start()
        self.refresh()

    def hidden(self) -> None:
        """Stop watching."""
        self._timer.stop()
        self._soon.stop()
        self._work.stop()

    def refresh(self) -> None:
        """Read the runs again, in a worker thread; what did not change is not opened."""
        if self._reading:
            self._read_again = True
            return
        self._reading, self._read_again = True, False
        folder = self.workspace.settings.runs_folder
        stopped = self._work.hurry.is_set
        first = not self._read

        def read(post: Callable[[list[RunSummary]], None]) -> list[RunSummary] | None:
            if first and (remembered := self._reader.remembered(folder)):
                post(remembered)
            found = self._reader.read(folder, post, stopped, breathe=True)
            self.search.prepare(found or (), stopped)
            return found

        self._work.start(read, self._take_all, self._take_part, self._reading_failed)

    def compare_selected(self) -> None:
        """Lay the selected runs over each other, below the table."""
        runs = [run for run in self.table.selected() if run.path]
        if len(runs) > MOST_COMPARED:
            self._tell(
                _("{count} runs are too many to tell their curves apart; select up to {most}.").format(
                    count=len(runs), most=MOST_COMPARED
                ),
                "warning",
            )
        elif len(runs) >= 2:
            self.comparison.compare(tuple(run.path for run in runs))

    def _build(self) -> None:
        self.reopen_button = primary_button(_("Reo&pen"), "evaluate")
        self.resume_button = button_with_icon(_("Res&ume…"), "play")
        self.copy_button = button_with_icon(_("&New from this"), "new")
        self.compare_button = button_with_icon(_("&Compare"), "compare")
        self.rename_button = button_with_icon(_("Rena&me"), "edit")
        self.folder_button = button_with_icon(_("Open f&older"), "folder")
        self.notes_button = button_with_icon(_("Ta&gs…"), "tag")
        self.report_button = button_with_icon(_("Repor&t…"), "report")
        self.export_button = button_with_icon(_("E&xport…"), "save")
        self.delete_button = button_with_icon(_("&Delete"), "delete")
        self.reopen_button.setToolTip(_("Evaluate, inspect and predict with this run (Enter)"))
        self.copy_button.setToolTip(_("Begin a new experiment with the settings of this run"))
        self.report_button.setToolTip(_("Up to 8 runs side by side, as one HTML file (Ctrl+E)"))
        self.export_button.setToolTip(_("Its model, its report or its curves for other programs (Ctrl+E)"))
        self.rename_button.setToolTip(_("Rename in place (F2)"))
        self.notes_button.setToolTip(_("Group, tags and note of the selected runs (Ctrl+G)"))
        self._undo_button = button_with_icon(_("&Undo"), "undo")
        self._undo_button.setToolTip(_("Give them the group, tags and note of before (Ctrl+Z)"))
        self._undo_button.hide()
        self.notice.buttons.addWidget(self._undo_button)
        self.delete_button.setToolTip(_("Move to the trash (Delete)"))
        self._bar = QWidget()
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(GRID)
        for button in self._buttons():
            bar.addWidget(button)
        bar.addStretch(1)
        self.content.addWidget(self.search)
        self.content.addWidget(self._bar)
        self.content.addWidget(self.notice)
        self.content.addWidget(self.about)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._table_and_comparison())
        self._stack.addWidget(self._nothing_yet())
        self.content.addWidget(self._stack, 1)

    def _buttons(self) -> tuple[QPushButton, ...]:
        return (
            self.reopen_button, self.resume_button, self.compare_button, self.notes_button, self.copy_button,
            self.rename_button, self.report_button, self.export_button, self.folder_button, self.delete_button,
        )  # fmt: skip

    def _table_and_comparison(self) -> QWidget:
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.table)
        self._splitter.addWidget(self.comparison)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setStretchFactor(0, 2)
        self._splitter.setStretchFactor(1, 3)
        return self._splitter

    def _nothing_yet(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(section_title(_("No runs yet")), 0, Qt.AlignmentFlag.AlignHCenter)
        self._where = hint("")
        self._where.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._where)
        go = primary_button(_("Go to Train"), "train")
        go.clicked.connect(self._go_to_train)
        layout.addWidget(go, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        return page

    def _connect(self) -> None:
        actions = self.actions_on_runs
        actions.changed.connect(self.refresh)
        actions.failed.connect(self._show_problem)
        actions.notes_changed.connect(self._notes_changed)
        self.search.left.connect(self._to_the_first)
        self.comparison.shown.connect(self._make_room)
        self.comparison.enlarged.connect(self._enlarge_comparison)
        self.comparison.failed.connect(self._show_problem)
        self.table.chosen.connect(actions.reopen)
        self.table.delete_pressed.connect(self._delete)
        self.table.selected_changed.connect(self._follow_selection)
        self.table.customContextMenuRequested.connect(self._context_menu)
        self.table_model.edited.connect(self._rename)
        self.reopen_button.clicked.connect(self._reopen)
        self.resume_button.clicked.connect(self._resume)
        self.copy_button.clicked.connect(self._copy)
        self.compare_button.clicked.connect(self.compare_selected)
        self.rename_button.clicked.connect(self._edit_name)
        self.folder_button.clicked.connect(self._open_folder)
        self.notes_button.clicked.connect(self._edit_notes)
        self.report_button.clicked.connect(self._write_report)
        self.report.told.connect(self._tell)
        self.export_button.clicked.connect(self._export)
        self._undo_button.clicked.connect(actions.undo_notes)
        self.delete_button.clicked.connect(self._delete)
        self._shortcut(QKeySequence.StandardKey.Find, self.search.field.setFocus, self)
        self._shortcut("Ctrl+G", self._edit_notes, self)
        self._shortcut("Ctrl+E", self._export, self)
        self.table.installEventFilter(self)
        self.workspace.training.event.connect(self._training_event)
        self.workspace.training.state_changed.connect(self._queue_changed)
        self.workspace.settings.changed.connect(self._settings_changed)
        appearance().changed.connect(self.table.viewport().update)

    def _shortcut(self, keys: Any, act: Callable[[], None], within: QWidget) -> None:
        shortcut = QShortcut(QKeySequence(keys), within)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Z in the table takes notes back while there are any to take back; elsewhere it is the experiment's."""
        # A shortcut of the table's own would be ambiguous beside the window's, and Qt would then call neither.
        keys = event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if not (keys and event.matches(QKeySequence.StandardKey.Undo) and self.actions_on_runs.can_undo_notes):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.KeyPress:
            self.actions_on_runs.undo_notes()
        event.accept()
        return True

    def _take_part(self, runs: list[RunSummary]) -> None:
        self._read = runs
        self._show_rows()

    def _take_all(self, runs: list[RunSummary] | None) -> None:
        self._reading = False
        if runs is not None:
            self._read = runs
            self._show_rows()
            self._stack.setCurrentIndex(0 if self.table_model.all_rows else 1)
            where = _("Press Train on the Train page; what becomes of it is kept in {folder}.")
            self._where.setText(where.format(folder=self.workspace.settings.runs_folder))
        if self._read_again and self.isVisible():
            self.refresh()

    def _reading_failed(self, message: str) -> None:
        self._reading = False
        self._show_problem(message)

    def _show_rows(self) -> None:
        if self.table.editing:  # a name is being typed: the next reading shows what is new
            self._soon.start()
            return
        rows = with_queue(self._read, self.workspace.training.queue)
        self.search.follow(rows)
        self.header.follow(rows, self.search.metrics)
        self.table_model.set_rows(rows)
        self.header.fit()
        if self._to_select and self.table_model.place(self._to_select) >= 0:
            self.table.select([self._to_select])
            self._to_select = ""
        if self.table_model.all_rows:
            self._stack.setCurrentIndex(0)
        self.search.show_count()
        self._follow_selection()

    def _follow_selection(self) -> None:
        """Enable what can be done with the selected runs, say what is wrong with one, keep the comparison up."""
        selected = self.table.selected()
        kept = [run for run in selected if run.path]
        one = kept[0] if len(kept) == len(selected) == 1 else None
        self.reopen_button.setEnabled(one is not None)
        self.copy_button.setEnabled(one is not None)
        self.folder_button.setEnabled(one is not None)
        self.export_button.setEnabled(one is not None)
        self.resume_button.setEnabled(one is not None and one.state in RESUMABLE)
        self.rename_button.setEnabled(one is not None and one.state not in ("running", "queued"))
        self.delete_button.setEnabled(bool(selected) and all(run.state != "running" for run in selected))
        self.compare_button.setEnabled(len(kept) >= 2)
        self.notes_button.setEnabled(bool(kept))
        # One place for both: the report of one run is a format of its export.
        several = len(selected) > 1
        self.report_button.setVisible(several)
        self.export_button.setVisible(not several)
        self.report_button.setEnabled(2 <= len(kept) <= MOST_COMPARED)
        self.about.show_message(one.problem if one else "", "error" if one and one.state == "failed" else "warning")
        identities = {_identity(run) for run in selected}
        if identities != self._selected:
            self._selected = identities
            self._tell("")
        paths = tuple(run.path for run in kept)
        comparing = self.comparison.paths
        if comparing and 2 <= len(paths) <= MOST_COMPARED and set(paths) != set(comparing):
            self.comparison.compare(paths)

    def _make_room(self) -> None:
        """For the comparison, below a table that still shows some runs."""
        height = self._splitter.height()
        table = max(TABLE_BESIDE_COMPARISON, height // 3)
        self._splitter.setSizes([table, height - table])

    def _enlarge_comparison(self, enlarged: bool) -> None:
        for widget in (self.search, self._bar, self.table):
            widget.setVisible(not enlarged)

    def menu_of_selected(self) -> QMenu:
        """What the buttons do, as a menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self._buttons():
            if button.isHidden():
                continue
            action = menu.addAction(button.icon(), button.text())
            action.setEnabled(button.isEnabled())
            action.triggered.connect(button.click)
        return menu

    def _context_menu(self, position: QPoint) -> None:
        if self.table.selected():
            self.menu_of_selected().popup(self.table.viewport().mapToGlobal(position))

    def _to_the_first(self) -> None:
        """From the search box into what was found."""
        if self.table_model.rows:
            self.table.select([_identity(self.table_model.rows[0])])
            self.table.setFocus()

    def _one(self) -> RunSummary | None:
        selected = self.table.selected()
        return selected[0] if len(selected) == 1 and selected[0].path else None

    def _reopen(self) -> None:
        if run := self._one():
            self.actions_on_runs.reopen(run)

    def _resume(self) -> None:
        if run := self._one():
            self.actions_on_runs.resume(run)

    def _copy(self) -> None:
        if run := self._one():
            self.actions_on_runs.new_experiment(run)

    def _open_folder(self) -> None:
        if run := self._one():
            self.actions_on_runs.open_folder(run)

    def _edit_name(self) -> None:
        if run := self._one():
            self.table.setFocus()
            self.table.edit(self.table_model.index(self.table_model.place(_identity(run)), NAME_COLUMN))

    def _rename(self, run: RunSummary, name: str) -> None:
        if not run.path:
            return
        self._to_select = str(Path(run.path).with_name(name.strip()))
        self.actions_on_runs.rename(run, name)

    def _edit_notes(self) -> None:
        if self.notes_button.isEnabled():
            self.actions_on_runs.edit_notes(self.table.selected(), self.table_model.all_rows)

    def _write_report(self) -> None:
        self.report.write([run.path for run in self.table.selected() if run.path])

    def _export(self) -> None:
        if run := self._one():
            open_export(self.workspace, run.path, self)
        elif self.report_button.isEnabled():
            self._write_report()

    def _notes_changed(self, count: int) -> None:
        text = counted("Changed what is said about the run.", "Changed what is said about {count} runs.", count)
        self._tell(text.format(count=count) if count else "", "success")
        self._undo_button.setVisible(bool(count))

    def _delete(self) -> None:
        if self.delete_button.isEnabled():
            self.actions_on_runs.delete(self.table.selected())

    def _show_problem(self, message: str) -> None:
        self._tell(message, "error")

    def _tell(self, message: str, kind: str = "information") -> None:
        self._undo_button.hide()
        self.notice.show_message(message, kind)

    def _training_event(self, event: Any) -> None:
        if isinstance(event, RunStarted | EpochFinished | Finished):
            self._look_soon()

    def _queue_changed(self) -> None:
        if self.isVisible():
            self._show_rows()
        self._look_soon()

    def _settings_changed(self) -> None:
        self._look_soon()

    def _look_soon(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _go_to_train(self) -> None:
        self.workspace.page_requested.emit("train")


def _identity(run: RunSummary) -> str:
    return run.path or f"queued {run.name} {run.created}"


def _tip(run: RunSummary) -> str:
    return "\n\n".join(text for text in (run.problem, run.note) if text)
