"""The kinds of figure: a result to look at, as plain data.

A figure knows nothing of windows. One renderer per kind draws it (`workbench.gui.figures`), and the same object is
saved as PNG, CSV or JSON (`workbench.figure_files`). Pixels are uint8 RGB or grey; all other arrays are float or int.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Figure:
    """Base of all figures. `title` is shown above it, `note` below it."""

    kind: ClassVar[str] = ""
    title: str
    note: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Image(Figure):
    """One picture, uint8, shape (height, width) or (height, width, 3)."""

    kind: ClassVar[str] = "image"
    pixels: np.ndarray


@dataclass(frozen=True)
class Heatmap(Figure):
    """Values over a picture; the window blends the two by a slider.

    Attributes:
        pixels: the picture, uint8, (height, width, 3) or (height, width).
        values: float32 in [0, 1], (rows, columns), stretched over the picture.
    """

    kind: ClassVar[str] = "heatmap"
    pixels: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Curve:
    """One line of `Curves`: x and y, shape (n,)."""

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Curves(Figure):
    """Lines over a common x axis; `marks` are named positions on it (the best epoch)."""

    kind: ClassVar[str] = "curves"
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    marks: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Matrix(Figure):
    """A matrix of counts with the same names along both sides: rows are true, columns predicted.

    Attributes:
        values: (n, n) integers.
        names: n names.
        samples: per (row, column) the indices of its samples in the split, where known.
    """

    kind: ClassVar[str] = "matrix"
    values: np.ndarray
    names: tuple[str, ...]
    row_label: str
    column_label: str
    samples: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bars(Figure):
    """A value per name; several series stand side by side. `series` maps a name to values of shape (len(names),)."""

    kind: ClassVar[str] = "bars"
    names: tuple[str, ...]
    series: dict[str, tuple[float, ...]]
    value_label: str = ""


@dataclass(frozen=True)
class Table(Figure):
    """Rows of plain values (str, int, float, None)."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Attributes:
        pixels: uint8, (height, width) or (height, width, 3).
        caption: a short text under it.
        sample: index of the sample it shows in its split, or -1.
        wrong: whether it shows a mistake (drawn with a sign, not by colour alone).
    """

    pixels: np.ndarray
    caption: str = ""
    sample: int = -1
    wrong: bool = False


@dataclass(frozen=True)
class Gallery(Figure):
    """Many pictures in a grid.

    Attributes:
        tiles: the pictures, row by row.
        values: whether they are maps of values: uint8 to be drawn in a colour map.
        columns: tiles that belong in one row; 0 for as many as there is room for.
    """

    kind: ClassVar[str] = "gallery"
    tiles: tuple[Tile, ...]
    values: bool = False
    columns: int = 0
