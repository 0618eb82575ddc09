"""The networks without a hidden layer, on rows and on pictures."""

import pytest

from workbench.architectures.table import Stack
from workbench.registry import registry
from workbench.specs import OutputSpec


@pytest.mark.parametrize("name", ["linear", "logistic"])
@pytest.mark.parametrize(("shape", "inputs"), [((13,), 13), ((8, 8, 1), 64)], ids=["row", "picture"])
def test_there_is_a_weight_per_input_and_a_bias_and_nothing_else(name, shape, inputs):
    architecture = registry().architectures.get(name)
    stack = Stack(shape)
    for layer in architecture.layers(architecture.section()):
        assert not stack.put("layer", layer).problem
    rows = stack.finish(OutputSpec(1, "linear"))
    assert not any(row.problem for row in rows)
    assert stack.total == inputs + 1


def test_a_perceptron_takes_the_row_of_a_table_with_layers_and_units_of_choice():
    architecture = registry().architectures.get("mlp")
    section = architecture.section(dense="8, 4", dropout=0)
    stack = Stack((2,))
    for layer in architecture.layers(section):
        assert not stack.put("layer", layer).problem
    stack.finish(OutputSpec(1, "linear"))
    assert stack.total == (2 + 1) * 8 + (8 + 1) * 4 + (4 + 1)
