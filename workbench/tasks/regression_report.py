"""How a regression did on one split: errors in the target's own unit, and where they are large.

NumPy only. A target of several numbers gets every figure once per number; the errors over all are means of theirs.
"""

import math

import numpy as np

from workbench.figures import Bars, Curve, Curves, Figure, Points, Scatter, Table
from workbench.i18n import _, mark
from workbench.specs import TableInput, ValuesTarget
from workbench.tasks import plane
from workbench.tasks.quantities import axis_label, number_text, range_names, round_edges, with_unit
from workbench.tasks.task import Evaluation, Evidence

MAX_POINTS = 10_000
MAX_LINE = 5_000
_GROUPS = 3
_MEASURES = {
    "mae": mark("Mean absolute error (MAE)"),
    "rmse": mark("Root of the mean squared error (RMSE)"),
    "r2": mark("R²: share of the variance explained"),
    "adjusted_r2": mark("Adjusted R²"),
    "mape": mark("Mean absolute error in percent (MAPE)"),
    "mpe": mark("Mean error in percent, (true - predicted) / true (MPE)"),
    "mse": mark("Mean squared error (MSE)"),
}


def judge(
    evidence: Evidence, truth: np.ndarray, predicted: np.ndarray, target: ValuesTarget, units: tuple[str, ...]
) -> Evaluation:
    """The evaluation of one split.

    Args:
        evidence: what was judged.
        truth: float64, (n, k).
        predicted: likewise.
        target: what was learned.
        units: one per name of the target.
    """
    features = _features(evidence)
    columns = [measures(truth[:, k], predicted[:, k], features) for k in range(truth.shape[1])]
    numbers = {"loss": float(np.mean(evidence.losses, dtype=np.float64)) if len(truth) else 0.0}
    for name in _MEASURES:
        values = [column[name] for column in columns if name in column]
        if len(values) == len(columns) and values:
            numbers[name] = float(np.mean(values))
    numbers = {name: value for name, value in numbers.items() if math.isfinite(value)}
    figures: list[Figure] = []
    for k, (name, unit) in enumerate(zip(target.names, units, strict=True)):
        figures += _figures(evidence, truth[:, k], predicted[:, k], name, unit)
    figures.insert(1 if figures else 0, _table(columns, truth, target, units))
    spread = np.array(target.spread) if target.spread else np.ones(truth.shape[1])
    worst = np.max(np.abs(truth - predicted) / spread, axis=1, initial=0)
    ranking = np.argsort(-np.nan_to_num(worst, nan=np.inf, posinf=np.inf), kind="stable")
    return Evaluation(numbers, tuple(figures), tuple(ranking.tolist()), _units_of(units))


def measures(truth: np.ndarray, predicted: np.ndarray, features: int = 0) -> dict[str, float]:
    """The errors of one number; what is not defined (R² of a constant) is left out.

    Args:
        truth: float64, (n,).
        predicted: likewise.
        features: numbers the model sees of a sample, for the adjusted R²; 0 leaves it out.
    """
    count = len(truth)
    if not count:
        return {}
    error = truth - predicted
    squared = float(np.mean(error**2))
    found = {"mae": float(np.mean(np.abs(error))), "rmse": math.sqrt(squared), "mse": squared}
    counted = truth != 0
    if counted.any():
        shares = error[counted] / truth[counted]
        found["mape"], found["mpe"] = float(np.mean(np.abs(shares))), float(np.mean(shares))
    variance = float(np.mean((truth - truth.mean()) ** 2))
    if variance > 0:
        found["r2"] = 1 - squared / variance
        if features and count > features + 1:
            found["adjusted_r2"] = 1 - (1 - found["r2"]) * (count - 1) / (count - features - 1)
    return found


def _units_of(units: tuple[str, ...]) -> dict[str, str]:
    """What the errors count; nothing where several targets count different things."""
    if len(set(units)) > 1 or not units[0]:
        return {}
    return {"mae": units[0], "rmse": units[0], "mse": f"{units[0]}²"}


