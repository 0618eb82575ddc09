"""Classifiers of scikit-learn on the features of an earlier run, as real runs on the digits."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.events import EpochFinished, Finished, Note, PhaseFinished, Progress
from workbench.experiment import from_values
from workbench.figures import Curves, Table
from workbench.requests import EvaluateRequest, InspectRequest, PredictRequest, ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.head import ENTRY
from workbench.runs.model_file import load_model
from workbench.training.evaluation import evaluate
from workbench.training.session import resume, train
from workbench.training.trainers.classical_figures import figures
from workbench.training.trainers.classical_layers import with_layers
from workbench.training.trainers.classical_search import LOGISTIC_TOLERANCE, Preparation

SIZE = {"height": 12, "width": 12}
ON_THE_DISK = "on the disk already"


def quiet(_event):
    """Nobody watches."""


def experiment(base, classifier="logistic_regression", **sections):
    trainer = {"name": "classical_head", "classifier": classifier, **sections.pop("trainer", {})}
    architecture = {"name": "transfer", "base": "run", "source": str(base), **sections.pop("architecture", {})}
    values = {"dataset": "digits", "preprocessing": SIZE, **sections}
    return from_values({"version": 1, **values, "architecture": architecture, "trainer": trainer}, "the test")


def run(folder, wanted, emit=quiet, control=None):
    path = train(TrainRequest(wanted, str(folder)), emit, control or Control())
    return RunFolder(path)


def completed(folder, wanted, emit=quiet):
    made = run(folder, wanted, emit)
    assert made.end().state == "completed", made.end().message
    return made


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small network trained on the digits for an epoch."""
    network = {"name": "simple_cnn", "filters": [8, 16], "padding": "same", "head": "global_average"}
    values = {"dataset": "digits", "preprocessing": SIZE, "architecture": network, "training": {"epochs": 1}}
    wanted = from_values({"version": 1, **values}, "the test")
    return completed(tmp_path_factory.mktemp("base"), wanted).path


@pytest.fixture(scope="module")
def forest(base, tmp_path_factory):
    """A run with a head that is no layer."""
    small = {"name": "random_forest", "trees": [5, 20], "depth": [8]}
    return completed(tmp_path_factory.mktemp("forest"), experiment(base, small))


@pytest.fixture(scope="module")
def linear(base, tmp_path_factory):
    """A run with a linear head on some principal components, and what it told."""
    events = []
    trainer = {"pca": {"name": "share", "share": 0.9}, "folds": 4}
    wanted = experiment(base, {"name": "logistic_regression", "c": [0.001, 1.0]}, trainer=trainer)
    return completed(tmp_path_factory.mktemp("linear"), wanted, events.append), events


def features_of(folder, data):
    """What the base gives for all samples, asked from the saved model."""
    import keras

    model = load_model(folder.model_path).network
    base = keras.Model(model.input, model.get_layer("head_scale").input)
    return base.predict(np.asarray(data.inputs, np.float32), verbose=0)


@pytest.mark.parametrize("classes", [10, 2], ids=["ten", "two"])
def test_a_linear_head_with_pca_is_a_keras_model_that_equals_the_pipeline_of_scikit_learn(base, tmp_path, classes):
    import keras
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    digits = load_digits()
    few = digits.target < classes
    pictures = np.round(digits.images[few] * (255 / 16)).astype("uint8")[..., None]
    np.savez(tmp_path / "few.npz", x=pictures, y=digits.target[few])
    dataset = {"name": "npz", "path": str(tmp_path / "few.npz")}
    pca = {"name": "components", "count": 6}
    classifier = {"name": "logistic_regression", "c": [0.1, 1.0]}
    folder = completed(tmp_path, experiment(base, classifier, dataset=dataset, trainer={"pca": pca}))
    data = prepare(folder.experiment(), quiet, Control())
    features, training = features_of(folder, data), data.splits["train"]
    found = json.loads((folder.path / "search.json").read_text())
    best = found["candidates"][found["best"]]["values"]["c"]
    pipeline = make_pipeline(StandardScaler(), PCA(6), LogisticRegression(C=best, tol=LOGISTIC_TOLERANCE, max_iter=300))
    expected = pipeline.fit(features[training], data.targets[training]).predict_proba(features)
    model = keras.saving.load_model(folder.model_path, safe_mode=True)
    answers = model.predict(np.asarray(data.inputs, np.float32), verbose=0)
    assert answers.shape[1] == (1 if classes == 2 else classes)
    np.testing.assert_allclose(answers, expected[:, 1:] if classes == 2 else expected, atol=1e-5)
    names = [layer.name for layer in model.layers]
    assert names[-4:] == ["head_scale", "head_pca", "logits", "output"]


