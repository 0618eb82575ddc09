"""The weights computed in closed form are those of scikit-learn, and no others are better."""

import numpy as np
import pytest

from workbench.training.trainers.last_layer import Sums, losses, mean_loss
from workbench.training.trainers.solving import best_weights


def scaled(features):
    return (features - features.mean(axis=0)) / features.std(axis=0)


def with_mistakes(labels, classes):
    """One in ten labels is wrong, so that the classes overlap and there is a best boundary."""
    generator = np.random.default_rng(0)
    return np.where(generator.random(len(labels)) < 0.1, (labels + 1) % classes, labels)


def test_least_squares_are_those_of_scikit_learn_also_without_scaling():
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression

    features, target = load_diabetes(return_X_y=True, scaled=False)
    theirs = LinearRegression().fit(features, target)
    weights = best_weights(Sums("squared", features, target[:, None]))
    assert weights[:-1, 0] == pytest.approx(theirs.coef_, rel=1e-8)
    assert weights[-1, 0] == pytest.approx(theirs.intercept_, rel=1e-8)


def test_several_numbers_are_solved_together():
    generator = np.random.default_rng(0)
    features, true = generator.normal(size=(50, 3)), generator.normal(size=(4, 2))
    targets = features @ true[:-1] + true[-1]
    assert best_weights(Sums("squared", features, targets)) == pytest.approx(true)


def test_columns_that_repeat_each_other_have_a_solution():
    line = np.arange(9.0)
    sums = Sums("squared", np.column_stack([line, 2 * line, np.ones(9)]), 3 * line[:, None] + 1)
    assert mean_loss(sums, best_weights(sums)) == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize("kind", ["binary", "categorical"])
def test_newtons_method_finds_the_weights_of_scikit_learn(kind):
    from sklearn.datasets import load_breast_cancer, load_iris
    from sklearn.linear_model import LogisticRegression

    if kind == "binary":
        features, labels = load_breast_cancer(return_X_y=True)
        features = features[:, :6]
    else:
        features, labels = load_iris(return_X_y=True)
    classes = int(labels.max()) + 1
    features, labels = scaled(features), with_mistakes(labels, classes)
    targets = labels[:, None].astype(float) if kind == "binary" else np.eye(classes)[labels]
    sums = Sums(kind, features, targets)
    theirs = LogisticRegression(C=np.inf, max_iter=10_000, tol=1e-10).fit(features, labels)
    reference = np.vstack([theirs.coef_.T, theirs.intercept_])
    ours = best_weights(sums)
    assert mean_loss(sums, ours) <= mean_loss(sums, reference) + 1e-12
    assert ours @ _centring(classes) == pytest.approx(reference @ _centring(classes), abs=1e-3)


def _centring(classes):
    """Weights of a softmax are known up to the same number for all classes."""
    return np.eye(1) if classes == 2 else np.eye(classes) - 1 / classes


def test_weighted_samples_count_as_often_as_their_weight():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 2))
    targets = (features @ [[1.0], [2.0]] + generator.logistic(size=(60, 1)) > 0).astype(float)
    weights = np.where(targets[:, 0] > 0, 2.0, 1.0)
    twice = np.append(np.arange(60), np.flatnonzero(targets[:, 0]))
    for kind in ("binary", "squared"):
        ours = best_weights(Sums(kind, features, targets, weights / weights.mean()))
        repeated = best_weights(Sums(kind, features[twice], targets[twice]))
        assert _boundary(ours) == pytest.approx(_boundary(repeated), abs=1e-6)


def _boundary(weights):
    return weights[:, 0]


def test_classes_without_overlap_end_with_a_loss_near_zero():
    sums = Sums("binary", np.arange(4.0)[:, None], np.array([[0.0], [0], [1], [1]]))
    weights = best_weights(sums)
    assert np.isfinite(weights).all()
    assert mean_loss(sums, weights) < 1e-4


def test_xor_has_no_better_answer_than_a_coin():
    corners = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    sums = Sums("binary", corners, np.array([[0.0], [1], [1], [0]]))
    assert mean_loss(sums, best_weights(sums)) == pytest.approx(np.log(2))


@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy"])
def test_the_losses_are_those_of_keras(name):
    import keras

    from workbench.training.trainers.last_layer import loss_kind

    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (30, 1))
    targets = (generator.random((30, 1)) > 0.5).astype(float)
    options = {"from_logits": True} if name == "BinaryCrossentropy" else {}
    loss = getattr(keras.losses, name)(**options)
    own = losses(loss_kind(loss), logits, targets)
    assert own.mean() == pytest.approx(float(loss(targets, logits)), rel=1e-5)


def test_the_loss_of_many_classes_is_that_of_keras():
    import keras

    generator = np.random.default_rng(0)
    logits, labels = generator.normal(0, 2, (30, 4)), generator.integers(0, 4, 30)
    own = losses("categorical", logits, np.eye(4)[labels])
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert own.mean() == pytest.approx(float(theirs(labels, logits)), rel=1e-5)
