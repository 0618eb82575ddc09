"""A finding keeps what it says and offers on its way through a run's folder."""

import json

from workbench.events import Found, from_json, to_json
from workbench.experiment import from_values
from workbench.finding import Finding, applicable
from workbench.training.log_lines import log_line


def _finding(*changes) -> Finding:
    return Finding("dead_units", "warning", "48 of 64 units are dead.", "They learn nothing.", "Rate 0.0001", changes)


def _found_again(finding: Finding) -> Finding:
    line = json.dumps(to_json(Found(3, finding.to_json())))
    event = from_json(json.loads(line))
    assert event.epoch == 3
    return Finding.from_json(event.finding)


def test_a_finding_comes_back_from_the_events_of_a_run_as_it_was():
    finding = _finding(("training.optimizer.learning_rate", 1e-4), ("overrides.scaling_factor", None))
    assert _found_again(finding) == finding


def test_a_change_of_layers_can_be_applied_after_the_way_through_a_file():
    experiment = from_values({"version": 1, "dataset": {"name": "digits"}, "architecture": {"name": "mlp"}}, "test")
    finding = _found_again(_finding(("overrides.extra_layers", ({"kind": "dense", "units": 7},))))
    assert applicable(finding, experiment)
    assert finding.mended(experiment).overrides.extra_layers[0]["units"] == 7


def test_the_log_of_a_run_says_what_was_found():
    assert log_line(Found(0, _finding().to_json())).startswith("warning: 48 of 64 units are dead.")
