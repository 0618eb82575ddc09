"""Methods that look at all samples of a split: hard ones, near-duplicates, labels that are probably wrong."""

import re

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.data.corrections import Correction, write_corrections
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.figures import Gallery, Matrix
from workbench.inspection.answering import inspect
from workbench.inspection.loaded import open_model
from workbench.inspection.samples.confident_learning import fit_logistic, suspects
from workbench.inspection.samples.near_duplicates import alike, directions
from workbench.inspection.samples.whole_split import answers_of, feature_layer, features_of
from workbench.requests import InspectRequest

WRONG = 0.08  # share of the labels that are made wrong


def quiet(_event):
    pass


def ask(model, method, split="test", control=None, **params):
    return inspect(InspectRequest(str(model), method, params, split=split), quiet, control or Control())


def data_of(folder):
    return prepare(open_model(str(folder)).run.experiment(), quiet, Control())


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory):
    """A run on the digits of which a share has wrong labels on purpose, and the names of those."""
    import keras

    from workbench.data.preprocessing import resize
    from workbench.experiment import new_experiment
    from workbench.experiment_toml import write_experiment
    from workbench.runs.model_file import describe_model, save_model

    plain = new_experiment()
    before = prepare(plain, quiet, Control())
    random = np.random.default_rng(7)
    chosen = random.choice(len(before.targets), round(WRONG * len(before.targets)), replace=False)
    others = (before.targets[chosen] + random.integers(1, 10, len(chosen))) % 10
    path = tmp_path_factory.mktemp("wrong") / "wrong.csv"
    lines = [Correction(before.names[i], "relabel", str(label)) for i, label in zip(chosen, others, strict=True)]
    write_corrections(path, lines)
    experiment = plain.changed("corrections.file", str(path))
    data = prepare(experiment, quiet, Control())
    keras.utils.set_random_seed(1)
    image = keras.Input((None, None, 1), name="image")
    hidden = keras.layers.Rescaling(1 / 255, name="scale")(resize(image, experiment.preprocessing))
    for number, filters in enumerate((12, 24)):
        hidden = keras.layers.Conv2D(filters, 3, strides=2, activation="relu", name=f"conv_{number}")(hidden)
    hidden = keras.layers.Dense(48, activation="relu", name="features")(keras.layers.Flatten()(hidden))
    logits = keras.layers.Dense(10, name="logits")(hidden)
    model = keras.Model(image, keras.layers.Activation("softmax", name="output")(logits))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    train = data.splits["train"]
    model.fit(np.asarray(data.inputs[train]), data.targets[train], epochs=4, batch_size=64, verbose=0)
    folder = tmp_path_factory.mktemp("runs") / "mislabelled"
    folder.mkdir()
    write_experiment(experiment, folder / "experiment.toml")
    save_model(model, folder / "model.keras", describe_model(experiment, data.input, data.target))
    return folder, set(chosen.tolist())


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_most_labels_that_were_made_wrong_are_suspected_and_few_others(mislabelled, split):
    folder, wrong = mislabelled
    gallery, matrix = ask(folder, "suspected_labels", split, count=500).figures
    indices = data_of(folder).splits[split]
    there = {number for number, index in enumerate(indices.tolist()) if index in wrong}
    found = {tile.sample for tile in gallery.tiles}
    recall, precision = len(found & there) / len(there), len(found & there) / len(found)
    # Measured: 0.75 and 0.97 (train), 0.86 and 0.95 (validation), 0.74 and 0.88 (test).
    assert recall > 0.65, (recall, precision)
    assert precision > 0.8, (recall, precision)
    best = [tile.sample for tile in gallery.tiles][: len(there) // 2]
    assert len(there.intersection(best)) / len(best) > 0.9  # the most suspected first
    share = float(re.search(r"wrong ones: ([\d.]+)%", gallery.note)[1]) / 100
    assert abs(share - len(there) / len(indices)) < 0.04
    assert isinstance(matrix, Matrix)
    assert sum(len(samples) for samples in matrix.samples.values()) == len(found)
    assert ("learned with these labels" in gallery.note) == (split == "train")


def test_by_folds_as_many_are_found_in_the_training_split_as_by_the_model_that_learned_the_labels(mislabelled):
    folder, wrong = mislabelled
    indices = data_of(folder).splits["train"]
    hits = {}
    for way in ("model", "folds"):
        gallery = ask(folder, "suspected_labels", "train", count=500, probabilities=way).figures[0]
        hits[way] = sum(int(indices[tile.sample]) in wrong for tile in gallery.tiles)
        assert ("may know wrong ones by heart" in gallery.note) == (way == "model")
        assert all(tile.wrong and "→" in tile.caption for tile in gallery.tiles)
    assert hits["folds"] >= hits["model"] > 0


def test_thresholds_joint_and_margins_are_those_of_the_paper():
    chances = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.1, 0.7, 0.2], [0.95, 0.05, 0.0]])
    labels = np.array([0, 0, 1, 1, 1])
    found = suspects(chances, labels)
    np.testing.assert_allclose(found.thresholds, [0.75, (0.8 + 0.7 + 0.05) / 3, np.inf])
    assert found.joint.tolist() == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert found.order.tolist() == [4]
    assert found.better.tolist() == [0, 0, 1, 1, 0]
    np.testing.assert_allclose(found.margins, [0.8, 0.2, 0.6, 0.5, -0.9])
    assert found.noise == pytest.approx((0 * 2 + 1 / 3 * 3) / 5)


