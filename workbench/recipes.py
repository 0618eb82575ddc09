"""The experiments that ship with the workbench: complete, tried, to begin with."""

from dataclasses import dataclass
from pathlib import Path

from workbench.errors import UnknownNameError
from workbench.experiment import Experiment, read_experiment
from workbench.i18n import _
from workbench.paths import resources


@dataclass(frozen=True)
class Recipe:
    """A stock experiment; its title is the first line of its file."""

    name: str
    title: str
    path: Path

    def experiment(self) -> Experiment:
        """The experiment."""
        return read_experiment(self.path)


def recipes() -> list[Recipe]:
    """All of them, by name; those in a folder are named with it, as in `cifar10_report/vgg16_mended`."""
    folder = resources() / "experiments"
    return [
        Recipe(path.relative_to(folder).with_suffix("").as_posix(), _title(path), path)
        for path in sorted(folder.rglob("*.toml"), key=lambda path: (path.parent != folder, path))
    ]


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownNameError: there is none; the message lists what there is.
    """
    by_name = {each.name: each for each in recipes()}
    if name not in by_name:
        raise UnknownNameError(_("recipe"), name, by_name)
    return by_name[name]


def _title(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").rstrip(".") if first.startswith("#") else path.stem