def test_what_the_run_says_of_itself_is_what_its_saved_model_does(linear):
    folder, events = linear
    (end,) = [event for event in events if isinstance(event, Finished)]
    for split, prefix in (("train", ""), ("validation", "val_"), ("test", "test_")):
        numbers = evaluate(EvaluateRequest(str(folder.path), split), quiet, Control()).numbers
        assert end.metrics[f"{prefix}accuracy"] == pytest.approx(numbers["accuracy"])
        assert end.metrics[f"{prefix}loss"] == pytest.approx(numbers["loss"], abs=1e-4)
    assert end.metrics["test_accuracy"] > 0.7
    assert [event.phase for event in events if isinstance(event, PhaseFinished)][:3] == ["data", "build", "solve"]
    assert len([event for event in events if isinstance(event, EpochFinished)]) == len(folder.metrics()) == 1


def test_the_base_is_not_run_a_second_time_whatever_the_classifier_and_the_splits(base, tmp_path, home):
    first, second, third = [], [], []
    completed(tmp_path, experiment(base), first.append)
    other = {"splits": {"seed": 3}, "training": {"batch_size": 64}, "trainer": {"pca": {"name": "share"}}}
    completed(tmp_path, experiment(base, {"name": "linear_svm", "c": [0.1]}, **other), second.append)
    completed(tmp_path, experiment(base, architecture={"last_layer": "pool_1"}), third.append)

    def computed(events):
        return [event for event in events if isinstance(event, Progress) and event.what == "computing features"]

    assert computed(first)[-1].done == computed(first)[-1].total == 1797
    assert not computed(second)
    assert any(ON_THE_DISK in event.text for event in second if isinstance(event, Note))
    assert computed(third)


def test_the_evaluation_shows_what_was_tried_and_how_many_components_were_taken(linear):
    folder, _events = linear
    table, curves = evaluate(EvaluateRequest(str(folder.path), "test"), quiet, Control()).figures[:2]
    assert isinstance(table, Table)
    assert table.columns[1] == "c"
    assert [row[:2] for row in table.rows] == [("best", 1.0), ("", 0.001)]
    assert "4 folds" in table.note
    assert isinstance(curves, Curves)
    share, chosen = curves.curves[0].y, int(curves.marks[0][1])
    assert share[chosen - 2] < 90 <= share[chosen - 1]


@pytest.mark.parametrize("text", ['{"version": 1, "folds"', '{"folds": 3, "best": 9, "candidates": []}', "[]"])
def test_a_damaged_record_of_the_search_shows_nothing(tmp_path, text):
    (tmp_path / "search.json").write_text(text)
    assert figures(tmp_path) == ()


@pytest.mark.parametrize(
    "classifier",
    [{"name": "rbf_svm", "c": [1.0]}, {"name": "nearest_neighbours", "neighbours": [3], "weights": ["distance"]}],
    ids=["svm", "neighbours"],
)
def test_a_head_that_is_no_layer_answers_the_same_wherever_it_is_asked(base, tmp_path, classifier):
    folder = completed(tmp_path, experiment(base, classifier, training={"class_weights": "none"}))
    check_answers(folder, tmp_path)


def test_a_forest_answers_the_same_wherever_it_is_asked(forest, tmp_path):
    check_answers(forest, tmp_path)


