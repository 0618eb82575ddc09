"""Over-training: since which epoch the validation loss rises while the training loss still falls."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.diagnosis.after_outcome import Outcome, outcome
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.runs.folder import RunFolder

_SHORTEST = 3  # epochs after the lowest point: two bad ones happen to every training
_RISE = 0.1  # of the lowest loss: less is nothing that anybody would notice in the answers
_TIMES_NOISE = 3.0  # standard deviations of what the loss jumps from epoch to epoch
_FALL = 0.02  # of the training loss at that point
_UPWARDS = 0.75  # share of pairs of epochs in which the later loss is the higher one; 0.5 is chance
_PATIENCE = 0.1  # of the epochs


def overtrained_since(training: np.ndarray, validation: np.ndarray) -> int | None:
    """The number (from 1) of the last epoch before over-training, or None.

    Both losses are smoothed by a running median, so that a single bad epoch moves nothing. The validation loss has to
    rise from its lowest point to the end by more than it jumps by chance, and most of the way; the training loss has to
    fall meanwhile, else the training diverges, which is something else.

    Args:
        training: loss of every epoch.
        validation: likewise.
    """
    count = len(validation)
    if count <= _SHORTEST or not (np.isfinite(training).all() and np.isfinite(validation).all()):
        return None
    width = min(max(3, count // 8 | 1), 9)
    smooth, learned = _smoothed(validation, width), _smoothed(training, width)
    lowest = int(smooth.argmin())
    after = validation[lowest:]
    if count - 1 - lowest < max(_SHORTEST, width):
        return None
    rise = smooth[-1] - smooth[lowest]
    steps = np.diff(validation)
    noise = 1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2)
    if rise <= max(_RISE * abs(smooth[lowest]), _TIMES_NOISE * noise) or _share_upwards(after) < _UPWARDS:
        return None
    if learned[lowest] - learned[-1] <= _FALL * abs(learned[lowest]):
        return None
    return lowest + 1


def over_training(folder: RunFolder) -> Iterator[Finding]:
    """Epochs that only taught it its training samples by heart."""
    run = outcome(folder)
    if run is None:
        return
    training, validation = run.series("loss"), run.series("val_loss")
    since = overtrained_since(training, validation)
    patience = run.experiment.training.early_stopping
    if since is None or (patience and len(run.rows) - 1 - run.best <= patience):
        return  # it is early stopping that has to see some worse epochs
    gains = _still_gains(run, since)
    why = _("From there on it learns its training samples by heart: the epochs after it cost time, and make wrong "
            "answers surer. The saved model is that of epoch {best}.").format(best=run.best + 1)  # fmt: skip
    if gains:
        why = _("The {metric} on validation samples still gained after it, so those epochs were not lost; but wrong "
                "answers become surer and surer. The saved model is that of epoch {best}.").format(
                    metric=run.task.judged_by.replace("_", " "), best=run.best + 1)  # fmt: skip
    remedy, changes = _remedy(run, since)
    yield Finding(
        "over_training", "information" if gains else "warning",
        _("Over-training since epoch {epoch}: the validation loss rises from {low:.4g} to {last:.4g} while the "
          "training loss falls from {before:.4g} to {now:.4g}.").format(
            epoch=since + 1, low=validation[since - 1], last=validation[-1], before=training[since - 1],
            now=training[-1]),
        why, remedy, changes,
    )  # fmt: skip


def _remedy(run: Outcome, since: int) -> tuple[str, tuple[tuple[str, Any], ...]]:
    patience = max(_SHORTEST, round(_PATIENCE * run.experiment.training.epochs))
    if run.heeds("early_stopping"):
        changes: list[tuple[str, Any]] = [("training.early_stopping", patience)]
        if run.experiment.training.early_stopping and run.experiment.training.monitor != "val_loss":
            changes.append(("training.monitor", "val_loss"))  # it waited for something else to stop getting better
        text = _("Stop when the validation loss has not improved for {patience} epochs")
        if len(changes) == 1 and run.experiment.training.monitor != "val_loss":
            text = _("Stop when the value that decides has not improved for {patience} epochs")
        return text.format(patience=patience), tuple(changes)
    if run.heeds("epochs"):
        epochs = since + patience
        return _("Train for {epochs} epochs").format(epochs=epochs), (("training.epochs", epochs),)
    return _("Train for fewer epochs."), ()


def _still_gains(run: Outcome, since: int) -> bool:
    """Whether the metric that the task is judged by got clearly better on validation samples all the same."""
    values = run.series(f"val_{run.task.judged_by}")
    if run.task.judged_by == "loss" or not np.isfinite(values).all():
        return False
    smooth = _smoothed(values, 3)
    sign = 1 if run.task.metric_directions()[run.task.judged_by] == "max" else -1
    steps = np.diff(values)
    noise = 1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2)
    return bool(sign * (smooth[-1] - smooth[since - 1]) > 2 * noise)


def _smoothed(values: np.ndarray, width: int) -> np.ndarray:
    """Running median over `width` values, fewer at the ends."""
    padded = np.pad(np.asarray(values, float), width // 2, constant_values=np.nan)
    return np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)


def _share_upwards(values: np.ndarray) -> float:
    """The share of pairs in which the later value is the higher one (Mann and Kendall's measure of a trend)."""
    if len(values) > 400:  # pairs grow with the square; every n-th epoch shows the same trend
        values = values[:: -(-len(values) // 400)]
    first, second = np.triu_indices(len(values), 1)
    return float(np.mean(values[second] > values[first]))


def register(registry: Any) -> None:
    """Add the check."""
    registry.checks.add(Check(
        "over_training", mark("Over-training"),
        mark("Since which epoch the validation loss rises while the training loss falls."),
        "after", over_training,
    ))  # fmt: skip
