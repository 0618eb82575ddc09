"""Masks drawn into pictures: tinted, outlined, compared.

NumPy only: the window calls `overlays` while a knob is turned.
"""

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.figures import Figure, Gallery, Image, Tile
from workbench.i18n import _, mark
from workbench.section import Section, setting
from workbench.specs import MaskTarget

# Told apart by the colour-blind, too (Okabe and Ito, 2008).
_COLOURS = (
    (mark("orange"), (230, 159, 0)),
    (mark("sky blue"), (86, 180, 233)),
    (mark("green"), (0, 158, 115)),
    (mark("yellow"), (240, 228, 66)),
    (mark("blue"), (0, 114, 178)),
    (mark("red"), (213, 94, 0)),
    (mark("purple"), (204, 121, 167)),
)
_UNPAINTED = (0, 0, 0)
MISSED, TOO_MUCH, CONFUSED = 1, 2, 3
_OF_DIFFERENCES = (_UNPAINTED, (230, 159, 0), (86, 180, 233), (204, 121, 167))
_STRIPE = 4  # pixels
_TINT = 0.4
_NAMED_IN_NOTE = 12


def palette(target: MaskTarget) -> tuple[tuple[int, int, int], ...]:
    """A colour per class; black is not painted. Without colours of its own the first class is left unpainted."""
    count = len(target.class_names)
    if len(target.colours) == count:
        return target.colours
    rest = (colorsys.hsv_to_rgb(index * 0.618 % 1, 0.7, 0.9) for index in range(count))
    colours = [_UNPAINTED, *(rgb for _name, rgb in _COLOURS)]
    colours += [tuple(round(255 * part) for part in rgb) for rgb in rest]
    return tuple(colours[:count])


def colour_names(target: MaskTarget) -> tuple[str, ...]:
    """The colour of every class, in a word or as #rrggbb."""
    words = {rgb: name for name, rgb in ((mark("black"), _UNPAINTED), *_COLOURS)}
    return tuple(_(words[rgb]) if rgb in words else "#{:02x}{:02x}{:02x}".format(*rgb) for rgb in palette(target))


def colour_note(target: MaskTarget) -> str:
    """Which class has which colour, in words."""
    parts = [
        f"{name}: {colour}"
        for name, colour, rgb in zip(target.class_names, colour_names(target), palette(target), strict=True)
        if rgb != _UNPAINTED
    ]
    return ", ".join(parts[:_NAMED_IN_NOTE]) + (", ..." if len(parts) > _NAMED_IN_NOTE else "")


def tinted(
    picture: np.ndarray, mask: np.ndarray, colours: tuple[tuple[int, int, int], ...], blend: float
) -> np.ndarray:
    """The picture with every class laid over it in its colour.

    Args:
        picture: uint8, (height, width), (height, width, 1) or (height, width, 3).
        mask: class indices, (height, width).
        colours: one per class; black is not painted.
        blend: how much of the colour, 0 to 1.

    Returns:
        uint8, (height, width, 3).
    """
    pixels = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    levels = np.arange(256, dtype=np.float32)
    # What becomes of every grey level under every class, looked up per pixel: no arithmetic on whole pictures.
    over = np.array(colours, np.float32)[:, None, :]
    table = np.where(over.any(axis=2, keepdims=True), levels[:, None] * (1 - blend) + over * blend, levels[:, None])
    table = np.round(table).astype(np.uint8)
    if pixels.ndim == 2:
        return table[mask, pixels]
    return np.stack([table[mask, pixels[..., channel], channel] for channel in range(3)], axis=-1)


