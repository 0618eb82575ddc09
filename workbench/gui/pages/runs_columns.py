"""What the table of runs shows: its columns, its words and its signs."""

import datetime
import math
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

from PySide6.QtGui import QIcon

from workbench.gui.metric_text import number_text, readable, short_number
from workbench.gui.row_table import Column
from workbench.gui.theme import icon
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.runs.summary import RunSummary

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
USUAL = ("name", "state", "dataset", "architecture", "best", "epochs", "time", "created")
OF_NOTES = ("group", "tags", "note")  # shown as soon as a run has one, unless columns were chosen
METRIC = "metric:"
_WIDEST_NOTE = 180


def all_columns(metrics: Iterable[str] = ()) -> dict[str, Column]:
    """Every column there is, by name, in their order; the first is the name, which is edited in place."""
    known = {
        "name": Column(_("Name"), _name, editable=True),
        "state": Column(_("State"), state_word, key=_state_rank, picture=state_icon),
        "dataset": Column(_("Dataset"), dataset_title),
        "architecture": Column(_("Architecture"), architecture_title),
        "best": Column(_("Best"), _metric, key=_metric_key, numeric=True, descending=True),
        "epochs": Column(_("Epochs"), _epochs, key=_epochs_key, numeric=True, descending=True),
        "time": Column(_("Time"), _seconds, key=_seconds_key, numeric=True, descending=True),
        "created": Column(_("Created"), created_text, key=_created_key, descending=True),
        "group": Column(_("Group"), _group, key=_group_key, widest=_WIDEST_NOTE),
        "tags": Column(_("Tags"), _tags, key=_tags_key, widest=_WIDEST_NOTE),
        "note": Column(_("Note"), _note, key=_note_key, picture=_note_icon, widest=_WIDEST_NOTE),
        "seconds_per_epoch": _number_column(_("Time an epoch"), _seconds_per_epoch, duration),
        "samples_per_second": _number_column(_("Samples/s"), _samples_per_second, partial(_whole, 0)),
        "parameters": _number_column(_("Parameters"), _parameters, partial(_whole, 0)),
    }
    for name in metrics:
        known[METRIC + name] = _number_column(readable(name), partial(_value, name), partial(number_text, name))
    return known


def shown_names(chosen: Iterable[str], runs: Iterable[RunSummary], known: Iterable[str]) -> list[str]:
    """The names of the columns to show: those that were chosen, or the usual ones and those of notes there are."""
    wanted = list(chosen)
    if not wanted:
        every = list(runs)
        found = (any(run.group for run in every), any(run.tags for run in every), any(run.note for run in every))
        wanted = [*USUAL, *(name for name, has in zip(OF_NOTES, found, strict=True) if has)]
    return ["name", *(name for name in known if name in wanted and name != "name")]


def searched_text(run: RunSummary) -> str:
    """All that is known of a run in words, in small letters: names as they are kept, and as they are shown."""
    parts = (
        run.name, state_word(run), run.state, run.dataset, dataset_title(run), run.architecture,
        architecture_title(run), run.group, *run.tags, run.note, created_text(run),
    )  # fmt: skip
    return "\n".join(parts).casefold()


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


def dataset_title(run: RunSummary) -> str:
    """The title of its dataset."""
    return _title("datasets", run.dataset)


def architecture_title(run: RunSummary) -> str:
    """The title of its architecture."""
    return _title("architectures", run.architecture)


@lru_cache(maxsize=1_000)
def created_day(created: float) -> str:
    """A time as people write it; nothing for a number that is no time."""
    try:
        return datetime.datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def created_text(run: RunSummary) -> str:
    """When it was made."""
    return created_day(run.created) if run.path and run.created else ""


def _number_column(
    title: str, take: Callable[[RunSummary], float | None], show: Callable[[float], str]
) -> Column:  # fmt: skip
    return Column(title, partial(_shown, take, show), key=partial(_key, take), numeric=True, descending=True)


def _shown(take: Callable[[RunSummary], float | None], show: Callable[[float], str], run: RunSummary) -> str:
    value = _key(take, run)
    return "" if value is None else show(value)


def _key(take: Callable[[RunSummary], float | None], run: RunSummary) -> float | None:
    value = take(run)
    return value if value is not None and math.isfinite(value) else None


def _whole(digits: int, value: float) -> str:
    return f"{value:,.{digits}f}" if value >= 100 else short_number(value)


def _name(run: RunSummary) -> str:
    return run.name


def _state_rank(run: RunSummary) -> int:
    words = list(STATE_WORDS)
    return words.index(run.state) if run.state in words else len(words)


def _title(kind: str, name: str) -> str:
    """The title of a registered thing; its bare name when its plugin is gone."""
    catalog: Any = getattr(registry(), kind)
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


def _seconds_per_epoch(run: RunSummary) -> float | None:
    return run.seconds_per_epoch


def _samples_per_second(run: RunSummary) -> float | None:
    return run.samples_per_second


def _parameters(run: RunSummary) -> float | None:
    return run.parameters


def _value(name: str, run: RunSummary) -> float | None:
    return run.values.get(name)


def _created_key(run: RunSummary) -> float:
    return run.created


def _group(run: RunSummary) -> str:
    return run.group


def _group_key(run: RunSummary) -> str | None:
    return run.group.casefold() or None


def _tags(run: RunSummary) -> str:
    return ", ".join(run.tags)


def _tags_key(run: RunSummary) -> str | None:
    return _tags(run).casefold() or None


def _note(run: RunSummary) -> str:
    return run.note.partition("\n")[0]


def _note_key(run: RunSummary) -> str | None:
    return run.note.casefold() or None


def _note_icon(run: RunSummary) -> QIcon | None:
    return icon("note", "muted") if run.note else None
