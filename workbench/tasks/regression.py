"""Regression: one number or several per sample.

The network learns numbers of a common size (`target_scaling`); the saved model brings them back to their own unit, so
that whatever reads its answers never sees the scaling. The loss is that of the scaled numbers, the metrics are told in
the target's own unit.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from workbench.data.source import SPLIT_TITLES
from workbench.errors import UserError
from workbench.experiment import Experiment, TaskSection
from workbench.figures import Bars, Figure
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.specs import OutputSpec, TargetSpec, ValuesTarget
from workbench.tasks import regression_code, regression_report
from workbench.tasks.quantities import axis_label, number_text, range_names, round_edges, with_unit
from workbench.tasks.task import Answer, Evaluation, Evidence, Task

_KERAS_LOSSES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "huber": "Huber"}
_LARGEST = 1e15
_NARROWEST = 1e-7  # Keras' Normalization, which undoes the scaling, knows no smaller spread


class RegressionSection(TaskSection):
    """Settings of `regression`."""

    name: Literal["regression"] = setting("regression", title=mark("Task"), widget="hidden")
    target_scaling: Literal["zscore", "minmax", "none"] = setting(
        "zscore", title=mark("Scaling of the target"),
        help=mark("What the network learns instead of the target's own numbers. The saved model undoes it: its "
                  "answers are in the target's own unit."),
        labels={"zscore": mark("Mean 0, deviation 1 (z-score)"), "minmax": mark("0 to 1 (min-max)"),
                "none": mark("None")},
    )  # fmt: skip
    loss: Literal["mse", "mae", "huber"] = setting(
        "mse", title=mark("Loss"),
        help=mark("Squared errors weigh large mistakes most; absolute errors weigh all alike; Huber is squared up to "
                  "an error of 1 (of the scaled target) and absolute beyond it."),
        labels={"mse": mark("Mean squared error"), "mae": mark("Mean absolute error"), "huber": "Huber"},
    )  # fmt: skip


class Regression(Task):
    """Numbers per sample."""

    name = "regression"
    title = mark("Regression")
    help = mark("Says a number of every sample: a price, an angle.")
    section = RegressionSection
    learns = ValuesTarget
    smooths_labels = False
    judged_by = "rmse"
    for_variety = (("augmentation.brightness", 0.2), ("augmentation.contrast", 0.2))  # moving may change the number
    learned_well = 0.3  # 0.7 of the variance explained: measured numbers are noisier than names of classes

    def fit(self, target: TargetSpec, targets: np.ndarray, section: TaskSection) -> ValuesTarget:
        """The target with centre and spread of the training targets, as the section wants them."""
        target = _values(target)
        if section.target_scaling == "none" or not len(targets):
            centre, spread = (), ()
        else:
            table = _table(targets, target)
            if section.target_scaling == "minmax":
                centre = table.min(axis=0)
                spread = table.max(axis=0) - centre
            else:
                centre, spread = table.mean(axis=0), table.std(axis=0)
            # A value that never changes cannot be scaled; what rounding leaves of its spread is nothing either.
            spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1e-300), np.maximum(spread, _NARROWEST), 1.0)
            centre, spread = tuple(map(float, centre)), tuple(map(float, spread))
        return replace(target, centre=centre, spread=spread)

    def target_of(self, output_shape: tuple[int | None, ...], linear: bool) -> ValuesTarget | None:
        """One number of any size."""
        return ValuesTarget.usual(1) if linear and output_shape == (1,) else None

    def unlearnable(self, targets: np.ndarray, target: TargetSpec) -> str:
        """One value for all samples leaves nothing to learn; the squares of huge ones would overflow."""
        target = _values(target)
        if not len(targets):
            return ""
        table = _table(targets, target)
        if np.abs(table).max() > _LARGEST:
            column = int(np.abs(table).max(axis=0).argmax())
            return _(
                "The target {name} has values of up to {size:.3g}, too large to learn from. Divide it by a power of "
                "ten, or write it in a larger unit."
            ).format(name=target.names[column], size=float(np.abs(table).max()))
        if np.any(table.min(axis=0) != table.max(axis=0)):
            return ""
        values = ", ".join(
            f"{name} = {with_unit(number_text(value), unit)}"
            for name, value, unit in zip(target.names, table[0].tolist(), _units(target), strict=True)
        )
        return _("The target has the same value for all samples ({values}); there is nothing to learn.").format(
            values=values
        )

    def output(self, target: TargetSpec) -> OutputSpec:
        """A unit per number; the saved model multiplies by the spread and adds the centre."""
        target = _values(target)
        return OutputSpec(len(target.names), "linear", factor=target.spread, offset=target.centre)

    def encode(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """The scaled targets, float32, (n, k)."""
        target = _values(target)
        return _scaled(_table(targets, target), target).astype(np.float32)

    def loss(self, experiment: Experiment, target: TargetSpec, from_logits: bool) -> Any:
        """The loss that the section names, of the scaled numbers."""
        import keras

        return getattr(keras.losses, _KERAS_LOSSES[experiment.task.loss])()

    def sample_losses(
        self, outputs: np.ndarray, targets: np.ndarray, target: TargetSpec, experiment: Experiment | None = None
    ) -> np.ndarray:
        """The loss of every sample, of the scaled numbers; the squared error without an experiment."""
        target = _values(target)
        error = np.abs(_scaled(_table(outputs, target), target) - _scaled(_table(targets, target), target))
        match experiment.task.loss if experiment else "mse":
            case "mae":
                losses = error
            case "huber":
                losses = np.where(error <= 1, error**2 / 2, error - 0.5)
            case _:
                losses = error**2
        return losses.mean(axis=1)

    def metrics(self, target: TargetSpec, from_logits: bool) -> list[Any]:
        """`mae` and `rmse` in the target's own unit."""
        return [_in_own_unit(name, _values(target).spread) for name in ("mae", "rmse")]

    def metric_directions(self) -> dict[str, str]:
        """Less is better."""
        return {"loss": "min", "mae": "min", "rmse": "min"}

    def guessing(self, targets: np.ndarray, target: TargetSpec) -> dict[str, float]:
        """The errors of always answering the mean, and for absolute errors the median."""
        if not len(targets):
            return {}
        table = _table(targets, _values(target))
        away = np.abs(table - np.median(table, axis=0)).mean()
        return {"rmse": float(np.sqrt(table.var(axis=0).mean())), "mae": float(away)}

    def error(self, metrics: dict[str, float], guessing: dict[str, float]) -> float | None:
        """The share of the variance that is not explained, 1 - R²."""
        ratio = super().error(metrics, guessing)
        return None if ratio is None else ratio**2

    def decode(
        self, outputs: np.ndarray, target: TargetSpec, top: int = 5, pictures: Sequence[np.ndarray] = ()
    ) -> list[Answer]:
        """The number with its unit, or the numbers by their names."""
        target = _values(target)
        answers = []
        for row in _table(outputs, target):
            if len(target.names) == 1:
                values = {"value": float(row[0]), "unit": _units(target)[0], "name": target.names[0]}
            else:
                values = dict(zip(target.names, map(float, row), strict=True))
            answers.append(Answer(values, self.describe(row, target)))
        return answers

    def evaluate(self, evidence: Evidence) -> Evaluation:
        """Errors in the target's own unit, and where they are large; the largest first."""
        target = _values(evidence.target)
        return regression_report.judge(
            evidence, _table(evidence.targets, target), _table(evidence.outputs, target), target, _units(target)
        )

    def choices(self, target: TargetSpec) -> tuple[str, ...]:
        """What lowers and what raises a single number; of several, each by its name."""
        names = _values(target).names
        if len(names) > 1:
            return names
        return _("lower {name}").format(name=names[0]), _("higher {name}").format(name=names[0])

    def describe(self, value: Any, target: TargetSpec) -> str:
        """The number with its unit; several with their names."""
        target = _values(target)
        row = np.asarray(value, np.float64).reshape(-1)
        spreads = target.spread or (0.0,) * len(target.names)
        texts = [
            with_unit(number_text(number, spread), unit)
            for number, spread, unit in zip(row.tolist(), spreads, _units(target), strict=True)
        ]
        if len(texts) == 1:
            return texts[0]
        return ", ".join(f"{name} {text}" for name, text in zip(target.names, texts, strict=True))

    def describe_data(
        self, targets: np.ndarray, splits: dict[str, np.ndarray], target: TargetSpec
    ) -> tuple[Figure, ...]:
        """How the target is distributed over each split."""
        target = _values(target)
        table = _table(targets, target)
        return tuple(
            _histogram(table[:, column], splits, axis_label(name, unit))
            for column, (name, unit) in enumerate(zip(target.names, _units(target), strict=True))
        )

    def keras_code(self, experiment: Experiment, target: TargetSpec) -> dict[str, str]:
        """Fragments for a script that learns the scaled numbers, with metrics in the target's own unit."""
        return regression_code.fragments(_values(target), _KERAS_LOSSES[experiment.task.loss])


