"""Keras layers as the calls that make them, for *Copy as Keras code*."""

import inspect
from typing import Any

FLOAT32 = ', dtype="float32"'
"""What a layer is told that must not compute in the reduced precision of the others."""

_FRACTIONS = {1 / 255: "1 / 255", 1 / 127.5: "1 / 127.5"}


def layer_code(layer: Any, more: str = "") -> str:
    """A layer of `keras.layers` as the call that makes it, without what equals Keras' defaults.

    Args:
        layer: an instance.
        more: further arguments, with a comma before each.
    """
    config = layer.get_config()
    options: dict[str, Any] = {}
    arguments: list[Any] = []
    for name, parameter in inspect.signature(type(layer).__init__).parameters.items():
        if name in ("self", "name", "dtype", "data_format") or name not in config:
            continue
        if parameter.default is parameter.empty and not options:
            arguments.append(config[name])
        elif config[name] != parameter.default:
            options[name] = config[name]
    options["name"] = layer.name
    return call_code(type(layer).__name__, tuple(arguments), options)[:-1] + more + ")"


def call_code(layer: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
    """The call that makes a layer of that class."""
    parts = [_literal(value) for value in arguments]
    parts += [f"{name}={_literal(value)}" for name, value in options.items()]
    return f"layers.{layer}({', '.join(parts)})"


def _literal(value: Any) -> str:
    if isinstance(value, float) and value in _FRACTIONS:
        return _FRACTIONS[value]
    return f'"{value}"' if isinstance(value, str) else repr(value)
