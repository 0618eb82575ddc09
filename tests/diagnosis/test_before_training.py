"""The checks before training: each names its fault, offers what mends it, and leaves healthy experiments alone."""

from dataclasses import replace

import pytest

from workbench.architectures.fitting import begin_with
from workbench.diagnosis.facts import gather
from workbench.experiment import from_values, new_experiment
from workbench.finding import Check, Finding, look
from workbench.registry import registry
from workbench.requests import DataRequest
from workbench.specs import ClassTarget, Column, ImageInput, TableInput

GIB = 2**30
RELU = {"kind": "dense", "units": 10, "activation": "relu"}
HEALTHY = (
    ("digits", "simple_cnn"), ("digits", "mlp"), ("digits", "lenet5"), ("shapes", "simple_cnn"),
    ("shapes_together", "overview_cnn"), ("iris", "logistic"), ("iris", "mlp"), ("wine", "mlp"),
    ("breast_cancer", "logistic"), ("diabetes", "linear"), ("house_prices", "linear"), ("loans", "logistic"),
    ("study_hours", "logistic"), ("xor", "mlp"), ("mnist", "lenet5"), ("cifar10", "simple_cnn"),
)  # fmt: skip


def findings(experiment, **more):
    return look(registry().checks, "before", gather(experiment, **{"memory_bytes": 8 * GIB, **more}))


def names(experiment, **more):
    return [finding.name for finding in findings(experiment, **more)]


def changed(**changes):
    experiment = new_experiment("cifar10", "simple_cnn")
    for path, value in changes.items():
        experiment = experiment.changed(path.replace("__", "."), value)
    return experiment


def stack(*layers, **training):
    values = {"version": 1, "dataset": {"name": "cifar10"}, "architecture": {"name": "layers", "layers": layers}}
    return from_values({**values, "training": training}, "the stack")


def deep(count, *more, **training):
    convolution = {"kind": "convolution", "filters": 8, "padding": "same"}
    return stack(*([convolution, *more] * count), {"kind": "global_average_pooling"}, **training)


class Report:
    """What the checks read of a data report."""

    def __init__(self, counts, leaks=(), input=None):
        self.class_splits = {"train": counts}
        self.splits = {"validation": 50, "test": 50}
        self.leaks = leaks
        self.target = ClassTarget(tuple(counts))
        self.input = input or ImageInput(32, 32, 3)


@pytest.mark.parametrize(("dataset", "architecture"), HEALTHY)
def test_a_healthy_experiment_is_left_alone(dataset, architecture):
    assert names(begin_with(dataset, architecture)) == []


@pytest.mark.parametrize(
    ("experiment", "fault"),
    [
        (changed(overrides__extra_layers=(RELU,)), "relu_before_softmax"),
        (changed(overrides__extra_layers=({**RELU, "activation": "linear"}, {"kind": "activation"})),
         "relu_before_softmax"),
        (changed(architecture__dense=(128, 10)), "relu_before_softmax"),
        (changed(overrides__output_activation="linear", overrides__loss_expects="probabilities"),
         "logits_taken_for_probabilities"),
        (changed(overrides__output_activation="softmax", overrides__loss_expects="logits"),
         "probabilities_taken_for_logits"),
        (changed(overrides__output_activation="linear"), "output_without_activation"),
        (changed(overrides__output_activation="relu"), "output_activation"),
        (changed(overrides__output_activation="sigmoid"), "sigmoid_with_several_classes"),
        (changed(overrides__scaling_factor=1 / 225), "scaling_factor"),
        (changed(overrides__scaling_factor=1.0), "no_scaling"),
        (changed(overrides__scaling_factor=1 / 255**2), "two_rescalings"),
        (changed(overrides__scaling_factor=-0.01), "scaling_factor"),
        (changed(training__optimizer__learning_rate=0.5), "learning_rate"),
        (changed(training__optimizer__learning_rate=1e-8), "learning_rate"),
        (deep(18), "deep_plain_network"),
    ],
)  # fmt: skip
def test_a_fault_is_named_and_its_changes_mend_it(experiment, fault):
    found = findings(experiment)
    assert [finding.name for finding in found] == [fault]
    assert found[0].seen
    assert found[0].why
    assert found[0].remedy
    assert names(found[0].mended(experiment)) == []


