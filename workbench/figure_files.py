"""Figures as files: PNG, SVG, CSV and JSON. Without Qt; the window saves as PNG what it draws itself.

Pictures are written to the pixel; what has axes is drawn by `workbench.figure_drawing`. A new kind of figure gets its
rows in `_rows`, and is drawn in one of the two places.
"""

import base64
import contextlib
import csv
import dataclasses
import html
import io
import json
import math
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.colour_maps import VIRIDIS, colour
from workbench.errors import UserError
from workbench.figures import Adjustable, Bars, Curves, Figure, Gallery, Heatmap, Image, Matrix, Scatter, Surface, Table
from workbench.i18n import _

FORMATS = ("png", "svg", "csv", "json")
SMALLEST_SIDE = 320
TILE_SIDE = 96
CAPTION_HEIGHT = 18
GAP = 6
LARGEST_GALLERY = 5000
PICTURES = (Image, Heatmap, Gallery)  # the others have axes and are drawn


def save_figure(figure: Figure, path: str | Path, *, blend: float = 0.5) -> Path:
    """Write a figure; the ending of the path (`.png`, `.svg`, `.csv`, `.json`) says how.

    A grey `Image` becomes a grey PNG, and one with a palette a PNG with that palette, as the masks of PASCAL VOC
    (Everingham et al. 2010) are: numbers of classes are read back as they are, and are still seen in colours. The
    figures of an `Adjustable` go to files of their own beside each other (see `part_paths`), except as JSON.

    Args:
        figure: what to save.
        path: where; an existing file is replaced, and is only touched once the new one is complete.
        blend: for a heatmap as a picture, how much of the values lies over it, 0 to 1.

    Returns:
        The path; of several files, the first.

    Raises:
        UserError: the ending is none of the four, or the file cannot be written.
    """
    target = Path(path)
    ending = target.suffix.lower().removeprefix(".")
    if isinstance(figure, Adjustable) and ending in ("png", "svg", "csv"):
        return _save_parts(figure, target, blend)
    if ending in ("png", "svg"):
        content = figure_bytes(figure, ending, blend)
    elif ending == "csv":
        content = figure_csv(figure).encode("utf-8")
    elif ending == "json":
        content = json.dumps(figure_json(figure), ensure_ascii=False, allow_nan=False).encode("utf-8")
    else:
        raise UserError(
            _("A figure cannot be saved as {name!r}: the name must end in {endings}.").format(
                name=target.name, endings=", ".join(f".{name}" for name in FORMATS)
            )
        )
    write_whole(target, content)
    return target


def figure_bytes(figure: Figure, ending: str, blend: float = 0.5) -> bytes:
    """A figure drawn, as the bytes of a file.

    Args:
        figure: of any kind but `Adjustable`, whose figures are drawn each for itself.
        ending: `png`, or `svg`, in which pictures lie as PNG.
        blend: see `save_figure`.
    """
    if not isinstance(figure, PICTURES):
        from workbench.figure_drawing import drawn

        return drawn(figure, ending)
    if isinstance(figure, Image):
        pixels, content = figure.pixels, _png(_squeezed(figure.pixels), figure.palette)
    else:
        pixels = figure_picture(figure, blend)
        content = _png(pixels)
    return content if ending == "png" else _svg_around(content, pixels.shape[:2], figure.title)


def part_paths(figures: Sequence[Figure], path: Path) -> list[Path]:
    """Where several figures go that are saved under one name: the path itself for one, else numbered with titles."""
    if len(figures) == 1:
        return [path]
    names = (f"{path.stem}_{number}_{file_name(figure)}" for number, figure in enumerate(figures, 1))
    return [path.with_name(name + path.suffix) for name in names]


def file_name(figure: Figure) -> str:
    """A name for a file, without ending, from the figure's title."""
    kept = "".join(letter if letter.isalnum() else "_" for letter in (figure.title or figure.kind).lower())
    return "_".join(part for part in kept.split("_") if part)[:60] or figure.kind


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old or the new one, never half of it.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder itself may be no folder
            partial.unlink(missing_ok=True)
        raise UserError(
            _("{path} cannot be written: {reason}. Choose another folder, or make room.").format(
                path=path, reason=error.strerror or error
            )
        ) from None


