"""DenseNet, ConvNeXt and EfficientNet: counts, sizes, learning, the copied source."""

import math

import numpy as np
import pytest

from workbench.architectures.summary import keras_table
from workbench.registry import registry
from workbench.specs import ImageInput

DENSENETS = {"densenet121": (6, 12, 24, 16), "densenet169": (6, 12, 32, 32), "densenet201": (6, 12, 48, 32)}
CONVNEXTS = {
    "convnext_tiny": ((3, 3, 9, 3), 96),
    "convnext_small": ((3, 3, 27, 3), 96),
    "convnext_base": ((3, 3, 27, 3), 128),
}
EFFICIENTNETS = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6), (2.0, 3.1))
SMALL = {
    "densenet121": {"growth_rate": 16, "depth_multiplier": 0.1},
    "convnext_tiny": {"width_multiplier": 0.17, "depth_multiplier": 0.3, "layer_scale": 0.1},
    "efficientnet_b0": {"width_multiplier": 0.25, "depth_multiplier": 0.25, "dropout": 0.0, "stochastic_depth": 0.0},
}


def network(name, size=32, channels=1, classes=10, **settings):
    import keras

    architecture = registry().architectures.get(name)
    inputs = keras.Input((*size, channels) if isinstance(size, tuple) else (size, size, channels))
    features = architecture.build(architecture.section(**settings), inputs, ImageInput(*inputs.shape[1:]))
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(features))


