"""The layer table in plain Python: shapes, parameters and formulas of a stack, fast enough to follow the typing.

It covers the saved model from the raw picture to the output, row by row as `assembly` names its layers. What `assembly`
refuses, the table marks with the same text.
"""

from dataclasses import asdict, dataclass
from typing import Any

from workbench.architectures.layers import Effect, Layer, dense_effect, layer_names, parse_layers
from workbench.architectures.windows import ImpossibleLayerError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import ImageInput, OutputSpec

IMAGE, RESIZE, SCALE, LOGITS, OUTPUT = "image", "resize", "scale", "logits", "output"
EXTRA = "extra_"


@dataclass(frozen=True)
class LayerRow:
    """A layer of the network.

    Attributes:
        name: of the layer in the Keras model.
        kind: `convolution`, `max_pooling`...; for layers of a builder the name of their Keras class.
        output_shape: without the batch axis; None for a side of any length; empty where a problem leaves it unknown.
        parameters: trained or not.
        formula: how the parameters came about, with the numbers in it.
        problem: why the layer cannot stand there, or empty.
        shape_formula: how the height came about, for windows.
        multiply_adds: multiplications with addition for one sample.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...] = ()
    parameters: int = 0
    formula: str = ""
    problem: str = ""
    shape_formula: str = ""
    multiply_adds: int = 0


@dataclass(frozen=True)
class LayerTable:
    """All layers, and how many parameters they have together; `trainable` of them are learned."""

    rows: tuple[LayerRow, ...]
    total: int
    trainable: int

    @property
    def problem(self) -> str:
        """The first problem with the name of its layer, or empty."""
        return next((f"{row.name}: {row.problem}" for row in self.rows if row.problem), "")

    def to_json(self) -> dict[str, Any]:
        """The table as plain values."""
        return {"layers": [asdict(row) for row in self.rows], "total": self.total, "trainable": self.trainable}


def hidden_layers(experiment: Experiment) -> list[Layer] | None:
    """The specs between scaling and output without the extra layers; None when a builder makes them."""
    return registry().architectures.get(experiment.architecture.name).layers(experiment.architecture)


def extra_layers(experiment: Experiment) -> tuple[Layer, ...]:
    """The specs that the overrides put right before the output layer.

    Raises:
        UserError: one of them is no layer.
    """
    return parse_layers(experiment.overrides.extra_layers, "[overrides] extra_layers")


def output_activation(experiment: Experiment, output: OutputSpec) -> str:
    """The activation of the output layer: the task's, unless the experiment overrides it."""
    chosen = experiment.overrides.output_activation
    return output.activation if chosen == "auto" else chosen


def layer_table(experiment: Experiment, input: ImageInput, output: OutputSpec) -> LayerTable | None:
    """The table of an experiment's network, or None when its architecture is built by Keras code.

    Raises:
        UserError: the extra layers of the overrides are no layers.
    """
    hidden = hidden_layers(experiment)
    if hidden is None:
        return None
    extra = extra_layers(experiment)
    rows = [
        LayerRow(IMAGE, "input", (None, None, input.channels)),
        LayerRow(RESIZE, "resize", input.shape),
        LayerRow(SCALE, "scale", input.shape),
    ]
    stack = Stack(input.shape)
    for name, layer in zip(layer_names(hidden), hidden, strict=True):
        rows.append(stack.put(name, layer))
    for name, layer in zip(layer_names(extra, EXTRA), extra, strict=True):
        rows.append(stack.put(name, layer))
    rows += stack.finish(output.units)
    return LayerTable(tuple(rows), stack.total, stack.trainable)


class Stack:
    """Follows a sample's shape through layers that are put one on the other."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.total = 0
        self.trainable = 0
        self._broken = False

    def put(self, name: str, layer: Layer) -> LayerRow:
        """The row of the next layer; after a problem, the rows that follow are without shapes."""
        if self._broken:
            return LayerRow(name, layer.kind)
        try:
            return self._row(name, layer.kind, layer.effect(self.shape))
        except ImpossibleLayerError as error:
            self._broken = True
            return LayerRow(name, layer.kind, problem=str(error))

    def finish(self, units: int) -> list[LayerRow]:
        """The rows of the output."""
        if self._broken:
            return [LayerRow(LOGITS, "dense"), LayerRow(OUTPUT, "activation")]
        if len(self.shape) != 1:
            return [LayerRow(LOGITS, "dense", problem=not_flat(self.shape)), LayerRow(OUTPUT, "activation")]
        return [
            self._row(LOGITS, "dense", dense_effect(self.shape, units)),
            self._row(OUTPUT, "activation", Effect((units,))),
        ]

    def _row(self, name: str, kind: str, effect: Effect) -> LayerRow:
        self.shape = effect.output_shape
        self.total += effect.parameters
        self.trainable += effect.trainable
        return LayerRow(
            name, kind, effect.output_shape, effect.parameters, effect.formula, "",
            effect.shape_formula, effect.multiply_adds,
        )  # fmt: skip


def not_flat(shape: tuple[int | None, ...]) -> str:
    """Why the output layer cannot take a picture."""
    return _(
        "The output layer needs a flat list of numbers, but gets {shape}. Put a flatten or a global pooling before it."
    ).format(shape=" × ".join(str(side) for side in shape))
