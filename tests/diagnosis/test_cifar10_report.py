"""The diagnosis' test bed: a student's five networks as they were written, and their mended twins.

Keras builds the networks at their full size, without data.
"""

import pytest

from workbench.control import Control
from workbench.diagnosis import diagnose as job
from workbench.recipes import recipe
from workbench.requests import DiagnoseRequest

FAULTS = {
    "vgg16": ["relu_before_softmax", "deep_plain_network", "scaling_factor"],
    "vgg19": ["deep_plain_network", "scaling_factor"],
    "resnet50": ["logits_taken_for_probabilities", "scaling_factor", "input_too_small"],
    "inception": ["relu_before_softmax", "scaling_factor", "input_too_small"],
    "xception": ["scaling_factor"],
}
NEEDED_BYTES = 16 * 2**30


@pytest.fixture
def found(monkeypatch, home):
    # How much is free while the tests run says nothing of the experiments.
    monkeypatch.setattr(job, "free_memory", lambda _experiment: NEEDED_BYTES)

    def diagnosed(experiment):
        return job.diagnose(DiagnoseRequest(experiment, read_data=False), lambda _event: None, Control())

    return diagnosed


@pytest.mark.parametrize("network", FAULTS)
def test_every_fault_of_the_report_is_named(network, found):
    experiment = recipe(f"cifar10_report/{network}_as_written").experiment()
    findings = found(experiment)
    assert [finding.name for finding in findings] == FAULTS[network]
    if network == "vgg19":
        assert "19 plain layers" in findings[0].seen
    for finding in findings:  # one click mends each
        assert finding.mended(experiment) != experiment


@pytest.mark.parametrize("network", FAULTS)
def test_the_mended_twin_is_left_alone(network, found):
    assert found(recipe(f"cifar10_report/{network}_mended").experiment()) == ()


def test_the_recipe_for_small_pictures_is_left_alone(found):
    assert found(recipe("small_colour_pictures").experiment()) == ()


def test_a_click_for_every_finding_leaves_nothing_to_find(found):
    experiment = recipe("cifar10_report/vgg16_as_written").experiment()
    for finding in found(experiment):
        experiment = finding.mended(experiment)
    assert found(experiment) == ()
