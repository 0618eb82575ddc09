"""A page of HTML that stands alone: its style, its pictures and its drawings are inside, and no script is needed.

It follows the reader's choice of light or dark. Every picture has a text in its place, every table its heads.
"""

import base64
import html
import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from workbench.figure_drawing import FAINT, INK, LINES
from workbench.figure_files import PICTURES, figure_bytes, figure_picture
from workbench.figures import Adjustable, Figure, Gallery, Image, Table
from workbench.i18n import _, counted

_DARK_LINES = ("#82acff", "#ffa45c", "#5ecfa5", "#d08cf0", "#e6c34f", "#ff86b3", "#6cc5dd", "#a4adba")
_VARIABLES = {INK: "ink", FAINT: "faint"} | {colour: f"line{number}" for number, colour in enumerate(LINES)}
_MOST_ROWS = 200
_MOST_POINTS = 3_000  # parts of a drawing; beyond that a picture is smaller
_IDS = re.compile(r'(\bid="|href="#|url\(#)([A-Za-z][\w.-]*)')
_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --card: #f6f7f9; --ink: #1b2331; --soft: #566172;
  --faint: #d8dce3; --accent: #2459c8; --warning: #8a5200; --error: #b3261e; %(light)s }
@media (prefers-color-scheme: dark) { :root { --ground: #16181d; --card: #1e2127; --ink: #e6e9ee; --soft: #a4adba;
  --faint: #3a404a; --accent: #82acff; --warning: #edb75f; --error: #ff8f85; %(dark)s } }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; } h1, h2, h3 { overflow-wrap: anywhere; }
p.about, figcaption, .soft { color: var(--soft); } a { color: var(--accent); }
nav ul { padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%%), 1fr)); gap: 1.2rem;
  align-items: start; }
figure { margin: 0; padding: .8rem; background: var(--card); border: 1px solid var(--faint); border-radius: .5rem;
  overflow-x: auto; }
figure svg { max-width: 100%%; height: auto; } figure img { max-width: 100%%; height: auto; }
.tiles { display: grid; gap: .6rem; } .tiles div { font-size: .85rem; overflow-wrap: anywhere; }
.tiles img { width: 100%%; image-rendering: pixelated; display: block; }
.tiles .wrong { outline: 2px solid var(--error); outline-offset: 3px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--faint); vertical-align: top; }
tr > :first-child { padding-left: 0; } tr > :last-child { padding-right: 0; } th[scope="row"] { white-space: nowrap; }
th.number, td.number { text-align: right; } .scroll + .figures { margin-top: 1.2rem; }
.finding { border-left: .3rem solid var(--soft); padding: .1rem .8rem; margin: .8rem 0; }
.finding.error { border-color: var(--error); } .finding.warning { border-color: var(--warning); }
pre { background: var(--card); padding: .8rem; overflow-x: auto; border-radius: .5rem; }
@media print { body { max-width: none; } details > * { display: block; } }
"""


def page(title: str, about: str, sections: Sequence[tuple[str, str]]) -> str:
    """The whole file.

    Args:
        title: a text.
        about: a line below it.
        sections: heading and HTML of each.
    """
    style = _STYLE % {"light": _colours(LINES), "dark": _colours(_DARK_LINES)}
    links = "".join(
        f'<li><a href="#part-{number}">{html.escape(heading)}</a></li>'
        for number, (heading, _body) in enumerate(sections)
    )
    parts = "\n".join(
        f'<section aria-labelledby="part-{number}"><h2 id="part-{number}">{html.escape(heading)}</h2>\n{body}</section>'
        for number, (heading, body) in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>\n<body><header><h1>{html.escape(title)}</h1>"
        f'<p class="about">{html.escape(about)}</p></header>\n'
        f'<nav aria-label="{html.escape(_("Contents"))}"><ul>{links}</ul></nav>\n<main>{parts}</main></body></html>\n'
    )


class Drawer:
    """Turns figures into HTML; one per page, since the parts of its drawings need names of their own."""

    def __init__(self) -> None:
        self._count = 0

    def figures(self, figures: Iterable[Figure]) -> str:
        """Figures beside each other where there is room."""
        unfolded = [part for each in figures for part in (each.figures() if isinstance(each, Adjustable) else (each,))]
        return f'<div class="figures">{"".join(map(self.figure, unfolded))}</div>' if unfolded else ""

    def figure(self, figure: Figure) -> str:
        """One figure with its title and its note."""
        match figure:
            case Table():
                return f"<figure>{table(figure.columns, figure.rows, figure.title)}{_note(figure)}</figure>"
            case Gallery():
                return f"<figure><h3>{html.escape(figure.title)}</h3>{_tiles(figure)}{_note(figure)}</figure>"
        if isinstance(figure, PICTURES):
            pixels = figure.as_seen() if isinstance(figure, Image) else figure_picture(figure)
            inside = f"<h3>{html.escape(figure.title)}</h3>{picture(pixels, figure.title)}"
        elif _parts_of(figure) > _MOST_POINTS:
            data = base64.b64encode(figure_bytes(figure, "png")).decode("ascii")
            inside = f'<img alt="{html.escape(_alternative(figure))}" src="data:image/png;base64,{data}">'
        else:
            inside = self._drawing(figure)
        return f"<figure>{inside}{_note(figure)}</figure>"

    def _drawing(self, figure: Figure) -> str:
        """An SVG in the page's own colours."""
        self._count += 1
        text = figure_bytes(figure, "svg").decode("utf-8")
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        text = text.replace("fill: #ffffff", "fill: none", 1)  # its ground, which comes first: the page has one
        text = _IDS.sub(rf"\g<1>d{self._count}-\g<2>", text)
        for colour, name in _VARIABLES.items():
            text = text.replace(colour, f"var(--{name})")
        label = html.escape(_alternative(figure))
        return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def table(columns: Sequence[Any], rows: Sequence[Sequence[Any]], title: str = "") -> str:
    """A table with heads of columns and rows; numbers to the right."""
    caption = f"<caption>{html.escape(title)}</caption>" if title else ""
    # A column with numbers stands at the right, texts among them too: one edge is easier to follow than two.
    sides = [' class="number"' if any(_is_number(row[place]) for row in rows) else "" for place in range(len(columns))]
    head = "".join(f'<th scope="col"{side}>{_cell(name)}</th>' for name, side in zip(columns, sides, strict=True))
    body = "".join(
        f'<tr><th scope="row"{sides[0]}>{_cell(row[0])}</th>'
        + "".join(f"<td{side}>{_cell(value)}</td>" for value, side in zip(row[1:], sides[1:], strict=True))
        + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    left = len(rows) - _MOST_ROWS
    more = counted("{count} more row.", "{count} more rows.", left).format(count=left)
    rest = f'<p class="soft">{html.escape(more)}</p>' if left > 0 else ""
    return (
        f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}'
    )


