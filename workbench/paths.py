"""Where things are: resources and plugins that ship with us, and the folders of the user.

`WORKBENCH_HOME` puts everything of the user below one folder (tests, portable installations); without it the folders
of the platform are used.
"""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name


def resources() -> Path:
    """Icons, stock experiments, texts and translations that ship with the workbench."""
    return _shipped("resources")


def shipped_plugins() -> Path:
    """The plugins that ship with the workbench."""
    return _shipped("plugins")


def _user_folder(name: str, of_platform: Path) -> Path:
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home) / name if home else of_platform


def default_runs_folder() -> Path:
    """Where runs live unless the settings or `--runs` say otherwise."""
    return _user_folder("runs", platformdirs.user_documents_path() / "workbench" / "runs")


def cache_folder() -> Path:
    """Decoded data; safe to delete at any time."""
    return _user_folder("cache", platformdirs.user_cache_path("workbench", appauthor=False))


def settings_folder() -> Path:
    """Settings, recent files and the experiment kept against a crash."""
    return _user_folder("settings", platformdirs.user_config_path("workbench", appauthor=False))


def user_plugins() -> Path:
    """Plugins the user installed, one folder each."""
    return _user_folder("plugins", platformdirs.user_data_path("workbench", appauthor=False) / "plugins")


def corrections_folder() -> Path:
    """Lists of corrections of the datasets that have no place of their own to keep one beside them."""
    return _user_folder("corrections", platformdirs.user_data_path("workbench", appauthor=False) / "corrections")
