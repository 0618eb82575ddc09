"""Two classes at every threshold: ROC and precision-recall curves, and the counts that a threshold gives.

NumPy only: the knob is turned in the window, which makes these figures anew each time.
"""

from dataclasses import dataclass

import numpy as np

from workbench.figures import Adjustable, Curve, Figure, Matrix, Points, Scatter, Table
from workbench.i18n import _, mark
from workbench.section import Section, setting

MAX_POINTS = 500


class Threshold(Section):
    """The knob."""

    threshold: float = setting(
        0.5, title=mark("Threshold"), widget="slider", ge=0.0, le=1.0,
        help=mark("A sample counts as the second class when its probability is above this."),
    )  # fmt: skip


@dataclass(frozen=True)
class Ranked:
    """Two classes told apart by a probability.

    Attributes:
        names: of the two classes; the second is the positive one.
        probabilities: of the second class, (n,).
        positive: bool, (n,): whether it is the true one.
        roc: (points, 2): false positive rate and true positive rate, from (0, 0) to (1, 1).
        recall_precision: (points, 2): recall and precision, from recall 0.
        auc: area under the ROC curve.
        average_precision: mean of the precision over the recall.
    """

    names: tuple[str, str]
    probabilities: np.ndarray
    positive: np.ndarray
    roc: np.ndarray
    recall_precision: np.ndarray
    auc: float
    average_precision: float


def rank(probabilities: np.ndarray, targets: np.ndarray, names: tuple[str, ...]) -> Ranked | None:
    """Everything about the thresholds that does not depend on one; None where a class has no sample.

    Args:
        probabilities: of the second class, (n,).
        targets: true class indices, (n,).
        names: of the two classes.
    """
    positive = np.asarray(targets) == 1
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives or not np.isfinite(probabilities).all():
        return None
    order = np.argsort(-probabilities, kind="stable")
    sorted_probabilities = probabilities[order]
    # Samples of the same probability fall on the same side of every threshold: one point for all of them.
    last = np.append(np.flatnonzero(np.diff(sorted_probabilities)), len(order) - 1)
    found = np.cumsum(positive[order])[last].astype(np.float64)
    above = (last + 1).astype(np.float64)
    recall, precision = found / positives, found / above
    rates = np.column_stack([np.append(0, (above - found) / negatives), np.append(0, recall)])
    auc = float(np.sum(np.diff(rates[:, 0]) * (rates[1:, 1] + rates[:-1, 1]) / 2))
    average = float(np.sum(np.diff(np.append(0, recall)) * precision))
    curve = np.column_stack([np.append(0, recall), np.append(1, precision)])
    return Ranked(
        (names[0], names[1]), probabilities, positive, thinned(rates), thinned(curve), auc, average
    )  # fmt: skip


def thinned(points: np.ndarray, most: int = MAX_POINTS) -> np.ndarray:
    """At most so many of the points (n, 2) of a line, evenly along its length, both ends among them."""
    if len(points) <= most:
        return points
    length = np.append(0, np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1)))
    places = np.searchsorted(length, np.linspace(0, length[-1], most - 1))
    return points[np.unique(np.append(np.minimum(places, len(points) - 1), len(points) - 1))]


def adjustable(ranked: Ranked) -> Adjustable:
    """The figures with their threshold."""
    return Adjustable(_("Threshold"), Threshold(), ranked, threshold_figures)


def threshold_figures(params: Threshold, ranked: Ranked) -> tuple[Figure, ...]:
    """Confusion matrix, counts, ROC and precision-recall curve at a threshold."""
    threshold = params.threshold
    answered = ranked.probabilities > threshold
    distance = np.abs(ranked.probabilities - threshold)
    cells = {}
    for row in (0, 1):
        for column in (0, 1):
            members = np.flatnonzero((ranked.positive == row) & (answered == column))
            cells[row, column] = members[np.argsort(-distance[members], kind="stable")]
    counts = np.array([[len(cells[row, column]) for column in (0, 1)] for row in (0, 1)])
    return (
        Matrix(
            _("Confusion matrix"), counts, ranked.names, _("True class"), _("Predicted class"),
            samples={cell: tuple(members.tolist()) for cell, members in cells.items() if len(members)},
        ),
        _counts(counts, ranked.names),
        _roc(counts, ranked, threshold),
        _precision_recall(counts, ranked, threshold),
    )  # fmt: skip


def _counts(counts: np.ndarray, names: tuple[str, str]) -> Table:
    (true_negative, false_positive), (false_negative, true_positive) = counts.tolist()
    taken = _("{true} taken for {predicted}")
    rows = (
        (_("True positives"), true_positive, _("{name} recognised").format(name=names[1])),
        (_("False positives"), false_positive, taken.format(true=names[0], predicted=names[1])),
        (_("False negatives"), false_negative, taken.format(true=names[1], predicted=names[0])),
        (_("True negatives"), true_negative, _("{name} recognised").format(name=names[0])),
        (_("Precision"), _share(true_positive, false_positive), _("right among all answers {name}")),
        (_("Recall (sensitivity)"), _share(true_positive, false_negative), _("found of all that are {name}")),
        (_("F1"), _share(2 * true_positive, false_positive + false_negative), _("between precision and recall")),
        (_("Specificity"), _share(true_negative, false_positive), _("found of all that are {other}")),
        (_("Accuracy"), _share(true_positive + true_negative, false_positive + false_negative), _("right of all")),
    )
    told = tuple((title, value, text.format(name=names[1], other=names[0])) for title, value, text in rows)
    return Table(
        _("Counts at the threshold"), (_("Measure"), _("Value"), _("Meaning")), told,
    )  # fmt: skip


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


def _roc(counts: np.ndarray, ranked: Ranked, threshold: float) -> Scatter:
    x, y = (_share(counts[row, 1], counts[row, 0]) for row in (0, 1))
    return Scatter(
        _("ROC curve"), _("False positive rate"), _("True positive rate (recall)"),
        (_here(x, y, threshold),),
        (
            Curve(_("ROC, AUC {area:.4f}").format(area=ranked.auc), *ranked.roc.T),
            Curve(_("By chance"), np.array([0.0, 1.0]), np.array([0.0, 1.0])),
        ),
        square=True,
    )  # fmt: skip


def _precision_recall(counts: np.ndarray, ranked: Ranked, threshold: float) -> Scatter:
    chance = float(ranked.positive.mean())
    name = _("Average precision {average:.4f}").format(average=ranked.average_precision)
    return Scatter(
        _("Precision-recall curve"), _("Recall"), _("Precision"),
        (_here(_share(counts[1, 1], counts[1, 0]), _share(counts[1, 1], counts[0, 1]), threshold),),
        (
            Curve(name, *ranked.recall_precision.T),
            Curve(_("By chance"), np.array([0.0, 1.0]), np.full(2, chance)),
        ),
        square=True,
    )  # fmt: skip


def _here(x: float | None, y: float | None, threshold: float) -> Points:
    """The point of the threshold; none where nothing is above it, so that it has no precision."""
    known = [] if x is None or y is None else [(x, y)]
    places = np.array(known, np.float64).reshape(-1, 2)
    return Points(_("Threshold {threshold:.2f}").format(threshold=threshold), places[:, 0], places[:, 1])
