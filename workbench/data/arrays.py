"""Arrays of other people brought to what the workbench reads: uint8 pictures and class indices.

Whatever is ambiguous is refused with a message that names the array, its shape and its values; nothing is guessed
silently.
"""

import math
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _


def pictures_shape(shape: tuple[int, ...], what: str) -> tuple[int, int, int, int]:
    """(n, height, width, channels) of an array of pictures of that shape.

    Grey pictures may lack the channel axis or be flattened squares; channels may come first.

    Raises:
        UserError: it is no array of pictures, or one of pictures without pixels.
    """
    n, height, width, channels = _axes(shape, what)
    if not (height and width):
        raise UserError(_(
            "{what} has the shape {shape}: its pictures have a side of 0 pixels, so there is nothing to see in them. "
            "Write the file again with pictures of at least 1 x 1 pixel."
        ).format(what=what, shape=shape))  # fmt: skip
    return n, height, width, channels


def _axes(shape: tuple[int, ...], what: str) -> tuple[int, int, int, int]:
    match shape:
        case (n, height, width, 1 | 3 | 4 as channels):
            return n, height, width, channels
        case (n, 1 | 3 | 4 as channels, height, width):
            return n, height, width, channels
        case (n, height, width):
            return n, height, width, 1
        case (n, values):
            return n, *picture_shape(values, what)
    raise UserError(_(
        "{what} has the shape {shape}. Pictures are expected as (n, height, width), (n, height, width, channels) with "
        "1, 3 or 4 channels, or (n, pixels)."
    ).format(what=what, shape=shape))  # fmt: skip


def picture_shape(values: int, what: str, height: int = 0, width: int = 0) -> tuple[int, int, int]:
    """(height, width, channels) of a picture of so many values; a square unless a side is given.

    Raises:
        UserError: it comes out even with neither one nor three channels.
    """
    for channels in (1, 3):
        pixels, rest = divmod(values, channels)
        if rest:
            continue
        rows = height or (pixels // width if width else math.isqrt(pixels))
        columns = width or (pixels // rows if rows else 0)
        if rows and rows * columns == pixels:
            return rows, columns, channels
    if height or width:
        raise UserError(_(
            "{what}: {values} values a picture do not make {height} x {width} pixels of one or three channels."
        ).format(what=what, values=values, height=height or "?", width=width or "?"))  # fmt: skip
    raise UserError(_(
        "{what}: {values} values a picture make no square of one or three channels. Give its height and width."
    ).format(what=what, values=values))  # fmt: skip


def pictures(array: np.ndarray, what: str) -> np.ndarray:
    """The pictures as uint8 (n, height, width, channels).

    Args:
        array: integers 0-255, truth values, or floats either in 0..1 or in 0..255.
        what: its name, for messages.

    Raises:
        UserError: shape or values are those of no pictures.
    """
    n, height, width, channels = pictures_shape(array.shape, what)
    if array.ndim == 4 and array.shape[1] == channels and array.shape[1:] != (height, width, channels):
        array = np.moveaxis(array, 1, -1)
    array = array.reshape(n, height, width, channels)
    return array if array.dtype == np.uint8 else _grey_levels(array, what)


def _grey_levels(array: np.ndarray, what: str) -> np.ndarray:
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise UserError(_("{what} holds values of type {type}. Pictures are integers 0 to 255, or floats.").format(
            what=what, type=array.dtype))  # fmt: skip
    if array.size == 0:
        return array.astype(np.uint8)
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # also where a value is no number
        raise UserError(_(
            "{what} holds values from {low:g} to {high:g}. Pictures are expected as integers 0 to 255, or as floats in "
            "0 to 1 or in 0 to 255; bring them to one of these and save the file again."
        ).format(what=what, low=low, high=high))  # fmt: skip
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.uint8)
    result = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), 1024):  # a float64 copy of everything would be eight times the result
        part = array[start : start + 1024].astype(np.float32)
        result[start : start + 1024] = np.round(part * 255 if high <= 1 else part)
    return result


def with_channels(picture: np.ndarray, channels: int) -> np.ndarray:
    """A uint8 picture of 1, 3 or 4 channels with as many as asked for: 1 grey, 3 RGB; alpha is dropped."""
    if picture.shape[2] == 4:
        picture = picture[..., :3]
    if picture.shape[2] == channels:
        return picture
    if channels == 3:
        return np.repeat(picture, 3, axis=2)
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)[..., np.newaxis]


# For readers in exported scripts: what `with_channels` does, for a whole array `images`.
CHANNELS_CODE = """\
    images = images[..., :3]
    if channels == 3 and images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    elif channels == 1 and images.shape[-1] == 3:
        import cv2

        images = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis] for image in images])
"""


def class_indices(
    label_arrays: list[np.ndarray], what: str, class_names: tuple[str, ...] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of one or several splits as int64 indices into one list of class names.

    Args:
        label_arrays: each (n,), (n, 1) or one-hot (n, classes); integers, whole floats, truth values or text.
        what: their name, for messages.
        class_names: names for labels that are numbers from 0; without them the labels name themselves.

    Returns:
        The indices of all arrays in a row, and the names.

    Raises:
        UserError: they are no labels of classes.
    """
    labels = np.concatenate([_flat_labels(array, what) for array in label_arrays])
    if labels.dtype.kind in "US":
        values, indices = np.unique(labels.astype(str), return_inverse=True)
        return indices.astype(np.int64), tuple(str(value) for value in values)
    if class_names:
        if labels.size and not (labels.min() >= 0 and labels.max() < len(class_names)):
            raise UserError(_("{what} has labels from {low} to {high}, but there are {count} class names.").format(
                what=what, low=labels.min(), high=labels.max(), count=len(class_names)))  # fmt: skip
        return labels, class_names
    values, indices = np.unique(labels, return_inverse=True)
    return indices.astype(np.int64), tuple(str(value) for value in values)


def _flat_labels(labels: np.ndarray, what: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    elif labels.ndim == 2 and labels.dtype.kind in "biuf":
        if not (np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1)):
            raise UserError(
                _("{what} has the shape {shape} but is not one-hot: every row must hold a single 1.").format(
                    what=what, shape=labels.shape
                )
            )
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUS":
        raise UserError(_(
            "{what} has the shape {shape} and the type {type}. Labels are expected as (n,), (n, 1) or one-hot "
            "(n, classes), numbers or text."
        ).format(what=what, shape=labels.shape, type=labels.dtype))  # fmt: skip
    if labels.dtype.kind in "US":
        return labels
    if labels.dtype.kind == "f" and not np.all(labels == np.round(labels)):
        raise UserError(_("{what} holds fractions; a class is a whole number or a text.").format(what=what))
    return labels.astype(np.int64)


def same_length(pictures_count: int, labels_count: int, what: str) -> None:
    """Raise `UserError` unless there is one label per picture."""
    if pictures_count != labels_count:
        raise UserError(
            _("{what}: {pictures} pictures, but {labels} labels. There must be one label per picture.").format(
                what=what, pictures=pictures_count, labels=labels_count
            )
        )


def content_stamp(*paths: Any) -> str:
    """Paths with sizes and times: changes whenever one of the files does."""
    stamps = []
    for path in paths:
        about = path.stat()
        stamps.append(f"{path.absolute()}|{about.st_size}|{about.st_mtime_ns}")
    return "\n".join(stamps)