def _features(evidence: Evidence) -> int:
    """Numbers the model sees of a row; a category of m words counts m - 1, as the others say which it is."""
    if not isinstance(evidence.input, TableInput):
        return 0
    return sum(max(len(column.categories) - 1, 1) for column in evidence.input.columns)


def _table(columns: list[dict[str, float]], truth: np.ndarray, target: ValuesTarget, units: tuple[str, ...]) -> Table:
    rows = tuple(
        (_(title), *(_cell(name, column, unit) for column, unit in zip(columns, units, strict=True)))
        for name, title in _MEASURES.items()
        if any(name in column for column in columns)
    )
    zeros = int(np.count_nonzero((truth == 0).any(axis=1)))
    note = ""
    if zeros:
        note = _("Samples left out of the errors in percent, as their true value is 0: {count}.").format(count=zeros)
    return Table(_("Errors"), (_("Measure"), *target.names), rows, note=note)


def _cell(name: str, column: dict[str, float], unit: str) -> str | None:
    if name not in column:
        return None
    value = column[name]
    match name:
        case "mape" | "mpe":
            return f"{100 * value + 0.0:z.2f} %"
        case "r2" | "adjusted_r2":
            return f"{value:.4f}"
        case "mse":
            return with_unit(number_text(value), f"{unit}²" if unit else "")
    return with_unit(number_text(value), unit)


def _figures(evidence: Evidence, truth: np.ndarray, predicted: np.ndarray, name: str, unit: str) -> list[Figure]:
    usable = np.flatnonzero(np.isfinite(truth) & np.isfinite(predicted))
    if not len(usable):
        return []
    truth, predicted = truth[usable], predicted[usable]
    shown, note = _shown(np.abs(truth - predicted))
    label, samples = axis_label(name, unit), tuple(usable[shown].tolist())
    ends = np.array([min(truth.min(), predicted.min()), max(truth.max(), predicted.max())])
    flat = np.array([predicted.min(), predicted.max()])
    residual = truth - predicted
    difference = axis_label(_("true - predicted"), unit)
    figures: list[Figure] = [
        Scatter(
            _("Predicted against true: {name}").format(name=label), _("True"), _("Predicted"),
            (Points(_("Samples"), truth[shown], predicted[shown], samples),),
            (Curve(_("Predicted = true"), ends, ends),), square=True, unit=unit, note=note,
        ),
        *_fitted(evidence, usable, truth, name, unit),
        Scatter(
            _("Residuals: {name}").format(name=label), _("Predicted"), difference,
            (Points(_("Samples"), predicted[shown], residual[shown], samples),),
            (Curve(_("No error"), flat, np.zeros(2)),), note=note,
        ),
        _histogram(residual, _("Histogram of the residuals: {name}").format(name=difference)),
        _in_order(usable, truth, predicted, label),
        _error_by_value(truth, np.abs(residual), name, unit),
    ]  # fmt: skip
    return figures


