"""The vision transformers: published counts, any size of picture, learning, saving, the copied source."""

import numpy as np
import pytest

from workbench.registry import registry
from workbench.specs import ImageInput


def network(name="vit_tiny", size=28, channels=1, classes=10, **settings):
    import keras

    architecture = registry().architectures.get(name)
    inputs = keras.Input((*size, channels) if isinstance(size, tuple) else (size, size, channels))
    section = architecture.section(**settings)
    features = architecture.build(section, inputs, ImageInput(*inputs.shape[1:]))
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(features))


SMALL = {"width_multiplier": 0.3, "depth_multiplier": 0.17}


@pytest.mark.parametrize(("name", "parameters"), [("vit_tiny", 5_717_416), ("vit_small", 22_050_664)])
def test_the_parameters_are_those_of_deit_without_distillation(name, parameters, standard_table):
    """timm's deit_tiny_patch16_224 and deit_small_patch16_224 have 5,717,416 and 22,050,664."""
    assert standard_table(name).total == parameters
    assert registry().architectures.get(name).card.parameters == parameters


def test_multiply_adds_count_every_pair_of_patches(standard_table):
    rows = {row.name: row.multiply_adds for row in standard_table("vit_tiny").rows}
    assert rows["positions"] == rows["class_token"] == 0
    assert rows["patches"] == 196 * 16 * 16 * 3 * 192
    assert rows["block_1_attention"] == 197 * 4 * 192 * 192 + 2 * 197 * 197 * 192
    assert round(sum(rows.values()) / 1e9, 1) == 1.3  # of DeiT-Ti, as its authors write


@pytest.mark.parametrize(
    ("size", "patches"), [(28, 7 * 7), ((33, 63), 9 * 16), (64, 8 * 8), (127, 16 * 16), (128, 8 * 8), (512, 32 * 32)]
)
def test_patches_follow_the_size_of_the_picture(size, patches):
    model = network(size=size, **SMALL)
    assert model.get_layer("list_of_patches").output.shape == (None, patches, 64)
    assert model.output_shape == (None, 10)
    assert model.get_layer("positions").input_dim == patches + 1


def test_the_size_of_the_patches_can_be_overruled():
    assert network(patch_size=14, **SMALL).get_layer("list_of_patches").output.shape == (None, 4, 64)


def test_without_the_class_token_the_mean_of_all_patches_is_the_answer():
    with_token, without = network(**SMALL), network(**SMALL, pooling="global_average")
    assert with_token.count_params() - without.count_params() == 2 * 64  # the token, and its place
    names = [layer.name for layer in without.layers]
    assert "class_token" not in names
    assert without.get_layer("norm").output.shape == (None, 49, 64)


def test_every_place_is_told_apart():
    """Without positions the sum over patches could not tell a picture from the same with two patches exchanged."""
    import keras

    keras.utils.set_random_seed(0)
    model = network(**SMALL, pooling="global_average")
    picture = np.zeros((1, 28, 28, 1), np.float32)
    picture[:, :4, :4] = 1
    moved = np.roll(picture, 4, axis=2)
    apart = np.abs(keras.ops.convert_to_numpy(model(picture) - model(moved))).max()
    model.get_layer("positions").set_weights([np.zeros((49, 64), np.float32)])
    same = np.abs(keras.ops.convert_to_numpy(model(picture) - model(moved))).max()
    assert same < 1e-5 < 1e-4 < apart


def test_it_overfits_32_digits():
    import keras
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    digits = load_digits()
    pictures = np.kron(digits.images[:32, ..., None] / 16, np.ones((1, 4, 4, 1))).astype(np.float32)
    model = network(size=32, patch_size=8, **SMALL, stochastic_depth=0.1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3), loss, metrics=["accuracy"])
    model.fit(pictures, digits.target[:32], epochs=30, batch_size=32, verbose=0)
    assert model.evaluate(pictures, digits.target[:32], verbose=0)[1] > 0.9


def test_the_copied_source_builds_the_same_network():
    import keras
    from keras import layers

    architecture = registry().architectures.get("vit_tiny")
    settings = {**SMALL, "stochastic_depth": 0.2, "dropout": 0.1, "dense": (7,)}
    source, call = architecture.code(architecture.section(**settings))
    x = keras.Input((28, 28, 1))
    names = {"keras": keras, "layers": layers, "x": x}
    exec(source, names)
    copied = keras.Model(x, eval(call, names))
    ours = network(**settings).get_layer("head_dropout").output
    assert copied.output.shape == ours.shape
    assert copied.count_params() + 7 * 10 + 10 == network(**settings).count_params()
