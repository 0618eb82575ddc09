"""Corrections made in the window: one job after the other changes the list, each is a step that can be undone."""

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from workbench.data.corrections import EXCLUDE, RELABEL, Correction, usual_place
from workbench.errors import UserError
from workbench.experiment import CorrectionsSection, Experiment
from workbench.gui.data_reader import data_reader
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.inspection.samples.correcting import ListChange, lines_of
from workbench.requests import CorrectRequest
from workbench.runs.folder import RunFolder

_OBJECT_NAME = "corrector"


def corrector(workspace: Workspace) -> "Corrector":
    """The corrector of a workspace."""
    return workspace.findChild(Corrector, _OBJECT_NAME) or Corrector(workspace)


class Corrector(QObject):
    """Changes lists beside the data. The experiment on screen names the list from its first correction on."""

    told = Signal(str, str)  # what was done or went wrong, and the kind of notice
    changed = Signal()  # a list is another now

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.setObjectName(_OBJECT_NAME)
        self._workspace = workspace
        self._last: _ListCommand | None = None

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction that was not taken back yet."""
        return self._last is not None

    def exclude(self, run: str, samples: tuple[tuple[str, int], ...]) -> None:
        """Leave samples of a run's data out."""
        self._ask_of_run(run, EXCLUDE, samples)

    def relabel(self, run: str, samples: tuple[tuple[str, int], ...], label: str) -> None:
        """Change the labels of samples of a run's data."""
        self._ask_of_run(run, RELABEL, samples, label)

    def lines_of(self, run: str) -> dict[str, Correction]:
        """The corrections there are of a run's data, by the names of samples; none where they cannot be read."""
        try:
            return {line.name: line for line in lines_of(self._experiment_of(run)[0])} if run else {}
        except UserError:  # it is said when a correction is made
            return {}

    def remove(self, names: tuple[str, ...]) -> None:
        """Take the corrections of some samples of the experiment on screen back."""
        experiment = self._workspace.document.experiment
        self._ask(CorrectRequest(experiment, "remove", names=names), True)

    def undo(self) -> None:
        """Take the last correction back."""
        command, stack = self._last, self._workspace.document.undo_stack
        if command is None:
            return
        if command.is_on_top_of(stack):
            stack.undo()
        else:
            command.undo()

    def let_list_have(self, change: ListChange, lines: tuple[Correction, ...]) -> None:
        """Let the list have these lines for the samples of a change."""
        section = CorrectionsSection(file=change.file)
        experiment = self._workspace.document.experiment.model_copy(update={"corrections": section})
        request = CorrectRequest(experiment, "set", names=change.names, lines=lines)
        self._last = None
        self._workspace.questions.ask(request, partial(self._restored, lines == change.before), self._failed)

    def _ask_of_run(self, run: str, action: Any, samples: tuple[tuple[str, int], ...], label: str = "") -> None:
        try:
            experiment, own = self._experiment_of(run)
        except UserError as error:
            self._failed(str(error))
            return
        self._ask(CorrectRequest(experiment, action, run=run, samples=samples, label=label), own)

    def _experiment_of(self, run: str) -> tuple[Experiment, bool]:
        """Whose list a correction of a run's samples goes to; whether that is the one on screen."""
        on_screen, of_run = self._workspace.document.experiment, RunFolder(run).experiment()
        own = _same_data(on_screen, of_run)
        return (on_screen if own else of_run), own

    def _ask(self, request: CorrectRequest, own: bool) -> None:
        self._workspace.questions.ask(request, partial(self._done, request, own), self._failed)

    def _done(self, request: CorrectRequest, own: bool, change: ListChange) -> None:
        if not change.corrected:
            text = _("Nothing changed: what was selected has the label {label} already.")
            self.told.emit(text.format(label=request.label), "information")
            return
        document = self._workspace.document
        text = _said(request, change)
        command = _ListCommand(self, change, text)
        named = document.experiment.corrections
        # Between the question and its answer another experiment may have been opened.
        unnamed = own and _same_data(document.experiment, request.experiment) and named.file != change.file
        if unnamed:
            section = CorrectionsSection(file=change.file)
            document.undo_stack.beginMacro(text)
            document.apply(document.experiment.model_copy(update={"corrections": section}), text)
        document.undo_stack.push(command)
        if unnamed:
            document.undo_stack.endMacro()
        self._last = command
        where = _("From the next training on, by the list {file}.").format(file=Path(change.file).name)
        if not own:
            where = _("They are in the list {file}; the experiment on screen learns from other data.").format(
                file=Path(change.file).name
            )
        self._tell(f"{text}. {where}", "success")

    def _restored(self, taken_back: bool, _change: ListChange) -> None:
        self._tell(_("Taken back.") if taken_back else _("Done again."), "information")

    def _tell(self, text: str, kind: str) -> None:
        self.told.emit(text, kind)
        self.changed.emit()
        if self._workspace.document.experiment.corrections.file:
            data_reader(self._workspace).read_again()

    def _failed(self, message: str) -> None:
        self.told.emit(message, "error")


class _ListCommand(QUndoCommand):
    """A change of a list that was made already."""

    def __init__(self, owner: Corrector, change: ListChange, text: str) -> None:
        super().__init__(text)
        self._owner = owner
        self._change = change
        self._made = True

    def is_on_top_of(self, stack: Any) -> bool:
        """Whether it is what an undo would take back, alone or with the naming of the list."""
        return stack.canUndo() and stack.undoText() == self.text()

    def redo(self) -> None:
        if self._made:
            self._made = False  # when it is pushed
            return
        self._owner.let_list_have(self._change, self._change.after)

    def undo(self) -> None:
        self._owner.let_list_have(self._change, self._change.before)


def _same_data(one: Experiment, other: Experiment) -> bool:
    """Whether both learn from the same samples: their lists then stand in the same place."""
    return one.dataset.name == other.dataset.name and usual_place(one.dataset) == usual_place(other.dataset)


def _said(request: CorrectRequest, change: ListChange) -> str:
    count = change.corrected
    match request.action:
        case "exclude":
            return _("Left out: {count}").format(count=count)
        case "relabel":
            return _("Relabelled as {label}: {count}").format(count=count, label=request.label)
    return _("Corrections taken back: {count}").format(count=count)
