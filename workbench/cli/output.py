"""Standard output, kept clean: what we print goes there, what a library prints goes to standard error."""

import contextlib
import json
import math
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class Output:
    """Where a command prints to. Knows whether somebody watches on a terminal."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        self._stream = stream
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Whether lines can be redrawn."""
        return self._stream.isatty()

    @property
    def encoding(self) -> str:
        """Of the stream; decides whether a bar can be drawn with block characters."""
        return self._stream.encoding or "ascii"

    def line(self, text: str = "") -> None:
        """Print a line for people."""
        self.raw(f"{text}\n")

    def record(self, values: dict[str, Any]) -> None:
        """Print one JSON object on a line of its own."""
        self.raw(json.dumps(finite(values), ensure_ascii=False, default=str) + "\n")

    def raw(self, text: str) -> None:
        """Write and flush: whoever reads a pipe wants each line when it happens.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        encoding = self.encoding
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def finite(values: Any) -> Any:
    """The values with None for what JSON has no number for."""
    if isinstance(values, dict):
        return {str(key): finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [finite(value) for value in values]
    if hasattr(values, "tolist"):
        return finite(values.tolist())
    return None if isinstance(values, float) and not math.isfinite(values) else values


@contextlib.contextmanager
def clean_output(*, as_json: bool) -> Iterator[Output]:
    """Standard output for our own lines only; meanwhile prints and C-level writes of libraries go to standard error."""
    own = sys.stdout
    sys.stdout.flush()
    saved = _duplicate_of_descriptor(own)
    if saved is None:
        with contextlib.redirect_stdout(sys.stderr):
            yield Output(own, as_json=as_json)
        return
    os.dup2(2, 1)
    stream = open(saved, "w", encoding=own.encoding, errors=own.errors, closefd=False)  # noqa: SIM115  closed below
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield Output(stream, as_json=as_json)
    finally:
        os.dup2(saved, 1)
        with contextlib.suppress(BrokenPipeError):
            stream.close()
        os.close(saved)


def _duplicate_of_descriptor(stream: TextIO) -> int | None:
    """A copy of descriptor 1, if the stream is what writes to it (a test may have put another in its place)."""
    try:
        return os.dup(1) if stream.fileno() == 1 else None
    except (OSError, AttributeError):
        return None
