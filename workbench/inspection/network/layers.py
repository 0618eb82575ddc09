"""The layers of a loaded model, by name, also those inside models that are used as a layer."""

from typing import Any

from workbench.architectures.table import LOGITS
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _


def named_layers(model: Any) -> dict[str, Any]:
    """Every layer with one output, in order; a layer within a nested model is called `model/layer`."""
    found: dict[str, Any] = {}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if hasattr(layer, "layers"):
            found.update({f"{layer.name}/{name}": inner for name, inner in named_layers(layer).items()})
        elif output_shape(layer) is not None:
            found[layer.name] = layer
    return found


def output_shape(layer: Any) -> tuple[int | None, ...] | None:
    """The shape of the layer's only output with the batch axis, or None where it has none or several."""
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):
        return None


def spatial_layers(model: Any) -> list[str]:
    """Names of the layers from the first convolution on whose output is a stack of maps."""
    layers = named_layers(model)
    kernels = [name for name, layer in layers.items() if is_convolution(layer)]
    if not kernels:
        return []
    names = list(layers)
    return [name for name in names[names.index(kernels[0]) :] if len(output_shape(layers[name])) == 4]


def layers_before_the_answer(model: Any) -> list[str]:
    """The same without the layer whose output is the model's: its maps are the answer, not what it comes from."""
    layers, last = named_layers(model), final_layer(model)
    return [name for name in spatial_layers(model) if layers[name] is not last]


def last_convolution(model: Any) -> str:
    """The deepest convolution, or an empty string; the output layer only where there is no other."""
    layers, last = named_layers(model), final_layer(model)
    names = [name for name, layer in layers.items() if is_convolution(layer)]
    # The maps of the output layer are the answer, not what it comes from.
    return ([name for name in names if name != LOGITS and layers[name] is not last] or names or [""])[-1]


def is_convolution(layer: Any) -> bool:
    """Whether the layer is a convolution over two axes, of any kind, whose maps have the channels last."""
    shape = output_shape(layer)
    return "Conv" in type(layer).__name__ and shape is not None and len(shape) == 4 and not _channels_first(layer)


def check_channels_last(model: Any) -> None:
    """Raise `UserError` where layers keep the channels of their maps first: rows would be taken for them."""
    names = [name for name, layer in named_layers(model).items() if _channels_first(layer)]
    if names:
        raise UserError(
            _(
                "The layer {name!r} keeps the channels of its maps first (data_format is channels_first), and maps are "
                "looked at with the channels last. Build the model anew with channels_last and give it these weights, "
                "or take a method that looks at whole pictures, as Occlusion."
            ).format(name=names[0])
        )


def _channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def find_layer(model: Any, name: str) -> Any:
    """The layer of that name.

    Raises:
        UserError: there is none; the message lists what there is. Or it has maps with the channels first.
    """
    layers = named_layers(model)
    if name in layers:
        if len(output_shape(layers[name])) == 4:
            check_channels_last(model)
        return layers[name]
    hint = did_you_mean(name, layers)
    shown = list(layers)
    listed = ", ".join(shown if len(shown) <= 40 else [*shown[:20], "...", *shown[-20:]])
    raise UserError(
        _("The model has no layer called {name!r}.{hint} Its layers are: {layers}.").format(
            name=name, hint=f" {hint}" if hint else "", layers=listed
        )
    )


def final_layer(model: Any) -> Any:
    """The layer whose output is the model's."""
    outputs = getattr(model, "outputs", None) or []
    history = getattr(outputs[0], "_keras_history", None) if len(outputs) == 1 else None
    last = model.layers[-1] if history is None else history.operation
    return final_layer(last) if hasattr(last, "layers") else last


def entry_operation(model: Any) -> Any:
    """The last operation of the resizing to whole grey levels that our own models begin with, or None.

    What comes behind it takes a picture of the network's size, with values that need not be whole.
    """
    functional = functional_of(model)
    inputs = getattr(functional, "inputs", None) or []
    operations = getattr(functional, "operations", [])
    found, tensor = None, inputs[0] if len(inputs) == 1 else None
    for wanted in ("Resizing", "Round", "Cropping2D"):
        takers = [each for each in operations if any(tensor is taken for taken in taken(each))]
        if len(takers) != 1 or type(takers[0]).__name__ != wanted:
            break
        tensor = takers[0].output
        found = takers[0] if wanted != "Resizing" else None
    return found


def functional_of(model: Any) -> Any:
    """The graph of a model: a Sequential model wraps one."""
    return getattr(model, "_functional", None) or model


def taken(operation: Any) -> list[Any]:
    """The tensors that an operation of a graph takes, wherever it is called."""
    nodes = getattr(operation, "_inbound_nodes", [])
    return [tensor for node in nodes for tensor in node.input_tensors]
