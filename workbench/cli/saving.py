"""The figures of an answer as files in a folder."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import UserError
from workbench.figure_files import FORMATS, file_name, save_figure
from workbench.figures import Adjustable, Figure, Table
from workbench.i18n import _

_NUMBERS = ("csv", "json")


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


def endings_of(text: str) -> tuple[str, ...]:
    """The kinds of file in a text such as `png,csv`. Raises `UserError` for one that figures cannot be saved as."""
    endings = tuple(dict.fromkeys(part.strip().lower().removeprefix(".") for part in text.split(",") if part.strip()))
    wrong = next((ending for ending in endings if ending not in FORMATS), None)
    if wrong is not None or not endings:
        text = _("Figures are not written as {wrong!r}. Choose one or several of {known}, as in --format png,csv.")
        raise UserError(text.format(wrong=wrong or "", known=", ".join(FORMATS)))
    return endings


def save_all(
    figures: Sequence[Figure], folder: Path, prefix: str = "", endings: Sequence[str] = ("png", "csv")
) -> list[str]:
    """Every figure as files; the paths. A table is drawn only where nothing but pictures are asked for."""
    paths: list[str] = []
    for number, figure in enumerate(unfolded(figures), 1):
        name = "_".join(part for part in (prefix, f"{number:02}", file_name(figure)) if part)
        numbers = any(ending in _NUMBERS for ending in endings)
        for ending in endings:
            if ending in _NUMBERS or not (isinstance(figure, Table) and numbers):
                paths.append(str(save_figure(figure, folder / f"{name}.{ending}")))
    return paths
