"""Networks made from experiments: shapes, sharing, overrides, precision, and that each of them learns."""

import json
import subprocess
import sys

import numpy as np
import pytest

from workbench.architectures.assembly import apply_layers, assemble
from workbench.architectures.layers import Convolution
from workbench.architectures.summary import keras_table, summarise
from workbench.architectures.table import layer_table
from workbench.control import Control
from workbench.errors import UserError
from workbench.experiment import from_values, new_experiment
from workbench.registry import registry
from workbench.requests import SummaryRequest
from workbench.specs import ClassTarget, ImageInput, OutputSpec

INPUT = ImageInput(28, 28, 1)
TEN = ClassTarget(tuple("0123456789"))
TWO = ClassTarget(("cat", "dog"))
SMALL_XCEPTION = {"entry_filters": 8, "filters": [8, 16], "exit_filters": 16}


def experiment_of(name, **sections):
    architecture = {"name": name, **(SMALL_XCEPTION if name == "mini_xception" else {}), **sections.pop("own", {})}
    return from_values(
        {"version": 1, "dataset": {"name": "digits"}, "architecture": architecture, **sections}, "the test"
    )


def by_row(table):
    return [(row.name, row.output_shape, row.parameters) for row in table.rows]


@pytest.fixture(scope="module")
def digits():
    """At the size of the input, uint8, with labels."""
    from sklearn.datasets import load_digits

    from workbench.data.preprocessing import resize_pictures

    digits = load_digits()
    pictures = np.round(digits.images * (255 / 16)).astype("uint8")[..., np.newaxis]
    return resize_pictures(list(pictures[:640]), new_experiment().preprocessing), digits.target[:640]


CLASSIFIERS = [
    architecture.name
    for architecture in registry().architectures
    if ImageInput.kind in architecture.inputs and ClassTarget.kind in (architecture.targets or (ClassTarget.kind,))
    if architecture.card is None  # the published ones are large, and have tests of their own
    if architecture.name != "transfer"  # it needs a base, and has tests of its own
    if architecture.name != "pilotnet"  # it is made for wide pictures and has tests of its own
]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_architecture_learns_digits_within_a_short_epoch(name, digits):
    import keras

    images, labels = digits
    keras.utils.set_random_seed(0)
    small = {"all_convolutional": {"filters": 8}}.get(name, {})
    network = assemble(experiment_of(name, own=small), INPUT, TEN)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=network.from_logits)
    network.trainable.compile(keras.optimizers.Adam(0.003), loss)
    history = network.trainable.fit(images, labels, epochs=2, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert history[-1] < np.log(10) + 0.05


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize(("size", "channels", "target"), [(28, 1, TEN), (33, 3, TWO)])
def test_the_table_of_every_architecture_is_the_one_keras_counts(name, size, channels, target):
    experiment = experiment_of(name, preprocessing={"height": size, "width": size + 3, "channels": channels})
    input = ImageInput(size, size + 3, channels)
    network = assemble(experiment, input, target)
    counted = layer_table(experiment, input, registry().tasks.get("classification").output(target))
    by_keras = keras_table(network.model)
    if counted is not None:
        assert by_row(counted) == by_row(by_keras)
        assert (counted.total, counted.trainable) == (by_keras.total, by_keras.trainable)
    assert sum(row.parameters for row in by_keras.rows) == by_keras.total == network.model.count_params()


@pytest.mark.parametrize(
    "own",
    [
        {"normalization": "batch", "head": "global_average"},
        {"filters": [4, 8, 8], "padding": "same", "stride": 2, "pooling": "none", "head": "global_max", "dense": [7]},
        {"pooling": "average", "pool_size": 3, "kernel_size": 2, "activation": "gelu", "dropout": 0.0},
    ],
)
def test_the_settings_of_a_convolutional_network_reach_keras(own):
    experiment = experiment_of("simple_cnn", own=own)
    counted = layer_table(experiment, INPUT, OutputSpec(10, "softmax"))
    assert by_row(counted) == by_row(keras_table(assemble(experiment, INPUT, TEN).model))


def test_mini_xception_is_counted_by_keras_for_the_page():
    table = summarise(SummaryRequest(new_experiment("digits", "mini_xception")), lambda event: None, Control())
    rows = {row.name: row for row in table.rows}
    assert rows["block_3_add"].output_shape == (2, 2, 728)
    assert rows["entry"].formula == "kernel 3 × 3 × 1 × 128 + bias 128 = 1280"
    assert table.total - table.trainable == 2 * (128 + 2 * (256 + 512 + 728) + 1024)


def test_the_summary_of_an_impossible_stack_shows_it_instead_of_failing():
    experiment = experiment_of("simple_cnn", own={"kernel_size": 29})
    table = summarise(SummaryRequest(experiment), lambda event: None, Control())
    assert "29 × 29" in table.problem


def test_an_impossible_stack_is_refused_with_the_text_of_the_table():
    experiment = experiment_of("simple_cnn", own={"kernel_size": 29})
    table = layer_table(experiment, INPUT, OutputSpec(10, "softmax"))
    with pytest.raises(UserError) as caught:
        assemble(experiment, INPUT, TEN)
    assert table.problem in str(caught.value)
    assert "conv_1" in str(caught.value)


def test_the_saved_model_takes_raw_pictures_and_agrees_with_the_trained_one(tmp_path, digits):
    import keras

    images, _labels = digits
    network = assemble(experiment_of("simple_cnn"), INPUT, TEN)
    network.model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    logits = keras.ops.convert_to_numpy(network.trainable(images[:8]))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loaded(images[:8])), expected, atol=1e-6)
    assert loaded(np.zeros((1, 61, 47, 1), "uint8")).shape == (1, 10)


