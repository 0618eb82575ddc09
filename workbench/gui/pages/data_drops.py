"""What a dropped file or folder is as a dataset. A run, a model or an experiment is none: the window takes those."""

from pathlib import Path
from typing import Any

from workbench.registry import registry


def dataset_of_drop(path: Path) -> dict[str, Any]:
    """The dataset's settings for a path, with a `name`: of the source that is surest of it.

    Empty where the path is no dataset but something else.
    """
    if path.is_dir() and (path / "experiment.toml").exists():
        return {}
    offers = [(source.name, offer) for source in registry().datasets if (offer := source.takes(path)) is not None]
    if not offers:
        return {}
    name, offer = max(offers, key=lambda found: found[1].certainty)
    return {"name": name, **offer.settings}
