"""What goes into a model and what comes out: the specs by which datasets, tasks and architectures agree.

A new kind of input or target is a new frozen class here; nobody asks for the kind of another one's spec by name.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class ImageInput:
    """A picture of uint8 values 0-255, shape (height, width, channels), as it enters the network's first layer."""

    kind: ClassVar[str] = "image"
    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one sample, without the batch axis."""
        return (self.height, self.width, self.channels)


@dataclass(frozen=True)
class ClassTarget:
    """One of several classes; targets are int64 indices into `class_names`, shape (n,)."""

    kind: ClassVar[str] = "class"
    class_names: tuple[str, ...]


InputSpec = ImageInput
TargetSpec = ClassTarget


@dataclass(frozen=True)
class OutputSpec:
    """What the last layers of a network must give: so many units, read through an activation.

    Attributes:
        units: values per sample before the activation.
        activation: name of the Keras activation that turns logits into what the saved model returns.
    """

    units: int
    activation: str


def spec_to_json(spec: InputSpec | TargetSpec) -> dict[str, Any]:
    """The spec as plain values, with its kind."""
    return {"kind": spec.kind, **{key: list(v) if isinstance(v, tuple) else v for key, v in vars(spec).items()}}


def spec_from_json(values: dict[str, Any]) -> InputSpec | TargetSpec:
    """The inverse of `spec_to_json`."""
    kinds = {cls.kind: cls for cls in (ImageInput, ClassTarget)}
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items() if key != "kind"}
    return kinds[values["kind"]](**fields)
