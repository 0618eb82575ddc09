"""A run folder, written: by one process at a time, in pieces that are each whole.

The writer holds the run's lock from its making to `close`; the operating system lets go of it when the process dies.
"""

import csv
import datetime
import io
import json
import re
import shutil
import time
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from workbench.atomic_files import replace_json, replace_text
from workbench.data.corrections import LIST_NAME, digest, read_corrections, write_corrections
from workbench.errors import UserError
from workbench.events import Event, Finished, to_json
from workbench.experiment import CorrectionsSection, Experiment
from workbench.experiment_toml import write_experiment
from workbench.i18n import _
from workbench.runs.folder import LOCK_NAME, RunFolder

_LOCK_SECONDS = 2.0
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


def run_name(text: str) -> str:
    """The text as a folder name: without what some file system forbids. Raises `UserError` when nothing is left."""
    name = _FORBIDDEN.sub("_", text).strip(" .")[:120]
    if not name:
        raise UserError(_("{text!r} cannot be the name of a run: it needs letters or digits.").format(text=text))
    return name


def create_run_folder(experiment: Experiment, runs: Path) -> RunFolder:
    """A new folder in `runs`, named after the experiment and the time, never one that exists.

    A list of corrections is copied into it: the run stays what it is when the list beside the data grows.

    Raises:
        UserError: nothing can be written there, or the list cannot be read.
    """
    label = run_name(experiment.name or f"{experiment.dataset.name}-{experiment.architecture.name}")
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1_000):
            path = runs / (f"{label}-{stamp}" if attempt == 1 else f"{label}-{stamp}-{attempt}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            try:
                replace_json(path / "environment.json", {"created": time.time()})
                experiment = _with_own_corrections(experiment, path)
                write_experiment(experiment, path / "experiment.toml")  # from here on it is a run
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise
            return RunFolder(path)
    except OSError as error:
        raise UserError(
            _("No run can be written in {runs}: {reason}. Choose another folder for runs, or make room there.").format(
                runs=runs, reason=error.strerror or error
            )
        ) from None
    raise UserError(_("There are already too many runs called {name!r}.").format(name=f"{label}-{stamp}"))


def _with_own_corrections(experiment: Experiment, path: Path) -> Experiment:
    if not experiment.corrections.file:
        return experiment
    corrections = read_corrections(Path(experiment.corrections.file).expanduser())
    write_corrections(path / LIST_NAME, corrections)
    about = {"file": experiment.corrections.file, "count": len(corrections), "digest": digest(corrections)}
    replace_json(path / "environment.json", {**RunFolder(path).environment(), "corrections": about})
    own = CorrectionsSection(file=str(path.absolute() / LIST_NAME), digest=about["digest"])
    return experiment.model_copy(update={"corrections": own})


class RunWriter:
    """Writes one run. Raises `UserError` when another process runs it at this moment, or nothing can be written."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._lock = FileLock(folder.path / LOCK_NAME, is_singleton=False)
        try:
            self._lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout:
            raise UserError(
                _("The run {name!r} is running already, in another process. Wait for it, or stop it there.").format(
                    name=folder.name
                )
            ) from None
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._events: IO[str] | None = None
        self._log: IO[str] | None = None
        try:
            self._end_a_line_cut_off_by_a_kill()
            self._events = (folder.path / "events.jsonl").open("a", encoding="utf-8")
            self._log = (folder.path / "log.txt").open("a", encoding="utf-8")
        except OSError as error:
            self.close()
            raise _unwritable(folder, error) from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files and the lock."""
        for file in (self._events, self._log):
            if file is not None:
                try:
                    file.close()
                except OSError:  # a full disk: what could be written has been
                    continue
        self._lock.release()

    def event(self, event: Event) -> None:
        """Add an event."""
        self._events.write(json.dumps(to_json(event), ensure_ascii=False) + "\n")
        self._events.flush()

    def log(self, text: str) -> None:
        """Add a line to the log for people."""
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        self._log.write(f"{now}  {text}\n")
        self._log.flush()

    def metrics(self, history: list[dict[str, float]]) -> None:
        """Write `metrics.csv` anew from a history: after resuming, when lines beyond the checkpoint must go."""
        if not history:
            (self.folder.path / "metrics.csv").unlink(missing_ok=True)
            return
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        replace_text(self.folder.path / "metrics.csv", text.getvalue())

    def add_metrics(self, row: dict[str, float]) -> None:
        """Add the line of an epoch."""
        path = self.folder.path / "metrics.csv"
        is_new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow(row)

    def environment(self, values: dict[str, Any]) -> None:
        """Write `environment.json`, keeping what it holds under other keys."""
        replace_json(self.folder.path / "environment.json", {**self.folder.environment(), **values})

    def _end_a_line_cut_off_by_a_kill(self) -> None:
        path = self.folder.path / "events.jsonl"
        if path.exists() and path.stat().st_size:
            with path.open("rb+") as file:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")


def _unwritable(folder: RunFolder, error: OSError) -> UserError:
    return UserError(_("The run {name!r} cannot be written: {reason}. Make room, or let {path} be written to.").format(
        name=folder.name, reason=error.strerror or error, path=folder.path))  # fmt: skip


def store_evaluation(
    folder: RunFolder, split: str, numbers: dict[str, float], answers: dict[str, tuple[int, int]] | None = None
) -> None:
    """Keep the numbers of a split in `evaluation.json`, and per class how often it is true and was answered."""
    known = folder.judged()
    known["splits"] = {**known.get("splits", {}), split: numbers}
    known["answers"] = {**known.get("answers", {}), split: answers or {}}
    replace_json(folder.path / "evaluation.json", {**known, "version": 1})


def forget_numbers(folder: RunFolder) -> None:
    """Drop the numbers of all splits from `evaluation.json`: they are of a model that is no more."""
    known = folder.judged()
    if known.pop("splits", None):
        replace_json(folder.path / "evaluation.json", known)


def store_learned(folder: RunFolder, learned: dict[str, Any]) -> None:
    """Keep how the best model does on a part of the training and the validation samples: see `training.learned`."""
    replace_json(folder.path / "evaluation.json", {**folder.judged(), "version": 1, "learned": learned})


def finish(path: str, state: str, message: str) -> Finished:
    """Write the end of a run whose process was killed; a run that has told its end keeps it.

    Returns:
        The end event that now stands in the run.
    """
    folder = RunFolder(path)
    with RunWriter(folder) as writer:
        end = folder.end()
        if end is None:
            end = Finished(state, str(folder.path), message)
            writer.event(end)
            writer.log(f"{state}: {message}")
    return end
