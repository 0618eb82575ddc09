"""Batch normalisation in one kernel while a training step is traced."""

import numpy as np
import pytest

from workbench.training.fused_normalization import fused_normalization
from workbench.training.steps import make_steps


def network(precision):
    """One normalisation of maps that learns, one that is frozen, one of a list, one inside of a nested network."""
    import keras

    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy(precision)
    try:
        inner = keras.Sequential(
            [keras.Input((8, 8, 4)), keras.layers.BatchNormalization(momentum=0.8, center=False, name="inner")]
        )
        frozen = keras.layers.BatchNormalization(name="frozen")
        frozen.trainable = False
        model = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Conv2D(4, 3, padding="same", use_bias=False),
                keras.layers.BatchNormalization(momentum=0.9, epsilon=2e-5, name="outer"),
                keras.layers.Activation("relu"),
                frozen,
                inner,
                keras.layers.Flatten(),
                keras.layers.Dense(5, use_bias=False),
                keras.layers.BatchNormalization(name="of_a_list"),
                keras.layers.Dense(2, dtype="float32"),
            ]
        )
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    return random.normal(3.0, 2.0, (16, 8, 8, 3)).astype("float32"), random.integers(0, 2, 16)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 2e-2)])
def test_a_fused_step_leaves_the_weights_that_keras_own_step_leaves(batch, precision, tolerance):
    x, y = batch
    ours, keras_own = network(precision), network(precision)
    steps = make_steps(ours)
    steps.build(x, y)
    for _step in range(2):
        float(steps.train(x, y, None))
        keras_own.train_on_batch(x, y)
    for weight, expected in zip(ours.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(np.asarray(weight), np.asarray(expected), atol=tolerance, err_msg=weight.path)


def test_only_maps_that_learn_are_fused_and_only_while_a_step_is_traced(batch):
    import keras
    import tensorflow as tf

    model = network("float32")
    x, _y = batch

    def kernels():
        graph = tf.function(lambda pictures: model(pictures, training=True)).get_concrete_function(x).graph
        return sum(operation.type == "FusedBatchNormV3" for operation in graph.get_operations())

    with fused_normalization(model):
        assert kernels() == 2
    assert kernels() == 0
    assert keras.layers.deserialize(keras.layers.serialize(model.get_layer("outer"))).name == "outer"
