"""Samples in the plane by PCA, LDA and t-SNE, against references; colours without asking again; stops; bad input."""

import pickle
import time

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.figure_files import figure_csv, figure_json
from workbench.figures import Adjustable, SampleCards
from workbench.inspection.answering import inspect
from workbench.inspection.samples import sample_features, tsne
from workbench.inspection.samples.colouring import LossColouring, Placed, ValueColouring, coloured, colouring_for
from workbench.inspection.samples.projections import discriminants, principal_components
from workbench.requests import InspectRequest


def ignore(_event):
    """For whoever does not watch."""


def nothing():
    """Goes on."""


@pytest.fixture(scope="module")
def digits():
    """Pixels and classes of scikit-learn's digits."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.data.astype(np.float32), found.target


def asked(run, method="embeddings", control=None, emit=ignore, **params):
    return inspect(InspectRequest(str(run), method, params, split="test"), emit, control or Control())


def placed_values(values, classes=(), truth=None, given=None):
    count = len(values)
    cards = SampleCards(np.arange(count), ("",) * count, np.zeros(count, bool))
    return Placed(np.zeros((count, 2), np.float32), cards, np.asarray(values), truth, given, classes, "t", ("x", "y"))


@pytest.mark.parametrize("wide", [False, True], ids=["exact", "randomised"])
def test_principal_components_equal_those_of_scikit_learn(digits, wide):
    from sklearn.decomposition import PCA

    features = digits[0][:500]
    if wide:
        mixing = np.random.default_rng(0).normal(size=(64, 700)).astype(np.float32)
        features = features @ mixing
    found = principal_components(features, 2)
    theirs = PCA(2, svd_solver="full").fit(features)
    assert found.shares == pytest.approx(theirs.explained_variance_ratio_, abs=1e-5)
    places = theirs.transform(features)
    assert np.allclose(np.abs(found.places), np.abs(places), atol=1e-4 * np.abs(places).max())


def test_discriminants_equal_those_of_scikit_learn(digits):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    features, classes = digits
    varying = features[:, features.std(axis=0) > 0.5]
    found = discriminants(varying, classes)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(varying, classes)
    assert found.shares == pytest.approx(theirs.explained_variance_ratio_[:2], abs=0.01)
    for axis, places in enumerate(theirs.transform(varying)[:, :2].T):
        assert abs(np.corrcoef(found.places[:, axis], places)[0, 1]) > 0.999


def test_two_classes_have_one_discriminant_and_the_rest_behind_it(digits):
    features, classes = digits[0][digits[1] < 2], digits[1][digits[1] < 2]
    found = discriminants(features, classes)
    assert found.shares[0] == pytest.approx(1)
    assert np.isnan(found.shares[1])
    assert found.places[classes == 0, 0].max() < found.places[classes == 1, 0].min() or (
        found.places[classes == 1, 0].max() < found.places[classes == 0, 0].min()
    )
    assert abs(np.corrcoef(found.places.T)[0, 1]) < 1e-3


def test_the_gradient_of_t_sne_is_that_of_all_pairs(digits):
    similar = tsne.similarities(digits[0][:300], 20.0, nothing)
    places = np.random.default_rng(0).normal(0, 2, (300, 2))
    shares = np.zeros((300, 300))
    shares[similar.rows, similar.neighbours] = similar.values
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    apart = places[:, None] - places[None]
    kernel = 1 / (1 + (apart**2).sum(axis=-1))
    np.fill_diagonal(kernel, 0)
    pull = (shares - kernel / kernel.sum()) * kernel
    plain = 4 * (pull[..., None] * apart).sum(axis=1)
    assert np.abs(tsne.gradient(similar, places) - plain).max() < 2e-3 * np.abs(plain).max()


def test_t_sne_comes_as_far_as_that_of_scikit_learn_and_keeps_neighbours(digits):
    features = digits[0][:400]
    start = principal_components(features, 2).places
    mine, divergence = tsne.place(tsne.similarities(features, 30.0, nothing), start, 500, nothing)
    # scikit-learn 1.9: TSNE(perplexity=30, max_iter=500, init="pca", random_state=0), in a quarter of a minute.
    assert divergence < 1.05 * 0.3556
    nearest = [np.argsort(((mine - place) ** 2).sum(axis=1))[1] for place in mine]
    assert np.mean(digits[1][:400][nearest] == digits[1][:400]) > 0.9


def test_a_run_is_shown_with_its_samples_and_coloured_without_asking_again(digits_run):
    answer = asked(digits_run, count=200)
    assert answer.layer == "flat"
    figure = answer.figures[0]
    assert isinstance(figure, Adjustable)
    assert "flat" in answer.layers
    by_class = figure.figures()[0]
    assert {group.name for group in by_class.points} == set(answer.choices)
    assert "of the variance" in by_class.x_label
    samples = sorted(sample for group in by_class.points for sample in group.samples)
    assert samples == by_class.cards.samples.tolist()
    assert len(samples) == 200
    assert by_class.cards.pixels.shape[0] == 200
    right, wrong = figure.figures(figure.params.model_copy(update={"colour": "error"}))[0].points
    assert (right.name, wrong.name) == ("right", "wrong")
    assert sorted(wrong.samples) == by_class.cards.samples[by_class.cards.wrong].tolist()
    losses = figure.figures(figure.params.model_copy(update={"colour": "loss"}))[0].points
    assert [group.shade for group in losses] == sorted(group.shade for group in losses)
    assert sum(len(group.x) for group in losses) == 200
    assert pickle.loads(pickle.dumps(figure)).figures()[0].title == by_class.title


def test_another_method_asks_the_model_nothing_again(digits_run, monkeypatch):
    asked(digits_run, count=150)

    def fail(*_arguments):
        raise AssertionError("the features were computed again")

    monkeypatch.setattr(sample_features, "_computed", fail)
    assert (
        "separation"
        in inspect(
            InspectRequest(str(digits_run), "embeddings", {"count": 150, "method": "lda"}, split="test"),
            ignore,
            Control(),
        )
        .figures[0]
        .figures()[0]
        .x_label
    )


def test_a_stop_is_answered_at_once_while_samples_are_placed(digits_run):
    control, stopped = Control(), []

    def emit(event):
        if event.what == "placing samples" and not stopped:
            stopped.append(time.perf_counter())
            control.stop()

    with pytest.raises(Stopped):
        inspect(
            InspectRequest(str(digits_run), "embeddings", {"method": "tsne", "count": 120, "perplexity": 10.0}),
            emit, control,
        )  # fmt: skip
    assert time.perf_counter() - stopped[0] < 0.2


def test_layers_with_places_are_averaged_and_unknown_ones_are_named(digits_run):
    assert asked(digits_run, count=50, layer="second").layer == "second"
    with pytest.raises(UserError, match="no layer called"):
        asked(digits_run, layer="secnd")


def test_values_are_coloured_in_bands_and_samples_without_either_by_their_loss():
    truth = np.arange(60, dtype=float)
    placed = placed_values(np.arange(60.0), truth=truth, given=truth + 1)
    assert isinstance(colouring_for(placed), ValueColouring)
    points = coloured(ValueColouring(), placed)[0].points
    assert [len(group.x) for group in points] == [10] * 6
    assert [group.shade for group in points] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    same = coloured(ValueColouring(colour="error"), placed)[0].points
    assert [group.name for group in same] == ["error 1.000"]
    unknown = placed_values([0.1, np.nan, 0.3])
    assert isinstance(colouring_for(unknown), LossColouring)
    assert coloured(LossColouring(), unknown)[0].points[-1].name == "not a number"


def test_of_very_many_classes_the_most_frequent_have_a_group():
    truth = np.repeat(np.arange(60), np.arange(1, 61))
    names = tuple(f"c{index}" for index in range(60))
    placed = placed_values(np.zeros(len(truth)), names, truth, truth)
    points = coloured(colouring_for(placed), placed)[0].points
    assert len(points) == 41
    assert points[-1].name == "other classes"
    assert sum(len(group.x) for group in points) == len(truth)


def test_pictures_of_samples_stand_in_no_file(digits_run):
    figure = asked(digits_run, count=20).figures[0].figures()[0]
    assert "cards" not in figure_json(figure)
    assert len(figure_csv(figure).splitlines()) == 21


def test_the_confidence_of_a_run_is_shown_before_and_after_a_temperature(digits_run):
    diagram, histogram, table = asked(digits_run, "confidence").figures
    assert diagram.square
    assert len(diagram.points) == len(table.rows) == 2
    assert table.rows[1][1] <= table.rows[0][1] + 0.01
    assert table.rows[1][5] <= table.rows[0][5] + 0.01  # the loss it was fitted by
    assert sum(histogram.series["As it is"]) == pytest.approx(1)
    assert len(asked(digits_run, "confidence", mended=False).figures[2].rows) == 1