def _shown(errors: np.ndarray) -> tuple[np.ndarray, str]:
    """The samples that a figure of points shows, ascending, and a note when these are not all."""
    if len(errors) <= MAX_POINTS:
        return np.arange(len(errors)), ""
    worst = np.argsort(-errors, kind="stable")[: MAX_POINTS // 10]
    even = np.linspace(0, len(errors) - 1, MAX_POINTS - len(worst)).astype(np.int64)
    shown = np.union1d(worst, even)
    text = _("{shown} of {count} samples are drawn, the {worst} with the largest errors among them.")
    return shown, text.format(shown=len(shown), count=len(errors), worst=len(worst))


def _histogram(values: np.ndarray, title: str) -> Bars:
    edges = round_edges(values)
    counts = tuple(np.histogram(values, edges)[0].tolist())
    return Bars(title, range_names(edges), {_("Samples"): counts}, value_label=_("Samples"))


def _in_order(positions: np.ndarray, truth: np.ndarray, predicted: np.ndarray, label: str) -> Curves:
    step = -(-len(truth) // MAX_LINE)
    x = positions[::step].astype(np.float64)
    note = _("Every {step}th sample is drawn.").format(step=step) if step > 1 else ""
    return Curves(
        _("Over the samples in order: {name}").format(name=label), _("Sample"), label,
        (Curve(_("True"), x, truth[::step]), Curve(_("Predicted"), x, predicted[::step])), note=note,
    )  # fmt: skip


def _error_by_value(truth: np.ndarray, errors: np.ndarray, name: str, unit: str) -> Bars:
    edges = round_edges(truth)
    places = np.clip(np.searchsorted(edges, truth, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(places, minlength=len(edges) - 1)
    sums = np.bincount(places, weights=errors, minlength=len(edges) - 1)
    filled = np.flatnonzero(counts)
    names = range_names(edges)
    left_out = len(counts) - len(filled)
    note = _("Ranges left out, as they have no samples: {count}.").format(count=left_out) if left_out else ""
    return Bars(
        _("Mean absolute error by the true {name}").format(name=axis_label(name, unit)),
        tuple(f"{names[place]} (n = {counts[place]})" for place in filled),
        {_("Mean absolute error"): tuple((sums[filled] / counts[filled]).tolist())},
        value_label=axis_label(_("Mean absolute error"), unit), note=note,
    )  # fmt: skip


def _fitted(evidence: Evidence, usable: np.ndarray, truth: np.ndarray, name: str, unit: str) -> list[Figure]:
    """For tables of one or two features: what was learned over the data."""
    label = axis_label(name, unit)
    column = evidence.target.names.index(name)
    count = len(evidence.target.names)
    for features in (1, 2):
        rows = plane.features_drawn(evidence, features)
        if rows is None:
            continue
        rows = rows[usable]
        shown, note = _shown(
            np.abs(truth - np.asarray(evidence.outputs, np.float64).reshape(-1, count)[usable, column])
        )
        shown = shown[np.isfinite(rows[shown]).all(axis=1)]
        labels = plane.feature_labels(evidence.input)
        if features == 1:
            x, outputs = plane.line_outputs(evidence, rows)
            line = Curve(_("Predicted"), x, outputs.reshape(-1, count)[:, column])
            points = Points(_("True"), rows[shown, 0], truth[shown], tuple(usable[shown].tolist()))
            title = _("What was learned: {name}").format(name=label)
            return [Scatter(title, labels[0], label, (points,), (line,), note=note)]
        learned = plane.plane_of(evidence, rows)
        values = np.asarray(learned.outputs, np.float64).reshape(plane.SIDE, plane.SIDE, count)[..., column]
        title = _("What was learned over the two features: {name}").format(name=label)
        return [
            Scatter(
                title, *learned.labels, _by_value(rows, truth, usable, shown, unit), field=values,
                field_range=learned.range, field_label=_("Predicted {name}").format(name=label), note=note,
            )
        ]  # fmt: skip
    return []


def _by_value(
    rows: np.ndarray, truth: np.ndarray, usable: np.ndarray, shown: np.ndarray, unit: str
) -> tuple[Points, ...]:
    """The points in groups of small, middle and large true values, about equally many in each."""
    edges = np.unique(np.quantile(truth, np.linspace(0, 1, _GROUPS + 1)))
    spread = float(truth.std())
    if len(edges) < 2:
        edges = np.array([edges[0], edges[0]])
    places = np.clip(np.searchsorted(edges, truth[shown], side="right") - 1, 0, len(edges) - 2)
    groups = []
    for place in range(len(edges) - 1):
        members = shown[places == place]
        low, high = (number_text(float(edge), spread) for edge in edges[place : place + 2])
        name = with_unit(_("true {low} … {high}").format(low=low, high=high), unit)
        groups.append(Points(name, rows[members, 0], rows[members, 1], tuple(usable[members].tolist())))
    return tuple(groups)
