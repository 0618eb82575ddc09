"""New, open, save: what the File menu does with the document, with the questions it asks on the way."""

from collections.abc import Callable
from pathlib import Path

from workbench.errors import UserError
from workbench.finding import Finding
from workbench.gui.dialogs import Dialogs
from workbench.gui.widgets import shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.recipes import recipe


class ExperimentFiles:
    """The commands on the experiment's file; each says whether it was carried out."""

    def __init__(self, workspace: Workspace, dialogs: Dialogs) -> None:
        self._workspace = workspace
        self._dialogs = dialogs

    def new(self) -> bool:
        """Start over."""
        if not self._may_leave():
            return False
        self._workspace.document.new()
        return True

    def open(self, path: Path | None = None) -> bool:
        """Open a file; asks for one when none is given."""
        document = self._workspace.document
        if not self._may_leave():
            return False
        path = path or self._dialogs.file_to_open(str(document.path.parent) if document.path else "")
        return path is not None and self._try(_("The experiment cannot be opened"), document.open, path)

    def save(self) -> bool:
        """Save to the experiment's file; asks for one when it has none."""
        document = self._workspace.document
        if document.path is None:
            return self.save_as()
        return self._try(_("The experiment cannot be saved"), document.save)

    def save_as(self) -> bool:
        """Save to another file."""
        document = self._workspace.document
        path = self._dialogs.file_to_save(str(document.path or f"{document.experiment.name or 'experiment'}.toml"))
        if path is None:
            return False
        path = path if path.suffix else path.with_suffix(".toml")
        return self._try(_("The experiment cannot be saved"), document.save, path)

    def new_from_recipe(self, name: str) -> bool:
        """Start over with an experiment that ships with the workbench."""
        if not self._may_leave():
            return False
        return self._try(
            _("The recipe cannot be used"), lambda: self._workspace.document.new(recipe(name).experiment())
        )

    def new_from_run(self, run: str) -> bool:
        """Start over with the experiment of a run."""
        from workbench.runs.again import experiment_again
        from workbench.runs.folder import RunFolder

        def begin() -> None:
            experiment, said = experiment_again(RunFolder(run))
            self._workspace.document.new(experiment)
            if said:
                self._dialogs.tell(_("Corrections of the data"), said)

        return self._may_leave() and self._try(_("The run's experiment cannot be used"), begin)

    def mend(self, run: str, finding: Finding) -> bool:
        """Apply what mends a run to its experiment, which becomes the one on screen where it is not yet."""
        return self._try(_("This cannot be changed"), self._mend, run, finding)

    def _mend(self, run: str, finding: Finding) -> None:
        from workbench.runs.again import experiment_again
        from workbench.runs.folder import RunFolder

        document, folder = self._workspace.document, RunFolder(run)
        (experiment, of_corrections), more = experiment_again(folder), ""
        said = _("Changed in the experiment: {remedy}. Train again to see what comes of it; Undo takes it back.")
        if not document.has_been(experiment):
            if not self._may_leave():
                return
            document.new(experiment)
            more = of_corrections
            said = _("The experiment of {run} is on screen now, with the change: {remedy}. Undo takes it back.")
        document.apply(finding.mended(document.experiment), finding.remedy)
        said = said.format(remedy=finding.remedy, run=shortened(folder.name))
        self._workspace.status_message.emit(f"{said} {more}".strip())

    def _may_leave(self) -> bool:
        document = self._workspace.document
        if not document.modified:
            return True
        answer = self._dialogs.choose(
            _("Save the changes?"),
            _("{name} has changes that are not saved.").format(name=document.display_name),
            {"save": _("Save"), "discard": _("Discard")},
        )
        return self.save() if answer == "save" else answer == "discard"

    def _try(self, title: str, act: Callable[..., None], *arguments: object) -> bool:
        try:
            act(*arguments)
        except UserError as error:
            self._dialogs.tell(title, str(error))
            return False
        return True