def test_the_logistic_regression_is_that_of_scikit_learn_and_can_be_stopped():
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    digits = load_digits()
    features, labels = (digits.data[:400] / 16).astype(np.float32), digits.target[:400]
    weights = fit_logistic(features, labels, 11, lambda: None)
    scores = features @ weights[:-1] + weights[-1]
    ours = np.exp(scores - scores.max(1, keepdims=True))
    ours /= ours.sum(1, keepdims=True)
    theirs = LogisticRegression(max_iter=1000).fit(features, labels).predict_proba(features)
    np.testing.assert_allclose(ours[:, :10], theirs, atol=5e-3)
    assert ours[:, 10].max() < 1e-12
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        fit_logistic(features, labels, 10, control.check)


@pytest.mark.parametrize("second", [None, 37])
def test_all_pairs_are_counted_and_the_most_alike_come_first(second, monkeypatch):
    monkeypatch.setattr("workbench.inspection.samples.near_duplicates._OPERATIONS", 1.0)  # the smallest blocks
    random = np.random.default_rng(3)
    first = directions(random.normal(size=(150, 6)).astype(np.float32))
    first[7] = first[120]
    first[9] = 0
    other = None if second is None else directions(random.normal(size=(second, 6)).astype(np.float32))
    whole = first @ (first if other is None else other).T
    if other is None:
        whole = np.where(np.triu(np.ones_like(whole), 1) > 0, whole, -2)
    pairs = alike(first, other, 0.6, 20, lambda: None)
    assert pairs.count == int((whole >= 0.6 - 1e-5).sum())
    expected = np.sort(whole.ravel())[::-1][:20]
    np.testing.assert_allclose(pairs.similarity, np.minimum(expected, 1), atol=1e-6)
    np.testing.assert_allclose(whole[pairs.first, pairs.second], expected, atol=1e-6)


def test_pairs_stand_side_by_side_and_leaks_into_other_splits_are_counted(digits_run):
    answer = ask(digits_run, "near_duplicates", threshold=0.99, count=30)
    gallery, table = answer.figures
    opened, data = open_model(str(digits_run)), data_of(digits_run)
    assert answer.layer == feature_layer(opened) == "flat"
    rows = {split: directions(features_of(opened, data, split, "flat", quiet, Control())) for split in data.splits}
    within = int((np.triu(rows["test"] @ rows["test"].T, 1) >= 0.99 - 1e-5).sum())
    leaks = int((rows["test"] @ rows["train"].T >= 0.99 - 1e-5).sum())
    assert f"0.99 or more: {within:,}." in gallery.note
    assert f"Between test and train, which should have nothing in common: {leaks:,}." in gallery.note
    assert isinstance(gallery, Gallery)
    assert gallery.columns == 2
    assert len(gallery.tiles) == 2 * len(table.rows) == 60
    assert {tile.split for tile in gallery.tiles[::2]} == {"test"}
    for one, other in zip(gallery.tiles[::2], gallery.tiles[1::2], strict=True):
        for tile in (one, other):
            index = data.splits[tile.split][tile.sample]
            np.testing.assert_array_equal(tile.pixels, data.inputs[index][..., 0])
        alike_by = float(rows[one.split][one.sample] @ rows[other.split][other.sample])
        assert float(one.caption.split("\n")[1].split()[0]) == pytest.approx(alike_by, abs=2e-4)
    assert [row[0] for row in table.rows] == sorted((row[0] for row in table.rows), reverse=True)


def test_samples_stand_in_the_order_of_their_loss(digits_run):
    opened, data = open_model(str(digits_run)), data_of(digits_run)
    outputs = answers_of(opened, data, "test", quiet, Control())
    truth = data.targets[data.splits["test"]]
    losses = -np.log(np.clip(outputs[np.arange(len(truth)), truth], 1e-7, 1))
    hardest = ask(digits_run, "samples_by_loss", count=12).figures[0]
    easiest = ask(digits_run, "samples_by_loss", count=12, order="lowest").figures[0]
    np.testing.assert_allclose(losses[[tile.sample for tile in hardest.tiles]], np.sort(losses)[::-1][:12], rtol=1e-4)
    np.testing.assert_allclose(losses[[tile.sample for tile in easiest.tiles]], np.sort(losses)[:12], atol=1e-6)
    for tile in hardest.tiles:
        assert tile.wrong == (outputs[tile.sample].argmax() != truth[tile.sample])
        assert tile.caption.startswith(f"{truth[tile.sample]} → {outputs[tile.sample].argmax()} ")
    eights = ask(digits_run, "samples_by_loss", target="8", count=500).figures[0]
    assert sorted(tile.sample for tile in eights.tiles) == np.flatnonzero(truth == 8).tolist()
    with pytest.raises(UserError, match="no class 'eight'"):
        ask(digits_run, "samples_by_loss", target="eight")


@pytest.mark.parametrize("method", ["samples_by_loss", "near_duplicates", "suspected_labels"])
def test_a_method_that_looks_at_a_split_can_be_stopped(digits_run, method):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        ask(digits_run, method, "validation", control)
