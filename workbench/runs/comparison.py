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
    """What there is to see: a `Table` of the differences, then a `Curves` per metric."""

    figures: tuple[Figure, ...]
    differences: tuple[tuple[Any, ...], ...]


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
    return Comparison((table, *_curves(folders)), tuple(rows))


def _curves(folders: list[RunFolder]) -> list[Curves]:
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
        figures.append(Curves(metric, _("Epoch"), metric, lines))
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