def test_a_softmax_with_a_single_unit_is_named():
    experiment = begin_with("breast_cancer").changed("overrides.output_activation", "softmax")
    report = Report({"good": 90, "bad": 90}, input=TableInput((Column("size"),)))
    assert "softmax_with_one_unit" in names(experiment, report=report)


def test_a_relu_behind_the_numbers_to_be_learned_is_named():
    experiment = begin_with("diabetes").changed("overrides.output_activation", "relu")
    assert names(experiment) == ["output_activation"]


def test_a_wide_layer_with_a_relu_before_the_softmax_is_usual():
    assert names(changed(architecture__dense=(128, 64))) == []
    assert names(changed(overrides__extra_layers=(RELU, {"kind": "dense", "units": 64}))) == []


@pytest.mark.parametrize("factor", [1 / 255, 0.003922, 1 / 256, 1 / 127.5])
def test_a_factor_that_brings_grey_levels_to_about_one_is_fine(factor):
    assert names(changed(overrides__scaling_factor=factor)) == []


def test_unscaled_pictures_are_fine_where_the_first_layer_normalises():
    layers = ({"kind": "batch_normalization"}, {"kind": "convolution"}, {"kind": "global_average_pooling"})
    experiment = stack(*layers).changed("overrides.scaling_factor", 1.0)
    assert names(experiment) == []
    assert names(stack(*layers[1:]).changed("overrides.scaling_factor", 1.0)) == ["no_scaling"]


def test_a_network_that_rescales_by_itself_must_not_be_scaled_before():
    (finding,) = findings(changed(), factors=(1 / 255,))
    assert finding.name == "two_rescalings"
    assert names(finding.mended(changed()), factors=(1 / 255,)) == []


def transfer(**changes):
    experiment = new_experiment("cifar10", "transfer").changed("preprocessing.height", 96)
    for path, value in changes.items():
        experiment = experiment.changed(path.replace("__", "."), value)
    return experiment


def test_a_base_scales_its_pixels_once():
    assert names(transfer()) == []
    assert names(transfer(), factors=(1 / 255,)) == []
    twice = transfer(architecture__base="file", architecture__pixels="unit")
    (finding,) = findings(twice, factors=(1 / 255, 1 / 255))
    assert finding.name == "two_rescalings"
    assert finding.mended(twice).architecture.pixels == "auto"
    assert names(transfer(overrides__scaling_factor=1 / 255)) == ["two_rescalings"]


def test_a_trained_base_that_learns_further_needs_a_small_rate():
    (finding,) = findings(transfer(architecture__boundary="all"))
    assert finding.name == "rate_for_trained_layers"
    assert names(finding.mended(transfer(architecture__boundary="all"))) == []
    assert names(transfer(architecture__boundary="all", architecture__weights="none")) == []


def test_two_phases_train_the_base_in_small_steps_and_need_one_that_is_not_frozen():
    phases = transfer(architecture__boundary="all", trainer__name="two_phases")
    assert names(phases) == []
    assert names(phases.changed("trainer.base_rate", 1.0)) == ["rate_for_trained_layers"]
    frozen = phases.changed("architecture.boundary", "")
    (finding,) = findings(frozen)
    assert finding.name == "frozen_everything"
    assert names(finding.mended(frozen)) == []


def test_depth_is_no_fault_with_normalisation_or_a_small_rate_or_few_layers():
    assert names(deep(18, {"kind": "batch_normalization"})) == []
    assert names(deep(18, optimizer={"name": "adam", "learning_rate": 1e-4})) == []
    assert names(deep(18, optimizer={"name": "sgd", "learning_rate": 0.01})) == []
    assert names(deep(8)) == []
    (finding,) = findings(deep(18))
    assert "19 plain layers" in finding.seen


def test_maps_of_one_pixel_long_before_the_end_are_named():
    convolution, pooling = {"kind": "convolution", "padding": "same"}, {"kind": "max_pooling"}
    small = stack(*[convolution, pooling] * 5, *[convolution] * 3, {"kind": "flatten"})
    (finding,) = findings(small)
    assert finding.name == "input_too_small"
    assert "3 convolutions, from conv_6 on" in finding.seen
    assert names(finding.mended(small)) == []
    assert names(stack(*[convolution, pooling] * 5, {"kind": "flatten"})) == []


