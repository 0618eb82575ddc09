"""What a command takes from the window's settings: where runs are, how big the cache may grow. Without Qt."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from workbench.paths import default_runs_folder, settings_folder


def runs_folder(arguments: argparse.Namespace) -> Path:
    """The folder in which runs are made and looked for: `--runs`, else the settings', else the default."""
    if getattr(arguments, "runs", None):
        return Path(arguments.runs).expanduser().absolute()
    chosen = _settings().get("runs")
    return Path(chosen) if isinstance(chosen, str) and chosen else default_runs_folder()


def apply_cache_limit() -> None:
    """Let the jobs of this process keep to the cache limit that the window's settings set."""
    gigabytes = _settings().get("cache_gigabytes")
    if isinstance(gigabytes, int | float) and gigabytes > 0:
        os.environ.setdefault("WORKBENCH_CACHE_LIMIT_BYTES", str(int(gigabytes * 2**30)))


def _settings() -> dict[str, Any]:
    try:
        values = json.loads((settings_folder() / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
