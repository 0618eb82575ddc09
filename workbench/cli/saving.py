"""The figures of an answer as files in a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.errors import UserError
from workbench.figure_files import file_name, save_figure
from workbench.figures import Adjustable, Figure
from workbench.i18n import _


def made(folder: Path) -> Path:
    """The folder, made if it was not there. Raises `UserError` where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(_("The folder {path} cannot be made: {error}.").format(path=folder, error=error)) from None
    return folder


def unfolded(figures: Sequence[Figure]) -> list[Figure]:
    """The figures, those with knobs as they came."""
    return [part for each in figures for part in (each.figures() if isinstance(each, Adjustable) else (each,))]


def save_all(figures: Sequence[Figure], folder: Path, prefix: str = "") -> list[str]:
    """Every figure as files; the paths."""
    return [
        str(path)
        for number, figure in enumerate(unfolded(figures), 1)
        for path in _save(figure, number, folder, prefix)
    ]


def _save(figure: Figure, number: int, folder: Path, prefix: str) -> list[Path]:
    """PNG for what is a picture, CSV for everything; their paths."""
    name = "_".join(part for part in (prefix, f"{number:02}", file_name(figure)) if part)
    saved: list[Any] = []
    for ending in ("png", "csv"):
        path = folder / f"{name}.{ending}"
        try:
            save_figure(figure, path)
        except UserError:
            if ending == "csv":
                raise
            continue  # a table is no picture
        saved.append(path)
    return saved
