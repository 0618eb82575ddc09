"""`fit`: batches, an optimizer, epochs."""

from typing import Any, Literal

from workbench.experiment import TrainerSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.training.trainer import Trainer


class FitSection(TrainerSection):
    """Everything `fit` needs stands in `[training]`."""

    name: Literal["fit"] = setting("fit", title=mark("Trainer"), widget="hidden")


class Fit(Trainer):
    """The default."""

    name = "fit"
    title = mark("Batches and an optimizer")
    help = mark("Small steps after every batch, as Keras' fit does.")
    section = FitSection


def register(registry: Any) -> None:
    """Add it to the trainers."""
    registry.trainers.add(Fit())
