"""How a classifier did on one split: numbers, the confusion matrix, the report per class, the worst mistakes.

NumPy only, and quick at 1,000 classes with 50,000 samples. For two classes a threshold moves the confusion matrix
(`binary_report`). A further look at the probabilities is one more function here and one more line in `judge`.
"""

import numpy as np

from workbench.figures import Bars, Figure, Matrix, Table
from workbench.i18n import _
from workbench.tasks import binary_report, calibration
from workbench.tasks.calibration_figures import confidence_histogram, reliability_diagram
from workbench.tasks.task import Evaluation

MAX_BARS = 30
TOP = 5


def judge(
    probabilities: np.ndarray,
    targets: np.ndarray,
    losses: np.ndarray,
    names: tuple[str, ...],
    learned: tuple[Figure, ...] = (),
) -> Evaluation:
    """The evaluation of one split.

    Args:
        probabilities: of every class, (n, classes).
        targets: true class indices, (n,).
        losses: of every sample, (n,).
        names: of the classes.
        learned: figures of what was learned, shown behind the confusion matrix.
    """
    targets = targets.astype(np.int64).reshape(-1)
    # One unit for two classes: at exactly one half the first class wins, in Keras' accuracy and in argmax alike.
    predicted = probabilities.argmax(axis=1) if len(targets) else np.zeros(0, np.int64)
    confidence = probabilities[np.arange(len(targets)), predicted]
    wrong = np.flatnonzero(predicted != targets)
    worst_first = wrong[np.argsort(-confidence[wrong], kind="stable")]
    counts = np.bincount(targets * len(names) + predicted, minlength=len(names) ** 2).reshape(len(names), -1)
    numbers = {"loss": _mean(losses), "accuracy": _mean(predicted == targets)}
    if len(names) > TOP:
        numbers[f"top_{TOP}_accuracy"] = _top_accuracy(probabilities, targets)
    ranked = binary_report.rank(probabilities[:, 1], targets, names) if len(names) == 2 else None
    if ranked is not None:
        numbers.update(auc=ranked.auc, average_precision=ranked.average_precision)
        matrix = binary_report.adjustable(ranked)
    else:
        matrix = Matrix(
            _("Confusion matrix"), counts, names, _("True class"), _("Predicted class"),
            samples=_samples_per_cell(targets, predicted, confidence, len(names)),
        )  # fmt: skip
    figures: list[Figure] = [matrix, *learned, *_reports(counts, names)]
    if calibration.are_probabilities(probabilities):  # not by an override of the output activation
        trust = {_("Answers"): calibration.of_answers(probabilities, targets)}
        numbers["calibration_error"] = trust[_("Answers")].error
        figures += [reliability_diagram(trust), confidence_histogram(trust)]
    answers = dict(zip(names, zip(counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist(), strict=True), strict=True))
    return Evaluation(numbers, tuple(figures), tuple(worst_first.tolist()), answers=answers)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values, dtype=np.float64)) if len(values) else 0.0


def _top_accuracy(probabilities: np.ndarray, targets: np.ndarray) -> float:
    of_truth = probabilities[np.arange(len(targets)), targets][:, None]
    return _mean((probabilities > of_truth).sum(axis=1) < TOP)


def _samples_per_cell(
    targets: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, classes: int
) -> dict[tuple[int, int], tuple[int, ...]]:
    """The samples of every cell that has any, the most confident first."""
    cells = targets * classes + predicted
    order = np.lexsort((-confidence, cells))
    found, starts = np.unique(cells[order], return_index=True)
    groups = np.split(order, starts[1:]) if len(found) else []
    return {divmod(int(cell), classes): tuple(group.tolist()) for cell, group in zip(found, groups, strict=True)}


def _reports(counts: np.ndarray, names: tuple[str, ...]) -> list[Figure]:
    right = np.diag(counts).astype(np.float64)
    support, answered = counts.sum(axis=1), counts.sum(axis=0)
    precision = np.divide(right, answered, out=np.zeros_like(right), where=answered > 0)
    recall = np.divide(right, support, out=np.zeros_like(right), where=support > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(right), where=both > 0)
    taken_for = counts - np.diag(np.diag(counts))
    rival = taken_for.argmax(axis=1)
    measures = (precision, recall, f1)
    rows = tuple(
        (
            name,
            *(float(measure[index]) for measure in measures),
            int(support[index]),
            names[rival[index]] if taken_for[index, rival[index]] else "",
        )
        for index, name in enumerate(names)
    )
    columns = (_("Precision"), _("Recall"), _("F1"), _("Support"))
    return [
        Table(_("Averages"), ("", *columns), _averages(measures, support, (support + answered) > 0)),
        Table(
            _("Per class"), (_("Class"), *columns, _("Most often taken for")), rows,
            note=_("A measure that is not defined, as the precision of a class that was never predicted, counts as 0."),
        ),
        _recall_bars(recall, support, names),
    ]  # fmt: skip


def _averages(measures: tuple[np.ndarray, ...], support: np.ndarray, occurs: np.ndarray) -> tuple[tuple, ...]:
    """Macro and weighted averages over the classes that occur, as scikit-learn's `classification_report`."""
    total = int(support.sum())
    if not occurs.any() or not total:
        return ()
    macro = (float(measure[occurs].mean()) for measure in measures)
    weighted = (float(np.average(measure, weights=support)) for measure in measures)
    return ((_("Macro average"), *macro, total), (_("Weighted average"), *weighted, total))


def _recall_bars(recall: np.ndarray, support: np.ndarray, names: tuple[str, ...]) -> Bars:
    shown = np.flatnonzero(support > 0)
    title = _("Accuracy of every class")
    if len(shown) > MAX_BARS:
        shown = shown[np.argsort(recall[shown], kind="stable")[:MAX_BARS]]
        title = _("The {count} classes with the lowest accuracy").format(count=MAX_BARS)
    return Bars(
        title,
        tuple(names[index] for index in shown),
        {_("Accuracy"): tuple(float(recall[index]) for index in shown)},
        value_label=_("Share found (recall)"),
    )