def _in_own_unit(name: str, spread: tuple[float, ...]) -> Any:
    """A Keras metric of scaled numbers that tells its value in the numbers' own unit."""
    import keras

    base = {"mae": keras.metrics.MeanAbsoluteError, "rmse": keras.metrics.RootMeanSquaredError}[name]

    class InOwnUnit(base):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if spread:
                factor = keras.ops.convert_to_tensor(spread, dtype="float32")
                y_true = keras.ops.cast(y_true, "float32") * factor
                y_pred = keras.ops.cast(y_pred, "float32") * factor
            return super().update_state(y_true, y_pred, sample_weight)

    return InOwnUnit(name=name)


def _values(target: TargetSpec) -> ValuesTarget:
    if not isinstance(target, ValuesTarget):
        raise UserError(_("Regression needs a target of numbers, not of the kind {kind!r}.").format(
            kind=getattr(target, "kind", type(target).__name__)))  # fmt: skip
    return target


def _units(target: ValuesTarget) -> tuple[str, ...]:
    """A unit per name, also where the target names fewer."""
    return (target.units + ("",) * len(target.names))[: len(target.names)]


def _table(values: np.ndarray, target: ValuesTarget) -> np.ndarray:
    """Numbers as float64, (n, k)."""
    return np.asarray(values, np.float64).reshape(-1, len(target.names))


def _scaled(table: np.ndarray, target: ValuesTarget) -> np.ndarray:
    return (table - np.array(target.centre)) / np.array(target.spread) if target.spread else table


def _histogram(values: np.ndarray, splits: dict[str, np.ndarray], label: str) -> Bars:
    edges = round_edges(values)
    series = {
        _(SPLIT_TITLES.get(name, name)): tuple(np.histogram(values[indices], edges)[0].tolist())
        for name, indices in splits.items()
        if len(indices)
    }
    return Bars(_("Distribution of {name}").format(name=label), range_names(edges), series, value_label=_("Samples"))


def register(registry: Any) -> None:
    """Add the task to the registry."""
    registry.tasks.add(Regression())
