"""*Copy as Keras code* for architectures that are written as functions: their own source, and the call."""

import inspect
from collections.abc import Callable
from typing import Any

_IMPORTS = ("    import keras\n\n", "    from keras import layers\n\n", "    from keras import ops\n\n")


def source_of(*functions: Callable[..., Any]) -> str:
    """The source of functions that use nothing but Python, `keras` and `layers`, in order, without their imports."""
    sources = []
    for function in functions:
        source = inspect.getsource(function)
        for line in _IMPORTS:
            source = source.replace(line, "")
        sources.append(source.strip())
    return "\n\n\n".join(sources)


def call_of(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """The call of a function on the tensor `x`, an argument a line."""
    lines = "\n".join(f"    {name}={value!r}," for name, value in arguments.items())
    return f"{function.__name__}(\n    x,\n{lines}\n)"
