"""What dropping files on the window means: a rule without a window, so that it can be read and tested."""

from dataclasses import dataclass
from pathlib import Path

from workbench.errors import UserError
from workbench.experiment import Experiment, from_values
from workbench.i18n import _

PICTURE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"))


@dataclass(frozen=True)
class Drop:
    """What to do: `open` an experiment, show a `run`, take a `dataset`, `predict`, or `ask` which of the two."""

    what: str
    paths: tuple[str, ...]


def understand(paths: list[Path], page: str) -> Drop:
    """What the user means by dropping these on that page.

    A `.toml` opens. A run folder or a `.keras` file is shown. A folder on the Data page becomes the dataset, on the
    Predict page its pictures are predicted, elsewhere the user is asked. Everything else is predicted; what is no
    picture gets its message there.
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
    return Drop("predict", texts)


def with_image_folder(experiment: Experiment, folder: str) -> Experiment:
    """The experiment on a folder of pictures; its input's defaults come from there.

    Raises:
        UserError: the folder cannot be a dataset.
    """
    values = experiment.model_dump()
    values.pop("preprocessing")
    values.pop("task")
    values["dataset"] = {"name": "image_folder", "folder": folder}
    try:
        return from_values(values, _("The folder {folder}").format(folder=folder))
    except UserError as error:
        raise UserError(f"{error}") from None