def outlined(picture: np.ndarray, mask: np.ndarray, target: MaskTarget) -> np.ndarray:
    """The picture with a tint per class and its outline in the full colour, uint8 (height, width, 3)."""
    colours = palette(target)
    if mask.shape != picture.shape[:2]:
        rows = np.arange(picture.shape[0]) * mask.shape[0] // picture.shape[0]
        mask = mask[rows][:, np.arange(picture.shape[1]) * mask.shape[1] // picture.shape[1]]
    result = tinted(picture, mask, colours, _TINT)
    edge = np.zeros(mask.shape, bool)
    edge[1:] |= mask[1:] != mask[:-1]
    edge[:-1] |= mask[1:] != mask[:-1]
    edge[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    edge[:, :-1] |= mask[:, 1:] != mask[:, :-1]
    painted = np.array(colours, np.uint8)
    edge &= painted.any(axis=1)[mask]
    result[edge] = painted[mask[edge]]
    return result


def differences(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Where a mask is wrong: 0 right, `MISSED`, `TOO_MUCH` (in stripes), or `CONFUSED` between two classes."""
    kinds = np.where(predicted == 0, MISSED, np.where(truth == 0, TOO_MUCH, CONFUSED)).astype(np.uint8)
    rows, columns = np.ogrid[: truth.shape[0], : truth.shape[1]]
    gap = (rows + columns) // _STRIPE % 2 == 0
    kinds[(predicted == truth) | ((kinds == TOO_MUCH) & gap)] = 0
    return kinds


class OverlayKnobs(Section):
    """What is laid over the pictures, and how thick."""

    shown: Literal["differences", "prediction", "truth"] = setting(
        "differences", title=mark("Shown"), help=mark("What is laid over the pictures."),
        labels={"differences": mark("Differences"), "prediction": mark("Prediction"), "truth": mark("Truth")},
    )  # fmt: skip
    blend: float = setting(
        0.6, title=mark("Blend"), help=mark("0 shows the picture alone, 1 the colours alone."), ge=0, le=1,
        widget="slider",
    )  # fmt: skip


@dataclass(frozen=True)
class Overlays:
    """Pictures with their masks, for `overlays`; lists of the same length.

    Attributes:
        pictures: uint8, (height, width) or (height, width, 3); `predictions` and `truths` (height, width).
        captions: under each; `samples` are their indices in the split.
        target: names and colours of the classes.
        note: what is said below it in any case.
    """

    pictures: tuple[np.ndarray, ...]
    predictions: tuple[np.ndarray, ...]
    truths: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    samples: tuple[int, ...]
    target: MaskTarget
    note: str = ""


def overlays(params: OverlayKnobs, result: Overlays) -> tuple[Figure, ...]:
    """A gallery of the pictures with what the knobs ask for laid over them."""
    if params.shown == "differences":
        masks = tuple(map(differences, result.predictions, result.truths))
        colours, note = _OF_DIFFERENCES, _("Orange: missed. Sky blue, striped: found where it is not.")
        if len(result.target.class_names) > 2:
            note += " " + _("Purple: one class taken for another. Class {name} counts as nothing.").format(
                name=result.target.class_names[0]
            )
    else:
        masks = result.truths if params.shown == "truth" else result.predictions
        colours, note = palette(result.target), colour_note(result.target) + "."
    tiles = tuple(
        Tile(tinted(picture, mask, colours, params.blend), caption, sample)
        for picture, mask, caption, sample in zip(result.pictures, masks, result.captions, result.samples, strict=True)
    )
    titles = OverlayKnobs.model_fields["shown"].json_schema_extra["labels"]
    return (Gallery(_(titles[params.shown]), tiles, note=" ".join(part for part in (note, result.note) if part)),)


class MaskKnobs(Section):
    """How thick a mask lies over a picture."""

    blend: float = setting(
        0.5, title=mark("Blend"), help=mark("0 shows the picture alone, 1 the colours alone."), ge=0, le=1,
        widget="slider",
    )  # fmt: skip


@dataclass(frozen=True)
class MaskOverPicture:
    """A picture, its mask and the classes, for `overlay`."""

    picture: np.ndarray
    mask: np.ndarray
    target: MaskTarget
    title: str


def overlay(params: MaskKnobs, result: MaskOverPicture) -> tuple[Figure, ...]:
    """The picture with its mask laid over it."""
    pixels = tinted(result.picture, result.mask, palette(result.target), params.blend)
    return (Image(result.title, pixels, note=colour_note(result.target)),)
