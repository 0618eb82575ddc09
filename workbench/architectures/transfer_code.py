"""*Copy as Keras code* of a transfer: the base as one layer, frozen up to the boundary, and the head behind it."""

import json
from pathlib import Path
from typing import Any

from workbench.architectures.applications import IMAGENET, NO_WEIGHTS, keras_class, scaling_of, takes_blue_first
from workbench.architectures.base_network import ALL, HEAD, Base, rename_what_collides
from workbench.data.layer_code import FLOAT32, call_code, layer_code

POOLINGS = {
    "global_average": "GlobalAveragePooling2D",
    "global_max": "GlobalMaxPooling2D",
    "flatten": "Flatten",
}

LET_LEARN = "let_learn(base)"  # what a training in phases begins its second one with

_LET_LEARN = '''\
def let_learn(base):
    """Let the base learn from a layer on; what is frozen before it normalises as in a prediction, too."""
    base.trainable = True
    for layer in base.layers:
        if layer.name == {boundary}:
            break
        layer.trainable = False


'''
_LET_ALL_LEARN = '''\
def let_learn(base):
    """Let all layers of the base learn."""
    base.trainable = True


'''


def application_code(section: Any, pooled: bool) -> tuple[str, str]:
    """See `Architecture.code`, where the base is a network of Keras.

    Args:
        section: settings of `transfer`.
        pooled: whether the features of the base are maps.
    """
    name, weights = keras_class(section.application), section.weights
    given = "None" if weights == NO_WEIGHTS else _quoted(weights if weights == IMAGENET else _absolute(weights))
    arguments = f"include_top=False, weights={given}, input_shape=x.shape[1:]"
    if section.last_layer:
        base = [
            f"whole = keras.applications.{name}({arguments})",
            f'base = keras.Model(whole.input, whole.get_layer({_quoted(section.last_layer)}).output, name="base")',
        ]
    else:
        base = [f'base = keras.applications.{name}({arguments}, name="base")']
    blue_first = ["x = keras.ops.flip(x, axis=-1)  # blue, green, red, as its weights expect them"]
    flipped = blue_first if takes_blue_first(section.application) else []
    scaled = [*flipped, *_scaled(scaling_of(section.application))]
    return _code(section, f"{name} of Keras", base, section.boundary, scaled, pooled)


def file_code(section: Any, base: Base, scaling: list[Any]) -> tuple[str, str]:
    """See `Architecture.code`, where the base is a run or a file; `scaling` are the layers before it."""
    start = f"saved.get_layer({_quoted(base.start)}).output" if base.start else "saved.inputs[0]"
    lines = [
        f"saved = keras.saving.load_model({_quoted(base.path)}, compile=False)",
        f"# Without {'what resizes its pictures, and without ' if base.start else ''}its output.",
        f"whole = keras.Model({start}, saved.get_layer({_quoted(base.end[0])}).{base.end[1]})",
        "# The very same layers, for pictures of this size.",
        "pixels = keras.Input(x.shape[1:])",
        "base = keras.models.clone_model(whole, input_tensors=pixels, clone_function=lambda layer: layer)",
        'base.name = "base"',
    ]
    about = "an earlier run" if section.base == "run" else "a saved model"
    pooled = len(base.network.output.shape) == 4
    return _code(section, about, lines, _own_name(base, section.boundary), _scaled(scaling), pooled)


def _own_name(base: Base, name: str) -> str:
    """The name in the base itself of a layer that is called so in a network with that base."""
    names = [layer.name for layer in base.network.layers]
    rename_what_collides(base.network)
    return dict(zip([layer.name for layer in base.network.layers], names, strict=True)).get(name, name)


def _code(section: Any, about: str, base: list[str], boundary: str, scaled: list[str], pooled: bool) -> tuple[str, str]:
    before = _LET_ALL_LEARN if boundary == ALL else _LET_LEARN.format(boundary=_quoted(boundary)) if boundary else ""
    lines = [
        *base,
        LET_LEARN if boundary else "base.trainable = False",
        *scaled,
        "x = base(x)",
        *(f"x = {call}(x)" for call in _head_calls(section, pooled)),
        "return x",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    head = f'def transfer(x):\n    """A new head on {about}, as a base that was trained before."""'
    return f"{before}{head}\n{body}\n", "transfer(x)"


def _scaled(scaling: list[Any]) -> list[str]:
    return [f"x = {layer_code(layer, FLOAT32)}(x)" for layer in scaling]


def _head_calls(section: Any, pooled: bool) -> list[str]:
    calls = [call_code(POOLINGS[section.pooling], (), {"name": f"{HEAD}pooling"})] if pooled else []
    for number, units in enumerate(section.dense, start=1):
        options = {"activation": section.activation, "name": f"{HEAD}dense_{number}"}
        calls.append(call_code("Dense", (units,), options))
    if section.dropout:
        calls.append(call_code("Dropout", (section.dropout,), {"name": f"{HEAD}dropout"}))
    return calls


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
