"""From the bytes of a picture file to uint8 pixels, or to a reason in plain words.

The only door by which picture files enter: training, prediction and inspection decode the same way. What a file claims
to be is checked before anything is decoded, so that an absurd header costs no memory.
"""

import functools
import os
from pathlib import Path

import numpy as np

from workbench.data.picture_headers import PictureHeader, read_header
from workbench.data.source import UnreadableSampleError
from workbench.i18n import _

# A picture of this size takes 300 MB decoded and 1.2 GB as float32 while it is resized.
MAX_PIXELS = 100_000_000
PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm")
)


def decode_file(path: str | os.PathLike[str], channels: int) -> np.ndarray:
    """The pixels of a picture file.

    Args:
        path: any path; it is opened by Python, so that every letter is allowed in it on every platform.
        channels: 1 for grey, 3 for RGB; the picture is converted.

    Returns:
        uint8, (height, width, channels), upright as its EXIF orientation says.

    Raises:
        UnreadableSampleError: it is no picture, or not a whole one.
    """
    if Path(path).is_fifo():  # it would be waited for without end
        raise UnreadableSampleError(_("is not a file"))
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableSampleError(_("cannot be opened: {error}").format(error=error.strerror or error)) from None
    return decode_bytes(content, channels)


def decode_bytes(content: bytes, channels: int) -> np.ndarray:
    """The same from the bytes of a file."""
    if not content:
        raise UnreadableSampleError(_("the file is empty"))
    header = read_header(content)
    if header is None:
        raise UnreadableSampleError(_("not a picture, or of a format that is not known here"))
    refuse_absurd_sizes(header)
    if not header.complete:
        raise UnreadableSampleError(_("the file is truncated: its end is missing"))
    pixels = _decode(content, header, channels)
    if pixels is not None and header.format == "TIFF" and _holds_fractions(content):
        raise UnreadableSampleError(_("its values are floating-point numbers; save it with 8 or 16 bits per colour"))
    if pixels is None:
        raise UnreadableSampleError(_("the {format} file is damaged").format(format=header.format))
    return pixels.reshape(*pixels.shape[:2], channels)


def refuse_absurd_sizes(header: PictureHeader) -> None:
    """Raise `UnreadableSampleError` for a size that no picture has, before anything is decoded."""
    if header.height * header.width > MAX_PIXELS:
        raise UnreadableSampleError(
            _("the picture claims {width} x {height} pixels; at most {limit} million are read").format(
                width=header.width, height=header.height, limit=MAX_PIXELS // 1_000_000
            )
        )
    if header.height < 1 or header.width < 1:
        raise UnreadableSampleError(_("the picture has no pixels"))


def _decode(content: bytes, header: PictureHeader, channels: int) -> np.ndarray | None:
    cv2 = _opencv()
    try:
        flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    except cv2.error:
        pixels = None
    return pixels if pixels is not None else _decode_by_pillow(content, channels)


def _holds_fractions(content: bytes) -> bool:
    """Whether a TIFF has values from 0 to 1, say, which would all be black as whole grey levels."""
    cv2 = _opencv()
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return False
    return pixels is not None and pixels.dtype.kind == "f"


def _decode_by_pillow(content: bytes, channels: int) -> np.ndarray | None:
    """For what OpenCV was built without, or is stricter about."""
    import io

    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as picture:
            upright = ImageOps.exif_transpose(picture)
            return np.array(upright.convert("L" if channels == 1 else "RGB"))
    except Exception:  # a damaged file makes Pillow raise nearly anything
        return None


@functools.cache
def _opencv():
    import cv2

    # Its complaints about damaged files go to the terminal; ours go to the list of problems.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
