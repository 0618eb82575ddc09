"""The runs of a folder: listing, renaming and deleting them."""

import shutil
from pathlib import Path

from send2trash import TrashPermissionError, send2trash

from workbench.errors import UserError
from workbench.i18n import _
from workbench.runs.folder import RunFolder
from workbench.runs.reading import RunsReader
from workbench.runs.summary import RunSummary
from workbench.runs.writer import run_name


def list_runs(runs: Path | str) -> list[RunSummary]:
    """All runs in the folder, newest first. Never raises: a broken run is listed with its problem."""
    reader = RunsReader()
    found = reader.read(Path(runs))
    reader.store()
    return found or []


def rename_run(folder: RunFolder, name: str) -> RunFolder:
    """Give the run another name. Raises `UserError` for a name that is taken, or while the run is running."""
    _refuse_while_running(folder)
    target = folder.path.with_name(run_name(name))
    if target.exists() and target != folder.path:
        raise UserError(_("There is already a run called {name!r}. Choose another name.").format(name=target.name))
    try:
        folder.path.rename(target)
    except OSError as error:
        raise UserError(
            _("The run {name!r} cannot be renamed: {reason}.").format(name=folder.name, reason=error)
        ) from None
    return RunFolder(target)


class NoTrashError(UserError):
    """The run lies where the desktop has no trash; it can only be deleted for good."""


def delete_run(folder: RunFolder, *, for_good: bool = False) -> None:
    """Move the run to the trash of the desktop, or delete it for good.

    Raises:
        NoTrashError: there is no trash where it lies.
        UserError: it is running, or its files cannot be deleted.
    """
    _refuse_while_running(folder)
    if for_good:
        _erase(folder)
        return
    try:
        send2trash(folder.path)
    except (OSError, TrashPermissionError) as error:
        raise NoTrashError(
            _("The run {name!r} cannot be moved to the trash: {reason}. Delete its folder {path} yourself.").format(
                name=folder.name, reason=error, path=folder.path
            )
        ) from None


def _erase(folder: RunFolder) -> None:
    try:
        shutil.rmtree(folder.path)
    except OSError as error:
        raise UserError(
            _("The run {name!r} cannot be deleted: {reason}.").format(name=folder.name, reason=error)
        ) from None


def _refuse_while_running(folder: RunFolder) -> None:
    if folder.is_locked():
        raise UserError(_("The run {name!r} is running. Stop it first.").format(name=folder.name))
