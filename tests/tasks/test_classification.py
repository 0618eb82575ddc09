"""Classification agrees with Keras and scikit-learn, number for number."""

import time

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.figures import Bars, Matrix, Table
from workbench.specs import ClassTarget, ImageInput
from workbench.tasks.classification import Classification
from workbench.tasks.task import Evidence

TASK = Classification()
TWO = ClassTarget(("cat", "dog"))
SIX = ClassTarget(tuple("abcdef"))


def probabilities_of(logits):
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def drawn(target, count=64, seed=0):
    """Logits, what the saved model returns for them, and true classes."""
    generator = np.random.default_rng(seed)
    classes = len(target.class_names)
    targets = generator.integers(0, classes, count)
    logits = generator.normal(0, 2, (count, 1 if classes == 2 else classes)).astype(np.float32)
    outputs = (1 / (1 + np.exp(-logits))) if classes == 2 else probabilities_of(logits)
    return logits, outputs.astype(np.float32), targets


def test_two_classes_share_one_sigmoid_unit_and_more_have_a_softmax_unit_each():
    assert (TASK.output(TWO).units, TASK.output(TWO).activation) == (1, "sigmoid")
    assert (TASK.output(SIX).units, TASK.output(SIX).activation) == (6, "softmax")


def test_a_dataset_of_one_class_is_refused_with_its_name():
    with pytest.raises(UserError, match=r"1 class \(only\)"):
        TASK.output(ClassTarget(("only",)))


def test_a_target_that_is_no_class_is_refused():
    with pytest.raises(UserError, match="image"):
        TASK.output(ImageInput(4, 4, 1))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("target", [TWO, SIX], ids=["two", "six"])
def test_sample_losses_average_to_the_keras_loss_that_training_minimises(target, smoothing):
    experiment = new_experiment().changed("training.label_smoothing", smoothing)
    logits, outputs, targets = drawn(target)
    encoded = TASK.encode(targets, target)
    on_logits = float(TASK.loss(experiment, target, from_logits=True)(encoded, logits))
    on_probabilities = float(TASK.loss(experiment, target, from_logits=False)(encoded, outputs))
    own = TASK.sample_losses(outputs, targets, target, experiment)
    assert own.shape == (64,)
    assert own.mean() == pytest.approx(on_logits, rel=1e-5)
    assert own.mean() == pytest.approx(on_probabilities, rel=1e-5)


def test_label_smoothing_changes_the_loss_and_equals_keras_on_one_hot_targets():
    import keras

    experiment = new_experiment().changed("training.label_smoothing", 0.3)
    logits, _, targets = drawn(SIX)
    ours = float(TASK.loss(experiment, SIX, from_logits=True)(TASK.encode(targets, SIX), logits))
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)
    assert ours == pytest.approx(float(theirs(np.eye(6, dtype=np.float32)[targets], logits)), rel=1e-6)
    assert ours != pytest.approx(float(TASK.loss(new_experiment(), SIX, True)(targets, logits)), rel=1e-3)


@pytest.mark.parametrize("expects", ["auto", "logits", "probabilities"])
@pytest.mark.parametrize("target", [TWO, SIX], ids=["two", "six"])
def test_a_linear_output_by_override_is_judged_by_what_the_loss_takes_it_for(target, expects):
    experiment = (
        new_experiment().changed("overrides.output_activation", "linear").changed("overrides.loss_expects", expects)
    )
    logits, _, targets = drawn(target)
    loss = TASK.loss(experiment, target, from_logits=expects != "probabilities")
    keras_loss = float(loss(TASK.encode(targets, target), logits))
    assert TASK.sample_losses(logits, targets, target, experiment).mean() == pytest.approx(keras_loss, rel=1e-4)


@pytest.mark.parametrize("target", [TWO, SIX], ids=["two", "six"])
def test_accuracy_is_the_same_by_the_keras_metric_and_by_the_evaluation(target):
    logits, outputs, targets = drawn(target)
    metric = TASK.metrics(target, from_logits=True)[0]
    metric.update_state(TASK.encode(targets, target), logits)
    evaluation = TASK.evaluate(Evidence(outputs, targets, TASK.sample_losses(outputs, targets, target), target))
    assert metric.name == "accuracy"
    assert evaluation.numbers["accuracy"] == pytest.approx(float(metric.result()), abs=1e-7)


def test_the_best_direction_is_known_for_every_metric():
    names = {metric.name for metric in TASK.metrics(SIX, True)} | {"loss"}
    assert set(TASK.metric_directions()) == names


def test_balanced_weights_let_every_class_count_the_same_with_mean_one():
    targets = np.array([0] * 90 + [1] * 9 + [3])
    weights = TASK.sample_weights(targets, SIX)
    sums = [weights[targets == index].sum() for index in (0, 1, 3)]
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1)
    assert sums == pytest.approx([sums[0]] * 3)


