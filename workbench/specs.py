"""What goes into a model and what comes out: the specs by which datasets, tasks and architectures agree.

A new kind of input or target is a new frozen subclass, here or in a plugin; nobody asks for the kind of another one's
spec by name. What depends on a kind is a method of its class, of its `InputKind` or of its task.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _

_kinds: dict[str, type["Spec"]] = {}


@dataclass(frozen=True)
class Spec:
    """Base of all specs. `kind` names the class in files."""

    kind: ClassVar[str] = ""

    @property
    def meaning(self) -> tuple[str, ...]:
        """What the numbers of samples stand for; a model is good for data of the same meaning only."""
        return ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__dict__.get("kind"):
            _kinds[cls.kind] = cls

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "Spec":
        """The spec from the plain values of `spec_to_json`, without the kind."""
        return cls(**{key: _tuples(value) for key, value in values.items()})


@dataclass(frozen=True)
class InputSpec(Spec):
    """What one sample is as it enters the network."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample, without the batch axis."""
        raise NotImplementedError

    def drawn(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Random samples, (count, ...): something to feed a network with where there are no data."""
        return generator.normal(size=(count, *self.shape)).astype(np.float32)


@dataclass(frozen=True)
class ImageInput(InputSpec):
    """A picture of uint8 values 0-255, shape (height, width, channels), as it enters the network's first layer."""

    kind: ClassVar[str] = "image"
    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one sample, without the batch axis."""
        return (self.height, self.width, self.channels)

    def drawn(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Pictures of noise, uint8."""
        return generator.integers(0, 256, (count, *self.shape), np.uint8)


@dataclass(frozen=True)
class Column:
    """A feature of a table.

    Attributes:
        name: as in the header.
        unit: what the numbers count, or empty.
        categories: for a column of words, its values; a sample then holds the index of one.
        typical: median of the training split (index of the most frequent category), a start for typing a row.
        minimum: smallest value of the training split; `maximum` the largest.
    """

    name: str
    unit: str = ""
    categories: tuple[str, ...] = ()
    typical: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0


@dataclass(frozen=True)
class TableInput(InputSpec):
    """A row of a table: float32, shape (columns,); NaN where a value is missing."""

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]

    @property
    def shape(self) -> tuple[int]:
        """The shape of one sample, without the batch axis."""
        return (len(self.columns),)

    def drawn(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Rows between the smallest and the largest values that the training split had, float32."""
        columns = [
            generator.integers(0, len(each.categories), count)
            if each.categories
            else generator.uniform(each.minimum, each.maximum, count)
            for each in self.columns
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def meaning(self) -> tuple[str, ...]:
        """The columns, with the words of those that have some."""
        return tuple(
            f"{each.name} ({', '.join(each.categories)})" if each.categories else each.name for each in self.columns
        )

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "TableInput":
        """See `Spec.from_values`."""
        columns = ({key: _tuples(value) for key, value in column.items()} for column in values["columns"])
        return cls(tuple(Column(**column) for column in columns))


@dataclass(frozen=True)
class Motion:
    """How augmentation moved a batch of pictures.

    Attributes:
        warp: moves maps (batch, height, width, channels) of floats as the pictures were moved, by the nearest pixel.
        sign: -1 for pictures that were mirrored left and right, else 1: (batch,) or a number.
        shift: how far they were moved to the right, as a share of the width: (batch,) or a number.
    """

    warp: Callable[[Any], Any]
    sign: Any
    shift: Any


@dataclass(frozen=True)
class TargetSpec(Spec):
    """What is to be learned of one sample."""

    @property
    def moves(self) -> bool:
        """Whether targets change when a picture is moved or mirrored."""
        return False

    @classmethod
    def usual(cls, count: int) -> "TargetSpec":
        """A stand-in until the data are read, of so many classes where there are classes: called by their numbers."""
        return cls(tuple(str(number) for number in range(count)))

    @property
    def unscaled(self) -> "TargetSpec":
        """The spec of targets in their own units."""
        return self

    def moved(self, targets: Any, motion: Motion) -> Any:
        """Encoded targets (a tensor) as they are after the motion of their pictures."""
        return targets

    def strata(self, targets: np.ndarray) -> np.ndarray | None:
        """Groups to keep in proportion when samples are split, int64 (n,); None where there are none."""
        return None

    @property
    def strata_names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """What the numbers in a row of targets are; empty where targets are no numbers that mean something."""
        return ()


@dataclass(frozen=True)
class ClassTarget(TargetSpec):
    """One of several classes; targets are int64 indices into `class_names`, shape (n,)."""

    kind: ClassVar[str] = "class"
    class_names: tuple[str, ...]

    @property
    def meaning(self) -> tuple[str, ...]:
        """The classes."""
        return self.class_names

    def strata(self, targets: np.ndarray) -> np.ndarray:
        """The classes."""
        return np.asarray(targets)

    @property
    def strata_names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.class_names


@dataclass(frozen=True)
class ValuesTarget(TargetSpec):
    """Numbers; targets are float32, shape (n, len(names)).

    Attributes:
        names: what the numbers are ("price").
        units: what they count, one per name; empty text where they count nothing.
        mirrored: whether a picture flipped left and right has the value of the other sign (a steering angle).
        per_shift: what a picture moved to the right by its whole width adds to the values.
        centre: subtracted from the values before they are learned, one per name; `spread` divides them. Fitted on the
            training split; the saved model undoes both.
    """

    kind: ClassVar[str] = "values"
    names: tuple[str, ...]
    units: tuple[str, ...] = ("",)
    mirrored: bool = False
    per_shift: float = 0.0
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    @property
    def meaning(self) -> tuple[str, ...]:
        """What the numbers are."""
        return self.names

    @classmethod
    def usual(cls, count: int) -> "ValuesTarget":
        """One number."""
        return cls(("value",))

    @property
    def columns(self) -> tuple[Column, ...]:
        """A column per number."""
        units = (*self.units, *("" for _name in self.names))
        return tuple(Column(name, unit) for name, unit in zip(self.names, units, strict=False))

    @property
    def moves(self) -> bool:
        """Whether mirroring or shifting a picture changes its values."""
        return self.mirrored or bool(self.per_shift)

    @property
    def unscaled(self) -> "ValuesTarget":
        """Without centre and spread."""
        return replace(self, centre=(), spread=())

    def moved(self, targets: Any, motion: Motion) -> Any:
        """Scaled values after the motion; sign and shift are meant in the values' own unit."""
        spread = np.array(self.spread or (1.0,) * len(self.names), np.float32)
        centre = np.array(self.centre or (0.0,) * len(self.names), np.float32)
        values = targets + centre / spread
        if self.mirrored:
            values = values * _per_sample(motion.sign)
        return values + _per_sample(motion.shift) * (self.per_shift / spread) - centre / spread


@dataclass(frozen=True)
class MaskTarget(TargetSpec):
    """A class per pixel; targets are uint8 indices into `class_names`, shape (n, height, width).

    `colours` are what masks are painted in, one (red, green, blue) per class.
    """

    kind: ClassVar[str] = "mask"
    class_names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...] = field(default=())

    @property
    def meaning(self) -> tuple[str, ...]:
        """The classes."""
        return self.class_names

    @classmethod
    def usual(cls, count: int) -> "MaskTarget":
        """Two classes."""
        return cls(("background", "object"))

    @property
    def moves(self) -> bool:
        """A mask moves with its picture."""
        return True

    def moved(self, targets: Any, motion: Motion) -> Any:
        """Masks (batch, height, width) as floats, moved by the nearest pixel: whole class indices stay whole."""
        return motion.warp(targets[..., None])[..., 0]


