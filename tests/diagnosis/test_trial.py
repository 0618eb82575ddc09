"""The trial step as a check of its own: what a step takes, beside what there is."""

import re

import pytest

from workbench.architectures.fitting import begin_with
from workbench.control import Control
from workbench.diagnosis.trial import try_a_step
from workbench.errors import UserError
from workbench.requests import TrialRequest


def tried(experiment):
    return try_a_step(TrialRequest(experiment), lambda event: None, Control())


def test_a_step_is_made_and_told_with_memory_time_and_multiply_adds(home):
    answer = tried(begin_with("iris", "mlp"))
    (finding,) = answer.findings
    assert (finding.name, finding.severity) == ("trial_step", "information")
    assert re.search(r"[MK]iB of memory; an epoch of 106 samples takes about 0\.\d+ s\. ", finding.seen)
    (table,) = answer.figures
    rows = dict(table.rows)
    assert rows["Training samples"] == "106"
    assert rows["Batch that was tried"] == rows["Batch size of the experiment"] == "32"
    assert int(rows["Largest batch that fits, by estimate"].replace(",", "")) > 1000
    assert rows["Multiply-adds for each sample"] in finding.seen


def test_a_network_that_cannot_be_built_says_why(home):
    with pytest.raises(UserError, match="kernel"):
        tried(begin_with("digits", "simple_cnn").changed("architecture.kernel_size", 31))


def test_a_trainer_without_mini_batches_is_refused(home):
    with pytest.raises(UserError, match="does not go in mini-batches"):
        tried(begin_with("iris", "logistic").changed("trainer", "gradient_descent"))
