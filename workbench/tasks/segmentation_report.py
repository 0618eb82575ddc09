"""How a segmentation did on one split: numbers, overlays worst first, measures per class, the confusion of pixels.

Outputs of a split can be far larger than its pictures; they are looked at one sample at a time.
"""

from typing import Any

import numpy as np

from workbench.figures import Adjustable, Bars, Figure, Matrix, Table
from workbench.i18n import _
from workbench.specs import MaskTarget
from workbench.tasks import segmentation_losses
from workbench.tasks.segmentation_pictures import OverlayKnobs, Overlays, overlays
from workbench.tasks.task import Evaluation, Evidence

MOST_OVERLAYS = 24
_TILE_SIDE = 256
_SAMPLES_COUNTED = 500


def chosen_classes(output: np.ndarray) -> np.ndarray:
    """The likeliest class of every pixel, uint8 (...), from outputs (..., units): one unit stands for two classes."""
    if output.shape[-1] == 1:
        return (output[..., 0] > 0.5).astype(np.uint8)
    return output.argmax(axis=-1).astype(np.uint8)


def judge(evidence: Evidence) -> Evaluation:
    """The evaluation of one split."""
    target = evidence.target
    counts = _counts(evidence.outputs, evidence.targets, len(target.class_names))
    scores = np.array([segmentation_losses.dice(np, each) for each in counts], float)
    worst_first = np.argsort(scores, kind="stable")
    total = counts.sum(axis=0)
    numbers = {
        "loss": float(np.mean(evidence.losses, dtype=np.float64)) if len(scores) else 0.0,
        "accuracy": float(segmentation_losses.accuracy(np, total)),
        "mean_iou": float(segmentation_losses.mean_iou(np, total)),
        "dice": float(segmentation_losses.dice(np, total)),
    }
    figures: list[Figure] = []
    if evidence.inputs is not None and len(scores):
        figures.append(_overlays(evidence, worst_first[:MOST_OVERLAYS], scores))
    figures += [
        _per_class(total, counts, target),
        Matrix(_("Confusion of pixels"), total, target.class_names, _("True class"), _("Predicted class")),
    ]
    true_and_found = zip(total.sum(axis=1).tolist(), total.sum(axis=0).tolist(), strict=True)
    answers = dict(zip(target.class_names, true_and_found, strict=True))
    return Evaluation(numbers, tuple(figures), tuple(worst_first.tolist()), answers=answers)


def guessing(targets: Any, classes: int) -> dict[str, float]:
    """The metrics of masks that are all of one class, of the class that each metric likes best."""
    pixels = sum((np.bincount(np.asarray(mask).ravel(), minlength=classes) for mask in targets), np.zeros(classes, int))
    guesses = [np.outer(pixels, np.arange(classes) == guess).astype(float) for guess in range(classes)]
    metrics = {
        "accuracy": segmentation_losses.accuracy,
        "mean_iou": segmentation_losses.mean_iou,
        "dice": segmentation_losses.dice,
    }
    return {name: max(float(of(np, counts)) for counts in guesses) for name, of in metrics.items()}


def _counts(outputs: Any, targets: Any, classes: int) -> np.ndarray:
    """Pixels per sample, int64 (n, classes, classes), rows true and columns predicted."""
    counts = np.zeros((len(targets), classes, classes), np.int64)
    for index in range(len(targets)):
        cells = np.asarray(targets[index]).astype(np.int32) * classes + chosen_classes(np.asarray(outputs[index]))
        counts[index] = np.bincount(cells.ravel(), minlength=classes * classes).reshape(classes, classes)
    return counts


def _overlays(evidence: Evidence, indices: np.ndarray, scores: np.ndarray) -> Adjustable:
    height, width = evidence.targets.shape[1:3]
    step = max(1, -(-max(height, width) // _TILE_SIDE))
    title = _("Predictions, worst first")

    def thumbnail(pixels: np.ndarray) -> np.ndarray:
        thin = np.asarray(pixels)[::step, ::step]
        return np.ascontiguousarray(thin[..., 0] if thin.ndim == 3 and thin.shape[2] == 1 else thin)

    names = evidence.names or tuple(str(index) for index in range(len(scores)))
    result = Overlays(
        pictures=tuple(thumbnail(evidence.inputs[int(index)]) for index in indices),
        predictions=tuple(thumbnail(chosen_classes(np.asarray(evidence.outputs[index]))) for index in indices),
        truths=tuple(thumbnail(evidence.targets[index]) for index in indices),
        captions=tuple(_("{name}: Dice {dice:.3f}").format(name=names[index], dice=scores[index]) for index in indices),
        samples=tuple(int(index) for index in indices),
        target=evidence.target,
        note=_("Every {step}. pixel is shown.").format(step=step) if step > 1 else "",
    )
    return Adjustable(title, OverlayKnobs(), result, overlays)


def _per_class(total: np.ndarray, counts: np.ndarray, target: MaskTarget) -> Table:
    right, truly, found = np.diag(total).astype(float), total.sum(axis=1), total.sum(axis=0)
    of_samples = _mean_dice_of_samples(counts)

    def share(above: float, below: float) -> float | None:
        return float(above / below) if below else None

    rows = tuple(
        (
            name,
            share(right[index], truly[index] + found[index] - right[index]),
            share(2 * right[index], truly[index] + found[index]),
            of_samples[index],
            share(right[index], found[index]),
            share(right[index], truly[index]),
            int(truly[index]),
        )
        for index, name in enumerate(target.class_names)
    )
    columns = (_("Class"), _("IoU"), _("Dice"), _("Mean Dice"), _("Precision"), _("Recall"), _("Pixels"))
    note = _("Of all pixels together; mean Dice is the mean over the samples in which the class is or was found.")
    return Table(_("Per class"), columns, rows, note=note)


def _mean_dice_of_samples(counts: np.ndarray) -> list[float | None]:
    right = np.diagonal(counts, axis1=1, axis2=2).astype(float)
    both = (counts.sum(axis=1) + counts.sum(axis=2)).astype(float)
    means: list[float | None] = []
    for index in range(counts.shape[1]):
        occurs = both[:, index] > 0
        means.append(float(np.mean(2 * right[occurs, index] / both[occurs, index])) if occurs.any() else None)
    return means


def shares_of_classes(targets: Any, splits: dict[str, np.ndarray], titles: dict[str, str], target: MaskTarget) -> Bars:
    """The share of pixels of every class per split, from at most 500 masks of each."""
    classes = len(target.class_names)
    series = {}
    for name, indices in splits.items():
        chosen = (
            indices[np.unique(np.linspace(0, len(indices) - 1, _SAMPLES_COUNTED).astype(int))] if len(indices) else []
        )
        counts = np.zeros(classes, np.int64)
        for index in chosen:
            counts += np.bincount(np.asarray(targets[index]).ravel(), minlength=classes)
        if counts.sum():
            series[_(titles.get(name, name))] = tuple((counts / counts.sum()).tolist())
    return Bars(_("Pixels per class"), target.class_names, series, _("Share of the pixels"))
