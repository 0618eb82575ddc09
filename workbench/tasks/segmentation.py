"""Semantic segmentation: one of several classes for every pixel.

Two classes share one map of logits (of the second class); more have a map each. Masks stay class indices, one byte a
pixel, all the way into the loss.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from workbench.data.source import SPLIT_TITLES
from workbench.errors import UserError
from workbench.experiment import Experiment, TaskSection
from workbench.figures import Adjustable, Bars, Figure, Image
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.specs import MaskTarget, OutputSpec, TargetSpec
from workbench.tasks import segmentation_losses, segmentation_report
from workbench.tasks.classification import outputs_are_logits
from workbench.tasks.segmentation_code import loss_and_metrics_code
from workbench.tasks.segmentation_pictures import (
    MaskKnobs,
    MaskOverPicture,
    colour_names,
    outlined,
    overlay,
    palette,
)
from workbench.tasks.task import Answer, Evaluation, Evidence, Task

_MOST_CLASSES = 256  # that a mask of bytes can hold; more maps than that are features
_TERMS = {
    "cross_entropy": ("cross_entropy",),
    "dice": ("dice",),
    "focal": ("focal",),
    "cross_entropy_dice": ("cross_entropy", "dice"),
    "focal_dice": ("focal", "dice"),
}


class SegmentationSection(TaskSection):
    """What is minimised."""

    name: Literal["segmentation"] = setting("segmentation", title=mark("Task"), widget="hidden")
    loss: Literal["cross_entropy", "dice", "focal", "cross_entropy_dice", "focal_dice"] = setting(
        "cross_entropy_dice", title=mark("Loss"),
        help=mark("Cross-entropy counts every pixel the same; Dice counts overlap, however small a class is; focal "
                  "counts what is still wrong."),
        labels={"cross_entropy": mark("Cross-entropy"), "dice": mark("Dice"), "focal": mark("Focal"),
                "cross_entropy_dice": mark("Cross-entropy + Dice"), "focal_dice": mark("Focal + Dice")},
    )  # fmt: skip
    gamma: float = setting(
        2.0, title=mark("Focus"), ge=0, le=10, advanced=True,
        help=mark("For the focal loss: how little pixels count that are right already; 0 makes it the cross-entropy."),
    )  # fmt: skip


class Segmentation(Task):
    """One of several classes per pixel."""

    name = "segmentation"
    title = mark("Segmentation")
    help = mark("Says for every pixel of a picture which of several classes it belongs to.")
    section = SegmentationSection
    learns = MaskTarget
    smooths_labels = False
    judged_by = "dice"
    learned_well = 0.35  # two people who outline the same thing agree to a Dice of 0.8 to 0.9
    for_rare_classes = (("task.loss", "dice"),)

    def unlearnable(self, targets: np.ndarray, target: TargetSpec) -> str:
        """All pixels of all masks are of one class."""
        names = self._names(target)
        if not len(targets):
            return ""
        first = int(np.asarray(targets[0]).flat[0])
        if any((np.asarray(mask) != first).any() for mask in targets):
            return ""
        text = _("All pixels of all masks are of one class ({name}). There is nothing to tell apart.")
        return text.format(name=names[first])

    def output(self, target: TargetSpec) -> OutputSpec:
        """A map of one sigmoid unit for two classes, of a softmax over all for more."""
        names = self._names(target)
        if len(names) < 2:
            raise UserError(_("The masks have {count} class ({names}); telling apart needs at least two.").format(
                count=len(names), names=", ".join(names) or "-"))  # fmt: skip
        return OutputSpec(1, "sigmoid", spatial=True) if len(names) == 2 else OutputSpec(len(names), "softmax", True)

    def target_of(self, output_shape: tuple[int | None, ...], linear: bool) -> MaskTarget | None:
        """A map of values per class, called by their numbers; one unit per pixel stands for two classes."""
        if len(output_shape) != 3 or output_shape[-1] not in range(1, _MOST_CLASSES + 1):
            return None
        return MaskTarget(tuple(str(number) for number in range(max(output_shape[-1], 2))))

    def encode(self, targets: np.ndarray, target: TargetSpec) -> np.ndarray:
        """The masks as they are, uint8 (n, height, width), memory-mapped or not."""
        return targets

    def loss(self, experiment: Experiment, target: TargetSpec, from_logits: bool) -> Any:
        """The sum of what the task's settings name; the mean over the batch."""
        section = experiment.task
        return segmentation_losses.keras_loss(_TERMS[section.loss], section.gamma, from_logits)

    def sample_losses(
        self, outputs: np.ndarray, targets: np.ndarray, target: TargetSpec, experiment: Experiment | None = None
    ) -> np.ndarray:
        """The loss of every mask, sample by sample; without `experiment` that of the task's defaults."""
        section = experiment.task if experiment else SegmentationSection()
        logits = experiment is not None and outputs_are_logits(experiment.overrides)
        losses = np.zeros(len(targets), np.float32)
        for index in range(len(targets)):
            output = np.asarray(outputs[index : index + 1], np.float32)
            truth = np.asarray(targets[index : index + 1]).astype(np.float32)
            losses[index] = segmentation_losses.mask_losses(
                np, output, truth, terms=_TERMS[section.loss], gamma=section.gamma, from_logits=logits
            )[0]
        return losses

    def metrics(self, target: TargetSpec, from_logits: bool) -> list[Any]:
        """`accuracy` of pixels, `mean_iou` and `dice` over all pixels of a split."""
        return segmentation_losses.keras_metrics(len(self._names(target)), from_logits)

    def metric_directions(self) -> dict[str, str]:
        """Less loss and more of everything else are better."""
        return {"loss": "min", "accuracy": "max", "mean_iou": "max", "dice": "max"}

    def guessing(self, targets: np.ndarray, target: TargetSpec) -> dict[str, float]:
        """Masks that are all of one class."""
        return segmentation_report.guessing(targets, len(self._names(target))) if len(targets) else {}

    def decode(
        self, outputs: np.ndarray, target: TargetSpec, top: int = 5, pictures: Sequence[np.ndarray] = ()
    ) -> list[Answer]:
        """The share of every class, the mask at the picture's own size, and the mask laid over the picture."""
        self._names(target)
        answers = []
        for index, output in enumerate(outputs):
            picture = pictures[index] if len(pictures) else None
            answers.append(_answer(np.asarray(output, np.float32), target, top, picture))
        return answers

    def evaluate(self, evidence: Evidence) -> Evaluation:
        """Loss, accuracy, IoU and Dice; overlays, measures per class, the confusion of pixels; worst Dice first."""
        return segmentation_report.judge(evidence)

    def choices(self, target: TargetSpec) -> tuple[str, ...]:
        """The names of the classes."""
        return self._names(target)

    def describe(self, value: Any, target: TargetSpec) -> str:
        """The shares of the classes in a mask, numbers and signs kept together under a small picture."""
        return _shares_text(_shares(np.asarray(value), target), target, 3).replace(" %", "\N{NO-BREAK SPACE}%")

    def describe_data(
        self, targets: np.ndarray, splits: dict[str, np.ndarray], target: TargetSpec
    ) -> tuple[Figure, ...]:
        """The share of pixels of every class."""
        return (segmentation_report.shares_of_classes(targets, splits, SPLIT_TITLES, target),)

    def paint(self, picture: np.ndarray, value: Any, target: TargetSpec) -> np.ndarray:
        """A tint and an outline per class."""
        return outlined(picture, np.asarray(value), target)

    def keras_code(self, experiment: Experiment, target: TargetSpec) -> dict[str, str]:
        """Fragments with the loss and the metrics written out."""
        output, section, overrides = self.output(target), experiment.task, experiment.overrides
        untouched = overrides.output_activation == "auto" and overrides.loss_expects != "probabilities"
        from_logits = untouched or outputs_are_logits(overrides)
        return {
            "units": str(output.units),
            "activation": output.activation,
            "loss": "MaskLoss()",
            "metrics": '[Accuracy("accuracy"), MeanIoU("mean_iou"), Dice("dice")]',
            "encode": "labels",
            "from_logits": str(from_logits),
            "definitions": loss_and_metrics_code(
                len(self._names(target)), _TERMS[section.loss], section.gamma, from_logits
            ),
            "moved": "warp(y[..., None])[..., 0]",
        }

    @staticmethod
    def _names(target: TargetSpec) -> tuple[str, ...]:
        if not isinstance(target, MaskTarget):
            raise UserError(_("Segmentation needs masks for its target, not the kind {kind!r}.").format(
                kind=getattr(target, "kind", type(target).__name__)))  # fmt: skip
        return target.class_names


