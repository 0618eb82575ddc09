"""*Copy as Keras code* for architectures that are written as functions: their own source, and the call."""

import inspect
import re
from collections.abc import Callable
from typing import Any

_IMPORTS = re.compile(r"^    (import keras|from keras import (layers|ops))\n\n?", re.MULTILINE)


def source_of(*functions: Callable[..., Any]) -> str:
    """The source of functions that use nothing but Python, `keras` and `layers`, in order, without their imports."""
    return "\n\n\n".join(_IMPORTS.sub("", inspect.getsource(function)).strip() for function in functions)


def call_of(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """The call of a function on the tensor `x`, an argument a line."""
    lines = "\n".join(f"    {name}={value!r}," for name, value in arguments.items())
    return f"{function.__name__}(\n    x,\n{lines}\n)"
