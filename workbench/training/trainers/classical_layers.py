"""What a classical head leaves to Keras: scaling, PCA and a linear classifier as layers behind the base."""

from typing import Any

import numpy as np

from workbench.architectures.table import LOGITS, OUTPUT
from workbench.runs.head import Head
from workbench.training.trainers.classical_search import Preparation

SCALE = "head_scale"
PCA = "head_pca"
LINEAR = ("logistic_regression", "linear_svm")
# Keras' Normalization takes smaller ones for 1e-7; the features of an untrained network can be as small.
_SMALLEST_DEVIATION = 1e-6
_NEVER = -1e9  # the logit of a class that the training split did not have


def with_layers(model: Any, preparation: Preparation) -> Any:
    """The Keras model from a raw sample to the features as the classifier sees them.

    Args:
        model: a whole network whose output layer is called `logits`.
        preparation: what is done to the features that go into that layer.
    """
    import keras

    features = model.get_layer(LOGITS).input
    if preparation.scaler is not None:
        features = _scaling(preparation.scaler, features.shape)(features)
    if preparation.pca is not None:
        components = preparation.pca.components_
        layer = keras.layers.Dense(len(components), name=PCA, dtype="float32")
        features = layer(features)
        layer.set_weights([components.T, -components @ preparation.pca.mean_])
    return keras.Model(model.input, features, name=model.name)


def _scaling(scaler: Any, shape: tuple[int | None, ...]) -> Any:
    import keras

    if scaler.scale_.min() < _SMALLEST_DEVIATION:
        factors = 1 / scaler.scale_
        offsets = (-scaler.mean_ * factors).tolist()
        return keras.layers.Rescaling(factors.tolist(), offsets, name=SCALE, dtype="float32")
    layer = keras.layers.Normalization(axis=-1, name=SCALE, dtype="float32")
    layer.build(shape)
    # Assigned, not given: what is given would stand in the file as text.
    layer.adapt_mean.assign(scaler.mean_)
    layer.adapt_variance.assign(scaler.scale_**2)
    layer.finalize_state()
    return layer


def with_classifier(model: Any, head: Head, activation: str, name: str) -> Any:
    """The Keras model with a linear classifier as its last layers, like any other network of the workbench."""
    import keras

    kernel, bias = linear_weights(head)
    layer = keras.layers.Dense(kernel.shape[1], name=LOGITS, dtype="float32")
    logits = layer(model.output)
    layer.set_weights([kernel, bias])
    answer = keras.layers.Activation(activation, name=OUTPUT, dtype="float32")(logits)
    return keras.Model(model.input, answer, name=name)


def linear_weights(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Kernel (d, units) and bias (units,) of a linear classifier: one unit for two classes, else one for each."""
    kernel, bias = np.asarray(head.classifier.coef_, np.float64).T, np.asarray(head.classifier.intercept_, np.float64)
    if head.count == 2:
        return kernel, bias
    if kernel.shape[1] == 1:  # two of several classes: the first has a logit of 0
        kernel, bias = np.hstack([np.zeros_like(kernel), kernel]), np.concatenate([[0.0], bias])
    everywhere, biases = np.zeros((len(kernel), head.count)), np.full(head.count, _NEVER)
    present = np.asarray(head.classifier.classes_, np.int64)
    everywhere[:, present], biases[present] = kernel, bias
    return everywhere, biases
