"""A run folder, read: everything one execution of an experiment left behind.

```
experiment.toml    what was asked for
model.keras        the best model so far
checkpoint/        the latest state, one file, to go on from
metrics.csv        a line an epoch
events.jsonl       everything the run told the world
evaluation.json    numbers per split, and what diagnosis needs beside them
environment.json   versions, device, seed, hash of the data
corrections.csv    the samples left out and the labels changed, where there are any
log.txt            for people, with tracebacks
notes.toml         group, tags and note of the user
corrections.csv    the list of corrections it was trained with, where there was one
probes/            what the network looked like after each epoch, where it was asked for
weights/           the weights after each epoch, where they were to be kept
run.lock           held by the process that runs it
```

Readable at any moment, also after a kill: whatever is half-written is ignored.
"""

import csv
import json
import math
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench.errors import UserError, did_you_mean
from workbench.events import EpochFinished, Event, Finished, StageStarted, from_json
from workbench.experiment import Experiment, read_experiment
from workbench.i18n import _

LOCK_NAME = "run.lock"
STATES = ("queued", "running", "completed", "stopped", "interrupted", "failed")
_TAIL_BYTES = 65_536
_EPOCH_FINISHED = '"epoch_finished"'
_STAGE_STARTED = '"stage_started"'


class RunFolder:
    """The folder of one run. Its name is the run's name."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def model_path(self) -> Path:
        """Where the best model is saved."""
        return self.path / "model.keras"

    @property
    def checkpoint_path(self) -> Path:
        """The latest state to go on from."""
        return self.path / "checkpoint" / "latest.npz"

    def exists(self) -> bool:
        """Whether this looks like a run at all."""
        return (self.path / "experiment.toml").is_file()

    def experiment(self) -> Experiment:
        """What was asked for. Raises `UserError` for a file of a newer version or a damaged one."""
        return read_experiment(self.path / "experiment.toml")

    def is_locked(self) -> bool:
        """Whether a living process runs it now."""
        if not (self.path / LOCK_NAME).exists():
            return False
        lock = FileLock(self.path / LOCK_NAME, is_singleton=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False
        lock.release()
        return False

    def end(self) -> Finished | None:
        """The end event, when the last thing the run told was its end."""
        lines = _last_lines(self.path / "events.jsonl")
        event = _parse(lines[-1]) if lines else None
        return event if isinstance(event, Finished) else None

    def last_epochs(self) -> list[EpochFinished]:
        """The epochs told of last: all of a short run, some of a long one, so that a glance stays cheap."""
        lines = (line for line in _last_lines(self.path / "events.jsonl") if _EPOCH_FINISHED in line)
        return [event for event in map(_parse, lines) if isinstance(event, EpochFinished)]

    def state(self) -> str:
        """`running`, `completed`, `stopped`, `interrupted` or `failed`."""
        end = self.end()
        if end is not None:
            return end.state
        return "running" if self.is_locked() else "interrupted"

    def events(self, mentioning: str = "") -> list[Event]:
        """All events; lines that were cut off by a kill, or that a newer version wrote, are left out.

        With `mentioning`, only those whose line has that text in it: a long training told a great many, and most are
        of no interest to most readers.
        """
        try:
            text = (self.path / "events.jsonl").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        parsed = (_parse(line) for line in text.splitlines() if mentioning in line)
        return [event for event in parsed if event is not None]

    def stages(self) -> dict[int, str]:
        """Where the training went another way: the title of a stage by the epoch (0-based) it begins with."""
        try:
            text = (self.path / "events.jsonl").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        # A long training told of many thousand batches, which need not be read for this.
        parsed = (_parse(line) for line in text.splitlines() if _STAGE_STARTED in line)
        return {event.epoch: event.title for event in parsed if isinstance(event, StageStarted)}

    def metrics(self) -> list[dict[str, float]]:
        """A dictionary per finished epoch: `epoch` (1-based), `loss`, `val_loss`, ..., `learning_rate`, `seconds`."""
        try:
            with (self.path / "metrics.csv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error):
            return []
        complete = [row for row in rows if None not in row and None not in row.values()]
        return [{key: _number(value) for key, value in row.items()} for row in complete]

    def evaluation(self) -> dict[str, dict[str, float]]:
        """Numbers per split (`{"test": {"loss": ..., "accuracy": ...}}`), as far as they were computed."""
        return self.judged().get("splits", {})

    def judged(self) -> dict[str, Any]:
        """All that is known of how good the model is, as far as it was computed; older runs lack all but `splits`.

        Beside `splits`, `answers` (per split and class how often it is true and was answered) and `learned` (see
        `training.learned`).
        """
        return self._json("evaluation.json")

    def environment(self) -> dict[str, Any]:
        """Versions, device, seed, hash of the data."""
        return self._json("environment.json")

    def log(self) -> str:
        """The log for people."""
        try:
            return (self.path / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _json(self, name: str) -> dict[str, Any]:
        try:
            values = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}


def find_run(text: str, runs: Path) -> RunFolder:
    """The run that a user names: a folder, or a run's name in the folder `runs`.

    Raises:
        UserError: there is no such run; close names are offered.
    """
    for candidate in (Path(text).expanduser(), runs / text):
        if RunFolder(candidate).exists():
            return RunFolder(candidate.resolve())
    known = [entry.name for entry in runs.iterdir() if RunFolder(entry).exists()] if runs.is_dir() else []
    hint = did_you_mean(text, known)
    raise UserError(
        _("There is no run {name!r}: neither a run folder nor a run in {runs}. {hint}")
        .format(name=text, runs=runs, hint=hint or _("`workbench runs` lists the runs."))
        .strip()
    )


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def _parse(line: str) -> Event | None:
    try:
        return from_json(json.loads(line))
    except (ValueError, TypeError, AttributeError):  # no JSON, no object, or one with other fields
        return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
