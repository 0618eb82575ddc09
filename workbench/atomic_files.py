"""Files that are whole or not there: written beside their place, flushed to disk, then moved over it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any


def replace_file(path: Path, write: Callable[[IO[bytes]], None], *, durable: bool = True) -> None:
    """Replace `path` by what `write` puts into an open binary file; on any error the old file stays as it was.

    Args:
        path: the file, in a folder that exists.
        write: writes the new content.
        durable: wait until it is on the disk. That can take long: the window's thread does not.
    """
    half_written = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with half_written.open("wb") as file:
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(half_written, path)
    finally:
        half_written.unlink(missing_ok=True)


def replace_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace the file by a UTF-8 text."""
    replace_file(path, lambda file: file.write(text.encode("utf-8")) and None, durable=durable)


def replace_json(path: Path, values: dict[str, Any]) -> None:
    """Replace the file by a JSON object."""
    replace_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
