"""The kinds of figure: a result to look at, as plain data.

A figure knows nothing of windows. One renderer per kind draws it (`workbench.gui.figures`), and the same object is
saved as PNG, CSV or JSON (`workbench.figure_files`). Pixels are uint8 RGB or grey; all other arrays are float or int.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from workbench.section import Section
from workbench.specs import TableInput


@dataclass(frozen=True)
class Figure:
    """Base of all figures. `title` is shown above it, `note` below it; `warning` tells what is not to be overlooked."""

    kind: ClassVar[str] = ""
    title: str
    note: str = field(default="", kw_only=True)
    warning: str = field(default="", kw_only=True)

    @property
    def words(self) -> str:
        """All that is said about it; the warning first, with a sign."""
        return "\n".join(part for part in (f"⚠ {self.warning}" if self.warning else "", self.note) if part)


@dataclass(frozen=True)
class Image(Figure):
    """One picture.

    Attributes:
        pixels: uint8, (height, width) or (height, width, 3).
        palette: uint8, (colours, 3), for pixels (height, width) that are numbers of colours in it; a file holds both.
    """

    kind: ClassVar[str] = "image"
    pixels: np.ndarray
    palette: np.ndarray | None = field(default=None, kw_only=True)

    def as_seen(self) -> np.ndarray:
        """The pixels in the colours they are shown in, shaped as `pixels` or (height, width, 3)."""
        return self.pixels if self.palette is None else self.palette[self.pixels]


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
    """Lines over a common x axis; `marks` are named positions on it (the best epoch).

    With `logarithmic_x` positions are drawn by their logarithms; all are above 0 then.
    """

    kind: ClassVar[str] = "curves"
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    marks: tuple[tuple[str, float], ...] = ()
    logarithmic_x: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Matrix(Figure):
    """A matrix with the same names along both sides: counts with rows true and columns predicted, or correlations.

    Attributes:
        values: (n, n) integers (counts), or floats from -1 to 1 (drawn in a diverging colour map; NaN where undefined).
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
class RowSample:
    """The sample that a row of a table shows.

    Attributes:
        number: its index in its split.
        name: what the dataset calls it, and a correction of it.
        split: where it is not the one that was looked at; else empty.
    """

    number: int
    name: str
    split: str = ""


@dataclass(frozen=True)
class Table(Figure):
    """Rows of plain values (str, int, float, None).

    Attributes:
        columns: their titles.
        rows: the values of each.
        samples: which one each row shows, or empty; they stand in no file.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    samples: tuple[RowSample, ...] = dataclasses.field(default=(), kw_only=True, metadata={"in_files": False})

    def with_columns(self, place: int, added: Mapping[str, Sequence[Any]]) -> "Table":
        """The same with more columns at a place: title -> a value per row."""
        place = min(place, len(self.columns))
        columns = (*self.columns[:place], *added, *self.columns[place:])
        values = zip(*added.values(), strict=True) if added else ((),) * len(self.rows)
        rows = tuple((*row[:place], *more, *row[place:]) for row, more in zip(self.rows, values, strict=True))
        return dataclasses.replace(self, columns=columns, rows=rows)


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Attributes:
        pixels: uint8, (height, width) or (height, width, 3).
        caption: a short text under it.
        sample: index of the sample it shows in its split, or -1.
        wrong: whether it shows a mistake (drawn with a sign, not by colour alone).
        split: the split of that sample, where it is not the one that was looked at.
        name: what the dataset calls that sample, and a correction of it; empty where there is none.
    """

    pixels: np.ndarray
    caption: str = ""
    sample: int = -1
    wrong: bool = False
    split: str = ""
    name: str = ""


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


@dataclass(frozen=True)
class Points:
    """One group of points of a `Scatter`.

    Attributes:
        name: for the legend.
        x: (n,); `y` likewise.
        samples: index of the sample behind each point in its split, or empty.
        shade: for groups that have an order, the place in a sequential colour map, from 0 to 1.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    samples: tuple[int, ...] = ()
    shade: float | None = None


@dataclass(frozen=True)
class SampleCards:
    """What is known of the samples behind points, so that they can be shown without asking for them.

    Attributes:
        samples: (n,) their indices in the split, ascending.
        captions: a line for each.
        wrong: bool, (n,): whether it was answered wrong.
        pixels: uint8, (n, height, width) or (n, height, width, 3); None where samples are no pictures.
        names: what the dataset calls each; empty where that is not known.
        facts: what is known of each, by the title it has as a column.
        input: for rows of a table, what they are.
        values: float32, (n, columns) of those; None where samples are no rows.
    """

    samples: np.ndarray
    captions: tuple[str, ...]
    wrong: np.ndarray
    pixels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    facts: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    input: TableInput | None = None
    values: np.ndarray | None = None


@dataclass(frozen=True)
class Scatter(Figure):
    """Points in the plane, in groups told apart by colour and by shape, with lines over them.

    Attributes:
        points: the groups.
        curves: lines drawn over the points (a diagonal, a fitted line).
        square: whether both axes have the same scale.
        unit: what the numbers along both axes of a square figure count ("USD").
        field: values under the points on a regular grid, (rows, columns), rows along y from the bottom; None for none.
        field_range: (x minimum, x maximum, y minimum, y maximum) of the field, centres of its outer cells.
        field_label: what the field's values are.
        cards: of the samples behind the points; they stand in no file.
    """

    kind: ClassVar[str] = "scatter"
    x_label: str
    y_label: str
    points: tuple[Points, ...]
    curves: tuple[Curve, ...] = ()
    square: bool = False
    unit: str = ""
    field: np.ndarray | None = None
    field_range: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0)
    field_label: str = ""
    cards: SampleCards | None = dataclasses.field(default=None, kw_only=True, metadata={"in_files": False})


@dataclass(frozen=True)
class Surface(Figure):
    """A function of two variables, seen from above as colours with contour lines, and a path over it.

    Attributes:
        x: (columns,) ascending; `y`: (rows,) ascending.
        values: (rows, columns); NaN or infinity where it has no value worth drawing.
        path: (n, 2) points (x, y) in order, the first marked as the start and the last as the end; may be empty.
        logarithmic: whether colours and contours follow the logarithm of the values.
        value_label: what the values are.
        marks: named points (name, x, y), as the minimum.
    """

    kind: ClassVar[str] = "surface"
    x_label: str
    y_label: str
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    path: np.ndarray
    logarithmic: bool = False
    value_label: str = ""
    marks: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Adjustable(Figure):
    """Figures with knobs: `make(params, result)` gives them anew whenever a knob is turned.

    The window makes the knobs from the fields of `params`. The figure crosses process boundaries: `make` is a function
    at the top of a module, quick (under 100 ms) and NumPy only; it runs in the window.

    Attributes:
        params: the knobs at their present values, a frozen section.
        result: whatever `make` needs, picklable.
        make: (params, result) -> figures; the number and kinds of figures do not depend on the params.
    """

    kind: ClassVar[str] = "adjustable"
    params: Section
    result: Any
    make: Callable[[Any, Any], tuple[Figure, ...]]

    def figures(self, params: Section | None = None) -> tuple[Figure, ...]:
        """The figures for these params, or for the ones it came with."""
        return tuple(self.make(self.params if params is None else params, self.result))
