"""Methods for the samples of a split, on rows of a table: each row with its values, and which sample it is."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.corrections import Correction, write_corrections
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.figures import Adjustable, Table
from workbench.inspection.loaded import open_model
from workbench.inspection.looking import look
from workbench.registry import registry
from workbench.runs.model_file import save_model
from workbench.specs import ValuesTarget, spec_to_json

WRONG = ("row 2", "row 11", "row 30")  # setosa, which are easily told apart


def quiet(_event):
    pass


@pytest.fixture(scope="module")
def iris_run(tmp_path_factory):
    """A run on the irises, some of them with wrong labels on purpose, with a model that was fitted for a moment."""
    import keras

    from workbench.experiment import new_experiment
    from workbench.experiment_toml import write_experiment
    from workbench.runs.model_file import describe_model

    path = tmp_path_factory.mktemp("wrong") / "wrong.csv"
    write_corrections(path, [Correction(name, "relabel", "virginica") for name in WRONG])
    experiment = new_experiment("iris", "mlp").changed("corrections.file", str(path))
    data = prepare(experiment, quiet, Control())
    keras.utils.set_random_seed(0)
    row = keras.Input((4,), name="row")
    hidden = keras.layers.Dense(8, activation="tanh", name="hidden")(row)
    model = keras.Model(row, keras.layers.Dense(3, activation="softmax", name="logits")(hidden))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    train = data.splits["train"]
    model.fit(data.inputs[train], data.targets[train], epochs=8, batch_size=32, verbose=0)
    folder = tmp_path_factory.mktemp("runs") / "iris"
    folder.mkdir()
    write_experiment(experiment, folder / "experiment.toml")
    save_model(model, folder / "model.keras", describe_model(experiment, data.input, data.target))
    return folder


@pytest.fixture(scope="module")
def data(iris_run):
    return prepare(open_model(str(iris_run)).run.experiment(), quiet, Control())


def check_rows(table, data, split, feature_columns=4):
    """Every row shows the sample it says it does."""
    assert isinstance(table, Table)
    assert len(table.samples) == len(table.rows) > 0
    name_column = table.columns.index("Row")
    for row, sample in zip(table.rows, table.samples, strict=True):
        index = int(data.splits[sample.split or split][sample.number])
        assert row[name_column] == sample.name == data.names[index]
        assert row[name_column + 1] == data.target.class_names[data.targets[index]]
        np.testing.assert_allclose(row[-feature_columns:], data.inputs[index], rtol=1e-6)


def test_rows_stand_in_the_order_of_their_loss_with_what_the_model_says(iris_run, data):
    (table,) = look(iris_run, "samples_by_loss", split="train", count=9).figures
    assert table.columns[:4] == ("Row", "Target", "Predicted", "Loss")
    losses = [row[3] for row in table.rows]
    assert losses == sorted(losses, reverse=True)
    check_rows(table, data, "train")


def test_near_duplicates_stand_below_each_other_with_the_split_of_each(iris_run, data):
    (table,) = look(iris_run, "near_duplicates", split="train", count=12).figures
    assert table.columns[:4] == ("Pair", "Similarity", "Split", "Row")
    assert [row[0] for row in table.rows] == [1 + place // 2 for place in range(len(table.rows))]
    assert [row[2] for row in table.rows] == [sample.split for sample in table.samples]
    check_rows(table, data, "train")
    assert all(one != other for one, other in zip(table.samples[::2], table.samples[1::2], strict=True))
    similarities = [row[1] for row in table.rows]
    assert similarities == sorted(similarities, reverse=True)


def test_suspected_labels_are_shown_with_both_probabilities(iris_run, data):
    table, matrix = look(iris_run, "suspected_labels", split="train", folds=3).figures
    there = {data.names[index] for index in data.splits["train"]}
    assert set(WRONG) & there
    assert set(WRONG) & there <= {sample.name for sample in table.samples}
    assert table.columns[2:5] == ("Confident of", "Probability", "Of its label")
    assert all(row[2] != row[1] and row[3] > row[4] for row in table.rows)
    assert matrix.values.shape == (3, 3)
    check_rows(table, data, "train")


@pytest.mark.parametrize("method", ["pca", "lda"])
def test_the_features_of_rows_are_brought_to_the_plane_with_the_values_of_each(iris_run, data, method):
    answer = look(iris_run, "embeddings", split="train", count=40, method=method)
    assert isinstance(answer.figures[0], Adjustable)
    assert answer.layer == "hidden"
    cards = answer.figures[0].figures()[0].cards
    indices = data.splits["train"][cards.samples]
    assert cards.pixels is None
    assert cards.input.columns == data.input.columns
    np.testing.assert_array_equal(cards.values, data.inputs[indices])
    assert list(cards.names) == [data.names[index] for index in indices]
    wrong = [target != given for target, given in zip(cards.facts["Target"], cards.facts["Predicted"], strict=True)]
    assert wrong == cards.wrong.tolist()


def test_a_classifier_of_rows_has_a_reliability_diagram(iris_run, data):
    diagram, _histogram, table = look(iris_run, "confidence", split="train").figures
    outputs = open_model(str(iris_run)).model.predict(data.inputs[data.splits["train"]], verbose=0)
    right = outputs.argmax(axis=1) == data.targets[data.splits["train"]]
    assert table.rows[0][4] == pytest.approx(right.mean())
    assert table.rows[0][3] == pytest.approx(outputs.max(axis=1).mean(), abs=1e-5)
    assert diagram.square


def test_pictures_are_asked_for_where_only_pictures_will_do(iris_run):
    with pytest.raises(UserError, match="Table"):
        look(iris_run, "saliency")


def test_only_samples_that_are_of_a_class_can_be_chosen_by_one(iris_run, tmp_path):
    import keras

    assert look(iris_run, "samples_by_loss").choices == ("setosa", "versicolor", "virginica")
    about = {
        "input": spec_to_json(open_model(str(iris_run)).loaded.input),
        "target": spec_to_json(ValuesTarget(("y",))),
    }
    save_model(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), tmp_path / "values.keras", about)
    values = open_model(str(tmp_path / "values.keras"))
    assert len(values.choices) == 2
    assert registry().inspectors.get("samples_by_loss").choices(values) == ()