def _answer(output: np.ndarray, target: MaskTarget, top: int, picture: np.ndarray | None) -> Answer:
    if picture is not None and picture.shape[:2] != output.shape[:2]:
        output = _resized(output, *picture.shape[:2])
    mask = segmentation_report.chosen_classes(output)
    shares = _shares(mask, target)
    figures: tuple[Figure, ...] = (_mask_image(mask, target),)
    if picture is not None:
        title = _("Picture and mask")
        result = MaskOverPicture(np.asarray(picture), mask, target, title)
        figures = (Adjustable(title, MaskKnobs(), result, overlay), *figures)
    if len(target.class_names) > 2:
        names = target.class_names
        figures += (Bars(_("Share of the picture"), names, {_("Share"): tuple(shares.values())}, _("Share")),)
    return Answer({"classes": shares}, _shares_text(shares, target, top), figures)


def _resized(output: np.ndarray, height: int, width: int) -> np.ndarray:
    """Probabilities at another size, bilinear; the class is chosen afterwards, so that outlines stay smooth."""
    import cv2

    maps = [
        cv2.resize(np.ascontiguousarray(output[..., unit]), (width, height), interpolation=cv2.INTER_LINEAR)
        for unit in range(output.shape[-1])
    ]
    return np.stack(maps, axis=-1)


def _mask_image(mask: np.ndarray, target: MaskTarget) -> Image:
    if len(target.class_names) == 2:
        note = _("0: {first}, 255: {second}").format(first=target.class_names[0], second=target.class_names[1])
        return Image(_("Mask"), mask * np.uint8(255), note=note)
    numbered = enumerate(zip(target.class_names, colour_names(target), strict=True))
    names = ", ".join(f"{index}: {name} ({colour})" for index, (name, colour) in numbered)
    note = _("The value of a pixel in the file is the number of its class. {names}").format(names=names)
    return Image(_("Mask"), mask, palette=np.array(palette(target), np.uint8), note=note)


def _shares(mask: np.ndarray, target: MaskTarget) -> dict[str, float]:
    counts = np.bincount(mask.ravel(), minlength=len(target.class_names))
    return {name: float(count / mask.size) for name, count in zip(target.class_names, counts, strict=True)}


def _shares_text(shares: dict[str, float], target: MaskTarget, top: int) -> str:
    """The share of the second of two classes; of more, the largest ones first."""
    if len(shares) == 2:
        name = target.class_names[1]
        return f"{name} {100 * shares[name]:.1f} %"
    largest = sorted((name for name in shares if shares[name] > 0), key=lambda name: -shares[name])
    return ", ".join(f"{name} {100 * shares[name]:.1f} %" for name in largest[: max(top, 1)])


def register(registry: Any) -> None:
    """Add the task to the registry."""
    registry.tasks.add(Segmentation())
