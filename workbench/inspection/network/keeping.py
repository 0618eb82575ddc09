"""What is made once for a model and goes with it: compiled functions, answers, features."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_MOST = 16  # compiled functions

Made = TypeVar("Made")


def kept(model: Any, key: Hashable, make: Callable[[], Made], *, kind: str = "compiled", most: int = _MOST) -> Made:
    """What was made for a key before, or is made now.

    Args:
        model: what it is of, and goes with.
        key: tells one from another.
        make: makes it.
        kind: of things that are counted together.
        most: how many of a kind are kept, the ones asked for last.
    """
    known = vars(model).setdefault(f"_workbench_{kind}", {})  # past Keras' tracking of attributes
    found = known.pop(key, None)
    if found is None:
        found = make()
    known[key] = found
    while len(known) > most:
        known.pop(next(iter(known)))
    return found
