"""The decision boundary over two features."""

import numpy as np
import pytest

from workbench.figures import Scatter
from workbench.specs import ClassTarget, Column, TableInput
from workbench.tasks.classification import Classification
from workbench.tasks.task import Evidence

TASK = Classification()
RELIABILITY = "Reliability diagram"
SPEC = TableInput((Column("study", "h"), Column("sleep", "h")))


def judged(target, predict, spec=SPEC, count=60):
    generator = np.random.default_rng(0)
    inputs = generator.uniform(0, 10, (count, len(spec.columns))).astype(np.float32)
    targets = generator.integers(0, len(target.class_names), count)
    outputs = predict(inputs)
    losses = TASK.sample_losses(outputs, targets, target)
    figures = TASK.evaluate(Evidence(outputs, targets, losses, target, (), spec, inputs, predict)).figures
    # The reliability diagram, too, is a scatter, but over probabilities.
    return [figure for figure in figures if isinstance(figure, Scatter) and figure.title != RELIABILITY], targets


def sigmoid_of_the_first(rows):
    return (1 / (1 + np.exp(5 - rows[:, :1]))).astype(np.float32)


def one_class_per_third(rows):
    return np.eye(3, dtype=np.float32)[np.clip((rows[:, 1] // 4).astype(int), 0, 2)]


def test_two_classes_lie_over_the_probability_of_the_second():
    (figure,), targets = judged(ClassTarget(("fail", "pass")), sigmoid_of_the_first)
    across = np.linspace(*figure.field_range[:2], figure.field.shape[1])
    assert (figure.x_label, figure.y_label) == ("study (h)", "sleep (h)")
    assert figure.field[0] == pytest.approx(1 / (1 + np.exp(5 - across)), rel=1e-3)
    assert "pass" in figure.field_label
    assert [len(group.x) for group in figure.points] == np.bincount(targets).tolist()
    for number, group in enumerate(figure.points):
        assert all(targets[sample] == number for sample in group.samples)


def test_more_classes_lie_over_the_class_that_wins():
    (figure,), _ = judged(ClassTarget(("a", "b", "c")), one_class_per_third)
    up = np.linspace(*figure.field_range[2:], figure.field.shape[0])
    assert np.array_equal(figure.field[:, 0], np.clip(up.astype(np.float32) // 4, 0, 2))
    assert "0 = a, 1 = b, 2 = c" in figure.field_label


def test_words_and_three_features_have_no_plane():
    words = TableInput((Column("study"), Column("town", categories=("Hue", "Vinh"))))
    three = TableInput((Column("a"), Column("b"), Column("c")))
    for spec in (words, three):
        assert judged(ClassTarget(("fail", "pass")), sigmoid_of_the_first, spec)[0] == []
