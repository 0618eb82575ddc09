"""Files that hold a class per pixel: their values as stored, and the classes these stand for.

A palette's indices stay indices, sixteen bits stay sixteen, and grey written as RGB becomes grey again; what the values
mean is decided by `MaskCode`, which knows the three ways in which masks are written: two sides of a threshold, indices,
colours.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.data.decoding import refuse_absurd_sizes
from workbench.data.picture_headers import read_header
from workbench.data.source import UnreadableSampleError
from workbench.i18n import _

BINARY, INDICES, COLOURS = "binary", "indices", "colours"
_LISTED = 8
_MOST_INDICES = 64  # more different greys than that are the edges of a smoothed mask


def read_mask_file(path: str | os.PathLike[str]) -> np.ndarray:
    """The values in a mask file.

    Returns:
        (height, width): uint8, uint16, int32 or float32 as stored, a palette's indices among them; or (height, width,
        3) uint8 where there is colour.

    Raises:
        UnreadableSampleError: it is no picture, or not a whole one.
    """
    if Path(path).is_fifo():
        raise UnreadableSampleError(_("is not a file"))
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableSampleError(_("cannot be opened: {error}").format(error=error.strerror or error)) from None
    header = read_header(content) if content else None
    if header is None:
        raise UnreadableSampleError(_("not a picture, or of a format that is not known here"))
    refuse_absurd_sizes(header)
    if not header.complete:
        raise UnreadableSampleError(_("the file is truncated: its end is missing"))
    try:
        return _values(content)
    except Exception:  # a damaged file makes Pillow raise nearly anything
        raise UnreadableSampleError(_("the {format} file is damaged").format(format=header.format)) from None


def _values(content: bytes) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as picture:
        upright = ImageOps.exif_transpose(picture)
        match upright.mode:
            case "P" | "L" | "F":
                return np.array(upright)
            case "1" | "LA":
                return np.array(upright.convert("L"))
            case mode if mode.startswith("I"):
                return np.array(upright).astype(np.int32)
        colours = np.array(upright.convert("RGB"))
    grey = colours[..., 0]
    same = np.array_equal(grey, colours[..., 1]) and np.array_equal(grey, colours[..., 2])
    return np.ascontiguousarray(grey) if same else colours


def packed(values: np.ndarray) -> np.ndarray:
    """One number per pixel: the value, or 0xrrggbb of a colour; grey counts as a colour where asked by a caller."""
    if values.ndim == 2:
        return values
    red, green, blue = (values[..., channel].astype(np.int32) for channel in range(3))
    return (red << 16) | (green << 8) | blue


def grey_as_colour(values: np.ndarray) -> np.ndarray:
    """The packed colours of a mask whose grey ones were stored as grey."""
    return packed(values) if values.ndim == 3 else values.astype(np.int32) * 0x010101


@dataclass(frozen=True)
class MaskCode:
    """How classes are written in masks.

    Attributes:
        kind: `binary`, `indices` or `colours`.
        class_names: in the order of their indices.
        values: the value or packed colour of every class; empty for `binary`.
        foreground: for `binary`, which pixels are of the second class: those above the threshold (`bright`), those
            below it (`dark`), or all that are not 0 (`nonzero`: objects that are numbered).
    """

    kind: str
    class_names: tuple[str, ...]
    values: tuple[int, ...] = ()
    foreground: str = "bright"

    def classes(self, values: np.ndarray, what: str) -> np.ndarray:
        """Class indices, uint8 (height, width), of what `read_mask_file` gave.

        Args:
            values: of one mask.
            what: the mask's name, for messages.

        Raises:
            UnreadableSampleError: there is a value or a colour that no class has.
        """
        if self.kind == BINARY:
            return _foreground(values, self.foreground).astype(np.uint8)
        if self.kind == INDICES and values.ndim == 3:
            raise UnreadableSampleError(_(
                "the mask {mask} is in colour, where the values {known} were expected"
            ).format(mask=what, known=self._known()))  # fmt: skip
        found = grey_as_colour(values) if self.kind == COLOURS else values
        known = np.array(self.values)
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], found), len(known) - 1)
        strange = known[order][place] != found
        if strange.any():
            raise UnreadableSampleError(self._outside(found, strange, what))
        return order.astype(np.uint8)[place]

    def _outside(self, found: np.ndarray, strange: np.ndarray, what: str) -> str:
        row, column = (int(place) for place in np.argwhere(strange)[0])
        values = np.unique(found[strange])
        shown = ", ".join(self.shown(value) for value in values[:_LISTED])
        if len(values) > _LISTED:
            shown += ", ..."
        return _(
            "the mask {mask} holds {values} (in {count} pixels, the first in row {row}, column {column}), which are no "
            "classes; expected were {known}"
        ).format(
            mask=what, values=shown, count=int(strange.sum()), row=row, column=column, known=self._known()
        )  # fmt: skip

    def _known(self) -> str:
        return ", ".join(f"{self.shown(v)} ({n})" for v, n in zip(self.values, self.class_names, strict=True))

    def shown(self, value: int | float) -> str:
        """A value as it is written for people."""
        return f"#{int(value):06x}" if self.kind == COLOURS else f"{value:g}"


def _foreground(values: np.ndarray, which: str) -> np.ndarray:
    if which == "nonzero":
        return values.any(axis=2) if values.ndim == 3 else values != 0
    return above_threshold(values) == (which == "bright")


def above_threshold(values: np.ndarray) -> np.ndarray:
    """Whether each pixel lies above half of the range: 0 to 1, 0 to 255 or 0 to 65535, whatever holds the values."""
    grey = values.mean(axis=2) if values.ndim == 3 else values
    largest = grey.max(initial=0)
    top = 1 if largest <= 1 else 255 if largest <= 255 else 65535
    return grey > top / 2


def guessed_kind(masks: Sequence[np.ndarray]) -> str:
    """How these masks are most likely written.

    Colours where there is colour. Grey ones are thresholded when they hold two far apart (0 and 255), or the many greys
    near both ends that smoothing and lossy files make of these two; else their values are indices.
    """
    if any(mask.ndim == 3 for mask in masks):
        return COLOURS
    values = np.unique(np.concatenate([np.unique(mask) for mask in masks]))
    if values.dtype.kind == "f" or len(values) > _MOST_INDICES:
        return BINARY
    if len(values) <= 2:
        return BINARY if values[-1] > 127 else INDICES
    lossy = np.count_nonzero(values >= 224) > 1 and np.count_nonzero(values < 32) > 1
    return BINARY if lossy else INDICES