def check_answers(folder, tmp_path):
    """The run's own numbers, an evaluation and a prediction from a copied file agree, and are good."""
    from PIL import Image

    from workbench.inspection.prediction import predict

    metrics = folder.end().metrics
    evaluation = evaluate(EvaluateRequest(str(folder.path), "validation"), quiet, Control())
    assert metrics["val_accuracy"] == pytest.approx(evaluation.numbers["accuracy"])
    assert metrics["val_loss"] == pytest.approx(evaluation.numbers["loss"], rel=1e-3)
    assert metrics["test_accuracy"] > 0.7
    data = prepare(folder.experiment(), quiet, Control())
    loaded = load_model(folder.model_path)
    shown = data.splits["test"][:20]
    expected = loaded.answers(loaded.network.predict(np.asarray(data.inputs[shown], np.float32), verbose=0))
    copied = shutil.copy(folder.model_path, tmp_path / "copied.keras")
    for number, index in enumerate(shown):
        Image.fromarray(data.inputs[index][..., 0]).save(tmp_path / f"{number:02}.png")
    paths = tuple(str(tmp_path / f"{number:02}.png") for number in range(len(shown)))
    items = predict(PredictRequest(str(copied), paths, heatmap=True), quiet, Control()).items
    for item, row in zip(items, expected, strict=True):
        assert not item.error
        assert item.answer.values["class"] == data.target.class_names[row.argmax()]
        assert item.answer.values["probability"] == pytest.approx(row.max(), abs=1e-4)
        assert not item.figures


def test_feature_maps_look_into_such_a_model_and_an_explanation_says_why_it_cannot(forest):
    from workbench.inspection.answering import inspect

    answer = inspect(InspectRequest(str(forest.path), "feature_maps", {}), quiet, Control())
    assert answer.figures
    with pytest.raises(UserError, match="the classifier of this model is no part of it"):
        inspect(InspectRequest(str(forest.path), "grad_cam", {}), quiet, Control())


def tampered(forest, tmp_path, content):
    """A copy of the model with another classifier in it; None leaves it out."""
    path = tmp_path / "tampered.keras"
    with zipfile.ZipFile(forest.model_path) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            if name != ENTRY:
                target.writestr(name, source.read(name))
        if content is not None:
            target.writestr(ENTRY, content)
    return path


def test_a_classifier_that_holds_something_else_is_not_opened(forest, tmp_path):
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import FunctionTransformer

    head = load_model(forest.model_path).head
    code = skops.io.dumps(FunctionTransformer(func=shutil.rmtree))
    with pytest.raises(UserError, match=r"holds shutil\.rmtree"):
        load_model(tampered(forest, tmp_path, code))
    other = LogisticRegression().fit(np.eye(10), np.arange(10))
    with pytest.raises(UserError, match="it is a LogisticRegression"):
        load_model(tampered(forest, tmp_path, skops.io.dumps(other)))
    with pytest.raises(UserError, match="cannot be opened"):
        load_model(tampered(forest, tmp_path, b"no classifier"))
    with pytest.raises(UserError, match="lacks the classifier"):
        load_model(tampered(forest, tmp_path, None))
    tree = head.classifier.estimators_[0].tree_
    tree.children_left[0] = tree.node_count + 1000
    with pytest.raises(UserError, match="leads nowhere"):
        load_model(tampered(forest, tmp_path, skops.io.dumps(head.classifier)))


def test_stopped_in_the_middle_it_says_so_and_begins_anew_when_resumed(base, tmp_path):
    control = Control()

    def stop(event):
        if isinstance(event, Progress) and event.what == "search, fits":
            control.stop()

    folder = run(tmp_path, experiment(base), stop, control)
    assert folder.state() == "stopped"
    assert "no model yet" in folder.end().message
    assert not folder.model_path.exists()
    resume(ResumeRequest(str(folder.path)), quiet, Control())
    assert folder.state() == "completed"
    with pytest.raises(UserError, match="finds the weights at once"):
        resume(ResumeRequest(str(folder.path), epochs=50), quiet, Control())


def test_features_that_hardly_differ_are_scaled_as_scikit_learn_does():
    import keras
    from sklearn.preprocessing import StandardScaler

    features = np.random.default_rng(0).normal(3e-10, 1e-10, (50, 4)).astype("float32")
    given = keras.Input((4,))
    network = keras.Model(given, keras.layers.Dense(2, name="logits")(given))
    scaler = StandardScaler().fit(features)
    model = with_layers(network, Preparation(scaler, None))
    copied = keras.Model.from_config(model.get_config())
    copied.set_weights(model.get_weights())
    np.testing.assert_allclose(copied.predict(features, verbose=0), scaler.transform(features), atol=1e-4)


