"""The user's settings: a small JSON file, read leniently so that no bad key ever keeps the window from starting."""

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from PySide6.QtCore import QObject, Signal

from workbench.atomic_files import replace_text
from workbench.i18n import mark
from workbench.paths import default_runs_folder, settings_folder
from workbench.section import setting

RECENT_LIMIT = 10
CACHE_LIMIT_VARIABLE = "WORKBENCH_CACHE_LIMIT_BYTES"


class SettingsValues(BaseModel):
    """What is remembered. Fields with a title are shown in the settings dialog."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: Literal["system", "light", "dark"] = setting(
        "system", title=mark("Theme"), help=mark("System follows the desktop."),
        labels={"system": mark("System"), "light": mark("Light"), "dark": mark("Dark")},
    )  # fmt: skip
    runs: str = setting(
        "", title=mark("Runs folder"), help=mark("Where runs are kept; empty means the default place."), widget="folder"
    )
    cache_gigabytes: float = setting(
        20.0, title=mark("Cache limit"), unit="GiB", ge=0.1, le=10_000,
        help=mark("Decoded data beyond this size is removed, the oldest first. It can be made again at any time."),
    )  # fmt: skip
    recent: tuple[str, ...] = setting((), title="", widget="hidden")
    geometry: str = setting("", title="", widget="hidden")
    page: str = setting("data", title="", widget="hidden")
    run_columns: tuple[str, ...] = setting((), title="", widget="hidden")
    export_format: str = setting("", title="", widget="hidden")
    export_folder: str = setting("", title="", widget="hidden")
    splitters: dict[str, tuple[int, ...]] = setting(title="", widget="hidden", default_factory=dict)


class Settings(QObject):
    """The settings of this window, kept in `settings.json` of the settings folder."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = settings_folder() / "settings.json"
        self.values = read_settings(self._path)
        self._tell_engines()

    @property
    def runs_folder(self) -> Path:
        """Where new runs are made and runs are listed."""
        return Path(self.values.runs) if self.values.runs else default_runs_folder()

    @property
    def cache_limit_bytes(self) -> int:
        """How big the cache of decoded data may grow."""
        return int(self.values.cache_gigabytes * 2**30)

    def change(self, **values: Any) -> None:
        """Set some of the values, write the file and tell everyone.

        Raises:
            pydantic.ValidationError: a value is out of its limits; nothing is changed then.
        """
        new = SettingsValues.model_validate({**self.values.model_dump(), **values})
        if new == self.values:
            return
        self.values = new
        self._write()
        self._tell_engines()
        self.changed.emit()

    def add_recent(self, path: Path) -> None:
        """Put an experiment file first in the list of recent ones."""
        text = str(path)
        others = tuple(entry for entry in self.values.recent if entry != text)
        self.change(recent=(text, *others)[:RECENT_LIMIT])

    def _tell_engines(self) -> None:
        """Engines started from now on keep the cache within its limit."""
        os.environ[CACHE_LIMIT_VARIABLE] = str(self.cache_limit_bytes)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self._path, self.values.model_dump_json(indent=2), durable=False)


def read_settings(path: Path) -> SettingsValues:
    """The settings in a file; keys that do not fit are dropped one by one, an unreadable file counts as empty."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return SettingsValues()
    values = found if isinstance(found, dict) else {}
    while True:
        try:
            return SettingsValues.model_validate(values)
        except ValidationError as error:
            bad = {str(fault["loc"][0]) for fault in error.errors(include_url=False)}
            values = {key: value for key, value in values.items() if key not in bad}
