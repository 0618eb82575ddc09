"""What a job tells the world while it runs: typed, frozen, plain values.

The command line and the window are equal readers of the same stream. A job of training ends with exactly one
`Finished`. `to_json` gives the line that stands in `events.jsonl` and that `--json` prints.
"""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["completed", "stopped", "failed"]


@dataclass(frozen=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True)
class RunStarted(Event):
    """A run has a folder and begins. `epochs` is the total, `first_epoch` (0-based) differs from 0 when resumed."""

    run: str
    name: str
    epochs: int
    first_epoch: int = 0


@dataclass(frozen=True)
class PhaseStarted(Event):
    """A phase begins: `data`, `build`, `compile`, `first_batch` or `solve`, `train`, `evaluate`."""

    phase: str


@dataclass(frozen=True)
class PhaseFinished(Event):
    """A phase ended after so many seconds."""

    phase: str
    seconds: float


@dataclass(frozen=True)
class Progress(Event):
    """How far something is that is not training: `total` 0 means unknown."""

    what: str
    done: int
    total: int = 0


@dataclass(frozen=True)
class BatchesDone(Event):
    """The batches since the last such event, at most 20 events a second.

    Attributes:
        epoch: 0-based.
        step: steps of this epoch done so far; `steps` is how many it has.
        losses: the own loss of each batch, in order; the last one belongs to `step`.
        learning_rate: in force at the last batch.
        samples_per_second: over the batches of this event.
    """

    epoch: int
    step: int
    steps: int
    losses: tuple[float, ...]
    learning_rate: float
    samples_per_second: float


@dataclass(frozen=True)
class EpochFinished(Event):
    """An epoch ended. `metrics` holds `loss`, `val_loss`, the task's metrics and their `val_` twins."""

    epoch: int
    metrics: dict[str, float]
    learning_rate: float
    seconds: float
    samples_per_second: float
    best: bool
    best_epoch: int
    memory_bytes: int = 0


@dataclass(frozen=True)
class StageStarted(Event):
    """From `epoch` (0-based) on the training goes another way: what learns, the optimizer; `title` for a plot."""

    epoch: int
    title: str
    text: str


@dataclass(frozen=True)
class Paused(Event):
    """The training waits until it is resumed or stopped."""


@dataclass(frozen=True)
class Continued(Event):
    """The training goes on after a pause."""


@dataclass(frozen=True)
class Note(Event):
    """Something worth knowing that is no failure: early stopping, a sample left out."""

    text: str


@dataclass(frozen=True)
class Found(Event):
    """Something that keeps the network from learning, seen while it trains; each fault is told once in a run.

    Attributes:
        epoch: in which it was seen, 0-based.
        finding: as `Finding.to_json` gives it.
    """

    epoch: int
    finding: dict[str, Any]


@dataclass(frozen=True)
class ServiceStarted(Event):
    """A service is ready; `address` is where it is reached, empty where it is not asked over a network."""

    address: str


@dataclass(frozen=True)
class ServiceShown(Event):
    """What a service shows now, at most 5 times a second.

    Attributes:
        numbers: by name; the service has a title for each.
        note: what happened last that is worth knowing; empty for nothing.
        figures: in the order of a page, empty while they are as before; they stand in no line of text.
    """

    numbers: dict[str, float]
    note: str = ""
    figures: tuple[Any, ...] = dataclasses.field(default=(), metadata={"in_lines": False})


@dataclass(frozen=True)
class FrameSeen(Event):
    """What a network says of one frame of a camera or a video.

    Attributes:
        frame: number of the frame among those that were looked at, from 1.
        seconds: when it was taken: seconds into the video, or since the camera was opened.
        text: the answer in one line.
        bars: names with values from 0 to 1, the likeliest first; empty where the answer has no classes.
        numbers: `frames_per_second` that were looked at, `latency_ms` from the frame's arrival to its answer,
            `model_ms` of that in the network, `skipped` frames so far.
        taken: the clock of `time.monotonic` when the frame arrived.
        pixels: the frame, uint8 (height, width, 3); `heat`: float32 in [0, 1], (rows, columns) over it, or None;
            `over`: uint8 as `pixels`, what else is laid over it (a mask), or None. They stand in no line of text.
        note: what is worth knowing (why there is no heatmap).
    """

    frame: int
    seconds: float
    text: str
    bars: tuple[tuple[str, float], ...]
    numbers: dict[str, float]
    note: str = ""
    taken: float = dataclasses.field(default=0.0, metadata={"in_lines": False})
    pixels: Any = dataclasses.field(default=None, metadata={"in_lines": False})
    heat: Any = dataclasses.field(default=None, metadata={"in_lines": False})
    over: Any = dataclasses.field(default=None, metadata={"in_lines": False})


@dataclass(frozen=True)
class ProbesStored(Event):
    """What the probes saw after `epoch` (0-based) is in the run folder and can be shown."""

    epoch: int


@dataclass(frozen=True)
class Finished(Event):
    """The end of a run. `message` says what happened and what to try; empty when it completed."""

    state: State
    run: str
    message: str = ""
    best_epoch: int = -1
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_TYPES = {_snake(cls.__name__): cls for cls in Event.__subclasses__()}


def to_json(event: Event) -> dict[str, Any]:
    """The event as plain values with its type under `event`."""
    names = [field.name for field in dataclasses.fields(event) if field.metadata.get("in_lines", True)]
    return {"event": _snake(type(event).__name__), **{name: _plain(getattr(event, name)) for name in names}}


def _plain(value: Any) -> Any:
    """The value with numbers that JSON does not know (NaN, infinity) as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(math.nan if item is None else item for item in value)
    if isinstance(value, dict):
        return {key: math.nan if item is None else item for key, item in value.items()}
    return value


def from_json(values: dict[str, Any]) -> Event | None:
    """The event of a line written by `to_json`; None for a type this version does not know."""
    cls = _TYPES.get(values.get("event", ""))
    if cls is None:
        return None
    names = {field.name for field in dataclasses.fields(cls)}
    return cls(**{key: _restored(value) for key, value in values.items() if key in names})