def densenet_parameters(repeats, growth=32):
    """Table 1 of the paper by arithmetic: compression one half, four numbers per normalised map."""
    maps = 2 * growth
    total = 7 * 7 * 3 * maps + 4 * maps
    for block, count in enumerate(repeats):
        for _ in range(count):
            inside = 4 * growth
            total += 4 * maps + maps * inside + 4 * inside + 3 * 3 * inside * growth
            maps += growth
        if block < 3:
            total += 4 * maps + maps * (maps // 2)
            maps //= 2
    return total + 4 * maps + maps * 1000 + 1000


def convnext_parameters(repeats, first):
    """Section 2 of the paper by arithmetic."""
    total, before = 4 * 4 * 3 * first + 3 * first, first
    for stage, count in enumerate(repeats):
        maps = first * 2**stage
        if stage:
            total += 2 * before + 2 * 2 * before * maps + maps
        depthwise, dense, scale = 7 * 7 * maps + maps, maps * 4 * maps * 2 + 5 * maps, maps
        total += count * (depthwise + 2 * maps + dense + scale)
        before = maps
    return total + 2 * before + before * 1000 + 1000


def efficientnet_parameters(width, depth):
    """Table 1 of the paper by arithmetic, with the seven numbers of the normalisation at Keras' entry."""

    def wide(filters):
        rounded = max(8, int(filters * width + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * filters * width else rounded

    stages = (
        (1, 16, 1, 3),
        (6, 24, 2, 3),
        (6, 40, 2, 5),
        (6, 80, 3, 3),
        (6, 112, 3, 5),
        (6, 192, 4, 5),
        (6, 320, 1, 3),
    )
    before = wide(32)
    total = 7 + 3 * 3 * 3 * before + 4 * before
    for expansion, filters, count, size in stages:
        for _ in range(math.ceil(count * depth)):
            inside, squeezed = before * expansion, max(1, before // 4)
            total += (before * inside + 4 * inside if expansion > 1 else 0) + size * size * inside + 4 * inside
            total += inside * squeezed + squeezed + squeezed * inside + inside
            total += inside * wide(filters) + 4 * wide(filters)
            before = wide(filters)
    return total + before * wide(1280) + 4 * wide(1280) + wide(1280) * 1000 + 1000


@pytest.mark.parametrize("name", DENSENETS)
def test_the_card_of_a_densenet_counts_the_paper(name):
    assert registry().architectures.get(name).card.parameters == densenet_parameters(DENSENETS[name])
    assert registry().architectures.get(name).repeats == DENSENETS[name]


@pytest.mark.parametrize("name", CONVNEXTS)
def test_the_card_of_a_convnext_counts_the_paper(name):
    architecture = registry().architectures.get(name)
    repeats, first = CONVNEXTS[name]
    assert architecture.card.parameters == convnext_parameters(repeats, first)
    assert (architecture.repeats, architecture.filters[0]) == (repeats, first)


@pytest.mark.parametrize("number", range(8))
def test_the_card_of_an_efficientnet_counts_the_paper(number):
    architecture = registry().architectures.get(f"efficientnet_b{number}")
    assert architecture.card.parameters == efficientnet_parameters(*EFFICIENTNETS[number])
    assert (architecture.width, architecture.depth) == EFFICIENTNETS[number]


def test_small_ones_are_built_as_the_papers_are_counted():
    """Building the large ones takes seconds. For them, Keras' own have the numbers on the cards."""
    small = network("densenet121", 224, 3, 1000, growth_rate=8, depth_multiplier=0.25)
    assert small.count_params() == densenet_parameters((2, 3, 6, 4), growth=8)
    small = network("convnext_tiny", 224, 3, 1000, width_multiplier=0.25, depth_multiplier=0.34)
    assert small.count_params() == convnext_parameters((1, 1, 3, 1), 24)


def test_an_efficientnet_has_as_many_parameters_as_keras_own():
    """Keras' begins with a normalisation of seven numbers; ours is in front of the architecture."""
    import keras

    card = registry().architectures.get("efficientnet_b0").card
    ours = network("efficientnet_b0", card.size, 3, 1000)
    assert ours.count_params() + 7 == card.parameters
    multiply_adds = sum(row.multiply_adds for row in keras_table(ours).rows)
    assert round(multiply_adds / 1e9, 2) == 0.39  # table 2 of the paper
    assert keras.applications.EfficientNetB0(weights=None).count_params() == card.parameters


@pytest.mark.parametrize(
    ("name", "last", "maps"),
    [
        ("densenet121", "last_activation", {28: 3, 32: 4, 64: 2, 512: 16}),
        ("convnext_tiny", "stage4_block1_add", {28: 2, 32: 2, 64: 2, 512: 16}),
        ("efficientnet_b0", "last_activation", {28: 2, 32: 2, 64: 2, 512: 16}),
    ],
)
def test_from_28_to_512_pixels_a_map_is_left(name, last, maps):
    for size, side in maps.items():
        model = network(name, (size, size + 1), **SMALL[name])
        assert model.get_layer(last).output.shape[1] == side
        assert model.output_shape == (None, 10)


def test_the_stem_can_be_overruled():
    small, standard = (network("densenet121", 64, **SMALL["densenet121"], stem=stem) for stem in ("small", "standard"))
    assert small.get_layer("last_activation").output.shape[1:3] == (8, 8)
    assert standard.get_layer("last_activation").output.shape[1:3] == (2, 2)
    assert small.get_layer("stem").kernel_size == (3, 3)
    wide = network("efficientnet_b0", 32, **SMALL["efficientnet_b0"], stem_kernel_size=5)
    assert wide.get_layer("stem").kernel_size == (5, 5)


@pytest.mark.parametrize("name", SMALL)
def test_the_settings_reach_keras(name):
    kinds = [type(layer).__name__ for layer in network(name, **SMALL[name], normalization="none").layers]
    assert "BatchNormalization" not in kinds
    settings = {**SMALL[name], "normalization": "layer", "activation": "tanh", "head": "flatten", "dense": (9, 7)}
    model = network(name, **{**settings, "dropout": 0.5})
    kinds = [type(layer).__name__ for layer in model.layers]
    assert "LayerNormalization" in kinds
    assert "Flatten" in kinds
    assert [layer.units for layer in model.layers if layer.name.startswith("head_dense_")] == [9, 7]
    activations = {layer.activation.__name__ for layer in model.layers if type(layer).__name__ == "Activation"}
    assert activations == {"tanh"}


def test_the_first_block_is_never_skipped_and_the_last_one_most():
    settings = {**SMALL["convnext_tiny"], "depth_multiplier": 0.4}
    model = network("convnext_tiny", **settings, stochastic_depth=0.5)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("drop_path")]
    assert rates == sorted(rates)
    assert rates[-1] == 0.5
    assert "stage1_block1_drop_path" not in {layer.name for layer in model.layers}


@pytest.mark.parametrize(("name", "rate", "steps"), [
    ("densenet121", 0.01, 9), ("convnext_tiny", 0.003, 9), ("efficientnet_b0", 0.003, 4),
])  # fmt: skip
def test_it_overfits_32_digits(name, rate, steps):
    """Eagerly: tracing networks as deep as these takes longer than so few steps."""
    import keras
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    digits = load_digits()
    pictures = np.kron(digits.images[:32, ..., None] / 16, np.ones((1, 4, 4, 1))).astype(np.float32)
    model = network(name, **SMALL[name])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, run_eagerly=True)
    losses = model.fit(pictures, digits.target[:32], epochs=steps, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.4 * losses[0]
    assert losses[-1] < 1.0


@pytest.mark.parametrize("name", SMALL)
def test_the_copied_source_builds_the_same_network(name):
    import keras
    from keras import layers

    architecture = registry().architectures.get(name)
    source, call = architecture.code(architecture.section(**SMALL[name]))
    x = keras.Input((32, 32, 1))
    names = {"keras": keras, "layers": layers, "x": x}
    exec(source, names)
    copied = keras.Model(x, eval(call, names))
    ours = network(name, **SMALL[name])
    assert [layer.name for layer in copied.layers[1:]] == [layer.name for layer in ours.layers[1:-1]]
    assert copied.count_params() == ours.count_params() - ours.get_layer("logits").count_params()
