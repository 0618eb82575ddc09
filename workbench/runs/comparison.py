"""Two or more runs over each other: the curves of each metric, what differs in their experiments, what came of it."""

import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import UserError, did_you_mean
from workbench.figures import Curve, Curves, Figure, Table
from workbench.i18n import _, mark
from workbench.runs.folder import RunFolder
from workbench.runs.parameters import parameters_of
from workbench.runs.summary import NO_METRICS, RunSummary, summarise_run

AXES = {"epoch": mark("Epoch"), "step": mark("Step"), "time": mark("Seconds of training")}
_NOT_DRAWN = NO_METRICS - {"learning_rate"}
_BATCHES_DONE = '"batches_done"'


@dataclass(frozen=True)
class Comparison:
    """What there is to see.

    Attributes:
        figures: a `Table` of the differences, one of what came of the runs, then a `Curves` per metric.
        differences: the rows of the first table, with values as they are kept.
        results: the rows of the second.
        stages: per run, the titles of its stages by the epochs (0-based) they begin with.
        names: of the runs, as in the columns of the tables.
    """

    figures: tuple[Figure, ...]
    differences: tuple[tuple[Any, ...], ...]
    results: tuple[tuple[Any, ...], ...] = ()
    stages: tuple[dict[int, str], ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    """One of the runs, read."""

    name: str
    history: list[dict[str, float]]
    stages: dict[int, str]
    steps: int  # of an epoch; 0 where it is not known

    def place(self, epochs: float, axis: str) -> float:
        """Where so many finished epochs lie on an axis."""
        if axis == "epoch":
            return epochs
        if axis == "step":
            return epochs * self.steps
        times = np.cumsum([0.0, *(row.get("seconds", math.nan) for row in self.history)])
        return float(np.interp(epochs, np.arange(len(times)), times))


def compare(paths: Sequence[str | Path], axis: str = "epoch") -> Comparison:
    """Compare the runs in these folders; a setting that all share is not listed.

    Args:
        paths: run folders.
        axis: what the curves are drawn over: `epoch`, `step` or `time`.

    Raises:
        UserError: there is no such axis.
    """
    if axis not in AXES:
        text = _("Curves cannot be drawn over {axis!r}; choose one of {known}. {hint}")
        raise UserError(text.format(axis=axis, known=", ".join(AXES), hint=did_you_mean(axis, AXES)).strip())
    folders = [RunFolder(path) for path in paths]
    names = names_of(folders)
    flat = [_flatten(_settings(folder)) for folder in folders]
    keys = dict.fromkeys(key for values in flat for key in values)
    rows, in_words = [], []
    for key in keys:
        values = [settings.get(key) for settings in flat]
        cells = tuple(map(_cell, values))
        if len(set(cells)) > 1:
            rows.append((key, *cells))
            in_words.append((key, *map(_in_words, values)))
    differences = Table(_("What differs"), (_("Setting"), *names), tuple(in_words))
    results = Table(_("What came of it"), (_("Best model"), *names), _results(folders))
    steps = [steps_per_epoch(folder) if axis == "step" else 0 for folder in folders]
    runs = [
        _Run(name, folder.metrics(), folder.stages(), count)
        for name, folder, count in zip(names, folders, steps, strict=True)
    ]
    stages = tuple(run.stages for run in runs)
    figures = (differences, results, *_curves(runs, axis))
    return Comparison(figures, tuple(rows), results.rows, stages, names)


def names_of(folders: Sequence[RunFolder]) -> tuple[str, ...]:
    """The names of runs, with the folder they lie in where two have the same."""
    names = [folder.name for folder in folders]
    return tuple(
        name if names.count(name) == 1 else f"{folder.path.parent.name}/{name}"
        for name, folder in zip(names, folders, strict=True)
    )


def steps_per_epoch(folder: RunFolder) -> int:
    """How many steps an epoch of the run has; 0 where it was told of no batch."""
    try:
        with (folder.path / "events.jsonl").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if _BATCHES_DONE in line:
                    steps = json.loads(line).get("steps", 0)
                    return steps if isinstance(steps, int) else 0
    except (OSError, ValueError, AttributeError):
        return 0
    return 0


def _results(folders: Sequence[RunFolder]) -> tuple[tuple[Any, ...], ...]:
    """A row per metric, then what the runs cost."""
    summaries = [summarise_run(folder) for folder in folders]
    metrics = dict.fromkeys(name for summary in summaries for name in summary.values)
    counted = [
        summary.parameters if summary.parameters is not None else parameters_of(folder)
        for summary, folder in zip(summaries, folders, strict=True)
    ]
    return (
        *((name, *(_number(summary.values.get(name)) for summary in summaries)) for name in metrics),
        (_("Parameters"), *counted),
        (_("Samples a second"), *(_rounded(summary.samples_per_second) for summary in summaries)),
        (_("Seconds an epoch"), *(_rounded(summary.seconds_per_epoch, 3) for summary in summaries)),
        (_("Seconds in all"), *(_rounded(summary.seconds, 1) for summary in summaries)),
        (_("Epochs"), *(_epochs(summary) for summary in summaries)),
        (_("State"), *(summary.state for summary in summaries)),
    )


def _epochs(summary: RunSummary) -> str:
    return f"{summary.epochs_done} / {summary.epochs}"


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _rounded(value: float | None, digits: int = 0) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(value, digits) if digits else round(value)


def _marks(runs: Sequence[_Run], axis: str) -> tuple[tuple[str, float], ...]:
    """Where runs went another way; with the run's name, unless all that did went it together."""
    marks: dict[tuple[float, str], list[str]] = {}
    for run in runs:
        for epoch, title in run.stages.items():
            if epoch > 0:
                # After the epoch before, which is counted from 1.
                place = run.place(epoch + 0.5 if axis == "epoch" else epoch, axis)
                marks.setdefault((place, title), []).append(run.name)
    several = sum(any(run.stages) for run in runs)  # any epoch but the first
    return tuple(
        (title if len(of) == several else f"{', '.join(of)}: {title}", place)
        for (place, title), of in sorted(marks.items())
    )


def _curves(runs: Sequence[_Run], axis: str) -> list[Curves]:
    metrics = dict.fromkeys(key for run in runs for row in run.history[:1] for key in row)
    drawn = [run for run in runs if axis != "step" or run.steps or not run.history]
    left_out = [run.name for run in runs if run not in drawn]
    note = _("Without steps, and so not drawn: {names}.").format(names=", ".join(left_out)) if left_out else ""
    marks = _marks(drawn, axis)
    figures = []
    for metric in metrics:
        if metric in _NOT_DRAWN:
            continue
        lines = tuple(
            Curve(
                run.name,
                np.array([run.place(row["epoch"], axis) for row in run.history]),
                np.array([row[metric] for row in run.history]),
            )
            for run in drawn
            if run.history and metric in run.history[0]
        )
        figures.append(Curves(metric, _(AXES[axis]), metric, lines, marks, note=note))
    return figures


def _settings(folder: RunFolder) -> dict[str, Any]:
    try:
        values = tomllib.loads((folder.path / "experiment.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    corrections = values.get("corrections")
    if isinstance(corrections, dict) and corrections.get("digest"):
        corrections.pop("file", None)  # the run's own copy: its name tells nothing, and is another in every run
    return values


def _flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else "-" if value is None else str(value)


def _in_words(value: Any) -> Any:
    """A setting as forms show it; numbers as they are."""
    match value:
        case bool():
            return _("on") if value else _("off")
        case "" | []:
            return _("none")
        case list():
            return ", ".join(str(_in_words(item)) for item in value)
        case {"kind": kind, **others}:  # a layer
            settings = "; ".join(f"{key} {_in_words(other)}" for key, other in others.items())
            return f"{kind} ({settings})" if settings else kind
    return _cell(value)
