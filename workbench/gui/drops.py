"""What dropping files on the window means: a rule without a window, so that it can be read and tested."""

from dataclasses import dataclass
from pathlib import Path

from workbench.gui.pages.data_drops import dataset_of_drop


@dataclass(frozen=True)
class Drop:
    """What to do: `open` an experiment, show a `run`, take a `dataset`, `predict`, or `ask` which of the two."""

    what: str
    paths: tuple[str, ...]


def understand(paths: list[Path], page: str) -> Drop:
    """What the user means by dropping these on that page.

    A `.toml` opens. A run folder or a `.keras` file is shown. An array file becomes the dataset. A folder on the Data
    page becomes the dataset, on the Predict page its pictures are predicted, elsewhere the user is asked. Everything
    else is predicted; what is no picture gets its message there.
    """
    texts = tuple(str(path) for path in paths)
    if len(paths) == 1:
        only = paths[0]
        if only.suffix.lower() == ".toml":
            return Drop("open", texts)
        if only.suffix.lower() == ".keras" or (only.is_dir() and (only / "experiment.toml").exists()):
            return Drop("run", texts)
        if only.is_dir() and page != "predict":
            return Drop("dataset" if page == "data" else "ask", texts)
        if not only.is_dir() and dataset_of_drop(only):
            return Drop("dataset", texts)
    return Drop("predict", texts)
