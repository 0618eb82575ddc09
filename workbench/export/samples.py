"""What an exported model and its original are both asked about."""

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
        source: the split they are of, or `random`.
    """

    inputs: np.ndarray
    source: str


def take_samples(opened: OpenModel, emit: Emit, control: Control) -> Samples:
    """Samples of the run's test split, spread over it; drawn at random where its data are gone or never were.

    A run without a test split gives validation or training samples.
    """
    prepared, source = None, RANDOM
    if opened.run is not None:
        try:
            data = open_data(opened.run.experiment(), emit, control)
        except UserError:  # moved or deleted: the model can be exported all the same
            data = None
        split = next((name for name in _SPLITS if len(data.splits[name])), None) if data is not None else None
        if split is not None and data.input.shape == opened.loaded.input.shape:
            indices = data.splits[split]
            spread = np.unique(np.linspace(0, len(indices) - 1, min(COUNT, len(indices))).astype(np.int64))
            prepared, source = np.asarray(data.inputs[indices[spread]]), split
    if prepared is None:
        prepared = opened.loaded.input.drawn(COUNT, np.random.default_rng(0))
    control.check()
    return Samples(np.ascontiguousarray(opened.inputs(prepared), np.float32), source)
