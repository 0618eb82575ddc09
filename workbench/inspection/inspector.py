"""The contract of an inspector: `(model, samples, params) -> figures`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from workbench.control import Control, Emit
from workbench.data.prepared import InputsOf, PreparedData
from workbench.events import Event
from workbench.figures import Figure
from workbench.i18n import mark
from workbench.inspection.loaded import OpenModel
from workbench.section import Section
from workbench.specs import ImageInput
from workbench.tasks.task import Answer


def _silent(_event: Event) -> None:
    """For whoever does not watch."""


@dataclass(frozen=True)
class SplitSamples:
    """The samples of one split, for methods that look at many.

    Attributes:
        name: `train`, `validation` or `test`.
        data: what the split is of.
    """

    name: str
    data: PreparedData

    @property
    def indices(self) -> np.ndarray:
        """Where the samples stand in the data."""
        return self.data.splits[self.name]

    @property
    def inputs(self) -> InputsOf:
        """The prepared samples, read as they are asked for."""
        return InputsOf(self.data.inputs, self.indices)

    @property
    def targets(self) -> InputsOf:
        """What is true of them."""
        return InputsOf(self.data.targets, self.indices)


@dataclass(frozen=True)
class Question:
    """What is asked of an inspector.

    Attributes:
        opened: the model with its task, its run and how samples are prepared for it.
        inputs: what the model takes, (n, height, width, channels) at the network's input size: uint8, or floats where
            a foreign model expects scaled values.
        pictures: what to show for each: uint8, (rows, columns) or (rows, columns, 3), of any size, covering what the
            network sees.
        captions: one per picture.
        params: the inspector's own settings.
        choices: names of the outputs that can be explained; empty where none can.
        decode: outputs of the model -> what they say, an answer a row.
        split: the samples of the split, for a method that looks at all of them.
        emit: takes `Progress` events of what lasts.
        control: asked often (`control.check()`), so that a stop is answered within 200 ms.
    """

    opened: OpenModel
    inputs: np.ndarray
    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    params: Section
    choices: tuple[str, ...]
    decode: Callable[[np.ndarray], list[Answer]]
    split: SplitSamples | None = None
    emit: Emit = _silent
    control: Control = field(default_factory=Control)


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


FAMILIES = {
    "layers": mark("Layers"),
    "heatmaps": mark("Heatmaps"),
    "model": mark("Model"),
    "samples": mark("Samples of a split"),
}


class Inspector(ABC):
    """A method to look into a network.

    Attributes:
        subject: what it looks at: one `sample` (or picture), all of a `split`, or the `model` alone.
        family: under which heading the window lists it, one of `FAMILIES`.
        inputs: the kinds of input of the models it can look into.
        explains_answers: whether it traces answers back through the network, which must give them then.
        map_settings: its settings that have a meaning only where a model answers with a map.
        paper: where the method comes from ("Selvaraju et al. 2017, arXiv:1610.02391"); empty for what is common lore.
        quick: whether an answer takes about as long as a look at it. The window asks such a method by itself at every
            change, and any other when its user says so.
    """

    name: str
    title: str
    help: str
    section: type[Section]
    subject: Literal["sample", "split", "model"] = "sample"
    family: str = "layers"
    inputs: tuple[str, ...] = (ImageInput.kind,)
    explains_answers: bool = False
    map_settings: tuple[str, ...] = ()
    paper: str = ""
    quick: bool = True

    @abstractmethod
    def layers(self, model: Any) -> list[str]:
        """Names of the layers of a loaded Keras model that this method can look at, in order."""

    def choices(self, opened: OpenModel) -> tuple[str, ...]:
        """What the setting `target` can be: the classes or values of the model's answer."""
        return opened.choices

    @abstractmethod
    def inspect(self, model: Any, question: Question) -> Findings:
        """Answer the question. `model` is the saved Keras model, preprocessing included.

        Raises:
            UserError: the layer or the target asked for does not exist or does not suit the method.
        """
