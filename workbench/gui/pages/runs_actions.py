"""What can be done with runs in the list: reopen, resume, copy, rename, delete, open the folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from workbench.errors import UserError
from workbench.gui.background import BackgroundWork
from workbench.gui.widgets import shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _, counted
from workbench.requests import ResumeRequest
from workbench.runs.folder import RunFolder
from workbench.runs.index import NoTrashError, delete_run, rename_run
from workbench.runs.notes import NotesChange, RunNotes, change_notes, restore_notes
from workbench.runs.summary import RunSummary

RESUMABLE = ("stopped", "interrupted", "failed", "completed")
_MOST_EPOCHS = 100_000


class RunActions(QObject):
    """Acts on runs. What asks the user may be replaced, so that tests open no dialogs."""

    changed = Signal()  # the list has to be read again
    notes_changed = Signal(int)  # of so many runs; `undo_notes` takes it back
    failed = Signal(str)

    def __init__(self, workspace: Workspace, work: BackgroundWork, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._work = work
        self._parent = parent
        self.ask: Callable[[str], bool] = self._ask_in_a_dialog
        self.ask_number: Callable[[str, int, int], int | None] = self._ask_number_in_a_dialog
        self.ask_notes: Callable[[list[RunSummary], list[RunSummary]], NotesChange | None] = self._ask_notes_in_a_dialog
        self.open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl
        self._undo: list[list[tuple[Path, RunNotes]]] = []

    def reopen(self, run: RunSummary) -> None:
        """Let all pages look at the run, beginning with its evaluation."""
        if run.path:
            self._workspace.set_current_run(run.path)
            self._workspace.page_requested.emit("evaluate")

    def new_experiment(self, run: RunSummary) -> None:
        """Make the run's experiment the current one, as a new document."""
        try:
            experiment = RunFolder(run.path).experiment()
        except UserError as error:
            self.failed.emit(str(error))
            return
        document = self._workspace.document
        question = _("The current experiment has changes that no file holds. Replace it by the one of {name!r}?")
        if document.modified and not self.ask(question.format(name=shortened(run.name))):
            return
        document.new(experiment)
        self._workspace.status_message.emit(
            _("The experiment of {name!r} is the current one now.").format(name=shortened(run.name))
        )
        self._workspace.page_requested.emit("data")

    def resume(self, run: RunSummary) -> None:
        """Go on with a run; a completed one is given more epochs."""
        epochs = 0
        if run.state == "completed":
            done = max(run.epochs, run.epochs_done)
            question = counted(
                "{name!r} completed its one epoch. Train up to which number of epochs in total?",
                "{name!r} completed its {done} epochs. Train up to which number of epochs in total?",
                done,
            )
            chosen = self.ask_number(
                question.format(name=shortened(run.name), done=done), done + max(done // 2, 1), done + 1
            )
            if chosen is None:
                return
            epochs = chosen
        self._workspace.training.submit(ResumeRequest(run.path, epochs))
        self.changed.emit()
        self._workspace.page_requested.emit("train")

    def rename(self, run: RunSummary, name: str) -> None:
        """Give the run another name."""
        try:
            folder = rename_run(RunFolder(run.path), name)
        except UserError as error:
            self.failed.emit(str(error))
            return
        if self._workspace.current_run == run.path:
            self._workspace.set_current_run(str(folder.path))
        self.changed.emit()

    @property
    def can_undo_notes(self) -> bool:
        """Whether group, tags or notes were changed since the window was opened."""
        return bool(self._undo)

    def edit_notes(self, runs: list[RunSummary], known: list[RunSummary]) -> None:
        """Ask for group, tags and note of some runs; `known` are all runs, whose groups and tags are offered."""
        runs = [run for run in runs if run.path]
        change = self.ask_notes(runs, known) if runs else None
        if change is not None and change != NotesChange():
            paths = [Path(run.path) for run in runs]
            self._work.start(
                lambda _post: _outcome_of(change_notes, paths, change),
                self._after_changing_notes,
                None,
                self.failed.emit,
            )

    def undo_notes(self) -> None:
        """Take the last change of group, tags or notes back."""
        if self._undo:
            before = self._undo.pop()
            self._work.start(
                lambda _post: _outcome_of(restore_notes, before), self._after_undoing_notes, None, self.failed.emit
            )

    def _after_changing_notes(self, outcome: tuple[list[tuple[Path, RunNotes]] | None, str]) -> None:
        before, problem = outcome
        if problem:
            self.failed.emit(problem)
        elif before:
            self._undo.append(before)
            self.notes_changed.emit(len(before))
        self.changed.emit()

    def _after_undoing_notes(self, outcome: tuple[None, str]) -> None:
        if outcome[1]:
            self.failed.emit(outcome[1])
        self.notes_changed.emit(0)
        self.changed.emit()

    def open_folder(self, run: RunSummary) -> None:
        """Show the run's files in the desktop's file manager."""
        if not self.open_url(QUrl.fromLocalFile(run.path)):
            self.failed.emit(_("No program could be started that shows the folder {path}.").format(path=run.path))

    def delete(self, runs: list[RunSummary]) -> None:
        """Move runs to the trash, and take those that wait out of the queue; asks where there is no trash."""
        waiting = [run.name for run in runs if not run.path]
        for place in reversed(range(len(self._workspace.training.queue))):
            if self._workspace.training.queue[place].name in waiting:
                waiting.remove(self._workspace.training.queue[place].name)
                self._workspace.training.remove(place)
        paths = [run.path for run in runs if run.path]
        if paths:
            self._delete(paths, for_good=False)

    def _delete(self, paths: list[str], for_good: bool) -> None:
        self._work.start(lambda _post: _deleted(paths, for_good), self._after_deleting)

    def _after_deleting(self, outcome: tuple[list[str], list[str], list[str]]) -> None:
        deleted, without_trash, problems = outcome
        if self._workspace.current_run in deleted:
            self._workspace.set_current_run("")
        if problems:
            self.failed.emit("\n".join(problems))
        if deleted:
            self._workspace.status_message.emit(_("{count} deleted.").format(count=len(deleted)))
        self.changed.emit()
        if without_trash:
            names = ", ".join(shortened(Path(path).name) for path in without_trash)
            if self.ask(
                _("There is no trash where these runs lie: {names}. Delete them for good?").format(names=names)
            ):
                self._delete(without_trash, for_good=True)

    def _ask_in_a_dialog(self, question: str) -> bool:
        return QMessageBox.question(self._parent, _("Runs"), question) == QMessageBox.StandardButton.Yes

    def _ask_notes_in_a_dialog(self, runs: list[RunSummary], known: list[RunSummary]) -> NotesChange | None:
        from workbench.gui.pages.runs_notes import NotesDialog

        dialog = NotesDialog(runs, known, self._parent)
        accepted = dialog.exec() == NotesDialog.DialogCode.Accepted
        dialog.deleteLater()
        return dialog.change if accepted else None

    def _ask_number_in_a_dialog(self, question: str, proposed: int, least: int) -> int | None:
        number, accepted = QInputDialog.getInt(self._parent, _("Resume"), question, proposed, least, _MOST_EPOCHS)
        return number if accepted else None


def _outcome_of(work: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """What work on files gave, or why it could not be done, in words."""
    try:
        return work(*arguments), ""
    except UserError as error:
        return None, str(error)


def _deleted(paths: list[str], for_good: bool) -> tuple[list[str], list[str], list[str]]:
    """What was deleted, what lies where there is no trash, and what went wrong otherwise. In a worker thread."""
    deleted, without_trash, problems = [], [], []
    for path in paths:
        try:
            delete_run(RunFolder(path), for_good=for_good)
        except NoTrashError:
            without_trash.append(path)
        except UserError as error:
            problems.append(str(error))
        else:
            deleted.append(path)
    return deleted, without_trash, problems
