"""A network that was trained in mixed precision, as one that computes in float32 all through.

Its weights are float32 anyway. TensorFlow Lite and ONNX runtimes lack many operations in half precision, and round
them elsewhere than Keras does, so that no file of theirs could equal the model.
"""

import dataclasses
from typing import Any

from workbench.inspection.loaded import OpenModel

_HALF = "mixed_"


def in_full_precision(opened: OpenModel) -> OpenModel:
    """The model with the same weights, computing in float32; the very same object where it does that already."""
    config = opened.loaded.model.get_config()
    exact_config = _exact(config)
    if exact_config == config:
        return opened
    exact = type(opened.loaded.model).from_config(exact_config)
    exact.set_weights(opened.loaded.model.get_weights())
    return dataclasses.replace(opened, loaded=dataclasses.replace(opened.loaded, model=exact))


def _exact(values: Any) -> Any:
    """A configuration in which every policy of mixed precision is float32, also those of networks inside."""
    if isinstance(values, dict):
        if values.get("class_name") == "DTypePolicy" and values["config"]["name"].startswith(_HALF):
            return {**values, "config": {**values["config"], "name": "float32"}}
        return {key: _exact(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(_exact(value) for value in values)
    return values
