"""The published networks at their standard size, counted once for all tests."""

import functools
import gc

import pytest

from workbench.architectures.summary import keras_table, without_weights
from workbench.registry import registry
from workbench.specs import ImageInput


@functools.cache
def _counted(name):
    import keras

    architecture = registry().architectures.get(name)
    spec = ImageInput(architecture.card.size, architecture.card.size, 3)

    def count():
        inputs = keras.Input(spec.shape)
        features = architecture.build(architecture.section(), inputs, spec)
        return keras_table(keras.Model(inputs, keras.layers.Dense(1000, name="logits")(features)))

    gc.disable()  # looking for garbage among so many layers takes half of the time
    try:
        return without_weights(count)
    finally:
        gc.enable()


@pytest.fixture(scope="session")
def standard_table():
    """The layer table of an architecture by its name, as published: its standard size, 1,000 classes."""
    return _counted
