"""Curves and counts over all thresholds of two classes agree with scikit-learn."""

import pickle
import time

import numpy as np
import pytest

from workbench.figures import Adjustable, Matrix
from workbench.specs import ClassTarget
from workbench.tasks.binary_report import Threshold, rank, thinned
from workbench.tasks.classification import Classification
from workbench.tasks.task import Evidence

NAMES = ("cat", "dog")
TASK = Classification()


@pytest.fixture(scope="module")
def metrics():
    """scikit-learn's own."""
    from sklearn import metrics

    return metrics


def drawn(count=400, seed=0, ties=False):
    """Probabilities of the second class, float32 as a network gives them, and true classes."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, 2, count)
    probabilities = np.clip(generator.normal(0.4 + 0.2 * targets, 0.2), 0, 1).astype(np.float32)
    return (np.round(probabilities, 1) if ties else probabilities), targets


def judged(probabilities, targets):
    outputs = probabilities[:, None]
    target = ClassTarget(NAMES)
    return TASK.evaluate(Evidence(outputs, targets, TASK.sample_losses(outputs, targets, target), target))


@pytest.mark.parametrize("count", [2, 50, 5000])
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_areas_equal_those_of_scikit_learn(metrics, count, ties):
    probabilities, targets = drawn(count, ties=ties)
    targets[:2] = (0, 1)
    numbers = judged(probabilities, targets).numbers
    assert numbers["auc"] == pytest.approx(metrics.roc_auc_score(targets, probabilities), abs=1e-9)
    assert numbers["average_precision"] == pytest.approx(
        metrics.average_precision_score(targets, probabilities), abs=1e-9
    )


def test_the_drawn_curves_are_short_and_lie_on_those_of_scikit_learn(metrics):
    probabilities, targets = drawn(5000)
    ranked = rank(probabilities, targets, NAMES)
    x, y, _ = metrics.roc_curve(targets, probabilities, drop_intermediate=False)
    assert len(ranked.roc) <= 500
    assert len(ranked.recall_precision) <= 500
    assert set(map(tuple, ranked.roc)) <= set(zip(x.tolist(), y.tolist(), strict=True))
    assert ranked.roc[0].tolist() == [0, 0]
    assert ranked.roc[-1].tolist() == [1, 1]
    area = np.trapezoid(ranked.roc[:, 1], ranked.roc[:, 0])
    assert area == pytest.approx(ranked.auc, abs=2e-3)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_a_threshold_moves_the_matrix_the_counts_and_the_marked_points(metrics, threshold):
    probabilities, targets = drawn()
    (adjustable, *_) = judged(probabilities, targets).figures
    matrix, counts, roc, precision_recall = adjustable.figures(Threshold(threshold=threshold))
    predicted = (probabilities > threshold).astype(int)
    value = {row[0]: row[1] for row in counts.rows}
    assert isinstance(adjustable, Adjustable)
    assert np.array_equal(matrix.values, metrics.confusion_matrix(targets, predicted))
    assert value["True positives"] == int(((predicted == 1) & (targets == 1)).sum())
    assert value["Recall (sensitivity)"] == pytest.approx(metrics.recall_score(targets, predicted))
    assert value["Specificity"] == pytest.approx(metrics.recall_score(targets, predicted, pos_label=0))
    assert value["F1"] == pytest.approx(metrics.f1_score(targets, predicted))
    assert value["Accuracy"] == pytest.approx(metrics.accuracy_score(targets, predicted))
    assert roc.points[0].y == pytest.approx([metrics.recall_score(targets, predicted)])
    assert f"{threshold:.2f}" in roc.points[0].name
    if predicted.any():
        assert value["Precision"] == pytest.approx(metrics.precision_score(targets, predicted))
        assert precision_recall.points[0].y == pytest.approx([value["Precision"]])
    else:
        assert value["Precision"] is None
        assert len(precision_recall.points[0].x) == 0


def test_every_cell_knows_its_samples_the_surest_first():
    probabilities, targets = drawn()
    matrix = judged(probabilities, targets).figures[0].figures()[0]
    for (row, column), samples in matrix.samples.items():
        assert len(samples) == matrix.values[row, column]
        assert all(targets[sample] == row and (probabilities[sample] > 0.5) == column for sample in samples)
        assert np.all(np.diff(np.abs(probabilities[list(samples)] - 0.5)) <= 0)
    assert sum(map(len, matrix.samples.values())) == len(targets)


def test_at_one_half_the_matrix_agrees_with_the_accuracy():
    probabilities, targets = drawn(ties=True)
    evaluation = judged(probabilities, targets)
    matrix = evaluation.figures[0].figures()[0]
    assert np.trace(matrix.values) / len(targets) == pytest.approx(evaluation.numbers["accuracy"])


def test_a_split_with_one_class_has_its_matrix_and_no_area():
    evaluation = judged(np.array([0.2, 0.9], np.float32), np.array([1, 1]))
    assert isinstance(evaluation.figures[0], Matrix)
    assert "auc" not in evaluation.numbers


def test_many_classes_have_no_threshold():
    target = ClassTarget(("a", "b", "c"))
    outputs = np.eye(3, dtype=np.float32)
    evaluation = TASK.evaluate(Evidence(outputs, np.arange(3), np.zeros(3), target))
    assert not any(isinstance(figure, Adjustable) for figure in evaluation.figures)


def test_the_knob_answers_at_once_also_on_the_other_side_of_a_pipe():
    probabilities, targets = drawn(50_000)
    adjustable = pickle.loads(pickle.dumps(judged(probabilities, targets).figures[0]))
    start = time.perf_counter()
    adjustable.figures(Threshold(threshold=0.4))
    assert time.perf_counter() - start < 0.1


def test_a_thinned_line_keeps_its_ends_and_its_order():
    points = np.column_stack([np.linspace(0, 1, 3000), np.linspace(0, 1, 3000) ** 2])
    few = thinned(points, 100)
    assert len(few) <= 100
    assert few[0].tolist() == [0, 0]
    assert few[-1].tolist() == [1, 1]
    assert np.all(np.diff(few[:, 0]) > 0)