def test_a_network_that_cannot_be_built_is_named_with_the_layer():
    (finding,) = findings(stack({"kind": "convolution", "kernel_size": 31}, {"kind": "max_pooling", "pool_size": 9}))
    assert finding.name == "cannot_be_built"
    assert finding.seen.startswith("pool_1:")


def test_a_batch_that_does_not_fit_into_memory_is_brought_to_the_largest_that_does():
    experiment = changed(training__batch_size=8192)
    (finding,) = findings(experiment, memory_bytes=GIB)
    assert finding.name == "memory"
    mended = finding.mended(experiment)
    assert 0 < mended.training.batch_size < 8192
    assert names(mended, memory_bytes=GIB) == []
    assert names(mended.changed("training.batch_size", 2 * mended.training.batch_size), memory_bytes=GIB) == ["memory"]
    (hopeless,) = findings(experiment, memory_bytes=2**20)
    assert hopeless.changes == ()
    assert names(experiment, memory_bytes=0) == []


def test_the_memory_of_the_weights_counts_what_the_optimizer_keeps():
    from workbench.diagnosis.memory import memory_needed

    facts = gather(changed())
    total = facts.table.total
    assert memory_needed(facts).weights == 4 * total * 4  # the weights, their gradients, and Adam's two means
    sgd = gather(changed(training__optimizer={"name": "sgd", "momentum": 0.0}))
    assert memory_needed(sgd).weights == 4 * total * 2


def test_frozen_everything_is_named():
    facts = gather(changed())
    frozen = replace(facts, table=replace(facts.table, trainable=0))
    assert [finding.name for finding in look(registry().checks, "before", frozen)] == ["frozen_everything"]


def test_rare_classes_small_classes_and_duplicates_are_named_where_the_data_are_at_hand():
    many = {str(number): 100 for number in range(9)}
    (finding,) = findings(changed(), report=Report({**many, "rare": 15}))
    assert finding.name == "class_imbalance"
    assert finding.mended(changed()).training.class_weights == "balanced"
    assert names(finding.mended(changed()), report=Report({**many, "rare": 15})) == []
    assert names(changed(), report=Report({**many, "rare": 3})) == ["few_samples"]
    assert names(changed(), report=Report({**many, "rare": 90})) == []
    leaks = tuple((f"a{number}", f"b{number}") for number in range(5))
    assert names(changed(), report=Report(many, leaks)) == ["duplicates_across_splits"]


def test_columns_of_large_values_that_are_not_scaled_are_named():
    experiment = begin_with("wine", "mlp").changed("preprocessing.scaling", "none")
    report = Report({"a": 50, "b": 50, "c": 50}, input=TableInput((Column("proline", minimum=278, maximum=1680),)))
    (finding,) = findings(experiment, report=report)
    assert "proline goes up to 1,680" in finding.seen
    assert finding.mended(experiment).preprocessing.scaling == "zscore"
    assert names(experiment.changed("trainer.name", "closed_form"), report=report) == []


def test_what_the_training_would_refuse_is_named():
    experiment = begin_with("diabetes").changed("training.class_weights", "balanced")
    assert names(experiment) == ["class_weights_without_classes"]
    assert names(begin_with("diabetes").changed("training.label_smoothing", 0.1)) == ["label_smoothing_without_labels"]


def test_the_worst_is_told_first():
    experiment = changed(overrides__scaling_factor=1 / 225, overrides__extra_layers=(RELU,))
    assert names(experiment) == ["relu_before_softmax", "scaling_factor"]


def test_a_check_of_another_moment_is_not_asked():
    def never(subject):
        raise AssertionError("this check is for runs")

    checks = [Check("later", "Later", "", "after", never)]
    assert look(checks, "before", gather(changed())) == ()
    assert look([Check("now", "Now", "", "before", lambda _facts: [Finding("x", "error", "a", "b", "c")])], "before", 1)


def test_the_data_of_small_datasets_are_healthy(home):
    from workbench.control import Control
    from workbench.data.report import report

    for dataset in ("iris", "breast_cancer", "study_hours", "diabetes"):
        experiment = begin_with(dataset)
        data = report(DataRequest(experiment, gallery=0), lambda _event: None, Control())
        assert names(experiment, report=data) == []
