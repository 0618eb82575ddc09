"""Bins, the calibration error and the fitted temperature against references written plainly here."""

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.specs import ClassTarget
from workbench.tasks.calibration import (
    are_probabilities,
    class_logits,
    fit_temperature,
    negative_log_likelihood,
    of_answers,
    reliability,
    tempered,
)
from workbench.tasks.calibration_figures import confidence_histogram, reliability_diagram
from workbench.tasks.classification import Classification
from workbench.tasks.task import Evidence


def answers(count=4000, classes=5, seed=0):
    """Logits of a calibrated model, and targets drawn from its very probabilities."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (count, classes))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (chances.cumsum(axis=1) < generator.random((count, 1))).sum(axis=1)
    return logits, np.minimum(targets, classes - 1)


def plain_error(confidence, right, bins):
    """The expected calibration error, bin by bin in Python."""
    total = 0.0
    for index in range(bins):
        members = [i for i, c in enumerate(confidence) if index / bins < c <= (index + 1) / bins]
        if members:
            gap = abs(np.mean([confidence[i] for i in members]) - np.mean([right[i] for i in members]))
            total += gap * len(members) / len(confidence)
    return total


@pytest.mark.parametrize("bins", [2, 10, 15])
def test_the_calibration_error_equals_that_of_a_plain_loop(bins):
    generator = np.random.default_rng(bins)
    confidence = generator.uniform(0.01, 1, 500)
    right = generator.random(500) < confidence**2
    found = reliability(confidence, right, bins)
    assert found.error == pytest.approx(plain_error(confidence, right, bins), abs=1e-12)
    assert found.counts.sum() == 500
    assert found.mean_confidence == pytest.approx(confidence.mean())


def test_a_confidence_at_an_edge_belongs_to_the_bin_below_it_and_empty_bins_have_no_place():
    found = reliability(np.array([0.5, 0.5, 1.0]), np.array([True, False, True]), 4)
    assert found.counts.tolist() == [0, 2, 0, 1]
    assert np.isnan(found.confidence[[0, 2]]).all()
    assert found.error == pytest.approx(0.0)
    empty = reliability(np.zeros(0), np.zeros(0, bool))
    assert empty.error == 0
    assert empty.counts.sum() == 0


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_the_factor_by_which_logits_are_too_large(factor):
    logits, targets = answers(20_000)
    temperature = fit_temperature(factor * logits, targets)
    assert temperature == pytest.approx(factor, rel=0.03)
    assert of_answers(tempered(factor * logits, temperature), targets).error < 0.02


@pytest.mark.parametrize("classes", [2, 5])
def test_the_temperature_is_the_one_a_general_minimiser_finds(classes):
    from scipy.optimize import minimize_scalar

    logits, targets = answers(300, classes, seed=classes)
    logits = 2.5 * (logits[:, 1:] - logits[:, :1] if classes == 2 else logits)  # one unit stands for two classes
    reference = minimize_scalar(
        lambda log: negative_log_likelihood(logits, targets, np.exp(log)), bounds=(-3, 3), method="bounded"
    )
    assert fit_temperature(logits, targets) == pytest.approx(np.exp(reference.x), rel=1e-3)


def test_a_temperature_changes_no_answer():
    logits, _targets = answers(200)
    assert np.array_equal(tempered(logits, 7.0).argmax(axis=1), logits.argmax(axis=1))
    assert class_logits(np.array([[2.0]])).tolist() == [[0.0, 2.0]]


def test_very_large_logits_are_fitted_without_overflow():
    logits, targets = answers(5000)
    assert fit_temperature(40 * logits, targets) == pytest.approx(40, rel=0.1)


def test_where_no_temperature_is_best_it_says_so():
    logits, _targets = answers(100)
    with pytest.raises(UserError, match="makes mistakes"):
        fit_temperature(logits, logits.argmax(axis=1))
    with pytest.raises(UserError, match="no better than chance"):
        fit_temperature(logits, logits.argmin(axis=1))
    with pytest.raises(UserError, match="not numbers"):
        fit_temperature(np.full((3, 2), np.nan), np.zeros(3))
    with pytest.raises(UserError, match="no samples"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0))


def test_a_fit_asks_often_whether_to_go_on():
    logits, targets = answers(3000, 1000)
    asked = []
    fit_temperature(3 * logits, targets, lambda: asked.append(1))
    assert len(asked) >= 9  # three parts of a million values, a few times


def test_the_evaluation_of_a_classifier_tells_how_far_its_confidence_can_be_trusted():
    logits, targets = answers(500, 3)
    target = ClassTarget(("a", "b", "c"))
    outputs = tempered(3 * logits).astype(np.float32)
    evaluation = Classification().evaluate(Evidence(outputs, targets, np.zeros(500), target))
    assert evaluation.numbers["calibration_error"] == pytest.approx(
        plain_error(outputs.max(axis=1).tolist(), (outputs.argmax(axis=1) == targets).tolist(), 15), abs=1e-6
    )
    assert [figure.title for figure in evaluation.figures[-2:]] == ["Reliability diagram", "Confidence of the answers"]
    scores = Classification().evaluate(Evidence(3 * logits, targets, np.zeros(500), target))
    assert "calibration_error" not in scores.numbers
    assert not are_probabilities(logits)


def test_the_diagram_has_a_point_for_every_bin_that_holds_samples():
    found = reliability(np.array([0.55, 0.95, 0.96]), np.array([True, True, False]), 10)
    diagram = reliability_diagram({"as trained": found})
    assert diagram.points[0].x.tolist() == pytest.approx([0.55, 0.955])
    assert diagram.points[0].y.tolist() == [1.0, 0.5]
    assert "error: 0.4533." in diagram.note
    assert "mended 0.4533" in reliability_diagram({"as trained": found, "mended": found}).note
    histogram = confidence_histogram({"as trained": found})
    assert histogram.names == ("0.50 … 0.60", "0.60 … 0.70", "0.70 … 0.80", "0.80 … 0.90", "0.90 … 1.00")
    assert sum(histogram.series["as trained"]) == pytest.approx(1)
