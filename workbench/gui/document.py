"""The experiment on screen: every change is undoable, kept against a crash, and saved as TOML when asked."""

import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from workbench.atomic_files import replace_text
from workbench.errors import UserError
from workbench.experiment import Experiment, new_experiment, read_experiment
from workbench.gui.settings import Settings
from workbench.i18n import _
from workbench.paths import settings_folder

MERGE_SECONDS = 2.0
AUTOSAVE_MILLISECONDS = 400
UNDO_LIMIT = 500
_COMMAND_ID = 1


class _Change(QUndoCommand):
    """From one experiment to the next. Changes with the same key, made in quick succession, become one."""

    def __init__(self, document: "Document", new: Experiment, text: str, merge_key: str) -> None:
        super().__init__(text)
        self._document = document
        self._old = document.experiment
        self._new = new
        self._key = merge_key
        self._time = time.monotonic()

    def id(self) -> int:
        return _COMMAND_ID if self._key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if other._key != self._key or other._time - self._time > MERGE_SECONDS:
            return False
        self._new = other._new
        self._time = other._time
        self.setObsolete(self._new == self._old)
        return True

    def redo(self) -> None:
        self._document._show(self._new)

    def undo(self) -> None:
        self._document._show(self._old)


class Document(QObject):
    """The current experiment with its file, its history and its safety copy."""

    changed = Signal(object)  # the new Experiment, after every apply, undo, redo, new and open
    state_changed = Signal()  # path or modified mark

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_LIMIT)
        self.path: Path | None = None
        self.recovery_message = ""
        self._unsaved_from_start = False
        self._safety_copy = settings_folder() / "current.toml"
        self._safety_note = settings_folder() / "current.json"
        self._autosave = QTimer(self, singleShot=True, interval=AUTOSAVE_MILLISECONDS)
        self._autosave.timeout.connect(self.keep)
        self.experiment = self._recover() or new_experiment()
        self._has_shown: deque[Experiment] = deque([self.experiment], maxlen=UNDO_LIMIT)
        self.undo_stack.cleanChanged.connect(self._clean_changed)

    @property
    def modified(self) -> bool:
        """Whether there are changes that no file of the user holds."""
        return self._unsaved_from_start or not self.undo_stack.isClean()

    @property
    def recent(self) -> tuple[str, ...]:
        """Files opened or saved last, the newest first."""
        return self._settings.values.recent

    @property
    def display_name(self) -> str:
        """What the window calls this experiment."""
        if self.experiment.name:
            return self.experiment.name
        return self.path.stem if self.path else _("Untitled experiment")

    def has_been(self, of_run: Experiment) -> bool:
        """Whether the experiment of a run stood here since the document was begun: this is what became of it."""
        return any(_is_trained_as(experiment, of_run) for experiment in reversed(self._has_shown))

    def apply(self, new: Experiment, text: str, merge_key: str = "") -> None:
        """Change the experiment, as one step of the history.

        Args:
            new: the experiment from now on.
            text: what was done, for the Undo menu ("Change epochs").
            merge_key: changes with the same key merge into one step while they follow each other quickly.
        """
        if new != self.experiment:
            self.undo_stack.push(_Change(self, new, text, merge_key))

    def set_value(self, path: str, value: Any) -> str:
        """Change one setting, `path` as in `training.optimizer.learning_rate`.

        Returns:
            An empty string, or what is wrong with the value; nothing was changed then.
        """
        try:
            new = self.experiment.changed(path, value)
        except UserError as error:
            return str(error)
        self.apply(new, _("Change {name}").format(name=_title(self.experiment, path)), path)
        return ""

    def new(self, experiment: Experiment | None = None) -> None:
        """Start over with the default experiment, or with a given one that no file holds yet."""
        self._start(experiment or new_experiment(), None, unsaved=experiment is not None)

    def open(self, path: Path) -> None:
        """Show the experiment of a file.

        Raises:
            UserError: the file cannot be used; the current experiment stays.
        """
        self._start(read_experiment(path), path.resolve(), unsaved=False)
        self._settings.add_recent(self.path)

    def save(self, path: Path | None = None) -> None:
        """Write the experiment to its file, or to a new one, in one piece.

        Raises:
            UserError: there is no place to write to, or it refuses.
        """
        target = path or self.path
        if target is None:
            raise UserError(_("This experiment has no file yet. Choose one."))
        try:
            from workbench.experiment_toml import write_experiment

            write_experiment(self.experiment, target)
        except OSError as error:
            raise UserError(_("{path} cannot be written: {error}").format(path=target, error=error)) from None
        self.path = target.resolve()
        self._unsaved_from_start = False
        self.undo_stack.setClean()
        self._settings.add_recent(self.path)
        self.state_changed.emit()
        self.keep()

    def keep(self) -> None:
        """Write the safety copy now; a full disk must not interrupt the user, so it only leaves the older copy."""
        self._autosave.stop()
        note = {"path": str(self.path or ""), "modified": self.modified}
        try:
            self._safety_copy.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self._safety_copy, _plain_toml(self.experiment), durable=False)
            replace_text(self._safety_note, json.dumps(note), durable=False)
        except OSError as error:
            self.recovery_message = _("The safety copy cannot be written: {error}").format(error=error)

    def close(self) -> None:
        """Write what is still to be written."""
        if self._autosave.isActive():
            self.keep()

    def _recover(self) -> Experiment | None:
        if not self._safety_copy.exists():
            return None
        try:
            experiment = read_experiment(self._safety_copy)
            note = json.loads(self._safety_note.read_text(encoding="utf-8"))
        except (UserError, OSError, ValueError):
            aside = self._safety_copy.with_suffix(".unreadable.toml")
            os.replace(self._safety_copy, aside)
            self.recovery_message = _(
                "The last experiment could not be read again; it was put aside as {path}."
            ).format(path=aside)
            return None
        path = Path(note["path"]) if note.get("path") else None
        self.path = path if path and path.exists() else None
        self._unsaved_from_start = bool(note.get("modified")) or (path is not None and self.path is None)
        return experiment

    def _start(self, experiment: Experiment, path: Path | None, unsaved: bool) -> None:
        self.path = path
        self._unsaved_from_start = unsaved
        self.undo_stack.clear()
        self._has_shown.clear()
        self._show(experiment)
        self.state_changed.emit()

    def _show(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._has_shown.append(experiment)
        self._autosave.start()
        self.changed.emit(experiment)

    def _clean_changed(self, _clean: bool) -> None:
        self.state_changed.emit()


def _is_trained_as(experiment: Experiment, of_run: Experiment) -> bool:
    """Whether a training of the first writes the second: with what its data left open (a kind of target) settled."""
    if experiment == of_run:
        return True
    mine, other = experiment.dataset, of_run.dataset
    settled = {"dataset": other, "corrections": of_run.corrections}  # a run has its own copy of the list
    if type(mine) is not type(other) or experiment.model_copy(update=settled) != of_run:
        return False
    fields = type(mine).model_fields
    return all(getattr(mine, name) in (getattr(other, name), fields[name].default) for name in fields)


def _plain_toml(experiment: Experiment) -> str:
    from workbench.experiment_toml import to_toml

    return to_toml(experiment, commented=False)


def _title(experiment: Experiment, path: str) -> str:
    """The title of the setting at a path, for the Undo menu; its last name where there is none."""
    section: Any = experiment
    title = ""
    for part in path.split("."):
        field = type(section).model_fields.get(part) if hasattr(type(section), "model_fields") else None
        title = _(field.title) if field is not None and field.title else part
        section = getattr(section, part, None)
    return title.lower()
