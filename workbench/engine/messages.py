"""What window and engine say to each other: small frozen classes, pickled, each with its length before it.

The pipe joins two processes of the same program; nothing of it is ever written to disk.
"""

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from workbench.events import Event

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class StartJob:
    """To the engine: run this job. The request stays pickled until the engine knows the classes of plugins."""

    job: int
    request: bytes


@dataclass(frozen=True)
class Ask:
    """To the engine: ask a job to stop, pause or resume."""

    job: int
    what: Literal["stop", "pause", "resume"]


@dataclass(frozen=True)
class Tell:
    """To the engine: tell a running service these values, by name."""

    job: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Ready:
    """From the engine: everything is imported. `problem` says why Keras could not be, if it could not."""

    seconds: float
    memory_bytes: int
    problem: str = ""


@dataclass(frozen=True)
class Emitted:
    """From the engine: an event of a job."""

    job: int
    event: Event


@dataclass(frozen=True)
class JobEnded:
    """From the engine: how a job ended.

    Attributes:
        outcome: `answered`, or how it raised: `refused` (the user's mistake), `stopped`, `failed`.
        value: the answer, or the message.
        memory_bytes: what the engine takes now.
        spent: whether the engine had better be replaced (it ran out of memory, a training failed in it).
    """

    job: int
    outcome: Literal["answered", "refused", "stopped", "failed"]
    value: Any
    memory_bytes: int
    spent: bool = False


def pack(message: Any) -> bytes:
    """The message as bytes with their length before them."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def read(stream: BinaryIO) -> bytes | None:
    """The next message, still pickled; None when the other side is gone."""
    try:
        header = stream.read(_LENGTH.size)
        if len(header) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(header)
        body = stream.read(length)
    except (OSError, ValueError):  # closed while reading
        return None
    return body if len(body) == length else None
