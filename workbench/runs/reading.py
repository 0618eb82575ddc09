"""All runs of a folder, read: only those that changed since they were read last, by this process or another."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

from workbench.runs.folder import RunFolder
from workbench.runs.index_file import Entry, Signature, load_index, store_index
from workbench.runs.summary import RunSummary, summarise_run

PART_SECONDS = 0.8
STORE_SECONDS = 60.0
MANY_NEWS = 50
_BREATH_EVERY = 4  # runs; lets another thread have the interpreter
_BREATH_OF_KNOWN = 250
_UNFINISHED = ("running", "interrupted")
# What else a line is made from is only ever replaced as a whole, which changes the folder.
_WATCHED = ("", "experiment.toml", "events.jsonl", "metrics.csv", "notes.toml")


class RunsReader:
    """Reads the runs of a folder and remembers them: a run whose files did not change is not opened again.

    What it knows is kept in the cache (`workbench.runs.index_file`), so that the next process begins with it. Used by
    one thread at a time.
    """

    def __init__(self) -> None:
        self._runs: Path | None = None
        self._known: dict[str, Entry] = {}
        self._unstored = 0
        self._stored_at = 0.0

    def remembered(self, runs: Path) -> list[RunSummary]:
        """What was known when the folder was read last, newest first: at once, and perhaps out of date."""
        self._turn_to(runs)
        return _sorted(self._known)

    def read(
        self,
        runs: Path,
        post: Callable[[list[RunSummary]], None] = lambda _part: None,
        stopped: Callable[[], bool] = lambda: False,
        breathe: bool = False,
    ) -> list[RunSummary] | None:
        """All runs of the folder, newest first; None when stopped before the end.

        Args:
            runs: the folder.
            post: takes what was read so far, now and then, while a first reading goes on.
            stopped: whether nobody waits for the answer any more.
            breathe: whether another thread of this process, the window's, wants the interpreter now and then.
        """
        self._turn_to(runs)
        found: dict[str, Entry] = {}
        news, told = 0, time.monotonic()
        for number, path in enumerate(_folders(runs)):
            if stopped():
                return None
            if breathe and number % _BREATH_OF_KNOWN == 0:
                time.sleep(0.001)
            entry, is_new = self._entry(path)
            if entry is None:
                continue
            found[path] = entry
            news += is_new
            if is_new and breathe and news % _BREATH_EVERY == 0:
                time.sleep(0.001)
            if is_new and time.monotonic() - told > PART_SECONDS:
                post(_sorted({**self._known, **found}))
                told = time.monotonic()
        self._unstored += news + len(self._known.keys() - found.keys())
        self._known = found
        self._store_sometimes(runs)
        return _sorted(found)

    def store(self) -> None:
        """Keep what is known now."""
        if self._unstored and self._runs is not None:
            store_index(self._runs, self._known)
            self._unstored, self._stored_at = 0, time.monotonic()

    def _turn_to(self, runs: Path) -> None:
        if runs != self._runs:
            self.store()
            self._runs, self._known, self._unstored, self._stored_at = runs, load_index(runs), 0, 0.0

    def _store_sometimes(self, runs: Path) -> None:
        """Not after every epoch of a run that trains: the file holds all runs."""
        if self._unstored >= MANY_NEWS or time.monotonic() - self._stored_at > STORE_SECONDS or not self._stored_at:
            self.store()

    def _entry(self, path: str) -> tuple[Entry | None, bool]:
        signature = _signature(path)
        if signature is None:
            return None, False
        known = self._known.get(path)
        if known is not None and known[0] == signature:
            return _with_state_of_now(known, path)
        try:
            return (signature, summarise_run(RunFolder(path))), True
        except Exception as error:  # one broken folder must not hide the others
            return (signature, broken_summary(path, f"{type(error).__name__}: {error}")), True


def broken_summary(path: str, problem: str) -> RunSummary:
    """The row of a folder that cannot be read at all."""
    return RunSummary(Path(path).name, path, "", "", "failed", "", None, 0.0, 0.0, 0, 0, problem)


def _with_state_of_now(known: Entry, path: str) -> tuple[Entry, bool]:
    """The end of a process that was killed leaves no trace in the files, only a lock that is free."""
    signature, summary = known
    if summary.state not in _UNFINISHED:
        return known, False
    state = "running" if RunFolder(path).is_locked() else "interrupted"
    if state == summary.state:
        return known, False
    return (signature, dataclasses.replace(summary, state=state)), True


def _folders(runs: Path) -> list[str]:
    try:
        with os.scandir(runs) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _signature(path: str) -> Signature | None:
    """Times and sizes of what a line is made from; None for a folder that is no run."""
    stamps: list[int] = []
    for name in _WATCHED:
        try:
            status = os.stat(os.path.join(path, name) if name else path)
        except OSError:
            if name in ("", "experiment.toml"):
                return None
            stamps += (0, 0)
        else:
            stamps += (status.st_mtime_ns, status.st_size)
    return tuple(stamps)


def _sorted(found: dict[str, Entry]) -> list[RunSummary]:
    return sorted((summary for _signature, summary in found.values()), key=lambda run: (-run.created, run.name))
