"""The contract of an architecture: from settings either a list of layer specs or a Keras network."""

from dataclasses import dataclass
from typing import Any

from workbench.control import Control, Emit
from workbench.experiment import ArchitectureSection
from workbench.specs import ImageInput, InputSpec


@dataclass(frozen=True)
class Card:
    """What is worth knowing of a published network.

    Attributes:
        idea: in two sentences, marked for translation.
        paper: its title; `authors` ("He, Zhang, Ren, Sun"), `year` and `url` of it.
        size: side of the square pictures the published count holds for, with 1,000 classes.
        parameters: published, or counted by Keras' own version, at that size.
        multiply_adds: for one such picture: a multiplication with its addition counts as one, those of convolutions,
            dense layers and attention count, nothing else (no normalisation, activation, pooling). Counted as the
            layer table does; papers round it ("3.8 billion FLOPs" of ResNet-50), and some count both operations.
    """

    idea: str
    paper: str
    authors: str
    year: int
    url: str
    size: int
    parameters: int
    multiply_adds: int


class Architecture:
    """A named shape of network. A subclass implements `layers` (preferred) or `build`."""

    name: str
    title: str
    help: str
    section: type[ArchitectureSection]
    inputs: tuple[str, ...] = (ImageInput.kind,)  # the kinds of input it is made for
    card: Card | None = None
    family: str = ""  # of published networks, the heading they stand under in a list; those of our own have none
    own_scaling: bool = False  # whether it takes prepared samples as they are, and scales them by itself
    targets: tuple[str, ...] = ()  # the kinds of target it is made for; empty for all that suit its shape

    def layers(self, section: ArchitectureSection) -> list[Any] | None:
        """The hidden layers as `workbench.architectures.layers` specs, without the output layer; None for a builder."""
        return None

    def default_training(self) -> dict[str, Any]:
        """Settings of `[training]` that suit it, used when an experiment is made anew."""
        return {}

    def build(self, section: ArchitectureSection, inputs: Any, spec: InputSpec) -> Any:
        """Builders only: apply the network to a Keras tensor (batch, height, width, channels) and return features.

        The output layer is added by whoever calls.
        """
        raise NotImplementedError

    def recall(self, section: ArchitectureSection, model: Any, spec: InputSpec, emit: Emit, control: Control) -> None:
        """Put into a network that was just built what it knows from elsewhere, before a new training begins.

        For what is not needed to look at a network, and may take long, such as a download. Raises `UserError`.
        """

    def code(self, section: ArchitectureSection) -> tuple[str, str] | None:
        """Builders only, for *Copy as Keras code*: the source of a function, and its call on the tensor `x`.

        The source uses nothing but Python, `keras` and `layers` (`keras.layers`). None where there is no such source.
        """
        return None
