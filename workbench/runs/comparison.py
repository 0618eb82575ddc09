"""Two or more runs over each other: the curves of each metric, and what differs in their experiments."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.figures import Curve, Curves, Figure, Table
from workbench.i18n import _
from workbench.runs.folder import RunFolder

_NOT_COMPARED = {"epoch", "seconds", "samples_per_second"}


@dataclass(frozen=True)
class Comparison:
    """What there is to see.

    Attributes:
        figures: a `Table` of the differences, then a `Curves` per metric.
        differences: the rows of that table.
        stages: per run, the titles of its stages by the epochs (0-based) they begin with.
    """

    figures: tuple[Figure, ...]
    differences: tuple[tuple[Any, ...], ...]
    stages: tuple[dict[int, str], ...] = ()


def compare(paths: Sequence[str | Path]) -> Comparison:
    """Compare the runs in these folders; a setting that all share is not listed."""
    folders = [RunFolder(path) for path in paths]
    flat = [_flatten(_settings(folder)) for folder in folders]
    keys = dict.fromkeys(key for values in flat for key in values)
    rows = []
    for key in keys:
        values = tuple(_cell(settings.get(key)) for settings in flat)
        if len(set(values)) > 1:
            rows.append((key, *values))
    names = tuple(folder.name for folder in folders)
    table = Table(_("What differs"), (_("Setting"), *names), tuple(rows))
    stages = tuple(folder.stages() for folder in folders)
    return Comparison((table, *_curves(folders, _marks(names, stages))), tuple(rows), stages)


def _marks(names: Sequence[str], stages: Sequence[dict[int, str]]) -> tuple[tuple[str, float], ...]:
    """Where runs went another way; with the run's name, unless all that did went it together."""
    marks: dict[tuple[int, str], list[str]] = {}
    for name, begun in zip(names, stages, strict=True):
        for epoch, title in begun.items():
            if epoch > 0:
                marks.setdefault((epoch, title), []).append(name)
    several = sum(any(begun) for begun in stages)  # any epoch but the first
    # After the epoch before, which is counted from 1.
    return tuple(
        (title if len(of) == several else f"{', '.join(of)}: {title}", epoch + 0.5)
        for (epoch, title), of in sorted(marks.items())
    )


def _curves(folders: list[RunFolder], marks: tuple[tuple[str, float], ...]) -> list[Curves]:
    histories = [(folder.name, folder.metrics()) for folder in folders]
    metrics = dict.fromkeys(key for _name, rows in histories for row in rows[:1] for key in row)
    figures = []
    for metric in metrics:
        if metric in _NOT_COMPARED:
            continue
        lines = tuple(
            Curve(name, np.array([row["epoch"] for row in rows]), np.array([row[metric] for row in rows]))
            for name, rows in histories
            if rows and metric in rows[0]
        )
        figures.append(Curves(metric, _("Epoch"), metric, lines, marks))
    return figures


def _settings(folder: RunFolder) -> dict[str, Any]:
    try:
        return tomllib.loads((folder.path / "experiment.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


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