def paragraph(text: str) -> str:
    """A text with its line breaks."""
    return f"<p>{html.escape(text).replace(chr(10), '<br>')}</p>"


def code(text: str, title: str) -> str:
    """A text file, folded away below a title."""
    return f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(text)}</pre></details>"


def picture(pixels: Any, alternative: str) -> str:
    """Pixels as a PNG inside the page."""
    from PIL import Image as Picture

    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    content = io.BytesIO()
    Picture.fromarray(flat).save(content, "PNG")
    data = base64.b64encode(content.getvalue()).decode("ascii")
    return f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}">'


def _tiles(figure: Gallery) -> str:
    from workbench.colour_maps import VIRIDIS

    columns = str(figure.columns) if figure.columns else "auto-fill"
    width = "minmax(4rem, 12rem)" if figure.columns else "minmax(7rem, 1fr)"
    tiles = []
    for tile in figure.tiles:
        pixels = VIRIDIS[tile.pixels] if figure.values and tile.pixels.ndim == 2 else tile.pixels
        wrong = _("{caption}, wrong").format(caption=tile.caption) if tile.wrong else tile.caption
        mark = "✗ " if tile.wrong else ""
        kind = ' class="wrong"' if tile.wrong else ""
        tiles.append(f"<div{kind}>{picture(pixels, wrong)}{mark}{html.escape(tile.caption)}</div>")
    return f'<div class="tiles" style="grid-template-columns: repeat({columns}, {width})">{"".join(tiles)}</div>'


def _alternative(figure: Figure) -> str:
    """What a drawing is, for whoever cannot see it."""
    names = [getattr(part, "name", "") for part in (*getattr(figure, "curves", ()), *getattr(figure, "points", ()))]
    shown = ", ".join(name for name in names if name)
    return ". ".join(part for part in (figure.title or figure.kind, shown, figure.words) if part)


def _parts_of(figure: Figure) -> int:
    lines = (*getattr(figure, "curves", ()), *getattr(figure, "points", ()))
    values = getattr(figure, "values", None)
    return sum(len(line.x) for line in lines) + (0 if values is None else getattr(values, "size", 0))


def _note(figure: Figure) -> str:
    return f"<figcaption>{html.escape(figure.words)}</figcaption>" if figure.words else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, float):
        if 0.01 <= abs(value) <= 1:
            return f"{value:.4f}"  # shares below each other: 0.9000 and 0.9407
        return f"{value:,.0f}" if abs(value) >= 10_000 and value == round(value) else f"{value:.5g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else html.escape(str(value))


def _colours(lines: Sequence[str]) -> str:
    return " ".join(f"--line{number}: {colour};" for number, colour in enumerate(lines))
