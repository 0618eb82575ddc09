"""The contract of a task: what a model must give for a target, and how that is trained, read and judged."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.data.prepared import InputsOf
from workbench.errors import UserError
from workbench.experiment import Experiment, OverridesSection, TaskSection
from workbench.figures import Figure
from workbench.i18n import _
from workbench.specs import InputSpec, OutputSpec, TargetSpec


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on one split.

    Attributes:
        numbers: `loss` and the task's metrics by name (`accuracy`), plain floats.
        figures: what there is to look at, in the order of a page.
        ranking: sample indices of the split, worst first (for classification the most confident mistakes).
        units: what numbers count, by their names, for those that count something ("€").
        answers: per class how often it is true and how often it was answered, of samples or pixels; empty where there
            are no classes.
    """

    numbers: dict[str, float]
    figures: tuple[Figure, ...]
    ranking: tuple[int, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One decoded prediction.

    Attributes:
        values: plain values for JSON and tables, as in `{"class": ..., "probability": ..., "top": [[name, p], ...]}`.
        text: one line for people.
        figures: the answer to look at (class bars).
    """

    values: dict[str, Any]
    text: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What a task judges: outputs of the saved model (after its activation) beside the truth, for one split.

    Attributes:
        outputs: (n, ...); `targets`, `losses` (n,) and `names` belong to the same samples.
        target: the spec of the targets; `input` that of the inputs.
        inputs: the samples as they enter the network, by their numbers (`inputs[3]`, `inputs[:100]`).
        predict: more inputs -> outputs of the saved model, for drawing what it has learned.
    """

    outputs: np.ndarray
    targets: np.ndarray
    losses: np.ndarray
    target: TargetSpec
    names: tuple[str, ...] = field(default=())
    input: InputSpec | None = None
    inputs: InputsOf | np.ndarray | None = None
    predict: Callable[[np.ndarray], np.ndarray] | None = None


def outputs_are_logits(overrides: OverridesSection) -> bool:
    """Whether the loss takes what the saved model returns for logits: only ever by an override."""
    if overrides.loss_expects == "auto":
        return overrides.output_activation == "linear"
    return overrides.loss_expects == "logits" and overrides.output_activation != "auto"


class Task(ABC):
    """What is learned from a target spec. The first task registered for a kind of target is that kind's default."""

    name: str
    title: str
    help: str
    section: type[TaskSection] = TaskSection  # a task without settings of its own needs no other
    learns: type[TargetSpec]
    smooths_labels: bool = True  # whether label smoothing has a meaning
    judged_by: str = "accuracy"  # the metric that tells best how much was learned; 1 or 0 is perfect
    learned_well: float = 0.2  # what may be left of the error of guessing for a training to count as good
    # Random changes that leave what is learned as it is: hardly any picture means something else when moved a little.
    for_variety: tuple[tuple[str, Any], ...] = (("augmentation.shift", 0.1), ("augmentation.zoom", 0.1))
    for_rare_classes: tuple[tuple[str, Any], ...] = ()  # settings that make rare classes count more, with the values

    def fit(self, target: TargetSpec, targets: np.ndarray, section: TaskSection) -> TargetSpec:
        """The target spec with what is fitted on the targets of the training split (a scaling)."""
        return target

    def unlearnable(self, targets: np.ndarray, target: TargetSpec) -> str:
        """Why there is nothing to learn from these targets (one class, one value), or an empty text."""
        return ""

    @abstractmethod
    def output(self, target: TargetSpec) -> OutputSpec:
        """The units and the activation a model needs. Raises `UserError` for a target that cannot be learned."""

    def target_of(self, output_shape: tuple[int | None, ...], linear: bool) -> TargetSpec | None:
        """What a model of unknown making answers, if this task reads an output of such a shape; else None.

        Args:
            output_shape: without the batch axis; None for a side of any length.
            linear: whether there is no activation behind the weights of its last layer.
        """
        return None

    def encode(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Targets as the loss takes them, first axis n; unless it needs another form, as the source gives them."""
        return targets

    @abstractmethod
    def loss(self, experiment: Experiment, target: TargetSpec, from_logits: bool) -> Any:
        """The Keras loss, averaged over the batch."""

    def sample_losses(
        self, outputs: np.ndarray, targets: np.ndarray, target: TargetSpec, experiment: Experiment | None = None
    ) -> np.ndarray:
        """The loss of every sample from what the saved model returns, shape (n,).

        With `experiment` it is the loss the training minimised (its label smoothing and overrides included), so that
        its mean equals `val_loss`. Unless a task does that itself in NumPy, the Keras loss of the experiment is asked.
        """
        import keras

        loss = self.loss(experiment, target, outputs_are_logits(experiment.overrides))
        loss.reduction = None
        losses = keras.ops.convert_to_numpy(loss(self.encode(targets, target), outputs))
        return losses.reshape(len(losses), -1).mean(axis=1)

    @abstractmethod
    def metrics(self, target: TargetSpec, from_logits: bool) -> list[Any]:
        """Fresh Keras metrics with the names that `metrics.csv` uses."""

    def metric_directions(self) -> dict[str, str]:
        """`min` or `max` for the loss and for every metric, by name: which way is better."""
        return {"loss": "min", "accuracy": "max"}

    def guessing(self, targets: np.ndarray, target: TargetSpec) -> dict[str, float]:
        """The metrics of the best answer that is the same for all samples; of what is known without any targets.

        At least the metric `judged_by`; nothing where it cannot be told.
        """
        return {}

    def error(self, metrics: dict[str, float], guessing: dict[str, float]) -> float | None:
        """How much of the error of guessing is left: 0 is perfect, 1 no better than guessing; None where unknown."""
        if self.judged_by not in metrics or self.judged_by not in guessing:
            return None
        perfect = 1.0 if self.metric_directions()[self.judged_by] == "max" else 0.0
        of_guessing = abs(perfect - guessing[self.judged_by])
        return abs(perfect - metrics[self.judged_by]) / of_guessing if of_guessing > 0 else None

    def sample_weights(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Weights that make rare targets count as much as frequent ones: float32, shape (n,), mean 1."""
        raise UserError(_("The task {name} has no classes to balance. Set the class weights to none.").format(
            name=_(self.title).lower()))  # fmt: skip

    @abstractmethod
    def decode(
        self, outputs: np.ndarray, target: TargetSpec, top: int = 5, pictures: Sequence[np.ndarray] = ()
    ) -> list[Answer]:
        """One answer per row of `outputs`.

        Args:
            outputs: of the saved model, (n, ...).
            target: what it was trained on.
            top: how many of the likeliest to tell, where that makes sense.
            pictures: what was asked about, uint8 (height, width, channels) of any size, or nothing.
        """

    @abstractmethod
    def evaluate(self, evidence: Evidence) -> Evaluation:
        """Numbers and figures for one split."""

    def choices(self, target: TargetSpec) -> tuple[str, ...]:
        """The names of what a heatmap can be asked for (the classes); their index is the unit explained."""
        return getattr(target, "class_names", ())

    @abstractmethod
    def describe(self, value: Any, target: TargetSpec) -> str:
        """A target as a caption (the class name)."""

    def describe_data(
        self, targets: np.ndarray, splits: dict[str, np.ndarray], target: TargetSpec
    ) -> tuple[Figure, ...]:
        """What there is to see of the targets before training (a histogram), beside the counts of classes."""
        return ()

    def paint(self, picture: np.ndarray, value: Any, target: TargetSpec) -> np.ndarray:
        """A sample's picture with its target drawn in: uint8 (height, width) or (height, width, 3)."""
        return picture

    def keras_code(self, experiment: Experiment, target: TargetSpec) -> dict[str, str]:
        """Source fragments for *Copy as Keras code*.

        `units` and `activation` of the output; `loss` and `metrics` (a list) as Keras expressions; `from_logits`,
        "True" when these take what the network gives before the activation; `encode`, an expression of the array
        `labels`, unused where targets are as large as pictures; and where needed `about`, a comment on that;
        `definitions` of what loss and metrics name; `weights`, lines that make `weights` of `labels` where classes
        are balanced (`split` is "-" for samples left out); `moved`, see `InputKind.keras_code`.
        """
        text = _("An experiment of the task {name} cannot be written as a Keras script yet.")
        raise UserError(text.format(name=_(self.title).lower()))