@dataclass(frozen=True)
class OutputSpec:
    """What the last layers of a network must give: so many units, read through an activation.

    Attributes:
        units: values per sample (per pixel, where spatial) before the activation.
        activation: name of the Keras activation that turns logits into what the saved model returns.
        spatial: whether there is an answer for every pixel of the input: features must stay a map of the input's size.
        factor: what the saved model multiplies the activation's result with, one per unit; empty for nothing.
        offset: what it then adds.
    """

    units: int
    activation: str
    spatial: bool = False
    factor: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()


def _per_sample(amount: Any) -> Any:
    return amount if isinstance(amount, float) else amount[:, None]


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """The spec as plain values, with its kind."""
    return {"kind": spec.kind, **{key: _plain(value) for key, value in vars(spec).items()}}


def spec_from_json(values: dict[str, Any]) -> Any:
    """The inverse of `spec_to_json`.

    Raises:
        KeyError: `values` are incomplete.
        UserError: nobody here knows that kind. Plugins add kinds: whoever reads a file fills the registry first.
    """
    values = dict(values)
    kind = values.pop("kind")
    if kind not in _kinds:
        raise UserError(_("Nothing here knows what {kind!r} are. Is a plugin missing?").format(kind=kind))
    return _kinds[kind].from_values(values)


def _plain(value: Any) -> Any:
    if isinstance(value, Column):
        return {key: _plain(part) for key, part in vars(value).items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
