"""MNIST's file format IDX: a magic number, the sizes of the axes, then bytes; plain or gzipped."""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _

_UNSIGNED_BYTES = 8


@dataclass(frozen=True)
class IdxHeader:
    """Axes of the array, and where its bytes begin."""

    shape: tuple[int, ...]
    offset: int


def read_idx_header(path: Path) -> IdxHeader:
    """The header of an IDX file of unsigned bytes.

    Raises:
        UserError: the file is something else, or shorter than its header.
    """
    with _opened(path) as file:
        start = _read(file, 4, path)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] != _UNSIGNED_BYTES or not 1 <= start[3] <= 4:
            raise UserError(_(
                "{path} is not an IDX file of unsigned bytes: it begins with {found}, where 00 00 08 and the number of "
                "axes were expected."
            ).format(path=path, found=start.hex(" ") or _("nothing (the file is empty)")))  # fmt: skip
        sizes = _read(file, 4 * start[3], path)
        if len(sizes) < 4 * start[3]:
            raise _truncated(path, 4 * start[3], len(sizes))
    return IdxHeader(struct.unpack(f">{start[3]}I", sizes), 4 + 4 * start[3])


def read_idx(path: Path) -> np.ndarray:
    """The whole array, uint8.

    Raises:
        UserError: it is truncated or no IDX file.
    """
    header = read_idx_header(path)
    expected = math.prod(header.shape)
    with _opened(path) as file:
        _read(file, header.offset, path)
        content = _read(file, expected, path)
    if len(content) < expected:
        raise _truncated(path, expected, len(content))
    return np.frombuffer(content, np.uint8).reshape(header.shape)


def check_idx_length(path: Path, header: IdxHeader) -> None:
    """Raise `UserError` when a file is shorter than its header says; a gzipped one is judged by its last bytes."""
    expected = header.offset + math.prod(header.shape)
    if path.suffix != ".gz":
        found = path.stat().st_size
        if found < expected:
            raise _truncated(path, expected, found)
        return
    with path.open("rb") as file:
        file.seek(-4, 2)
        # gzip ends with the length of what it holds; a truncated file ends with anything, and reading it says so.
        if struct.unpack("<I", file.read(4))[0] != expected % (1 << 32):
            read_idx(path)


def _opened(path: Path):  # the file types of gzip and of open have no common name
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _read(file, count: int, path: Path) -> bytes:
    try:
        return file.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise UserError(_("{path} is damaged or truncated: {error}.").format(path=path, error=error)) from None


def _truncated(path: Path, expected: int, found: int) -> UserError:
    return UserError(_("{path} is truncated: {expected} bytes were expected, {found} are there.").format(
        path=path, expected=expected, found=found))  # fmt: skip
