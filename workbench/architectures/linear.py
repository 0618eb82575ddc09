"""`linear` and `logistic`: the output layer alone, on the inputs as they are.

Both are the same network; what they are called follows from the output that the task puts behind it.
"""

from typing import Any, Literal

from workbench.architectures import layers
from workbench.architectures.architecture import Architecture
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ClassTarget, ImageInput, TableInput, ValuesTarget


class LinearSection(ArchitectureSection):
    """`linear` has no settings."""

    name: Literal["linear"] = setting("linear", title=mark("Architecture"), widget="hidden")


class LogisticSection(ArchitectureSection):
    """`logistic` has no settings."""

    name: Literal["logistic"] = setting("logistic", title=mark("Architecture"), widget="hidden")


class Linear(Architecture):
    """A weight per input and a bias."""

    name = "linear"
    title = mark("Linear regression")
    help = mark(
        "A weight per input and a bias, for predicting numbers. It draws a line, a plane; whatever bends escapes it."
    )
    section = LinearSection
    inputs = (TableInput.kind, ImageInput.kind)
    targets: tuple[str, ...] = (ValuesTarget.kind,)

    def layers(self, section: ArchitectureSection) -> list[layers.Layer]:
        """No hidden layer; flattening leaves the row of a table as it is and makes a picture one."""
        return [layers.Flatten()]

    def default_training(self) -> dict[str, Any]:
        """Large steps: with scaled inputs the loss is a round bowl."""
        return {"epochs": 50, "optimizer": {"name": "adam", "learning_rate": 0.02}}


class Logistic(Linear):
    """A weight per input and a bias, read as a probability."""

    name = "logistic"
    title = mark("Logistic regression")
    help = mark(
        "A weight per input and a bias, read as a probability, for telling classes apart. Its boundary is a straight "
        "line or plane: XOR cannot be learned with it."
    )
    section = LogisticSection
    targets = (ClassTarget.kind,)


def register(registry: Any) -> None:
    """Add them to the architectures."""
    registry.architectures.add(Linear())
    registry.architectures.add(Logistic())
