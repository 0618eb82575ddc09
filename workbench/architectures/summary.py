"""The layer table by Keras: what builders need, and what the plain Python table is held against."""

import math
from typing import Any

from workbench.architectures.assembly import assemble
from workbench.architectures.table import IMAGE, OUTPUT, RESIZE, SCALE, LayerRow, LayerTable, layer_table
from workbench.control import Control, Emit
from workbench.registry import registry
from workbench.requests import SummaryRequest
from workbench.specs import ImageInput

_OWN_KINDS = {IMAGE: "input", RESIZE: "resize", SCALE: "scale", "logits": "dense", OUTPUT: "activation"}


def summarise(request: SummaryRequest, emit: Emit, control: Control) -> LayerTable:
    """The layer table of any architecture. The dataset is opened to learn its classes, not read.

    Raises:
        UserError: the dataset cannot be opened, or a builder cannot build its network; a list of layers that cannot be
            stacked is answered by its table with the problem in it.
    """
    experiment = request.experiment
    preprocessing = experiment.preprocessing
    input = ImageInput(preprocessing.height, preprocessing.width, preprocessing.channels)
    source = registry().datasets.get(experiment.dataset.name)
    target = source.open(experiment.dataset, emit).target
    control.check()
    output = registry().tasks.get(experiment.task.name).output(target)
    counted = layer_table(experiment, input, output)
    if counted is not None:
        return counted
    return keras_table(assemble(experiment, input, target).model)


def keras_table(model: Any) -> LayerTable:
    """The layer table of a Keras model as Keras itself counts it."""
    rows = tuple(_row(layer) for layer in model.layers if _is_shown(layer))
    return LayerTable(rows, model.count_params(), sum(math.prod(weight.shape) for weight in model.trainable_weights))


def _is_shown(layer: Any) -> bool:
    """Whether it is a layer somebody put there, not an operation that Keras wrapped into one (the rounding)."""
    from keras import Layer

    return isinstance(layer, Layer)


def _row(layer: Any) -> LayerRow:
    weights = layer.weights
    shape = tuple(layer.output.shape[1:])
    formula = " + ".join(f"{weight.name} {_times(weight.shape)}" for weight in weights)
    positions = math.prod(shape[:-1]) if None not in shape else 0
    return LayerRow(
        layer.name,
        _OWN_KINDS.get(layer.name, type(layer).__name__),
        shape,
        layer.count_params(),
        f"{formula} = {layer.count_params()}" if formula else "",
        multiply_adds=sum(positions * math.prod(weight.shape) for weight in weights if len(weight.shape) > 1),
    )


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