def test_the_trained_and_the_saved_model_share_their_weights():
    network = assemble(experiment_of("lenet5"), INPUT, TEN)
    assert {id(weight) for weight in network.trainable.weights} == {id(weight) for weight in network.model.weights}


def test_the_same_seed_gives_the_same_first_weights():
    import keras

    def first_weights():
        keras.utils.set_random_seed(3)
        return assemble(experiment_of("simple_cnn"), INPUT, TEN).model.get_weights()

    for one, other in zip(first_weights(), first_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_classes_have_one_logit():
    network = assemble(experiment_of("simple_cnn"), INPUT, TWO)
    assert network.trainable.output_shape == (None, 1)
    assert network.model.get_layer("output").activation.__name__ == "sigmoid"


def test_augmentation_changes_the_trained_model_in_training_only(digits):
    import keras

    images, _labels = digits
    experiment = experiment_of("mlp", own={"dropout": 0.0}, augmentation={"rotation": 90, "flip": "both"})
    network = assemble(experiment, INPUT, TEN)

    def answer(training):
        return keras.ops.convert_to_numpy(network.trainable(images[:4], training=training))

    np.testing.assert_array_equal(answer(False), answer(False))
    assert np.abs(answer(True) - answer(False)).max() > 1e-3
    assert "augmentation" not in [layer.name for layer in network.model.layers]


@pytest.mark.parametrize(
    ("overrides", "from_logits", "sums_to_one"),
    [
        ({}, True, False),
        ({"loss_expects": "logits"}, True, False),
        ({"loss_expects": "probabilities"}, False, True),
        ({"output_activation": "softmax", "loss_expects": "logits"}, True, True),
        ({"output_activation": "linear", "loss_expects": "probabilities"}, False, False),
        ({"output_activation": "linear"}, True, False),
        ({"output_activation": "sigmoid"}, False, False),
    ],
)
def test_overrides_decide_what_the_loss_gets_and_takes_it_for(overrides, from_logits, sums_to_one, digits):
    import keras

    images, _labels = digits
    network = assemble(experiment_of("mlp", overrides=overrides), INPUT, TEN)
    given = keras.ops.convert_to_numpy(network.trainable(images[:8]))
    assert network.from_logits is from_logits
    assert np.allclose(given.sum(axis=1), 1, atol=1e-5) is sums_to_one


def test_probabilities_taken_for_logits_keep_the_loss_high_as_the_mistake_does(digits):
    import keras

    images, labels = digits
    overrides = {"output_activation": "softmax", "loss_expects": "logits"}
    network = assemble(experiment_of("mlp", overrides=overrides), INPUT, TEN)
    network.trainable.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.trainable.fit(images, labels, epochs=3, verbose=0)
    # Ten values between 0 and 1 taken for logits: at best -log(e / (e + 9)) = 1.46.
    assert network.trainable.evaluate(images, labels, verbose=0) > 1.46


def test_extra_layers_stand_right_before_the_output():
    extra = [{"kind": "dense", "units": 5, "activation": "sigmoid"}, {"kind": "dropout", "rate": 0.1}]
    for name in ("simple_cnn", "mini_xception"):
        model = assemble(experiment_of(name, overrides={"extra_layers": extra}), INPUT, TEN).model
        assert [layer.name for layer in model.layers][-4:] == ["extra_dense_1", "extra_dropout_1", "logits", "output"]


def test_an_extra_layer_that_is_none_is_refused_by_its_kind():
    experiment = experiment_of("simple_cnn", overrides={"extra_layers": [{"kind": "convolutoin"}]})
    with pytest.raises(UserError, match="extra_layers"):
        assemble(experiment, INPUT, TEN)


def test_an_impossible_extra_layer_after_a_builder_is_refused():
    experiment = experiment_of("mini_xception", overrides={"extra_layers": [{"kind": "convolution"}]})
    with pytest.raises(UserError, match="extra_conv_1"):
        assemble(experiment, INPUT, TEN)


def test_a_scaling_factor_takes_the_place_of_the_scaling():
    network = assemble(experiment_of("mlp", overrides={"scaling_factor": 2.0}), INPUT, TEN)
    assert network.model.get_layer("scale").scale == 2.0


def test_mixed_precision_spares_preprocessing_and_output_and_the_process():
    import keras

    network = assemble(experiment_of("simple_cnn", training={"precision": "mixed_float16"}), INPUT, TEN)
    policies = {layer.name: layer.dtype_policy.name for layer in keras_layers(network.model)}
    assert policies["conv_1"] == "mixed_float16"
    assert {policies[name] for name in ("resize", "scale", "logits", "output")} == {"float32"}
    assert network.trainable.dtype_policy.name == "mixed_float16"
    assert keras.config.dtype_policy().name == "float32"


def keras_layers(model):
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.Layer)]


