"""The lines of all runs of a folder, kept in the workbench's cache: 10,000 folders are not opened to show a table.

A line is only believed while the files it was made from have the times and sizes they had then (its signature). The
file is JSON with a version; it is made anew whenever it is missing, damaged or of another version.
"""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from workbench.atomic_files import replace_text
from workbench.paths import cache_folder
from workbench.runs.summary import RunSummary

VERSION = 2
Signature = tuple[int, ...]
Entry = tuple[Signature, RunSummary]

_STORED = tuple(field.name for field in dataclasses.fields(RunSummary) if field.name not in ("name", "path"))
_NUMBER = (int, float)
_KINDS: dict[str, Any] = {
    "metric": (*_NUMBER, type(None)), "seconds": _NUMBER, "created": _NUMBER, "epochs_done": int, "epochs": int,
    "tags": list, "values": dict, "samples_per_second": (*_NUMBER, type(None)), "parameters": (int, type(None)),
}  # fmt: skip
_CHECKED = tuple(_KINDS.get(name, str) for name in _STORED)
_TAGS = _STORED.index("tags")


def index_path(runs: Path) -> Path:
    """Where the lines of the runs of a folder are kept."""
    name = hashlib.sha256(os.path.abspath(runs).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return cache_folder() / "runs" / f"{name}.json"


def load_index(runs: Path) -> dict[str, Entry]:
    """The lines that were kept, by the paths of their runs; nothing where there are none that can be used."""
    try:
        stored = json.loads(index_path(runs).read_text(encoding="utf-8"))
        if stored["version"] != VERSION or tuple(stored["fields"]) != _STORED:
            return {}
        return {
            os.path.join(runs, name): (tuple(signature), _summary(name, os.path.join(runs, name), values))
            for name, (signature, values) in stored["runs"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def store_index(runs: Path, entries: dict[str, Entry]) -> None:
    """Keep the lines. That they cannot be is no harm: they are read again the next time."""
    stored = {
        os.path.basename(path): (signature, [getattr(summary, name) for name in _STORED])
        for path, (signature, summary) in entries.items()
    }
    values = {"version": VERSION, "runs_folder": os.path.abspath(runs), "fields": _STORED, "runs": stored}
    place = index_path(runs)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_text(place, json.dumps(values, ensure_ascii=True, separators=(",", ":")), durable=False)
    except OSError:
        return


def _summary(name: str, path: str, values: list[Any]) -> RunSummary:
    if len(values) != len(_CHECKED) or not all(map(isinstance, values, _CHECKED)):
        raise ValueError(name)
    values[_TAGS] = tuple(values[_TAGS])
    return RunSummary(name, path, *values)
