"""The rows of the runs page: read from disk in a worker thread, only what changed, plus what waits in the queue."""

import dataclasses
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from workbench.requests import ResumeRequest
from workbench.runs.folder import RunFolder
from workbench.runs.index import RunSummary, summarise_run

PART_SECONDS = 0.8
_BREATH_EVERY = 4  # runs; lets the GUI thread have the interpreter
_UNFINISHED = ("running", "interrupted")
_WATCHED = ("", "experiment.toml", "events.jsonl", "metrics.csv")

_LAST = 1e12

Signature = tuple[tuple[int, int], ...]


class RunsReader:
    """Reads the runs of a folder and remembers them: a run whose files did not change is not opened again.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Signature, RunSummary]] = {}

    def read(
        self, runs: Path, post: Callable[[list[RunSummary]], None], stopped: Callable[[], bool]
    ) -> list[RunSummary] | None:
        """All runs of the folder, newest first; None when stopped before the end.

        Args:
            runs: the folder.
            post: takes what was read so far, now and then, while a first reading goes on.
            stopped: whether nobody waits for the answer any more.
        """
        found: dict[str, tuple[Signature, RunSummary]] = {}
        news, told = 0, time.monotonic()
        for path in _folders(runs):
            if stopped():
                return None
            entry, is_new = self._entry(path)
            if entry is None:
                continue
            found[path] = entry
            news += is_new
            if is_new and news % _BREATH_EVERY == 0:
                time.sleep(0.001)
            if is_new and time.monotonic() - told > PART_SECONDS:
                post(_sorted(found))
                told = time.monotonic()
        self._known = found
        return _sorted(found)

    def _entry(self, path: str) -> tuple[tuple[Signature, RunSummary] | None, bool]:
        signature = _signature(path)
        if signature is None:
            return None, False
        known = self._known.get(path)
        # The end of a process that was killed leaves no trace in the files, only a lock that is free.
        if known is not None and known[0] == signature and known[1].state not in _UNFINISHED:
            return known, False
        try:
            return (signature, summarise_run(RunFolder(path))), True
        except Exception as error:  # one broken folder must not hide the others
            return (signature, broken_summary(path, f"{type(error).__name__}: {error}")), True


def broken_summary(path: str, problem: str) -> RunSummary:
    """The row of a folder that cannot be read at all."""
    return RunSummary(Path(path).name, path, "", "", "failed", "", None, 0.0, 0.0, 0, 0, problem)


def with_queue(runs: Iterable[RunSummary], queue: Iterable[Any]) -> list[RunSummary]:
    """The runs with what waits to be trained: new ones on top, resumed ones marked as queued in their row."""
    fresh, resumed = [], set()
    for place, training in enumerate(queue):
        if isinstance(training.request, ResumeRequest):
            resumed.add(training.request.run)
        else:
            fresh.append(_queued(training, place))
    return [*fresh, *(dataclasses.replace(run, state="queued") if run.path in resumed else run for run in runs)]


def _queued(training: Any, place: int) -> RunSummary:
    experiment = training.request.experiment
    return RunSummary(
        name=training.name,
        path="",
        dataset=experiment.dataset.name,
        architecture=experiment.architecture.name,
        state="queued",
        metric_name="",
        metric=None,
        seconds=0.0,
        created=_LAST - place,  # above all that was made, what is next on top
        epochs_done=0,
        epochs=experiment.training.epochs,
    )


def _folders(runs: Path) -> list[str]:
    try:
        with os.scandir(runs) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _signature(path: str) -> Signature | None:
    """Times and sizes of what a row is made from; None for a folder that is no run."""
    stamps = []
    for name in _WATCHED:
        try:
            status = os.stat(os.path.join(path, name))
        except OSError:
            if name == "experiment.toml":
                return None
            stamps.append((0, 0))
        else:
            stamps.append((status.st_mtime_ns, status.st_size))
    return tuple(stamps)


def _sorted(found: dict[str, tuple[Signature, RunSummary]]) -> list[RunSummary]:
    return sorted((summary for _signature, summary in found.values()), key=lambda run: (-run.created, run.name))