def test_answers_name_the_likeliest_classes_in_order():
    answer = TASK.decode(np.array([[0.1, 0.5, 0.05, 0.05, 0.2, 0.1]]), SIX, top=3)[0]
    assert answer.values["class"] == "b"
    assert answer.values["probability"] == pytest.approx(0.5)
    assert [name for name, _ in answer.values["top"]] == ["b", "e", "a"]
    assert answer.figures[0].names == ("b", "e", "a")
    assert answer.text == "b (50.0 %)"


def test_one_unit_answers_for_both_classes():
    first, second = TASK.decode(np.array([[0.2], [0.9]]), TWO)
    assert (first.values["class"], first.values["probability"]) == ("cat", pytest.approx(0.8))
    assert second.values["top"] == [["dog", pytest.approx(0.9)], ["cat", pytest.approx(0.1)]]


def test_the_report_equals_that_of_scikit_learn():
    from sklearn.metrics import classification_report, confusion_matrix, top_k_accuracy_score

    _, outputs, targets = drawn(SIX, 300)
    evaluation = TASK.evaluate(Evidence(outputs, targets, TASK.sample_losses(outputs, targets, SIX), SIX))
    predicted = outputs.argmax(axis=1)
    report = classification_report(targets, predicted, target_names=SIX.class_names, output_dict=True)
    matrix, averages, per_class, bars, *_trust = evaluation.figures
    assert isinstance(matrix, Matrix)
    assert isinstance(bars, Bars)
    assert isinstance(per_class, Table)
    assert np.array_equal(matrix.values, confusion_matrix(targets, predicted))
    for row in per_class.rows:
        theirs = report[row[0]]
        assert row[1:5] == pytest.approx((theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]))
    for row, name in zip(averages.rows, ("macro avg", "weighted avg"), strict=True):
        theirs = report[name]
        assert row[1:] == pytest.approx((theirs["precision"], theirs["recall"], theirs["f1-score"], 300))
    assert evaluation.numbers["top_5_accuracy"] == pytest.approx(top_k_accuracy_score(targets, outputs, k=5))


def test_every_cell_knows_its_samples_and_the_most_confident_mistakes_come_first():
    _, outputs, targets = drawn(SIX, 100)
    evaluation = TASK.evaluate(Evidence(outputs, targets, TASK.sample_losses(outputs, targets, SIX), SIX))
    matrix, predicted = evaluation.figures[0], outputs.argmax(axis=1)
    for (row, column), samples in matrix.samples.items():
        assert len(samples) == matrix.values[row, column]
        assert all(targets[sample] == row and predicted[sample] == column for sample in samples)
    assert sum(map(len, matrix.samples.values())) == 100
    confidences = outputs.max(axis=1)[list(evaluation.ranking)]
    assert set(evaluation.ranking) == set(np.flatnonzero(predicted != targets))
    assert np.all(np.diff(confidences) <= 0)


def test_a_class_that_does_not_occur_and_an_empty_split_have_an_evaluation_too():
    outputs = np.eye(6, dtype=np.float32)[[0, 1]]
    evaluation = TASK.evaluate(Evidence(outputs, np.array([0, 0]), np.zeros(2), SIX))
    assert evaluation.numbers["accuracy"] == 0.5
    assert evaluation.figures[2].rows[5] == ("f", 0.0, 0.0, 0.0, 0, "")
    assert evaluation.figures[2].rows[0][5] == "b"
    empty = TASK.evaluate(Evidence(np.zeros((0, 6)), np.zeros(0, int), np.zeros(0), SIX))
    assert empty.numbers["accuracy"] == 0
    assert empty.ranking == ()


def test_a_thousand_classes_and_fifty_thousand_samples_are_judged_within_seconds():
    generator = np.random.default_rng(0)
    target = ClassTarget(tuple(f"class {index}" for index in range(1000)))
    targets = generator.integers(0, 1000, 50_000)
    outputs = generator.random((50_000, 1000), dtype=np.float32)
    start = time.perf_counter()
    evaluation = TASK.evaluate(Evidence(outputs, targets, np.zeros(50_000), target))
    assert time.perf_counter() - start < 5
    assert evaluation.figures[0].values.sum() == 50_000
    assert len(evaluation.figures[3].names) <= 30


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("target", [TWO, SIX], ids=["two", "six"])
def test_the_code_fragments_evaluate_to_the_same_loss_and_accuracy(target, smoothing):
    import keras

    experiment = new_experiment().changed("training.label_smoothing", smoothing)
    logits, _, labels = drawn(target)
    code = TASK.keras_code(experiment, target)
    encoded = eval(code["encode"], {"labels": labels, "keras": keras})
    loss = eval(code["loss"], {"keras": keras})(encoded, logits)
    metric = eval(code["metrics"], {"keras": keras})[0]
    metric.update_state(encoded, logits)
    own = TASK.metrics(target, from_logits=True)[0]
    own.update_state(TASK.encode(labels, target), logits)
    assert code["from_logits"] == "True"
    assert float(loss) == pytest.approx(
        float(TASK.loss(experiment, target, True)(TASK.encode(labels, target), logits)), rel=1e-6
    )
    assert float(metric.result()) == float(own.result())
