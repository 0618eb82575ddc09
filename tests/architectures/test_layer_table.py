"""The layer table in plain Python against Keras, case by case and at random."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.architectures import layers as specs
from workbench.architectures.table import Stack, layer_table
from workbench.architectures.windows import ImpossibleLayerError
from workbench.experiment import from_values, new_experiment
from workbench.registry import registry
from workbench.specs import ImageInput, OutputSpec

DIGITS = ImageInput(28, 28, 1)
TEN = OutputSpec(10, "softmax")


def own_layers(*layers, **preprocessing):
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "digits"},
            "preprocessing": preprocessing,
            "architecture": {"name": "layers", "layers": list(layers)},
        },
        "the test",
    )


def problems(table):
    return {row.name: row.problem for row in table.rows if row.problem}


padding = st.sampled_from(["valid", "same"])
small = st.integers(1, 5)
layer_specs = st.one_of(
    st.builds(
        specs.Convolution, filters=small, kernel_size=st.integers(1, 9), stride=st.integers(1, 4), padding=padding,
        dilation=st.integers(1, 3), use_bias=st.booleans(),
    ),
    st.builds(
        specs.SeparableConvolution, filters=small, kernel_size=st.integers(1, 6), stride=st.integers(1, 3),
        padding=padding, depth_multiplier=st.integers(1, 3), use_bias=st.booleans(),
    ),
    st.builds(specs.MaxPooling, pool_size=st.integers(1, 6), stride=st.integers(0, 4), padding=padding),
    st.builds(specs.AveragePooling, pool_size=st.integers(1, 6), stride=st.integers(0, 4), padding=padding),
    st.builds(specs.BatchNormalization),
    st.builds(specs.ActivationLayer, activation=st.sampled_from(["relu", "softmax", "gelu"])),
    st.builds(specs.Dropout, rate=st.floats(0, 0.9)),
    st.builds(specs.Flatten),
    st.builds(specs.GlobalAveragePooling),
    st.builds(specs.GlobalMaxPooling),
    st.builds(specs.Dense, units=small, use_bias=st.booleans()),
)  # fmt: skip


def keras_effect(spec, shape):
    """(output shape, parameters, trainable parameters) by Keras, or None where Keras refuses."""
    import keras

    call = spec.keras()
    try:
        layer = getattr(keras.layers, call.layer)(*call.arguments, **call.options)
        output = layer(keras.KerasTensor((None, *shape)))
    except ValueError:
        return None
    if 0 in output.shape[1:]:
        return None
    trainable = sum(int(weight.value.numpy().size) for weight in layer.trainable_weights)
    return tuple(output.shape[1:]), layer.count_params(), trainable


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    stack=st.lists(layer_specs, min_size=1, max_size=6),
    shape=st.tuples(st.integers(4, 24), st.integers(4, 24), st.sampled_from([1, 3])),
)
def test_every_layer_of_a_random_stack_has_the_shape_and_the_parameters_that_keras_gives_it(stack, shape):
    for spec in stack:
        by_keras = keras_effect(spec, shape)
        try:
            effect = spec.effect(shape)
        except ImpossibleLayerError:
            assert by_keras is None
            return
        assert (effect.output_shape, effect.parameters, effect.trainable) == by_keras
        shape = effect.output_shape


def test_the_formula_of_a_convolution_shows_the_numbers_it_is_counted_from():
    rows = {row.name: row for row in layer_table(new_experiment(), DIGITS, TEN).rows}
    assert rows["conv_1"].formula == "(3 × 3 × 1 + 1) × 32 = 320"
    assert rows["conv_1"].shape_formula == "⌊(28 − 3) / 1⌋ + 1 = 26"
    assert rows["logits"].formula == "(1600 + 1) × 10 = 16010"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spec=layer_specs, shape=st.tuples(st.just(30), st.just(30), st.integers(1, 4)))
def test_every_formula_comes_out_at_what_it_says(spec, shape):
    try:
        effect = spec.effect(shape)
    except ImpossibleLayerError:
        return
    for formula, value in ((effect.formula, effect.parameters), (effect.shape_formula, effect.output_shape[0])):
        if not formula:
            continue
        term, _equals, result = formula.split(",")[0].partition(" = ")
        for sign, operator in (("×", "*"), ("−", "-"), ("⌊", "int("), ("⌋", ")"), ("⌈", "ceil("), ("⌉", ")")):
            term = term.replace(sign, operator)
        assert int(result) == value
        assert eval(term, {"ceil": lambda number: -int(-number // 1)}) == value


def test_the_table_counts_the_keras_example_network_like_its_page():
    table = layer_table(new_experiment("digits", "simple_cnn"), DIGITS, TEN)
    assert (table.total, table.trainable) == (34_826, 34_826)
    assert [row.name for row in table.rows] == [
        "image", "resize", "scale", "conv_1", "pool_1", "conv_2", "pool_2", "flatten_1", "dropout_1", "logits",
        "output",
    ]  # fmt: skip


def test_lenet5_has_the_parameters_the_literature_gives_it():
    assert layer_table(new_experiment("digits", "lenet5"), DIGITS, TEN).total == 61_706


def test_a_table_of_two_hundred_layers_takes_less_than_the_typing_allows():
    stack = [{"kind": "convolution", "padding": "same"}, {"kind": "batch_normalization"}] * 99
    experiment = own_layers(*stack, {"kind": "flatten"})
    started = time.thread_time()  # of its own: other work shares this machine's cores
    table = layer_table(experiment, DIGITS, TEN)
    assert time.thread_time() - started < 0.05
    assert len(table.rows) == 204


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"kind": "convolution", "kernel_size": 31}, "kernel of 31 × 31 is larger than its input of 28 × 28"),
        ({"kind": "convolution", "kernel_size": 15, "dilation": 2}, "kernel of 29 × 29 is larger"),
        ({"kind": "convolution", "stride": 2, "dilation": 2}, "cannot go together"),
        ({"kind": "max_pooling", "pool_size": 30}, "pooling of 30 × 30 is larger than its input of 28 × 28"),
    ],
)
def test_a_layer_that_cannot_stand_there_is_marked_with_the_reason(layer, words):
    found = problems(layer_table(own_layers(layer, {"kind": "flatten"}), DIGITS, TEN))
    assert len(found) == 1
    assert words in next(iter(found.values()))


@pytest.mark.parametrize("kind", ["convolution", "separable_convolution", "max_pooling", "global_max_pooling"])
def test_a_layer_for_pictures_after_a_flatten_is_marked(kind):
    table = layer_table(own_layers({"kind": "flatten"}, {"kind": kind}), DIGITS, TEN)
    (problem,) = problems(table).values()
    assert "needs rows and columns" in problem
    assert "784" in problem


def test_a_stack_without_a_flatten_is_marked_at_the_output_layer():
    found = problems(layer_table(own_layers({"kind": "convolution"}), DIGITS, TEN))
    assert list(found) == ["logits"]
    assert "26 × 26 × 32" in found["logits"]


def test_rows_after_a_problem_are_listed_without_shapes():
    table = layer_table(own_layers({"kind": "max_pooling", "pool_size": 30}, {"kind": "flatten"}), DIGITS, TEN)
    after = [row for row in table.rows if row.name in ("flatten_1", "logits", "output")]
    assert [row.output_shape for row in after] == [(), (), ()]


def test_names_count_each_kind_and_stay_unique():
    stack = [specs.Convolution(), specs.MaxPooling(), specs.Convolution(), specs.AveragePooling(), specs.Dense()]
    assert specs.layer_names(stack) == ["conv_1", "pool_1", "conv_2", "pool_2", "dense_1"]


def test_a_builder_has_no_table_without_keras():
    assert layer_table(new_experiment("digits", "mini_xception"), DIGITS, TEN) is None


@pytest.mark.parametrize("name", registry().architectures.names())
def test_every_list_architecture_names_its_layers_uniquely(name):
    experiment = new_experiment("digits", name)
    table = layer_table(experiment, DIGITS, TEN)
    if table is not None:
        assert len({row.name for row in table.rows}) == len(table.rows)


def test_multiply_adds_count_every_position_of_the_kernel():
    row = Stack((28, 28, 1)).put("conv_1", specs.Convolution(filters=32))
    assert row.multiply_adds == 26 * 26 * 3 * 3 * 32


def test_the_table_goes_into_json():
    import json

    values = json.loads(json.dumps(layer_table(new_experiment(), DIGITS, TEN).to_json()))
    assert values["total"] == 34_826
    assert values["layers"][3]["name"] == "conv_1"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"kind": "convolution", "filters": 4, "stride": 2, "padding": "same"}, "leave a map of 16 × 16"),
        ({"kind": "convolution", "filters": 4, "padding": "valid"}, "leave a map of 30 × 30"),
        ({"kind": "flatten"}, "needs a map, but gets 1024"),
        ({"kind": "convolution", "filters": 4, "padding": "same"}, ""),
    ],
)
def test_an_answer_for_every_pixel_needs_a_map_of_the_inputs_size(layer, message):
    experiment = from_values(
        {
            "version": 1,
            "dataset": {"name": "cells"},
            "preprocessing": {"height": 32, "width": 32},
            "architecture": {"name": "layers", "layers": [layer]},
        },
        "the test's experiment",
    )
    table = layer_table(experiment, ImageInput(32, 32, 1), OutputSpec(1, "sigmoid", spatial=True))
    assert message in table.problem if message else not table.problem
