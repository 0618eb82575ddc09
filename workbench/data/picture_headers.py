"""What the first and last bytes of a picture file say: format, size, and whether its end is there.

Nothing is decoded here. A new format is a function in `_READERS`.
"""

import io
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class PictureHeader:
    """What a file claims to hold; `complete` is False where an end marker or bytes are missing."""

    format: str
    height: int
    width: int
    complete: bool = True


def read_header(content: bytes) -> PictureHeader | None:
    """The header of a picture, or None when the bytes are no picture of a known format."""
    try:
        for magic, reader in _READERS:
            if content.startswith(magic):
                return reader(content)
    except (struct.error, IndexError):
        return None
    return _by_pillow(content)


def _png(content: bytes) -> PictureHeader | None:
    width, height = struct.unpack(">II", content[16:24])
    return PictureHeader("PNG", height, width, content.rfind(b"IEND") > 0)


def _jpeg(content: bytes) -> PictureHeader | None:
    """Walk the segments to the frame header and to the start of the scan."""
    position, size = 2, None
    while position + 4 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF:  # fill bytes before a marker
            position += 1
            continue
        length = struct.unpack(">H", content[position + 2 : position + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            size = struct.unpack(">HH", content[position + 5 : position + 9])
        if marker == 0xDA and size is not None:
            # In the scan 0xFF never stands before 0xD9 but at the end: what is found here is no embedded preview's.
            return PictureHeader("JPEG", size[0], size[1], content.find(b"\xff\xd9", position) > 0)
        position += 2 + length
    return PictureHeader("JPEG", *size, complete=False) if size else PictureHeader("JPEG", 1, 1, complete=False)


def _gif(content: bytes) -> PictureHeader | None:
    width, height = struct.unpack("<HH", content[6:10])
    return PictureHeader("GIF", height, width, content.rstrip(b"\0").endswith(b";"))


def _bmp(content: bytes) -> PictureHeader | None:
    file_size = struct.unpack("<I", content[2:6])[0]
    width, height = struct.unpack("<ii", content[18:26])
    return PictureHeader("BMP", abs(height), abs(width), len(content) >= file_size)


def _riff(content: bytes) -> PictureHeader | None:
    if content[8:12] != b"WEBP":
        return None
    if len(content) < struct.unpack("<I", content[4:8])[0] + 8:
        return PictureHeader("WebP", 1, 1, complete=False)
    return _by_pillow(content)


def _by_pillow(content: bytes) -> PictureHeader | None:
    """The rarer formats: TIFF, PGM and its kin."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            return PictureHeader(picture.format or "", picture.height, picture.width)
    except Image.DecompressionBombError:
        return PictureHeader("", 1 << 20, 1 << 20)
    except Image.DecompressionBombWarning:  # where warnings are errors
        return PictureHeader("", 1 << 15, 1 << 15)
    except Exception:  # foreign bytes make Pillow's many readers raise nearly anything
        return None


_READERS = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8", _jpeg),
    (b"GIF8", _gif),
    (b"BM", _bmp),
    (b"RIFF", _riff),
)
