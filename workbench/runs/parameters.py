"""How many parameters the network of a run has, told without Keras."""

import zipfile
from pathlib import Path
from typing import Any

from workbench.runs.folder import RunFolder

_WEIGHTS = "model.weights.h5"
_NO_WEIGHTS = ("optimizer", "seed_generator")


def parameters_of(folder: RunFolder) -> int | None:
    """As the training counted them, else as they lie in the model file; None where neither can be read."""
    known = folder.environment().get("parameters")
    return known if isinstance(known, int) else _counted(folder.model_path)


def _counted(path: Path) -> int | None:
    """The numbers in the file's weights, of which only the sizes are read."""
    import h5py

    try:
        with zipfile.ZipFile(path) as archive, archive.open(_WEIGHTS) as content, h5py.File(content, "r") as file:
            return _sum_of(file)
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, ValueError):
        return None


def _sum_of(group: Any) -> int:
    import h5py

    return sum(
        _sum_of(part) if isinstance(part, h5py.Group) else int(part.size)
        for name, part in group.items()
        if not name.startswith(_NO_WEIGHTS)
    )
