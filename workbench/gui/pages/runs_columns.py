"""What the table of runs shows: its columns, its words and its signs."""

import datetime
import math
from typing import Any

from PySide6.QtGui import QIcon

from workbench.gui.metric_text import number_text, readable
from workbench.gui.row_table import Column
from workbench.gui.theme import icon
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.runs.index import RunSummary

STATE_WORDS = {
    "queued": mark("queued"),
    "running": mark("running"),
    "completed": mark("completed"),
    "stopped": mark("stopped"),
    "interrupted": mark("interrupted"),
    "failed": mark("failed"),
}
_SIGNS = {
    "queued": ("waiting", "muted"),
    "running": ("play", "accent"),
    "completed": ("success", "success"),
    "stopped": ("stop", "muted"),
    "interrupted": ("warning", "warning"),
    "failed": ("error", "error"),
}
NAME_COLUMN = 0


def columns() -> tuple[Column, ...]:
    """The columns, in their order; the first is the name, which is edited in place."""
    return (
        Column(_("Name"), _name, editable=True),
        Column(_("State"), state_word, key=_state_rank, picture=state_icon),
        Column(_("Dataset"), _dataset),
        Column(_("Architecture"), _architecture),
        Column(_("Best"), _metric, key=_metric_key, numeric=True, descending=True),
        Column(_("Epochs"), _epochs, key=_epochs_key, numeric=True, descending=True),
        Column(_("Time"), _seconds, key=_seconds_key, numeric=True, descending=True),
        Column(_("Created"), _created, key=_created_key, descending=True),
    )


def created_column() -> int:
    """The place of the column that the table is sorted by at first."""
    return len(columns()) - 1


def state_word(run: RunSummary) -> str:
    """The state, as a word."""
    return _(STATE_WORDS.get(run.state, run.state))


def state_icon(run: RunSummary) -> QIcon:
    """The state, as a sign."""
    return icon(*_SIGNS.get(run.state, ("information", "muted")))


def duration(seconds: float) -> str:
    """A span of time, in two units at most."""
    if seconds < 60:
        return _("{seconds:.1f} s").format(seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _("{minutes} min {seconds:02d} s").format(minutes=minutes, seconds=rest)
    return _("{hours} h {minutes:02d} min").format(hours=minutes // 60, minutes=minutes % 60)


def _name(run: RunSummary) -> str:
    return run.name


def _state_rank(run: RunSummary) -> int:
    words = list(STATE_WORDS)
    return words.index(run.state) if run.state in words else len(words)


def _dataset(run: RunSummary) -> str:
    return _title(registry().datasets, run.dataset)


def _architecture(run: RunSummary) -> str:
    return _title(registry().architectures, run.architecture)


def _title(catalog: Any, name: str) -> str:
    """The title of a registered thing; its bare name when its plugin is gone."""
    return _(catalog.get(name).title) if name in catalog.names() else name


def _metric(run: RunSummary) -> str:
    if run.metric is None:
        return ""
    return f"{readable(run.metric_name)} {number_text(run.metric_name, run.metric)}"


def _metric_key(run: RunSummary) -> tuple[str, float] | None:
    if run.metric is None or math.isnan(run.metric):
        return None
    return run.metric_name, run.metric


def _epochs(run: RunSummary) -> str:
    return f"{run.epochs_done} / {run.epochs}" if run.epochs else ""


def _epochs_key(run: RunSummary) -> int:
    return run.epochs_done


def _seconds(run: RunSummary) -> str:
    return duration(run.seconds) if run.seconds and math.isfinite(run.seconds) else ""


def _seconds_key(run: RunSummary) -> float | None:
    return run.seconds if math.isfinite(run.seconds) else None


def _created(run: RunSummary) -> str:
    if not run.path or not run.created:
        return ""
    try:
        return datetime.datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):  # a number in the run's files that is no time
        return ""


def _created_key(run: RunSummary) -> float:
    return run.created
