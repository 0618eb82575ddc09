"""The layer table by Keras: what builders need, and what the plain Python table is held against."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workbench.architectures.assembly import assemble
from workbench.architectures.table import LOGITS, OUTPUT, UNSCALE, LayerRow, LayerTable, layer_table
from workbench.control import Control, Emit
from workbench.data.expected import expected_target
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.requests import SummaryRequest
from workbench.specs import InputSpec

_OWN_KINDS = {OUTPUT: "activation", UNSCALE: "unscale"}
_KERAS_KINDS = {(LOGITS, "Dense"): "dense", (LOGITS, "Conv2D"): "convolution"}


def summarise(request: SummaryRequest, emit: Emit, control: Control) -> LayerTable:
    """The layer table of any architecture.

    The dataset is opened to learn its classes, not read; one that is not here is not fetched for that.

    Raises:
        UserError: the dataset cannot be opened, or a builder cannot build its network; a list of layers that cannot be
            stacked is answered by its table with the problem in it.
    """
    experiment = request.experiment
    source = registry().datasets.get(experiment.dataset.name)
    kind = registry().inputs.get(source.input_kind)
    task = registry().tasks.get(experiment.task.name)
    input = kind.planned(experiment.preprocessing)
    if input is not None and not source.at_hand(experiment.dataset):
        target = expected_target(experiment).target
    else:
        samples = source.open(experiment.dataset, emit)
        input = input or samples.columns
        target = samples.target
        if samples.read_target is None:  # the fit decides on the layers behind the output
            target = task.fit(target, samples.targets, experiment.task)
    control.check()
    counted = layer_table(experiment, input, task.output(target))
    if counted is not None:
        return counted

    def table() -> LayerTable:
        return keras_table(assemble(experiment, input, target).model, front_kinds(input, experiment))

    return look_at(experiment, table)


def look_at(experiment: Experiment, count: Callable[[], Any]) -> Any:
    """What `count` returns, which builds the network of an experiment only to look at its layers."""
    # A published network is made of nothing but layers; others may read the weights of a file while they are built.
    published = registry().architectures.get(experiment.architecture.name).card is not None
    return without_weights(count) if published else count()


def without_weights(count: Callable[[], Any]) -> Any:
    """What `count` returns, with all layers it makes left without values: VGG16 then takes 0.1 s instead of 3.

    Keras keeps a list of weights it has yet to fill, one for every thread: it goes with the thread.
    """
    import keras

    def counted() -> Any:
        with keras.StatelessScope(initialize_variables=False):
            return count()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(counted).result()


def front_kinds(input: InputSpec, experiment: Experiment) -> dict[str, str]:
    """The kinds of the layers before the architecture's, by their names."""
    front = registry().inputs.get(input.kind).front(input, experiment.preprocessing)
    return {name: kind for name, kind, _shape in front}


def keras_table(model: Any, kinds: dict[str, str] | None = None) -> LayerTable:
    """The layer table of a Keras model as Keras itself counts it; `kinds` names those of layers that are ours."""
    rows = tuple(_row(layer, {**_OWN_KINDS, **(kinds or {})}) for layer in model.layers if _is_shown(layer))
    return LayerTable(rows, model.count_params(), sum(math.prod(weight.shape) for weight in model.trainable_weights))


def _is_shown(layer: Any) -> bool:
    """Whether it is a layer somebody put there, not an operation that Keras wrapped into one (the rounding)."""
    from keras import Layer

    return isinstance(layer, Layer)


def _row(layer: Any, kinds: dict[str, str]) -> LayerRow:
    weights = layer.weights
    # Layers of a base had their place in the network they come from: the last one is that in this network.
    shape = tuple(layer._inbound_nodes[-1].output_tensors[0].shape[1:])
    formula = " + ".join(f"{weight.name} {_times(weight.shape)}" for weight in weights)
    return LayerRow(
        layer.name,
        kinds.get(layer.name) or _KERAS_KINDS.get((layer.name, type(layer).__name__), type(layer).__name__),
        shape,
        layer.count_params(),
        f"{formula} = {layer.count_params()}" if formula else "",
        multiply_adds=_multiply_adds(layer, shape),
        frozen=bool(weights) and not layer.trainable,
    )


def _multiply_adds(layer: Any, shape: tuple[int | None, ...]) -> int:
    """Every weight of a kernel once at every place of the output; attention also multiplies all places by all."""
    from keras import layers

    if None in shape or isinstance(layer, layers.Embedding):  # rows of a table are looked up
        return 0
    places = math.prod(shape[:-1])
    kernels = [weight.shape for weight in layer.weights if len(weight.shape) > 1 and weight.name != "bias"]
    count = sum(places * math.prod(shape) for shape in kernels)
    if isinstance(layer, layers.MultiHeadAttention):
        count += 2 * places**2 * layer.num_heads * layer.key_dim
    return count


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
