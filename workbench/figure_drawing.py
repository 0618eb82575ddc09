"""Figures drawn as PNG or SVG without a window, by matplotlib: curves, matrices, bars, points, surfaces and tables.

Only its object-oriented interface is used: no pyplot, no state of the process, no display. Colours are those of the
window's light theme; a report replaces them by its own (`INK`, `FAINT`, `LINES`).
"""

import io
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.colour_maps import DIVERGING, VIRIDIS, dark_text_reads_better
from workbench.figures import Bars, Curve, Curves, Figure, Matrix, Scatter, Surface, Table
from workbench.i18n import _

INK, FAINT = "#1b2331", "#d8dce3"
LINES = ("#2459c8", "#c2500a", "#16795c", "#8a3fa8", "#a8780a", "#b3265e", "#3b7f94", "#5c6675")
DOTS_PER_INCH = 144
MOST_ROWS = 60
_STROKES = ("-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)))
_HATCHES = ("", "..", "xx", "//")
_SIGNS = "osD^v<>P"
_FEW_POINTS = 40
_NAMED = 40  # names along an axis; more could not be read
_COUNTED = 20  # cells along a side whose numbers are written into them
_WIDE, _HIGH = 7.2, 4.3  # inches


def draws(figure: Figure) -> bool:
    """Whether this kind of figure is drawn here."""
    return type(figure) in _DRAWN


def drawn(figure: Figure, ending: str) -> bytes:
    """The figure as the bytes of a file.

    Args:
        figure: of a kind that is drawn here.
        ending: `png`, or `svg`, whose texts stay texts.
    """
    import warnings

    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Sheet

    draw = _DRAWN[type(figure)]
    canvas = FigureCanvasAgg if ending == "png" else FigureCanvasSVG
    # Names are the user's: no sign in them is a formula.
    plain = {"svg.fonttype": "none", "svg.hashsalt": "workbench", "text.parse_math": False}
    with matplotlib.rc_context(plain), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font does not have is drawn as a box
        sheet = Sheet(figsize=_size(figure), layout="constrained")
        canvas(sheet)
        axes = sheet.add_subplot()
        _style(axes)
        draw(figure, axes)
        if figure.title:
            axes.set_title(textwrap.shorten(figure.title, 90, placeholder="…"), color=INK, fontsize=11, loc="left")
        content = io.BytesIO()
        metadata = {"Date": None} if ending == "svg" else None
        sheet.savefig(
            content, format=ending, dpi=DOTS_PER_INCH, metadata=metadata, transparent=ending == "svg", facecolor="white"
        )
    return content.getvalue()


def _size(figure: Figure) -> tuple[float, float]:
    match figure:
        case Table():
            return _WIDE, 0.6 + 0.26 * (min(len(figure.rows), MOST_ROWS) + 1)
        case Matrix():
            side = min(9.0, max(4.5, 2.2 + 0.36 * len(figure.names)))
            return side + 0.8, side
        case Bars():
            return _WIDE, min(14.0, max(2.4, 1.0 + 0.24 * len(figure.names) * max(1, len(figure.series))))
    return _WIDE, _HIGH


def _style(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8, color=FAINT)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.grid(True, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_curves(figure: Curves, axes: Any) -> None:
    for number, curve in enumerate(figure.curves):
        _line(axes, curve, number, "o" if len(curve.x) <= _FEW_POINTS else None)
    if figure.logarithmic_x:
        axes.set_xscale("log")
    for name, position in figure.marks:
        axes.axvline(position, color=INK, linewidth=0.8, linestyle="--")
        axes.annotate(
            name, (position, 0.02), xycoords=("data", "axes fraction"), xytext=(3, 0), textcoords="offset points",
            color=INK, fontsize=8,
        )  # fmt: skip
    _label(axes, figure.x_label, figure.y_label)
    _legend(axes, len(figure.curves))


def _line(axes: Any, curve: Curve, number: int, sign: str | None = None) -> None:
    axes.plot(
        np.asarray(curve.x, float), np.asarray(curve.y, float), label=_plain_name(curve.name), marker=sign,
        markersize=3, color=LINES[number % len(LINES)], linestyle=_STROKES[number % len(_STROKES)], linewidth=1.6,
    )  # fmt: skip


def _draw_matrix(figure: Matrix, axes: Any) -> None:
    from matplotlib.colors import ListedColormap

    values = np.asarray(figure.values)
    counts = not np.issubdtype(values.dtype, np.floating)
    colours = VIRIDIS if counts else DIVERGING
    lowest, highest = (0, max(1, values.max(initial=0))) if counts else (-1, 1)
    scale = ListedColormap(colours / 255).with_extremes(bad="#808080")
    picture = axes.imshow(np.ma.masked_invalid(values), cmap=scale, vmin=lowest, vmax=highest, aspect="equal")
    axes.figure.colorbar(picture, ax=axes, shrink=0.8).ax.tick_params(colors=INK, labelsize=8)
    axes.grid(False)
    step = max(1, -(-len(figure.names) // _NAMED))
    places = range(0, len(figure.names), step)
    names = [textwrap.shorten(figure.names[place], 24, placeholder="…") for place in places]
    axes.set_xticks(list(places), names, rotation=90 if max(map(len, names), default=0) > 3 else 0)
    axes.set_yticks(list(places), names)
    _label(axes, figure.column_label, figure.row_label)
    if len(figure.names) <= _COUNTED:
        for (row, column), value in np.ndenumerate(values):
            share = np.clip((float(value) - lowest) / (highest - lowest), 0, 1) if np.isfinite(value) else 0.5
            dark = dark_text_reads_better(colours[round(share * 255)])
            text = str(int(value)) if counts else f"{value:.2f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color="black" if dark else "white")


def _draw_bars(figure: Bars, axes: Any) -> None:
    places = np.arange(len(figure.names))
    width = 0.8 / max(1, len(figure.series))
    for number, (name, values) in enumerate(figure.series.items()):
        axes.barh(
            places - 0.4 + (number + 0.5) * width, np.asarray(values, float), width, label=_plain_name(name),
            color=LINES[number % len(LINES)], edgecolor="white", hatch=_HATCHES[number % len(_HATCHES)],
        )  # fmt: skip
    step = max(1, -(-len(figure.names) // _NAMED))
    axes.set_yticks(places[::step], [textwrap.shorten(name, 32, placeholder="…") for name in figure.names[::step]])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    _label(axes, figure.value_label, "")
    _legend(axes, len(figure.series))


def _draw_scatter(figure: Scatter, axes: Any) -> None:
    from matplotlib.colors import ListedColormap

    if figure.field is not None:
        left, right, bottom, top = figure.field_range
        rows, columns = np.shape(figure.field)
        x, y = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
        mesh = axes.pcolormesh(x, y, figure.field, cmap=ListedColormap(VIRIDIS / 255), shading="nearest", alpha=0.6)
        _bar(axes, mesh, figure.field_label)
    for number, group in enumerate(figure.points):
        axes.plot(
            np.asarray(group.x, float), np.asarray(group.y, float), _SIGNS[number % len(_SIGNS)], markersize=3,
            linestyle="none", color=LINES[number % len(LINES)], label=_plain_name(group.name), alpha=0.75,
            rasterized=len(group.x) > 2_000,
        )  # fmt: skip
    for number, curve in enumerate(figure.curves, len(figure.points)):
        _line(axes, curve, number)
    if figure.square:
        axes.set_aspect("equal", adjustable="datalim")
    _label(axes, figure.x_label, figure.y_label)
    _legend(axes, len(figure.points) + len(figure.curves))


def _draw_surface(figure: Surface, axes: Any) -> None:
    from matplotlib.colors import ListedColormap

    values = np.array(figure.values, float)
    if figure.logarithmic:
        values = np.log10(np.where(values > 0, values, np.nan))
    values = np.ma.masked_invalid(values)
    mesh = axes.pcolormesh(figure.x, figure.y, values, cmap=ListedColormap(VIRIDIS / 255), shading="nearest")
    mesh.set_rasterized(True)
    label = _("{value}, logarithm to base 10").format(value=figure.value_label) if figure.logarithmic else ""
    _bar(axes, mesh, label or figure.value_label)
    if min(values.shape) > 1 and values.count() and values.min() < values.max():
        axes.contour(figure.x, figure.y, values, levels=12, colors="white", linewidths=0.5)
    path = np.asarray(figure.path, float).reshape(-1, 2)
    if len(path):
        axes.plot(path[:, 0], path[:, 1], color="white", linewidth=3)
        axes.plot(path[:, 0], path[:, 1], color="#c2500a", linewidth=1.4, marker="." if len(path) < 60 else None)
        axes.plot(*path[0], "o", color="white", markeredgecolor="black", markersize=7)
        axes.plot(*path[-1], "s", color="white", markeredgecolor="black", markersize=7)
    for name, x, y in figure.marks:
        axes.plot(x, y, "*", color="white", markeredgecolor="black", markersize=11)
        axes.annotate(
            name,
            (x, y),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=8,
            color="white",
            bbox={"facecolor": "black", "alpha": 0.6, "linewidth": 0, "pad": 1.5},
        )
    axes.grid(False)
    _label(axes, figure.x_label, figure.y_label)


def _draw_table(figure: Table, axes: Any) -> None:
    axes.axis("off")
    rows = [[_cell(value) for value in row] for row in figure.rows[:MOST_ROWS]]
    if not rows:
        rows = [["–"] * len(figure.columns)]
    table = axes.table(rows, colLabels=[_cell(name) for name in figure.columns], loc="upper center", cellLoc="left")
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for (row, _column), cell in table.get_celld().items():
        cell.set_edgecolor(FAINT)
        cell.set_facecolor("none")
        cell.get_text().set_color(INK)
        if row == 0:
            cell.get_text().set_weight("bold")
    if len(figure.rows) > MOST_ROWS:
        axes.text(0, 0, _("{count} more rows.").format(count=len(figure.rows) - MOST_ROWS), fontsize=8, color=INK)


def _bar(axes: Any, mesh: Any, label: str) -> None:
    bar = axes.figure.colorbar(mesh, ax=axes)
    bar.set_label(label, color=INK, fontsize=9)
    bar.ax.tick_params(colors=INK, labelsize=8)


def _label(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)


def _legend(axes: Any, count: int) -> None:
    if count > 1:
        legend = axes.legend(fontsize=8, labelcolor=INK, frameon=True, framealpha=0.8, edgecolor=FAINT)
        legend.get_frame().set_facecolor("none")


def _plain_name(name: str) -> str:
    """A leading underline would keep a name out of the legend."""
    short = textwrap.shorten(name, 48, placeholder="…")
    return f"\N{ZERO WIDTH SPACE}{short}" if short.startswith("_") else short


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return textwrap.shorten(text, 40, placeholder="…") if text else ""


_DRAWN: dict[type[Figure], Callable[[Any, Any], None]] = {
    Curves: _draw_curves,
    Matrix: _draw_matrix,
    Bars: _draw_bars,
    Scatter: _draw_scatter,
    Surface: _draw_surface,
    Table: _draw_table,
}