def test_what_is_offered_against_variance_is_nothing_that_this_trainer_refuses(forest):
    from workbench.diagnosis.diagnose import diagnose
    from workbench.requests import DiagnoseRequest

    found = diagnose(DiagnoseRequest(forest.experiment(), str(forest.path)), quiet, Control())
    assert any("variance" in finding.seen for finding in found)
    assert not [path for finding in found for path, _value in finding.changes if path.startswith("augmentation")]


def test_a_pause_between_two_fits_is_told_and_taken_back(base, tmp_path):
    import threading

    control, events = Control(), []

    def pause(event):
        events.append(type(event).__name__)
        if isinstance(event, Progress) and event.what == "search, fits" and event.done == 2:
            control.pause()
        if type(event).__name__ == "Paused":
            threading.Timer(0.05, control.resume).start()

    assert run(tmp_path, experiment(base), pause, control).state() == "completed"
    assert events.index("Paused") + 1 == events.index("Continued")


def test_a_class_without_training_samples_is_never_the_answer(base, tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = np.round(digits.images * (255 / 16)).astype("uint8")[..., None]
    low = np.flatnonzero(digits.target < 3)
    np.savez(
        tmp_path / "some.npz", x_train=pictures[low], y_train=digits.target[low],
        x_test=pictures[:100], y_test=digits.target[:100],
    )  # fmt: skip
    dataset = {"name": "npz", "path": str(tmp_path / "some.npz")}
    for classifier in ({"name": "linear_svm", "c": [0.1]}, {"name": "rbf_svm", "c": [1.0]}):
        folder = completed(tmp_path, experiment(base, classifier, dataset=dataset, trainer={"folds": 0}))
        loaded = load_model(folder.model_path)
        answers = loaded.answers(loaded.network.predict(np.float32(pictures[:100]), verbose=0))
        assert answers.shape == (100, 10)
        assert answers[:, 3:].max() == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"architecture": {"boundary": "all"}}, "the base is to learn from the layer 'all' on"),
        ({"architecture": {"dense": [8]}}, "would stay untrained"),
        ({"augmentation": {"rotation": 5}}, "augmentation has no effect"),
        ({"overrides": {"output_activation": "relu"}}, "an output of its own"),
        ({"trainer": {"folds": 50}, "splits": {"validation": 0.7}}, r"The class '\d' has \d+ samples.* for 50 folds"),
        ({"trainer": {"pca": {"name": "components", "count": 17}}}, "trainer.pca.count to 16 or less"),
        ({"trainer": {"classifier": {"name": "nearest_neighbours", "neighbours": [5000]}}}, "no 5000 neighbours"),
        ({"trainer": {"classifier": "nearest_neighbours"}, "training": {"class_weights": "balanced"}}, "class weights"),
    ],
    ids=["boundary", "dense", "augmentation", "output", "folds", "components", "neighbours", "weights"],
)  # fmt: skip
def test_what_a_classical_head_cannot_learn_from_is_refused_before_there_is_a_run(base, tmp_path, changes, why):
    with pytest.raises(UserError, match=why):
        run(tmp_path, experiment(base, **changes))
    assert not list(tmp_path.iterdir())


def test_a_network_without_a_base_and_a_choice_without_folds_are_refused(tmp_path):
    values = {"version": 1, "dataset": "digits", "architecture": "simple_cnn", "trainer": "classical_head"}
    with pytest.raises(UserError, match="for the architecture transfer"):
        run(tmp_path, from_values(values, "the test"))
    with pytest.raises(UserError, match="3 combinations of values cannot be compared without folds"):
        experiment("base", trainer={"folds": 1})
    with pytest.raises(UserError, match=r"classifier\.nearest_neighbours\.weights\.0"):
        experiment("base", {"name": "nearest_neighbours", "weights": ["near"]})


def test_one_class_is_refused_with_what_there_is(base, tmp_path):
    pictures = np.zeros((20, 12, 12, 1), "uint8") + np.arange(20, dtype="uint8")[:, None, None, None]
    np.savez(tmp_path / "one.npz", x=pictures, y=np.zeros(20, int))
    with pytest.raises(UserError, match=r"one class|1 class"):
        run(tmp_path / "runs", experiment(base, dataset={"name": "npz", "path": str(tmp_path / "one.npz")}))
    assert not (tmp_path / "runs").exists()
