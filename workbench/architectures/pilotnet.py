"""PilotNet (Bojarski et al., End to End Learning for Self-Driving Cars, 2016, arXiv:1604.07316).

As it is usually built since: ELU in place of ReLU, and a dropout between the maps and the dense layers. The paper's
normalisation is the preprocessing's (scaling to -1...1), its picture of 66 × 200 the dataset's suggestion, and the last
layer of one unit the task's.
"""

from typing import Any, Literal

from workbench.architectures import layers
from workbench.architectures.architecture import Architecture
from workbench.architectures.convolutional import Counts, activation_setting, dense_setting, dropout_setting
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ValuesTarget


class PilotnetSection(ArchitectureSection):
    """Settings of `pilotnet`; the defaults are the paper's numbers."""

    name: Literal["pilotnet"] = setting("pilotnet", title=mark("Architecture"), widget="hidden")
    filters: Counts = setting(
        (24, 36, 48), title=mark("Filters 5 × 5"), min_length=1, max_length=6, widget="numbers",
        help=mark("The filters of each convolution 5 × 5 with a stride of 2, separated by commas."),
    )  # fmt: skip
    small_filters: Counts = setting(
        (64, 64), title=mark("Filters 3 × 3"), max_length=6, widget="numbers",
        help=mark("The filters of each convolution 3 × 3 after those, separated by commas; empty for none."),
    )  # fmt: skip
    activation: layers.Activation = activation_setting("elu")
    dropout: float = dropout_setting(0.5, mark("Share of the values set to 0 between the maps and the dense layers."))
    dense: Counts = dense_setting((100, 50, 10))


class Pilotnet(Architecture):
    """Five convolutions without padding, dropout, three dense layers."""

    name = "pilotnet"
    title = mark("PilotNet")
    help = mark("Steers a car by a camera: five convolutions and three dense layers for pictures of 66 × 200.")
    section = PilotnetSection
    targets = (ValuesTarget.kind,)

    def layers(self, section: PilotnetSection) -> list[layers.Layer]:
        """See `Architecture.layers`."""
        stack: list[layers.Layer] = [
            layers.Convolution(filters=filters, kernel_size=5, stride=2, activation=section.activation)
            for filters in section.filters
        ]
        stack += [
            layers.Convolution(filters=filters, activation=section.activation) for filters in section.small_filters
        ]
        if section.dropout:
            stack.append(layers.Dropout(rate=section.dropout))
        stack.append(layers.Flatten())
        stack += [layers.Dense(units=units, activation=section.activation) for units in section.dense]
        return stack

    def default_training(self) -> dict[str, Any]:
        """What is customary for it: small steps, and the epoch with the smallest validation loss is kept."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 0.0001}, "batch_size": 32, "epochs": 30,
            "monitor": "val_loss",
        }  # fmt: skip


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(Pilotnet())
