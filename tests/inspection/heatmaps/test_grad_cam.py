"""Grad-CAM equals an independent computation, finds what a network looks at, and compiles once per layer."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from workbench.inspection.network import gradients
from workbench.inspection.network.layers import last_convolution, named_layers, spatial_layers


def branched(activation="softmax", units=5):
    """A network with a residual branch, batch normalisation, and a nested model, of random weights."""
    import keras

    keras.utils.set_random_seed(3)
    inner_input = keras.Input((12, 12, 4))
    inner = keras.Model(
        inner_input, keras.layers.Conv2D(6, 3, activation="relu", name="deep")(inner_input), name="inner"
    )
    image = keras.Input((12, 12, 3))
    first = keras.layers.Conv2D(4, 3, padding="same", name="first")(image)
    branch = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="branch")(first)
    branch = keras.layers.BatchNormalization(name="norm")(branch)
    added = keras.layers.Add(name="added")([first, branch])
    pooled = keras.layers.GlobalAveragePooling2D()(inner(added))
    return keras.Model(image, keras.layers.Dense(units, activation=activation, name="answer")(pooled))


def reference_map(model, layer, picture, index):
    """The textbook's way: split the graph by hand, eager tape, the logits rebuilt in NumPy's spirit."""
    import keras
    import tensorflow as tf

    dense = model.get_layer("answer")
    inner = model.get_layer("inner")
    norm, branch, first = (model.get_layer(name) for name in ("norm", "branch", "first"))
    picture = tf.constant(picture)
    with tf.GradientTape() as tape:
        start = first(picture)
        if layer == "first":
            tape.watch(start)
            watched = start
        side = branch(start)
        if layer == "branch":
            tape.watch(side)
            watched = side
        total = start + norm(side, training=False)
        deep = inner.get_layer("deep")(total)
        if layer == "inner/deep":
            tape.watch(deep)
            watched = deep
        pooled = tf.reduce_mean(deep, axis=(1, 2))
        score = keras.ops.matmul(pooled, dense.kernel) + dense.bias
        score = score[:, index] if score.shape[-1] > 1 else (score[:, 0] if index else -score[:, 0])
    gradient = tape.gradient(score, watched).numpy()
    heat = np.maximum((watched.numpy() * gradient.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
    highest = heat.max(axis=(1, 2), keepdims=True)
    return np.divide(heat, highest, out=np.zeros_like(heat), where=highest > 0)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).normal(size=(3, 12, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("layer", ["first", "branch", "inner/deep"])
def test_the_map_of_any_class_equals_an_eager_computation_before_the_softmax(layer, pictures):
    model = branched()
    outputs, (maps,), _chosen = gradients.class_maps(model, layer)(pictures, np.array([2, 2, 2]))
    assert np.allclose(outputs, model(pictures, training=False).numpy(), atol=1e-6)
    assert np.allclose(maps, reference_map(model, layer, pictures, 2), atol=1e-4)
    assert maps.max() > 0


def test_several_layers_at_once_give_the_maps_of_each_alone(pictures):
    model, layers = branched(), ("inner/deep", "branch", "first")
    _outputs, maps, _chosen = gradients.class_maps(model, *layers)(pictures, np.array([2, 2, 2]))
    for layer, found in zip(layers, maps, strict=True):
        assert np.allclose(found, reference_map(model, layer, pictures, 2), atol=1e-4)


@pytest.mark.parametrize("index", [0, 1])
def test_one_sigmoid_unit_speaks_for_its_second_class_and_against_its_first(index, pictures):
    model = branched("sigmoid", 1)
    _outputs, (maps,), _chosen = gradients.class_maps(model, "branch")(pictures, np.full(3, index))
    assert np.allclose(maps, reference_map(model, "branch", pictures, index), atol=1e-4)


def test_an_index_of_minus_one_explains_the_likeliest_class_of_every_picture(pictures):
    model = branched()
    function = gradients.class_maps(model, "first")
    outputs, (maps,), chosen = function(pictures, np.full(3, -1))
    assert chosen.tolist() == outputs.argmax(axis=1).tolist()
    assert np.allclose(maps, function(pictures, outputs.argmax(axis=1))[1][0], atol=1e-6)


def test_batches_of_any_size_give_each_picture_the_same_map(pictures):
    function = gradients.class_maps(branched(), "branch")
    whole = function(pictures, np.array([0, 1, 2]))
    for size in (1, 2):
        outputs, (maps,), _chosen = function(pictures[:size], np.array([0, 1, 2])[:size])
        assert np.allclose(outputs, whole[0][:size], atol=1e-6)
        assert np.allclose(maps, whole[1][0][:size], atol=1e-5)


def test_a_function_is_compiled_once_per_layer_and_goes_with_its_model(pictures):
    model = branched()
    assert gradients.class_maps(model, "first") is gradients.class_maps(model, "first")
    assert gradients.class_maps(model, "first") is not gradients.class_maps(model, "branch")
    gradients.class_maps(model, "first")(pictures[:1], np.array([0]))
    import keras

    gone = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None


def test_looking_leaves_the_model_as_it_was(pictures):
    model = branched()
    before = model(pictures).numpy()
    gradients.class_maps(model, "inner/deep")(pictures, np.zeros(3))
    gradients.activations(model, "added")(pictures)
    assert "call" not in vars(model.get_layer("answer"))
    assert model.get_layer("answer").activation.__name__ == "softmax"
    assert np.array_equal(model(pictures).numpy(), before)


def test_activations_are_those_of_a_model_cut_at_the_layer(pictures):
    import keras

    model = branched()
    cut = keras.Model(model.input, model.get_layer("added").output)
    assert np.allclose(gradients.activations(model, "added")(pictures), cut(pictures).numpy(), atol=1e-6)


def test_layers_of_nested_models_are_named_after_both():
    model = branched()
    assert list(named_layers(model))[:4] == ["first", "branch", "norm", "added"]
    assert last_convolution(model) == "inner/deep"
    assert spatial_layers(model) == ["first", "branch", "norm", "added", "inner/deep"]


def test_a_network_whose_classes_are_colours_is_seen_to_look_at_them(colour_model, red_left_blue_right):
    function = gradients.class_maps(colour_model, "colours")
    batch = np.repeat(red_left_blue_right[None].astype(np.float32), 3, axis=0)
    _outputs, ((red, green, blue),), _chosen = function(batch, np.arange(3))
    assert red[:, :15].mean() > 20 * red[:, 15:].mean()
    assert blue[:, 15:].mean() > 20 * blue[:, :15].mean()
    assert not green.any()


def test_a_layer_without_evidence_sends_the_search_one_convolution_down(pictures):
    from workbench.inspection.heatmaps.explained import Explained
    from workbench.inspection.heatmaps.grad_cam import candidates, find_evidence

    model = branched()
    inner = model.get_layer("inner").get_layer("deep")
    # Nothing passes the last convolution: its map is blank, and so is every gradient below it but for the bias.
    inner.set_weights([np.zeros(inner.kernel.shape, np.float32), np.full(6, -1.0, np.float32)])
    assert candidates(model, "") == ["inner/deep", "branch", "first"]
    assert candidates(model, "first") == ["first"]
    blank = find_evidence(model, candidates(model, ""), pictures)
    assert [found.layer for found in blank] == ["inner/deep"] * 3
    assert not blank[0].values.any()
    model = branched()
    answer = model.get_layer("answer")
    # Every map of the last convolution speaks against class 1.
    kernel = np.asarray(answer.get_weights()[0])
    kernel[:, 1] = -1
    answer.set_weights([kernel, np.zeros(5, np.float32)])
    for found in find_evidence(model, candidates(model, ""), pictures, Explained(1)):
        assert found.layer in ("branch", "first")
        assert "inner/deep" in found.note
        assert found.values.max() == pytest.approx(1)


JAX_SCRIPT = """
import sys
sys.modules["tensorflow"] = None
import numpy as np, keras
from workbench.inspection.network import gradients
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3, activation="relu", name="c"),
    keras.layers.Dropout(0.5), keras.layers.GlobalAveragePooling2D(name="g"),
    keras.layers.Dense(4, activation="softmax")])
pictures = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)
outputs, (maps,), _chosen = gradients.class_maps(model, "c")(pictures, np.array([1, -1]))
assert np.allclose(outputs, np.asarray(model(pictures)), atol=1e-5)
assert np.allclose(gradients.outputs(model)(pictures), outputs, atol=1e-5)
activation = gradients.activations(model, "c")(pictures)
chosen = [1, outputs[1].argmax()]
for i in range(2):
    weights = np.asarray(model.layers[-1].kernel)[:, chosen[i]] / 36
    heat = np.maximum((activation[i] * weights).sum(-1), 0)
    assert np.allclose(maps[i], heat / max(heat.max(), 1e-20), atol=1e-4), (maps[i], heat)
print("equal")
"""


def test_the_jax_backend_gives_the_same_maps_with_tensorflow_absent():
    pytest.importorskip("jax")
    result = subprocess.run(
        [sys.executable, "-c", JAX_SCRIPT],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.stdout.strip() == "equal", result.stderr[-2000:]
