"""Multi-label classification: an example of a task of one's own, and a small generated dataset to try it on."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.data.arrays import with_channels
from workbench.data.source import NO_SPLIT, DatasetSource, Samples
from workbench.data.sources.shapes import ShapesSection, draw
from workbench.figures import Bars
from workbench.specs import OutputSpec, TargetSpec
from workbench.tasks.task import Answer, Evaluation, Task


@dataclass(frozen=True)
class LabelsTarget(TargetSpec):
    """Any number of labels; targets are float32 (n, labels), 1 where a sample has the label."""

    kind: ClassVar[str] = "labels"
    class_names: tuple[str, ...]


class MultiLabel(Task):
    """A sigmoid unit per label: each says yes or no for itself."""

    name, title = "multi_label", "Multi-label classification"
    help = "Says which of several labels a sample has: none, one or many."
    learns = LabelsTarget

    def output(self, target):
        return OutputSpec(len(target.class_names), "sigmoid")

    def loss(self, experiment, target, from_logits):
        import keras

        return keras.losses.BinaryCrossentropy(from_logits, label_smoothing=experiment.training.label_smoothing)

    def metrics(self, target, from_logits):
        import keras

        return [keras.metrics.BinaryAccuracy("accuracy", threshold=0.0 if from_logits else 0.5)]

    def decode(self, outputs, target, top=5, pictures=()):
        answers = []
        for row in outputs:
            likeliest = [(target.class_names[index], float(row[index])) for index in np.argsort(-row)[:top]]
            labels = [[name, probability] for name, probability in likeliest if probability > 0.5]
            text = ", ".join(f"{name} ({100 * probability:.1f} %)" for name, probability in labels) or "no label"
            names, probabilities = zip(*likeliest, strict=True)
            answers.append(Answer({"labels": labels}, text, (Bars("Labels", names, {"Probability": probabilities}),)))
        return answers

    def evaluate(self, evidence):
        said, truth = evidence.outputs > 0.5, evidence.targets > 0.5
        f1 = 2 * (said & truth).sum(axis=0) / np.maximum(said.sum(axis=0) + truth.sum(axis=0), 1)
        numbers = {"loss": evidence.losses.mean(), "accuracy": (said == truth).mean(), "f1": f1.mean()}
        bars = Bars("F1 per label", evidence.target.class_names, {"F1": tuple(f1.tolist())}, "F1")
        worst_first = tuple(np.argsort(-evidence.losses, kind="stable").tolist())
        return Evaluation({name: float(value) for name, value in numbers.items()}, (bars,), worst_first)

    def describe(self, value, target):
        return ", ".join(name for name, has in zip(target.class_names, value, strict=True) if has) or "no label"


class ShapesTogether(DatasetSource):
    """Two generated shapes side by side, alike or not."""

    name, title, help = "shapes_together", "Shapes together", "Generated pictures of two shapes each: several labels."

    def target_kind(self, section):
        return LabelsTarget.kind

    def open(self, section, emit):
        shapes = ShapesSection(size=28, colour=False, noise=0.02)
        halves = np.random.default_rng(0).integers(0, 10**6, (2000, 2))
        return Samples(
            names=tuple(map(str, range(len(halves)))),
            targets=np.eye(4, dtype=np.float32)[halves % 4].max(axis=1),
            target=LabelsTarget(("circle", "square", "triangle", "star")),
            ready_split=np.full(len(halves), NO_SPLIT, np.int8),
            read=lambda index, channels: with_channels(np.hstack([draw(shapes, n) for n in halves[index]]), channels),
            fingerprint="shapes_together 1",
        )


def register(registry):
    """Called once by the workbench."""
    registry.tasks.add(MultiLabel())
    registry.datasets.add(ShapesTogether())
