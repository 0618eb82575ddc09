"""A small convolutional network that keeps the edges, with a hidden dense layer."""

from typing import Literal

from workbench.architectures.convolutional import (
    ConvolutionalNetwork,
    ConvolutionalSection,
    Counts,
    dense_setting,
    filters_setting,
    kernel_size_setting,
    padding_setting,
)
from workbench.architectures.layers import Padding
from workbench.i18n import mark
from workbench.section import setting


class OverviewCnnSection(ConvolutionalSection):
    """Settings of `overview_cnn`."""

    name: Literal["overview_cnn"] = setting("overview_cnn", title=mark("Architecture"), widget="hidden")
    filters: Counts = filters_setting((16, 32))
    kernel_size: int = kernel_size_setting(5)
    padding: Padding = padding_setting("same")
    dense: Counts = dense_setting((128,))


class OverviewCnn(ConvolutionalNetwork):
    """Two convolutions of 16 and 32 filters 5 × 5 with max pooling, then a dense layer of 128."""

    name = "overview_cnn"
    title = mark("Overview CNN")
    help = mark("Two convolutions with large kernels and a dense layer: the textbook picture of a CNN.")
    section = OverviewCnnSection


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(OverviewCnn())
