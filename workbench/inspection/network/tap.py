"""Looking on while a Keras model is traced: a layer's output, the score before the final activation, the way in.

Works through the instances' own `call` and `activation`, so that nested models, shared layers and branches around a
layer need no surgery on the graph. Nothing of it stays: once traced, the model is as it was.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from workbench.inspection.network.layers import entry_operation, final_layer


class Tap:
    """What is caught while a model is traced.

    Attributes:
        activation: the output of the tapped layer.
        score: what the final activation gets (the logits), or the output itself where there is no such activation.
    """

    activation: Any = None
    score: Any = None


@contextmanager
def tapped(model: Any, layer: Any = None) -> Iterator[Tap]:
    """Catch the output of a layer and the score, within one trace."""
    tap = Tap()
    last = final_layer(model)
    layer_call, last_call = getattr(layer, "call", None), last.call
    activation = getattr(last, "activation", None)
    own_activation = callable(activation) and type(last).__name__ != "Activation"

    def call_layer(*args: Any, **kwargs: Any) -> Any:
        tap.activation = layer_call(*args, **kwargs)
        return tap.activation

    def call_last(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        # An activation that stands as a layer of its own: what enters it is the score.
        if type(last).__name__ in ("Activation", "Softmax", "Sigmoid"):
            tap.score = inputs
            return last_call(inputs, *args, **kwargs)
        result = last_call(inputs, *args, **kwargs)
        if tap.score is None:
            tap.score = result
        return result

    def call_activation(inputs: Any) -> Any:
        tap.score = inputs
        return activation(inputs)

    try:
        vars(last)["call"] = call_last
        if own_activation:
            vars(last)["activation"] = call_activation
        if layer is not None and layer is not last:
            vars(layer)["call"] = call_layer
        yield tap
    finally:
        vars(last).pop("call", None)
        if layer is not None:
            vars(layer).pop("call", None)
        if own_activation:
            vars(last)["activation"] = activation


@contextmanager
def caught(layers: Mapping[str, Any], at: Callable[[Any, str], Any] = lambda value, name: value) -> Iterator[dict]:
    """Catch what layers give, within one trace, by name; of one that is called twice, the last output counts.

    Args:
        layers: by the names that they are caught under.
        at: gets each output with its name, and returns what takes its place.
    """
    found: dict[str, Any] = {}
    for name, layer in layers.items():
        vars(layer)["call"] = _catching(layer.call, name, at, found)
    try:
        yield found
    finally:
        for layer in layers.values():
            vars(layer).pop("call", None)


def _catching(
    call: Callable[..., Any], name: str, at: Callable[[Any, str], Any], found: dict[str, Any]
) -> Callable[..., Any]:
    def caught_call(*args: Any, **kwargs: Any) -> Any:
        found[name] = at(call(*args, **kwargs), name)
        return found[name]

    return caught_call


@contextmanager
def entered(model: Any, at_entry: Callable[[Any], Any], pictures: Any) -> Iterator[Any]:
    """Let pictures come in behind the model's own resizing; yields what to call the model with.

    Our own models resize to whole grey levels, which lets no gradient through and would round what a method changes in
    a picture. Pictures that have the network's size already come in behind that, as they are.

    Args:
        model: a Keras model.
        at_entry: gets what comes in, once, and returns what takes its place.
        pictures: tensor (n, height, width, channels).
    """
    entry = entry_operation(model)
    fits = entry is not None and tuple(pictures.shape[1:]) == tuple(entry.output.shape[1:])
    given = at_entry(pictures) if entry is None or fits else pictures
    if entry is None:
        yield given
        return
    call = entry.call

    def call_entry(*args: Any, **kwargs: Any) -> Any:
        return given if fits else at_entry(call(*args, **kwargs))

    try:
        vars(entry)["call"] = call_entry
        yield given
    finally:
        vars(entry).pop("call", None)
