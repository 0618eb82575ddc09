"""The drawn loss is the loss, and the path tells a small, a right and a large learning rate apart."""

import pickle

import numpy as np
import pytest

from workbench.training.trainers.last_layer import Sums, losses, mean_loss
from workbench.training.trainers.loss_surface import digest, figure, surfaces

NAMES = ("weight of area", "weight of rooms", "bias")


def drawn(kind="squared", count=300):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(count, 2))
    targets = features @ [[2.0], [-1.0]] + 1 + generator.logistic(0, 0.3, size=(count, 1))
    return Sums(kind, features, targets if kind in ("squared", "absolute") else (targets > 0).astype(float))


def path_of(sums, rate, steps=50):
    """Gradient descent in plain NumPy, from weights of 0."""
    weights = np.zeros((3, 1))
    path = [weights[:, 0]]
    for _step in range(steps):
        answers = sums.with_ones @ weights
        slope = 2 * (answers - sums.targets) if sums.kind == "squared" else 1 / (1 + np.exp(-answers)) - sums.targets
        weights = weights - rate * sums.with_ones.T @ slope / len(slope)
        path.append(weights[:, 0])
    return np.array(path)


@pytest.mark.parametrize("kind", ["squared", "binary", "absolute"])
def test_the_surface_holds_the_loss_of_the_training_samples(kind):
    sums = drawn(kind)
    path = path_of(drawn(), 0.1)
    made = figure(digest(sums), path, NAMES, 0.1)
    (surface,) = made.figures(made.params.model_copy(update={"first": NAMES[1], "second": NAMES[2]}))
    others = digest(sums).get("lowest", path[-1][:, None])[:, 0].copy()
    others[1], others[2] = surface.x[5], surface.y[30]
    assert (surface.x_label, surface.y_label) == (NAMES[1], NAMES[2])
    assert surface.values[30, 5] == pytest.approx(mean_loss(sums, others[:, None]))


def test_no_loss_on_the_surface_is_below_the_lowest():
    sums = drawn()
    (surface,) = figure(digest(sums), path_of(sums, 0.1), NAMES, 0.1).figures()
    ((_name, x, y),) = surface.marks
    row, column = np.unravel_index(surface.values.argmin(), surface.values.shape)
    assert surface.x[column] == pytest.approx(x, abs=surface.x[1] - surface.x[0])
    assert surface.y[row] == pytest.approx(y, abs=surface.y[1] - surface.y[0])
    assert surface.values.min() >= mean_loss(sums, digest(sums)["lowest"]) - 1e-12


@pytest.mark.parametrize(
    ("kind", "rate", "verdict"),
    [
        ("squared", 1e-3, "too small"), ("squared", 0.1, "is right"), ("squared", 1.2, "too large"),
        ("binary", 1e-2, "too small"), ("binary", 2.0, "is right"), ("binary", 100.0, "too large"),
    ],
)  # fmt: skip
def test_a_learning_rate_too_small_right_or_too_large_is_called_so(kind, rate, verdict):
    sums = drawn(kind)
    path = path_of(sums, rate)
    (surface,) = figure(digest(sums), path, NAMES, rate).figures()
    assert verdict in surface.note
    assert surface.path[0] == pytest.approx([0, 0])
    assert np.isfinite(surface.values).all()
    if verdict == "too large" and kind == "squared":
        assert len(surface.path) < len(path), "what left the picture is not drawn"
    else:
        assert len(surface.path) == len(path)


def test_the_largest_useful_rate_of_a_squared_loss_is_told_exactly():
    sums = drawn()
    (surface,) = figure(digest(sums), path_of(sums, 0.1), NAMES, 0.1).figures()
    told = 2 / float(digest(sums)["steepest"])
    below, above = (mean_loss(sums, path_of(sums, factor * told, 400)[-1][:, None]) for factor in (0.98, 1.02))
    assert f"{told:.3g}" in surface.note
    assert below < mean_loss(sums, np.zeros((3, 1))) < above


def test_the_knobs_name_the_weights_and_cross_a_pipe():
    made = figure(digest(drawn()), path_of(drawn(), 0.1), NAMES, 0.1)
    back = pickle.loads(pickle.dumps(made))
    changed = type(back.params)(first=NAMES[0], second=NAMES[2], zoom=2.0)
    again = pickle.loads(pickle.dumps(changed))
    (near,), (far,) = back.figures(again), back.figures(again.model_copy(update={"zoom": 1.0}))
    assert sorted(type(back.params).model_fields["first"].annotation.__args__) == sorted(NAMES)
    assert (near.x[-1] - near.x[0]) * 2 == pytest.approx(far.x[-1] - far.x[0])


def test_many_samples_and_classes_are_drawn_from_some_of_them():
    generator = np.random.default_rng(0)
    features, labels = generator.normal(size=(9000, 2)), generator.integers(0, 3, 9000)
    sums = Sums("categorical", features, np.eye(3)[labels])
    values = digest(sums)
    path = np.vstack([np.zeros(9), values["lowest"].reshape(-1)])
    made = figure(values, path, tuple(f"w{number}" for number in range(9)), 0.1)
    (surface,) = surfaces(made.params, made.result)
    assert values["features"].shape[0] * 3 <= 1002
    assert surface.values.shape == (41, 41)
    logits = values["features"] @ values["lowest"][:-1] + values["lowest"][-1]
    assert surface.values.min() == pytest.approx(losses("categorical", logits, values["targets"]).mean(), abs=1e-2)
