"""The contract of an inspector: `(model, samples, params) -> figures`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.figures import Figure
from workbench.section import Section
from workbench.specs import ImageInput
from workbench.tasks.task import Answer


@dataclass(frozen=True)
class Question:
    """What is asked of an inspector.

    Attributes:
        inputs: what the model takes, (n, height, width, channels) at the network's input size: uint8, or floats where
            a foreign model expects scaled values.
        pictures: what to show for each: uint8, (rows, columns) or (rows, columns, 3), of any size, covering what the
            network sees.
        captions: one per picture.
        params: the inspector's own settings.
        choices: names of the outputs that can be explained; empty where none can.
        decode: outputs of the model -> what they say, an answer a row.
    """

    inputs: np.ndarray
    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    params: Section
    choices: tuple[str, ...]
    decode: Callable[[np.ndarray], list[Answer]]


@dataclass(frozen=True)
class Findings:
    """What an inspector found.

    Attributes:
        figures: in the order of a page.
        layer: the layer that was looked at, where one was.
        target: the choice that was explained (of the first picture), where one was.
    """

    figures: tuple[Figure, ...]
    layer: str = ""
    target: str = ""


class Inspector(ABC):
    """A method to look into a network."""

    name: str
    title: str
    help: str
    section: type[Section]
    inputs: tuple[str, ...] = (ImageInput.kind,)  # the kinds of input of the models it can look into
    explains_answers: bool = False  # whether it traces answers back through the network, which must give them then

    @abstractmethod
    def layers(self, model: Any) -> list[str]:
        """Names of the layers of a loaded Keras model that this method can look at, in order."""

    @abstractmethod
    def inspect(self, model: Any, question: Question) -> Findings:
        """Answer the question. `model` is the saved Keras model, preprocessing included.

        Raises:
            UserError: the layer or the target asked for does not exist or does not suit the method.
        """