def test_numbers_of_filters_can_be_given_as_a_text_with_commas():
    experiment = new_experiment().changed("architecture.filters", "8, 16,32")
    assert experiment.architecture.filters == (8, 16, 32)


def test_a_misspelt_kind_of_layer_is_answered_with_the_kinds_there_are():
    with pytest.raises(UserError, match="max_pooling"):
        experiment_of("layers", own={"layers": [{"kind": "maxpool"}]})


STRIDED = (
    {"name": "layers", "layers": [
        {"kind": "convolution", "filters": 8},
        {"kind": "convolution", "filters": 8, "kernel_size": 1, "stride": 2},
        {"kind": "global_average_pooling"},
    ]},
    {"name": "mini_xception", "entry_filters": 8, "filters": [8, 16], "exit_filters": 8},
)  # fmt: skip

TRAINING = """
import json, sys
from workbench.control import Control
from workbench.experiment import from_values
from workbench.jobs import run_job
from workbench.requests import TrainRequest

for architecture in json.loads(sys.argv[1]):
    values = {"version": 1, "dataset": {"name": "digits"}, "architecture": architecture, "training": {"epochs": 2}}
    events = []
    run_job(TrainRequest(from_values(values, "the test"), sys.argv[2]), events.append, Control())
    print(architecture["name"], events[-1].state, flush=True)
"""


def test_few_filters_of_one_pixel_with_a_stride_do_not_crash_tensorflow(tmp_path):
    """In a process of its own: TensorFlow with oneDNN ended it with a segmentation fault."""
    command = [sys.executable, "-c", TRAINING, json.dumps(STRIDED), str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert answer.stdout.splitlines()[-2:] == ["layers completed", "mini_xception completed"]
    assert answer.returncode == 0, answer.stderr[-2000:]


def test_a_strided_convolution_of_one_pixel_gives_what_keras_gives():
    import keras

    for padding in ("valid", "same"):
        spec = Convolution(filters=3, kernel_size=1, stride=3, padding=padding)
        picture = keras.Input((10, 7, 2))
        ours = keras.Model(picture, apply_layers([spec], ["conv"], picture))
        plain = keras.Sequential(
            [keras.Input((10, 7, 2)), keras.layers.Conv2D(3, 1, strides=3, padding=padding, activation="relu")]
        )
        plain.set_weights(ours.get_weights())
        pixels = np.random.default_rng(0).random((4, 10, 7, 2), np.float32)
        np.testing.assert_allclose(ours(pixels), plain(pixels), atol=1e-6)
