"""A multi-layer perceptron: dense layers on the flattened picture."""

from typing import Literal

from workbench.architectures import layers
from workbench.architectures.architecture import Architecture
from workbench.architectures.convolutional import (
    Counts,
    Normalization,
    activation_setting,
    dense_setting,
    dropout_setting,
    normalization_setting,
    with_activation,
)
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ImageInput, TableInput


class MlpSection(ArchitectureSection):
    """Settings of `mlp`."""

    name: Literal["mlp"] = setting("mlp", title=mark("Architecture"), widget="hidden")
    dense: Counts = dense_setting((256, 128))
    activation: layers.Activation = activation_setting("relu")
    normalization: Normalization = normalization_setting()
    dropout: float = dropout_setting(0.2, mark("Share of the values set to 0 after every hidden layer."))


class Mlp(Architecture):
    """Flatten, then dense layers with dropout."""

    name = "mlp"
    title = mark("Multi-layer perceptron")
    help = mark("Dense layers only. It does not know which pixels are neighbours: a baseline to beat.")
    section = MlpSection
    inputs = (ImageInput.kind, TableInput.kind)

    def layers(self, section: MlpSection) -> list[layers.Layer]:
        """See `Architecture.layers`."""
        stack: list[layers.Layer] = [layers.Flatten()]
        for units in section.dense:
            stack += with_activation(layers.Dense(units=units), section.activation, section.normalization)
            if section.dropout:
                stack.append(layers.Dropout(rate=section.dropout))
        return stack


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(Mlp())
