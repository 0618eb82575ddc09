"""One pass of a model over many samples, batch by batch; and what was made of it, kept with the model."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from workbench.control import Control, Emit
from workbench.data.prepared import InputsOf
from workbench.i18n import _
from workbench.inspection.loaded import OpenModel
from workbench.inspection.network import gradients
from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.layers import final_layer, find_layer
from workbench.inspection.network.tap import tapped
from workbench.inspection.network.taps import paced

Made = TypeVar("Made")


def seen_and_answered(
    opened: OpenModel, inputs: InputsOf, layer: str, emit: Emit, control: Control
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """What a layer makes of samples, and what the whole model answers to them.

    Args:
        opened: the model.
        inputs: the prepared samples.
        layer: its name.
        emit: is told how far it is.
        control: is asked before every batch.

    Yields:
        Which samples, the features of the layer, (n, d) float32 (of maps the mean over their places), and the answers,
        (n, ...) float32.

    Raises:
        UserError: there is no such layer.
        Stopped: it was asked to stop.
    """
    run = gradients.kept(opened.model, ("features", layer), lambda: _compiled(opened.model, layer))
    for part in paced(len(inputs), _("Asking the model"), emit, control):
        features, outputs = run(as_float(opened.inputs(inputs[part])))
        yield part, as_array(features), opened.loaded.answers(as_array(outputs))


def kept_with(model: Any, what: str, key: tuple, most: int, make: Callable[[], Made]) -> Made:
    """What was made for a key before, or is made now: another setting of a method asks for the same soon.

    Args:
        model: what it is of, and goes with.
        what: the kind of things that are counted together.
        key: tells one from another.
        most: how many are kept, the ones asked for last.
        make: makes it.
    """
    known = vars(model).setdefault(f"_workbench_{what}", {})  # past Keras' tracking of attributes
    found = known.pop(key, None)
    known[key] = make() if found is None else found
    while len(known) > most:
        known.pop(next(iter(known)))
    return known[key]


def _compiled(model: Any, name: str) -> Any:
    from keras import ops

    layer = find_layer(model, name)

    def forward(inputs: Any) -> list[Any]:
        with tapped(model, layer) as tap:
            result = model(inputs, training=False)
        seen = result if layer is final_layer(model) else tap.activation
        if len(seen.shape) > 2:
            seen = ops.mean(ops.cast(seen, "float32"), axis=tuple(range(1, len(seen.shape) - 1)))
        return [seen, result]

    return compiled(model, forward)
