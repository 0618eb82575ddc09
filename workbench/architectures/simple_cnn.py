"""The small convolutional network of Keras' first example (keras.io/examples/vision/mnist_convnet)."""

from typing import Literal

from workbench.architectures.convolutional import ConvolutionalNetwork, ConvolutionalSection, dropout_setting
from workbench.i18n import mark
from workbench.section import setting


class SimpleCnnSection(ConvolutionalSection):
    """Settings of `simple_cnn`: the family's own defaults and a dropout."""

    name: Literal["simple_cnn"] = setting("simple_cnn", title=mark("Architecture"), widget="hidden")
    dropout: float = dropout_setting(0.5)


class SimpleCnn(ConvolutionalNetwork):
    """Two convolutions of 32 and 64 filters 3 × 3 with max pooling, then dropout."""

    name = "simple_cnn"
    title = mark("Simple CNN")
    help = mark("Two convolutions with max pooling and dropout: 99 % on handwritten digits within minutes.")
    section = SimpleCnnSection


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(SimpleCnn())
