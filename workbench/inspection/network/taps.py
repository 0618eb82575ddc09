"""What several layers give, out of one compiled call of a model; and steps short enough to be stopped between them."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from workbench.control import Control, Emit
from workbench.events import Progress
from workbench.inspection.network.backends import as_float, compiled
from workbench.inspection.network.folding import folded
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import find_layer
from workbench.inspection.network.tap import caught

_STEP_SECONDS = 0.1


def activations_of(model: Any, layers: Iterable[str]) -> Callable[[np.ndarray], list[np.ndarray]]:
    """A compiled function of pictures -> the outputs of the layers, in their order."""
    names = tuple(layers)
    return look_at(model, names, lambda found: [found[name] for name in names], "activations_of")


def look_at(
    model: Any, layers: Iterable[str], look: Callable[[dict[str, Any]], list[Any]], name: str
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """A compiled function of pictures -> what `look` makes, within the graph, of the outputs of the layers.

    Args:
        model: a Keras model; layers of models within it are looked at as well.
        layers: their names, as of `named_layers`.
        look: takes the output of each layer by its name and gives a list of tensors, in `keras.ops`.
        name: tells what is kept apart.
    """
    names = tuple(layers)
    return kept(model, (name, "\n".join(names)), lambda: _look(model, names, look))


def _look(model: Any, names: tuple[str, ...], look: Callable[[dict[str, Any]], list[Any]]) -> Any:
    import keras

    tapped = {name: find_layer(model, name) for name in names}

    def forward(pictures: Any) -> list[Any]:
        with caught(tapped) as found, folded(model):
            model(pictures, training=False)
        return look(found)

    run = compiled(model, forward)
    return lambda pictures: [np.asarray(keras.ops.convert_to_numpy(value)) for value in run(as_float(pictures))]


class Pace:
    """How many samples at once keep a step near a tenth of a second, so that a stop is answered between two.

    Args:
        most: never more at once.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._known: set[int] = set()
        self.size = 1

    def slices(self, count: int) -> Iterator[slice]:
        """Slices that cover so many samples; each is timed until the next is asked for."""
        start = 0
        while start < count:
            size = min(self.size, count - start)
            before = time.perf_counter()
            yield slice(start, start + size)
            self._took(size, time.perf_counter() - before)
            start += size

    def _took(self, size: int, seconds: float) -> None:
        first, full = size not in self._known, size == self.size
        self._known.add(size)
        if first and seconds > _STEP_SECONDS:
            return  # it was traced, or compiled for this size
        if seconds > 1.5 * _STEP_SECONDS:
            self.size = max(1, size // 2)
        elif full and seconds < _STEP_SECONDS / 2:
            self.size = min(2 * size, self._most)


def paced(count: int, what: str, emit: Emit, control: Control, most: int = 256) -> Iterator[slice]:
    """Slices that cover so many samples, as `Pace` has them; says how far it is, and raises `Stopped` between two."""
    for part in Pace(most).slices(count):
        control.check()
        yield part
        emit(Progress(what, part.stop, count))
