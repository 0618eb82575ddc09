"""One pass of a model over many samples, batch by batch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.data.prepared import InputsOf
from workbench.i18n import _
from workbench.inspection.loaded import OpenModel
from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.folding import folded
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import final_layer, find_layer
from workbench.inspection.network.tap import tapped
from workbench.inspection.network.taps import paced


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
    run = kept(opened.model, ("features", layer), lambda: _compiled(opened.model, layer))
    for part in paced(len(inputs), _("Asking the model"), emit, control):
        features, outputs = run(as_float(opened.inputs(inputs[part])))
        yield part, as_array(features), opened.loaded.answers(as_array(outputs))


def _compiled(model: Any, name: str) -> Any:
    from keras import ops

    layer = find_layer(model, name)

    def forward(inputs: Any) -> list[Any]:
        with tapped(model, layer) as tap, folded(model):
            result = model(inputs, training=False)
        seen = result if layer is final_layer(model) else tap.activation
        if len(seen.shape) > 2:
            seen = ops.mean(ops.cast(seen, "float32"), axis=tuple(range(1, len(seen.shape) - 1)))
        return [seen, result]

    return compiled(model, forward)
