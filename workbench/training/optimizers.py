"""From the settings of a training to a Keras optimizer."""

from typing import Any

from workbench.training_settings import Optimizer

_KERAS_NAMES = {
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "adamax": "Adamax",
}


def keras_optimizer(settings: Optimizer) -> Any:
    """The Keras optimizer with all of its own parameters."""
    import keras

    parameters = settings.model_dump(exclude={"name"})
    return getattr(keras.optimizers, keras_name(settings))(**parameters)


def keras_name(settings: Optimizer) -> str:
    """The name of the class in `keras.optimizers`."""
    return _KERAS_NAMES[settings.name]
