"""The layer table in plain Python: shapes, parameters and formulas of a stack, fast enough to follow the typing.

It covers the saved model from the raw picture to the output, row by row as `assembly` names its layers. What `assembly`
refuses, the table marks with the same text.
"""

from dataclasses import asdict, dataclass
from typing import Any

from workbench.architectures.layers import Convolution, Effect, Layer, dense_effect, layer_names, parse_layers
from workbench.architectures.windows import ImpossibleLayerError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import InputSpec, OutputSpec

LOGITS, OUTPUT, UNSCALE = "logits", "output", "unscale"
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
        frozen: whether it has parameters that stay as they are, though a layer of its kind would learn them.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...] = ()
    parameters: int = 0
    formula: str = ""
    problem: str = ""
    shape_formula: str = ""
    multiply_adds: int = 0
    frozen: bool = False


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

    @property
    def frozen(self) -> int:
        """The parameters of frozen layers."""
        return sum(row.parameters for row in self.rows if row.frozen)

    def to_json(self) -> dict[str, Any]:
        """The table as plain values."""
        layers = [asdict(row) for row in self.rows]
        return {"layers": layers, "total": self.total, "trainable": self.trainable, "frozen": self.frozen}


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


def layer_table(experiment: Experiment, input: InputSpec, output: OutputSpec) -> LayerTable | None:
    """The table of an experiment's network, or None when its architecture is built by Keras code.

    Raises:
        UserError: the extra layers of the overrides are no layers.
    """
    hidden = hidden_layers(experiment)
    if hidden is None:
        return None
    extra = extra_layers(experiment)
    front = registry().inputs.get(input.kind).front(input, experiment.preprocessing)
    rows = [LayerRow(name, kind, shape) for name, kind, shape in front]
    stack = Stack(front[-1][2])
    for name, layer in zip(layer_names(hidden), hidden, strict=True):
        rows.append(stack.put(name, layer))
    for name, layer in zip(layer_names(extra, EXTRA), extra, strict=True):
        rows.append(stack.put(name, layer))
    rows += stack.finish(output)
    return LayerTable(tuple(rows), stack.total, stack.trainable)


class Stack:
    """Follows a sample's shape through layers that are put one on the other."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._size = shape[:2]
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

    def finish(self, output: OutputSpec) -> list[LayerRow]:
        """The rows of the output."""
        kind = "convolution" if output.spatial else "dense"
        if self._broken:
            return [LayerRow(LOGITS, kind), LayerRow(OUTPUT, "activation")]
        problem = unfit(self.shape, output, self._size)
        if problem:
            return [LayerRow(LOGITS, kind, problem=problem), LayerRow(OUTPUT, "activation")]
        if output.spatial:
            logits = Convolution(filters=output.units, kernel_size=1).effect(self.shape)
        else:
            logits = dense_effect(self.shape, output.units)
        rows = [self._row(LOGITS, kind, logits), self._row(OUTPUT, "activation", Effect(self.shape))]
        return [*rows, self._row(UNSCALE, "unscale", Effect(self.shape))] if output.factor else rows

    def _row(self, name: str, kind: str, effect: Effect) -> LayerRow:
        self.shape = effect.output_shape
        self.total += effect.parameters
        self.trainable += effect.trainable
        return LayerRow(
            name, kind, effect.output_shape, effect.parameters, effect.formula, "",
            effect.shape_formula, effect.multiply_adds,
        )  # fmt: skip


def unfit(shape: tuple[int | None, ...], output: OutputSpec, size: tuple[int, ...]) -> str:
    """Why the output layer cannot take features of this shape; empty where it can.

    Args:
        shape: of the features, without the batch axis.
        output: what the output layer is to give.
        size: height and width of the network's input.
    """
    if output.spatial and len(shape) == 3 and shape[:2] != tuple(size):
        return _not_of_the_size(shape, size)
    if output.spatial:
        return "" if len(shape) == 3 else _not_a_map(shape)
    return "" if len(shape) == 1 else _not_flat(shape)


def _not_a_map(shape: tuple[int | None, ...]) -> str:
    return _(
        "The answer is to be given for every pixel, so the output layer needs a map, but gets {shape}. Choose an "
        "architecture for that, such as a U-Net, or leave out the flatten and the dense layers."
    ).format(shape=" × ".join(str(side) for side in shape))


def _not_of_the_size(shape: tuple[int | None, ...], size: tuple[int, ...]) -> str:
    return _(
        "The answer is to be given for every pixel of {size}, but the layers before the output layer leave a map of "
        "{map}. Give convolutions a stride of 1 and pad with “same”, leave out pooling, or choose a U-Net."
    ).format(size=" × ".join(str(side) for side in size), map=" × ".join(str(side) for side in shape[:2]))


def _not_flat(shape: tuple[int | None, ...]) -> str:
    return _(
        "The output layer needs a flat list of numbers, but gets {shape}. Put a flatten or a global pooling before it."
    ).format(shape=" × ".join(str(side) for side in shape))
