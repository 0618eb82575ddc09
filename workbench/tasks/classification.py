"""Classification: one of several classes per sample.

Two classes share one unit (a logit of the second class); more have a unit each. Targets stay class indices all the
way into the loss, also with label smoothing, so that 1,000 classes cost no more memory than two.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.experiment import Experiment, TaskSection
from workbench.figures import Bars
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.specs import ClassTarget, OutputSpec, TargetSpec
from workbench.tasks import classification_report
from workbench.tasks.boundary import decision_boundary
from workbench.tasks.task import Answer, Evaluation, Evidence, Task, outputs_are_logits

_EPSILON = 1e-7
_BALANCE = """\
# Every class counts the same in sum.
counts = np.bincount(labels[split != "-"], minlength=len(class_names))
weights = (counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels]
"""


class ClassificationSection(TaskSection):
    """A classification has no settings of its own."""

    name: Literal["classification"] = setting("classification", title=mark("Task"), widget="hidden")


def class_probabilities(outputs: np.ndarray, classes: int) -> np.ndarray:
    """The probability of every class, (n, classes), from a network's outputs: one unit stands for two classes."""
    outputs = np.asarray(outputs)
    outputs = outputs.reshape(len(outputs), int(np.prod(outputs.shape[1:])))
    if classes == 2 and outputs.shape[1] == 1:
        return np.concatenate([1 - outputs, outputs], axis=1)
    return outputs


