"""Pictures and masks in files in *Copy as Keras code*: the pairs as a list, and how masks of their kind are read."""

import inspect
import os
from pathlib import Path

import numpy as np

from workbench.data.mask_files import BINARY, COLOURS, MaskCode
from workbench.data.mask_pairs import Pair
from workbench.data.source import Samples, UnreadableSampleError

_COMPARED = 50


def mask_reader_code(pictures: Path, masks: Path, pairs: list[Pair], code: MaskCode, samples: Samples) -> str | None:
    """Source of `read_dataset`; None where the masks are of a kind that takes more to read.

    Args:
        pictures: the folder of pictures.
        masks: that of masks.
        pairs: what lies in them.
        code: how classes are written.
        samples: of the source, for comparison.
    """
    if code.kind == BINARY:
        reader, known = binary_mask, code.foreground
    elif code.kind == COLOURS:
        reader, known = coloured_mask, [(value >> 16, value >> 8 & 255, value & 255) for value in code.values]
    else:
        reader, known = indexed_mask, list(code.values)
    for index in np.unique(np.linspace(0, len(pairs) - 1, _COMPARED).astype(int)).tolist():
        try:
            expected = samples.read_target(index)
        except UnreadableSampleError:
            continue  # left out
        try:
            read = reader(pairs[index].mask_path, known)
        except (OSError, ValueError):
            return None
        if not np.array_equal(read, expected):
            return None
    listed = "\n".join(f"        {(pair.name, pair.mask_name)!r}," for pair in pairs)
    return f'''\
{inspect.getsource(reader).strip()}


def read_dataset(channels=3):
    """The pictures (None for one that cannot be read), their masks (class indices), and the names of the classes."""
    import os

    import cv2

    pictures, masks = {os.fspath(pictures)!r}, {os.fspath(masks)!r}
    names = [
{listed}
    ]
    flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
    images, classes = [], []
    for name, mask in names:
        content = np.fromfile(os.path.join(pictures, name), dtype="uint8")
        image = cv2.imdecode(content, flag) if content.size else None
        images.append(image if image is None else image.reshape(*image.shape[:2], channels))
        try:
            classes.append({reader.__name__}(os.path.join(masks, mask), {known!r}))
        except (OSError, ValueError):
            classes.append(None)
    return images, classes, {list(code.class_names)!r}
'''


def binary_mask(path, foreground):
    """1 where a mask shows what is looked for: what is above (or below) half of its range, or all that is not 0."""
    from PIL import Image

    values = np.array(Image.open(path))
    if foreground == "nonzero":
        return (values.any(axis=2) if values.ndim == 3 else values != 0).astype("uint8")
    grey = values.mean(axis=2) if values.ndim == 3 else values
    largest = grey.max()
    top = 1 if largest <= 1 else 255 if largest <= 255 else 65535
    return ((grey > top / 2) == (foreground == "bright")).astype("uint8")


def indexed_mask(path, known):
    """The place of every pixel's value among the known ones."""
    from PIL import Image

    values = np.array(Image.open(path))
    values = values[..., 0] if values.ndim == 3 else values
    return np.argmax([values == value for value in known], axis=0).astype("uint8")


def coloured_mask(path, known):
    """The place of every pixel's colour (red, green, blue) among the known ones."""
    from PIL import Image

    values = np.array(Image.open(path).convert("RGB"))
    return np.argmax([(values == colour).all(axis=2) for colour in known], axis=0).astype("uint8")