def figure_csv(figure: Figure) -> str:
    """The figure's numbers as CSV text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_rows(figure))
    return text.getvalue()


def figure_json(figure: Figure) -> dict[str, Any]:
    """The figure as plain values; a number that is none (NaN, infinity) becomes null."""
    if isinstance(figure, Adjustable):
        inside = [figure_json(part) for part in figure.figures()]
        params = figure.params.model_dump(mode="json")
        words = {"title": figure.title, "note": figure.note, "warning": figure.warning}
        return {"kind": figure.kind, **words, "params": params, "figures": inside}
    fields = [field for field in dataclasses.fields(figure) if field.metadata.get("in_files", True)]
    values = {field.name: getattr(figure, field.name) for field in fields}
    return {"kind": figure.kind, **_plain(values)}


def figure_picture(figure: Figure, blend: float = 0.5) -> np.ndarray:
    """The figure as uint8 RGB pixels, for the kinds that are pictures (`PICTURES`)."""
    match figure:
        case Image():
            return _as_rgb(figure.as_seen())
        case Heatmap():
            return blended(figure.pixels, figure.values, blend)
        case Gallery():
            return _contact_sheet(figure)
    raise TypeError(f"a figure of the kind {figure.kind!r} is no picture")


def blended(pixels: np.ndarray, values: np.ndarray, blend: float) -> np.ndarray:
    """Values in [0, 1] stretched over a picture in viridis; uint8 RGB, at least as fine as either of the two."""
    picture = _as_rgb(pixels)
    height = max(picture.shape[0], np.shape(values)[0])
    width = max(picture.shape[1], np.shape(values)[1])
    scale = max(1, math.ceil(SMALLEST_SIDE / max(height, width, 1)))
    size = (width * scale, height * scale)
    below = _resized(picture, size, smooth=False).astype(np.float32)
    above = colour(stretched(values, size[1], size[0]))
    return ((1 - blend) * below + blend * above).round().astype(np.uint8)


def stretched(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Values on a finer or coarser grid, bilinear, cell centres on cell centres; what is no number counts as 0."""
    grid = np.nan_to_num(np.asarray(values, np.float32))
    for axis, wanted in ((0, height), (1, width)):
        have = grid.shape[axis]
        position = np.clip((np.arange(wanted, dtype=np.float32) + 0.5) * have / wanted - 0.5, 0, have - 1)
        before = position.astype(np.intp)
        after = np.minimum(before + 1, have - 1)
        share = np.expand_dims(position - before, 1 - axis)
        grid = np.take(grid, before, axis) * (1 - share) + np.take(grid, after, axis) * share
    return grid


def _rows(figure: Figure) -> Iterable[Iterable[Any]]:
    match figure:
        case Image():
            yield from _pixel_rows(figure.pixels)
        case Heatmap():
            yield from np.asarray(figure.values).tolist()
        case Curves():
            yield from _curve_rows(figure)
        case Matrix():
            yield [f"{figure.row_label} \\ {figure.column_label}", *figure.names]
            for name, row in zip(figure.names, np.asarray(figure.values).tolist(), strict=True):
                yield [name, *row]
        case Bars():
            yield [figure.value_label or "name", *figure.series]
            yield from zip(figure.names, *figure.series.values(), strict=True)
        case Table():
            yield figure.columns
            for row in figure.rows:
                yield ["" if value is None else value for value in row]
        case Gallery():
            yield ["sample", "caption", "wrong"]
            for tile in figure.tiles:
                yield ["" if tile.sample < 0 else tile.sample, tile.caption, int(tile.wrong)]
        case Scatter():
            yield from _scatter_rows(figure)
        case Surface():
            yield from _surface_rows(figure)
        case _:
            raise TypeError(f"no rows are known for a figure of the kind {figure.kind!r}")


def _pixel_rows(pixels: np.ndarray) -> Iterable[Iterable[Any]]:
    if pixels.ndim == 2:
        yield from pixels.tolist()
        return
    yield ["row", "column", "red", "green", "blue"]
    for row, line in enumerate(pixels.tolist()):
        for column, values in enumerate(line):
            yield [row, column, *values]


def _curve_rows(figure: Curves) -> Iterable[Iterable[Any]]:
    marks: dict[float, list[str]] = {}
    for name, position in figure.marks:
        marks.setdefault(position, []).append(name)
    yield [figure.x_label, *(curve.name for curve in figure.curves), *(["mark"] if marks else [])]
    columns = [dict(zip(np.asarray(c.x).tolist(), np.asarray(c.y).tolist(), strict=True)) for c in figure.curves]
    for position in sorted(set().union(*columns, marks)):
        named = [", ".join(marks.get(position, []))] if marks else []
        yield [position, *(column.get(position, "") for column in columns), *named]


def _scatter_rows(figure: Scatter) -> Iterable[Iterable[Any]]:
    yield ["part", "name", figure.x_label, figure.y_label, "sample", figure.field_label or "value"]
    for group in figure.points:
        samples = group.samples or [""] * len(group.x)
        for x, y, sample in zip(np.asarray(group.x).tolist(), np.asarray(group.y).tolist(), samples, strict=True):
            yield ["point", group.name, x, y, sample, ""]
    for curve in figure.curves:
        for x, y in zip(np.asarray(curve.x).tolist(), np.asarray(curve.y).tolist(), strict=True):
            yield ["curve", curve.name, x, y, "", ""]
    if figure.field is not None:
        rows, columns = np.shape(figure.field)
        left, right, bottom, top = figure.field_range
        for y, line in zip(np.linspace(bottom, top, rows).tolist(), np.asarray(figure.field).tolist(), strict=True):
            for x, value in zip(np.linspace(left, right, columns).tolist(), line, strict=True):
                yield ["field", "", x, y, "", value]


