"""scikit-learn's handwritten digits: 1,797 grey pictures of 8 x 8, the data the workbench starts with."""

import functools
import gzip
import importlib.util
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.experiment import DatasetSection
from workbench.i18n import mark
from workbench.registry import Registry
from workbench.specs import ClassTarget


class DigitsSection(DatasetSection):
    """Nothing to set."""

    name: Literal["digits"] = "digits"


@functools.cache
def _read() -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 8, 8, 1) as uint8 0-255 and labels; importing scikit-learn alone would take a second."""
    spec = importlib.util.find_spec("sklearn")
    path = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",")
    grey = np.round(table[:, :-1] * (255 / 16)).astype(np.uint8)
    return grey.reshape(-1, 8, 8, 1), table[:, -1].astype(np.int64)


class DigitsSource(DatasetSource):
    """The embedded default."""

    name = "digits"
    title = mark("Digits")
    help = mark("1,797 handwritten digits of 8 x 8 pixels, from scikit-learn. Nothing to download.")
    section = DigitsSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """28 x 28, as MNIST has it."""
        return {"height": 28, "width": 28, "channels": 1, "resize": "stretch", "scaling": "unit"}

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Always there."""
        images, labels = _read()
        return Samples(
            names=tuple(str(index) for index in range(len(images))),
            targets=labels,
            target=ClassTarget(tuple(str(digit) for digit in range(10))),
            ready_split=np.full(len(images), NO_SPLIT, np.int8),
            read=lambda index, channels: np.repeat(images[index], channels, axis=2),
            fingerprint="digits 1",
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By scikit-learn."""
        return '''\
def read_dataset(channels=1):
    """The digits of scikit-learn as uint8 0-255, their labels and the names of the classes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype("uint8")[..., np.newaxis]
    images = np.repeat(images, channels, axis=-1)
    return images, digits.target, [str(digit) for digit in range(10)]
'''


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(DigitsSource())
