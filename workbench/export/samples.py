"""What an exported model and its original are both asked about."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.inspection.loaded import OpenModel, open_data

COUNT = 64
RANDOM = "random"
_SPLITS = ("test", "validation", "train")


@dataclass(frozen=True)
class Samples:
    """Some samples.

    Attributes:
        inputs: float32, (n, ...), as the model takes prepared samples.
        source: the splits they are of, or `random`.
    """

    inputs: np.ndarray
    source: str


def take_samples(opened: OpenModel, emit: Emit, control: Control) -> Samples:
    """Samples of the run's test split, spread over it; drawn at random where its data are gone or never were.

    What a small test split lacks of them comes from the validation split, then from the training split.
    """
    data = None
    if opened.run is not None:
        with contextlib.suppress(UserError):  # moved or deleted: the model can be exported all the same
            data = open_data(opened.run.experiment(), emit, control)
    if data is not None and data.input.shape == opened.loaded.input.shape:
        indices, source = _spread(data.splits)
        prepared = np.asarray(data.inputs[indices])
    else:
        prepared, source = opened.loaded.input.drawn(COUNT, np.random.default_rng(0)), RANDOM
    control.check()
    return Samples(np.ascontiguousarray(opened.inputs(prepared), np.float32), source)


def _spread(splits: Mapping[str, np.ndarray]) -> tuple[np.ndarray, str]:
    """Places of samples, as many as are asked about if there are so many, and the splits they are of."""
    taken: dict[str, np.ndarray] = {}
    for name in _SPLITS:
        places, missing = splits[name], COUNT - sum(map(len, taken.values()))
        if missing and len(places):
            spread = np.linspace(0, len(places) - 1, min(missing, len(places)))
            taken[name] = places[np.unique(spread.astype(np.int64))]
    return np.concatenate(list(taken.values())), ", ".join(taken)
