"""*Copy as Keras code* of a transfer: the base as one layer, frozen up to the boundary, and the head behind it."""

import json
from pathlib import Path
from typing import Any

from workbench.architectures.base_network import ALL, HEAD, Base
from workbench.data.layer_code import FLOAT32, call_code, layer_code

POOLINGS = {
    "global_average": "GlobalAveragePooling2D",
    "global_max": "GlobalMaxPooling2D",
    "flatten": "Flatten",
}

_LEARN_FROM = '''\
def learn_from(base, boundary):
    """Let the layers of the base from this one on learn, and no other. Frozen ones normalise as in a prediction."""
    base.trainable = True
    for layer in base.layers:
        if layer.name == boundary:
            break
        layer.trainable = False


'''


def learning_code(boundary: str) -> str:
    """The line that lets `base` learn from a layer on, by the name it has in the base itself."""
    if boundary in ("", ALL):
        return f"base.trainable = {boundary == ALL}"
    return f"learn_from(base, {quoted(boundary)})"


def transfer_code(
    section: Any, about: str, base: list[str], blue_first: bool, scaling: list[Any], pooled: bool, boundary: str
) -> tuple[str, str]:
    """See `Architecture.code`.

    Args:
        section: settings of `transfer`.
        about: what the base is, in English.
        base: lines that make `base`, of the pictures `x`.
        blue_first: whether it takes blue, green, red.
        scaling: layers for its pixels.
        pooled: whether its features are maps.
        boundary: by the name the layer has in `base`.
    """
    lines = [
        *base,
        learning_code(boundary),
        *(["x = keras.ops.flip(x, axis=-1)  # blue, green, red, as its weights expect them"] if blue_first else []),
        *(f"x = {layer_code(layer, FLOAT32)}(x)" for layer in scaling),
        "x = base(x)",
        *(f"x = {call}(x)" for call in _head_calls(section, pooled)),
        "return x",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    before = _LEARN_FROM if boundary not in ("", ALL) else ""
    return f'{before}def transfer(x):\n    """A new head on {about}, which was trained before."""\n{body}\n', "transfer(x)"


def application_code(name: str, weights: str, last_layer: str) -> list[str]:
    """Lines that make `base` of a network of `keras.applications`; `weights` are "imagenet", "none" or a path."""
    given = "None" if weights == "none" else quoted(weights)
    arguments = f"include_top=False, weights={given}, input_shape=x.shape[1:]"
    if not last_layer:
        return [f'base = keras.applications.{name}({arguments}, name="base")']
    return [
        f"whole = keras.applications.{name}({arguments})",
        f'base = keras.Model(whole.input, whole.get_layer({quoted(last_layer)}).output, name="base")',
    ]


def file_code(path: Path, base: Base) -> list[str]:
    """Lines that cut `base` out of the model in a file, as `base_network` does it."""
    about = "# Without what resizes its pictures, and without its output." if base.start else "# Without its output."
    start = f"saved.get_layer({quoted(base.start)}).output" if base.start else "saved.inputs[0]"
    return [
        f"saved = keras.saving.load_model({quoted(path)}, compile=False)",
        about,
        f"whole = keras.Model({start}, saved.get_layer({quoted(base.end[0])}).{base.end[1]})",
        "# The same layers, for pictures of this size.",
        "pixels = keras.Input(x.shape[1:])",
        'base = keras.Model(pixels, whole.call(pixels), name="base")',
    ]


def _head_calls(section: Any, pooled: bool) -> list[str]:
    calls = [call_code(POOLINGS[section.pooling], (), {"name": f"{HEAD}pooling"})] if pooled else []
    for number, units in enumerate(section.dense, start=1):
        options = {"activation": section.activation, "name": f"{HEAD}dense_{number}"}
        calls.append(call_code("Dense", (units,), options))
    if section.dropout:
        calls.append(call_code("Dropout", (section.dropout,), {"name": f"{HEAD}dropout"}))
    return calls


def quoted(text: Any) -> str:
    """Text as a literal in double quotes."""
    return json.dumps(str(text), ensure_ascii=False)
