"""What a dropped file or folder is as a dataset. A run, a model or an experiment is none: the window takes those."""

from pathlib import Path
from typing import Any

from workbench.gui.data_reader import places
from workbench.registry import registry

_FOLDER_SOURCE = "image_folder"
_FILE_SOURCES = {".npz": "npz", ".csv": "csv_images", ".gz": "idx", "-ubyte": "idx"}


def dataset_of_drop(path: Path) -> dict[str, Any]:
    """The dataset's settings for a path, with a `name`; empty where the path is no dataset but something else."""
    name = _source_name(path)
    if name not in registry().datasets.names():
        return {}
    field, widget = next(iter(places(registry().datasets.get(name).section).items()))
    place = path.parent if widget == "folder" and not path.is_dir() else path
    return {"name": name, field: str(place)}


def _source_name(path: Path) -> str:
    if path.is_dir():
        return "" if (path / "experiment.toml").exists() else _FOLDER_SOURCE
    return next((name for end, name in _FILE_SOURCES.items() if path.name.lower().endswith(end)), "")
