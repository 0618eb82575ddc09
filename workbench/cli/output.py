"""Standard output and standard error, kept clean: only what we print goes there."""

import contextlib
import faulthandler
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any, TextIO

from workbench.control import Stopped
from workbench.errors import UserError

_TAIL_BYTES = 4_000


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
        self.raw(json.dumps(finite(values), default=str) + "\n")

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
    """Standard output for our own lines only.

    What libraries print meanwhile, from Python or from C, goes into a file that is thrown away; a defect takes the end
    of it along as a note.
    """
    own = sys.stdout
    with tempfile.TemporaryFile() as chatter, contextlib.ExitStack() as restored:
        saved = _diverted(1, chatter.fileno(), restored) if _writes_to(own, 1) else None
        errors = _diverted(2, chatter.fileno(), restored)
        if errors is not None and not faulthandler.is_enabled():
            faulthandler.enable(errors)
            restored.callback(faulthandler.disable)
        if saved is None:
            restored.enter_context(contextlib.redirect_stdout(sys.stderr))
            stream = own
        else:
            stream = open(saved, "w", encoding=own.encoding, errors=own.errors, closefd=False)  # noqa: SIM115
            restored.callback(_close_quietly, stream)
        try:
            yield Output(stream, as_json=as_json)
        except (UserError, Stopped, BrokenPipeError):
            raise
        except Exception as error:
            error.add_note(f"What libraries printed last:\n{_tail(chatter)}")
            raise


def _diverted(descriptor: int, target: int, restored: contextlib.ExitStack) -> int | None:
    """Let what is written to a descriptor go elsewhere; a duplicate of where it went before, or None without one."""
    try:
        saved = os.dup(descriptor)
    except OSError:
        return None

    def restore() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os.dup2(saved, descriptor)
        os.close(saved)

    with contextlib.suppress(OSError, ValueError, AttributeError):
        (sys.stdout if descriptor == 1 else sys.stderr).flush()
    os.dup2(target, descriptor)
    restored.callback(restore)
    return saved


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    """Whether the stream is what writes to it; a test may have put another in its place."""
    try:
        return stream.fileno() == descriptor
    except (OSError, AttributeError):
        return False


def _close_quietly(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        stream.close()


def _tail(chatter: IO[bytes]) -> str:
    chatter.seek(max(0, chatter.seek(0, os.SEEK_END) - _TAIL_BYTES))
    return chatter.read().decode("utf-8", "replace")