def _surface_rows(figure: Surface) -> Iterable[Iterable[Any]]:
    yield ["part", "name", figure.x_label, figure.y_label, figure.value_label or "value"]
    for y, line in zip(np.asarray(figure.y).tolist(), np.asarray(figure.values).tolist(), strict=True):
        for x, value in zip(np.asarray(figure.x).tolist(), line, strict=True):
            yield ["surface", "", x, y, value]
    for number, (x, y) in enumerate(np.asarray(figure.path).reshape(-1, 2).tolist()):
        yield ["path", number, x, y, ""]
    for name, x, y in figure.marks:
        yield ["mark", name, x, y, ""]


def _save_parts(figure: Adjustable, target: Path, blend: float) -> Path:
    """Every figure inside."""
    figures = figure.figures()
    paths = part_paths(figures, target)
    for part, path in zip(figures, paths, strict=True):
        save_figure(part, path, blend=blend)
    return paths[0]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {",".join(map(str, k)) if isinstance(k, tuple) else str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _png(pixels: np.ndarray, palette: np.ndarray | None = None) -> bytes:
    from PIL import Image as Picture

    picture = Picture.fromarray(np.ascontiguousarray(pixels))
    if palette is not None:
        picture.putpalette(np.asarray(palette, np.uint8).tobytes())
    text = io.BytesIO()
    picture.save(text, "PNG")
    return text.getvalue()


def _svg_around(png: bytes, size: tuple[int, int], title: str) -> bytes:
    """A picture of so many rows and columns in an SVG, as sharp as it is."""
    height, width = size
    scale = max(1, math.ceil(SMALLEST_SIDE / max(height, width)))
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale}" height="{height * scale}" '
        f'viewBox="0 0 {width} {height}" role="img"><title>{html.escape(title)}</title>'
        f'<image width="{width}" height="{height}" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{data}"/></svg>\n'
    ).encode()


def _as_rgb(pixels: np.ndarray) -> np.ndarray:
    squeezed = _squeezed(pixels)
    return np.repeat(squeezed[..., None], 3, axis=2) if squeezed.ndim == 2 else squeezed


def _squeezed(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _resized(pixels: np.ndarray, size: tuple[int, int], *, smooth: bool) -> np.ndarray:
    from PIL import Image as Picture

    method = Picture.Resampling.BILINEAR if smooth else Picture.Resampling.NEAREST
    return np.asarray(Picture.fromarray(np.ascontiguousarray(pixels)).resize(size, method))


def _contact_sheet(figure: Gallery) -> np.ndarray:
    from PIL import Image as Picture
    from PIL import ImageDraw, ImageFont

    tiles = figure.tiles[:LARGEST_GALLERY]
    columns = figure.columns or max(1, min(len(tiles), math.ceil(math.sqrt(len(tiles) * 1.4))))
    rows = max(1, math.ceil(len(tiles) / columns))
    captions = [tile.caption.split("\n") for tile in tiles]
    height = CAPTION_HEIGHT * max(map(len, captions), default=1)
    step, line = TILE_SIDE + GAP, TILE_SIDE + height + GAP
    sheet = Picture.new("RGB", (columns * step + GAP, rows * line + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for number, tile in enumerate(tiles):
        left, top = GAP + number % columns * step, GAP + number // columns * line
        pixels = VIRIDIS[tile.pixels] if figure.values and tile.pixels.ndim == 2 else _as_rgb(tile.pixels)
        scale = TILE_SIDE / max(pixels.shape[:2])
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        picture = Picture.fromarray(_resized(pixels, size, smooth=scale < 1))
        sheet.paste(picture, (left + (TILE_SIDE - size[0]) // 2, top + (TILE_SIDE - size[1]) // 2))
        if tile.wrong:
            draw.rectangle((left, top, left + TILE_SIDE - 1, top + TILE_SIDE - 1), outline="#c62828", width=2)
            draw.line((left + 4, top + 4, left + 14, top + 14), fill="#c62828", width=3)
            draw.line((left + 14, top + 4, left + 4, top + 14), fill="#c62828", width=3)
        for below, text in enumerate(captions[number]):
            place = (left, top + TILE_SIDE + 2 + below * CAPTION_HEIGHT)
            draw.text(place, _shortened(_in_font(text), font, TILE_SIDE), fill="black", font=font)
    return np.asarray(sheet)


def _in_font(text: str) -> str:
    """Captions in the letters Pillow's own font has: accents go, the rest stays readable."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D").replace("→", "->").encode("latin-1", "replace").decode("latin-1")


def _shortened(text: str, font: Any, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