class Classification(Task):
    """One of several classes per sample."""

    name = "classification"
    title = mark("Classification")
    help = mark("Says which of several classes a sample belongs to.")
    section = ClassificationSection
    learns = ClassTarget
    for_rare_classes = (("training.class_weights", "balanced"),)

    def output(self, target: TargetSpec) -> OutputSpec:
        """One sigmoid unit for two classes, a softmax over all for more."""
        count = len(self._names(target))
        if count < 2:
            raise UserError(
                _("The dataset has {count} class ({names}); telling apart needs at least two.").format(
                    count=count, names=", ".join(target.class_names) or "-"
                )
            )
        return OutputSpec(1, "sigmoid") if count == 2 else OutputSpec(count, "softmax")

    def target_of(self, output_shape: tuple[int | None, ...], linear: bool) -> ClassTarget | None:
        """A value per class, called by their numbers; one unit with an activation stands for two classes."""
        if len(output_shape) != 1 or not output_shape[0] or (linear and output_shape[0] == 1):
            return None
        return ClassTarget.usual(max(output_shape[0], 2))

    def unlearnable(self, targets: np.ndarray, target: TargetSpec) -> str:
        """A classifier needs samples of two classes."""
        names = self._names(target)
        present = np.unique(targets)
        if len(names) >= 2 and len(present) >= 2:
            return ""
        found = ", ".join(names[index] for index in present) or "-"
        text = _("The dataset has samples of one class only ({names}). A classifier needs at least two.")
        return text.format(names=found)

    def encode(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """For two classes 0.0 or 1.0, float32, (n, 1); for more the class indices, int64, (n,)."""
        if len(self._names(target)) == 2:
            return np.asarray(targets, np.float32).reshape(-1, 1)
        return np.asarray(targets, np.int64).reshape(-1)

    def loss(self, experiment: Experiment, target: TargetSpec, from_logits: bool) -> Any:
        """Cross-entropy, with the experiment's label smoothing."""
        import keras

        smoothing = experiment.training.label_smoothing
        if len(self._names(target)) == 2:
            return keras.losses.BinaryCrossentropy(from_logits=from_logits, label_smoothing=smoothing)
        if not smoothing:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
        classes = len(target.class_names)

        # Keras' sparse cross-entropy knows no smoothing: make the one-hot targets per batch, in the graph.
        def smoothed_cross_entropy(truth: Any, predicted: Any) -> Any:
            truth = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(truth, (-1,)), "int32"), classes)
            return keras.losses.categorical_crossentropy(
                truth, predicted, from_logits=from_logits, label_smoothing=smoothing
            )

        return _mean_over_batch(smoothed_cross_entropy)

    def sample_losses(
        self, outputs: np.ndarray, targets: np.ndarray, target: TargetSpec, experiment: Experiment | None = None
    ) -> np.ndarray:
        """The cross-entropy of every sample; with `experiment`, under its label smoothing and overrides."""
        outputs = np.asarray(outputs, np.float32).reshape(len(outputs), -1)
        smoothing = experiment.training.label_smoothing if experiment else 0.0
        logits = experiment is not None and outputs_are_logits(experiment.overrides)
        if outputs.shape[1] == 1:
            if logits:
                positive, negative = -np.logaddexp(0, -outputs[:, 0]), -np.logaddexp(0, outputs[:, 0])
            else:
                probability = np.clip(outputs[:, 0], _EPSILON, 1 - _EPSILON)
                positive, negative = np.log(probability), np.log(1 - probability)
            share = np.asarray(targets, np.float32) * (1 - smoothing) + smoothing / 2
            return -(share * positive + (1 - share) * negative)
        if logits:
            highest = outputs.max(axis=1, keepdims=True)
            sums = highest[:, 0] + np.log(np.exp(outputs - highest).sum(axis=1))
            mean_of_all = outputs.mean(axis=1) - sums if smoothing else 0.0
            of_truth = outputs[np.arange(len(outputs)), targets] - sums
        else:
            # As Keras: probabilities are clipped, then brought to a sum of one.
            probabilities = np.clip(outputs, _EPSILON, 1 - _EPSILON)
            sums = np.log(probabilities.sum(axis=1))
            mean_of_all = np.log(probabilities).mean(axis=1) - sums if smoothing else 0.0
            of_truth = np.log(probabilities[np.arange(len(outputs)), targets]) - sums
        return -((1 - smoothing) * of_truth + smoothing * mean_of_all)

    def metrics(self, target: TargetSpec, from_logits: bool) -> list[Any]:
        """`accuracy`: the share of samples whose likeliest class is the true one."""
        import keras

        if len(self._names(target)) == 2:
            return [keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if from_logits else 0.5)]
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def metric_directions(self) -> dict[str, str]:
        """Less loss and more accuracy are better."""
        return {"loss": "min", "accuracy": "max"}

    def guessing(self, targets: np.ndarray, target: TargetSpec) -> dict[str, float]:
        """The accuracy of naming the most frequent class; without targets, of classes that are equally frequent."""
        classes = len(self._names(target))
        shares = np.bincount(np.asarray(targets, np.int64).reshape(-1), minlength=classes) / max(len(targets), 1)
        return {"accuracy": float(shares.max()) if len(targets) else 1 / classes}

    def sample_weights(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Every class that occurs counts the same in sum; the mean over the samples is 1."""
        targets = np.asarray(targets, np.int64).reshape(-1)
        counts = np.bincount(targets, minlength=len(self._names(target)))
        per_class = len(targets) / (max(np.count_nonzero(counts), 1) * np.maximum(counts, 1))
        return per_class[targets].astype(np.float32)

    def decode(
        self, outputs: np.ndarray, target: TargetSpec, top: int = 5, pictures: Sequence[np.ndarray] = ()
    ) -> list[Answer]:
        """The likeliest class of every row, its probability, and the `top` likeliest with theirs."""
        names = self._names(target)
        probabilities = class_probabilities(outputs, len(names))
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : max(top, 1)]
        return [_answer(row, best, names) for row, best in zip(probabilities, order, strict=True)]

    def evaluate(self, evidence: Evidence) -> Evaluation:
        """Loss, accuracy, the confusion matrix, a report per class; the most confident mistakes first."""
        names = self._names(evidence.target)
        probabilities = class_probabilities(evidence.outputs, len(names))
        learned = decision_boundary(evidence, names, lambda outputs: class_probabilities(outputs, len(names)))
        targets = np.asarray(evidence.targets)
        return classification_report.judge(probabilities, targets, evidence.losses, names, learned)

    def choices(self, target: TargetSpec) -> tuple[str, ...]:
        """The names of the classes."""
        return self._names(target)

    def describe(self, value: Any, target: TargetSpec) -> str:
        """The name of a class."""
        return self._names(target)[int(value)]

    def keras_code(self, experiment: Experiment, target: TargetSpec) -> dict[str, str]:
        """Fragments for a script whose network ends as the experiment's does: in logits, unless overridden."""
        output = self.output(target)
        overrides = experiment.overrides
        untouched = overrides.output_activation == "auto" and overrides.loss_expects != "probabilities"
        from_logits = untouched or outputs_are_logits(overrides)
        smoothing = experiment.training.label_smoothing
        arguments = f"from_logits={from_logits}" + (f", label_smoothing={smoothing!r}" if smoothing else "")
        if output.units == 1:
            loss, encode = "BinaryCrossentropy", 'labels.astype("float32").reshape(-1, 1)'
            metric = f'keras.metrics.BinaryAccuracy(name="accuracy", threshold={0.0 if from_logits else 0.5})'
        elif smoothing:
            loss, encode = "CategoricalCrossentropy", f"keras.utils.to_categorical(labels, {output.units})"
            metric = 'keras.metrics.CategoricalAccuracy(name="accuracy")'
        else:
            loss, encode = "SparseCategoricalCrossentropy", "labels"
            metric = 'keras.metrics.SparseCategoricalAccuracy(name="accuracy")'
        return {
            "units": str(output.units),
            "activation": output.activation,
            "loss": f"keras.losses.{loss}({arguments})",
            "metrics": f"[{metric}]",
            "encode": encode,
            "from_logits": str(from_logits),
            "weights": _BALANCE,
        }

    @staticmethod
    def _names(target: TargetSpec) -> tuple[str, ...]:
        if not isinstance(target, ClassTarget):
            raise UserError(_("Classification needs a target of classes, not of the kind {kind!r}.").format(
                kind=getattr(target, "kind", type(target).__name__)))  # fmt: skip
        return target.class_names


def _mean_over_batch(function: Any) -> Any:
    """A Keras loss from a function of (truth, predicted), averaged like the built-in ones."""
    import keras

    class FunctionLoss(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    return FunctionLoss(name=function.__name__)


def _answer(probabilities: np.ndarray, best: np.ndarray, names: tuple[str, ...]) -> Answer:
    top = [[names[index], float(probabilities[index])] for index in best]
    name, probability = top[0]
    figure = Bars(
        _("Class probabilities"),
        tuple(row[0] for row in top),
        {_("Probability"): tuple(row[1] for row in top)},
        value_label=_("Probability"),
    )
    return Answer(
        {"class": name, "probability": probability, "top": top}, f"{name} ({100 * probability:.1f} %)", (figure,)
    )


def register(registry: Any) -> None:
    """Add the task to the registry."""
    registry.tasks.add(Classification())
