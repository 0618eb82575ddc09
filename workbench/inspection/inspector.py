"""The contract of an inspector: `(model, samples, params) -> figures`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.figures import Figure
from workbench.section import Section


@dataclass(frozen=True)
class Question:
    """What is asked of an inspector.

    Attributes:
        images: uint8 at the network's input size, (n, height, width, channels).
        captions: one per image.
        params: the inspector's own settings.
        choices: names of the outputs that can be explained.
    """

    images: np.ndarray
    captions: tuple[str, ...]
    params: Section
    choices: tuple[str, ...]


class Inspector(ABC):
    """A method to look into a network."""

    name: str
    title: str
    help: str
    section: type[Section]

    @abstractmethod
    def layers(self, model: Any) -> list[str]:
        """Names of the layers of a loaded Keras model that this method can look at, in order."""

    @abstractmethod
    def figures(self, model: Any, question: Question) -> list[Figure]:
        """The figures that answer the question. `model` is the saved Keras model, preprocessing included."""
