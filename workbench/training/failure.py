"""Why a training failed, in the user's words: what happened and what to try."""

import errno
from typing import Any

import numpy as np

from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.i18n import _
from workbench.specs import TableInput
from workbench.training.fault import Fault

_LARGE = 10.0  # values of this size are no reason for a training to diverge


class DivergedError(Exception):
    """The loss is no number any more."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"loss {fault.loss} at epoch {fault.epoch + 1}, batch {fault.step}")
        self.fault = fault


def explain_failure(error: BaseException, batch_size: int, cause: str = "") -> str:
    """One message for the user; the traceback goes into the log.

    Args:
        error: what broke the training off.
        batch_size: of the training.
        cause: why this training may diverge, as `unscaled_column` says it; empty where nothing is known.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, DivergedError):
        fault = error.fault
        happened = _("The loss became {loss} at epoch {epoch}, batch {step}. Training has diverged.").format(
            loss=fault.loss, epoch=fault.epoch + 1, step=fault.step
        )
        advice = cause or _(
            "Try a learning rate ten times smaller, check that the input is scaled, or add batch normalisation."
        )
        return " ".join(text for text in (happened, fault.text, advice) if text)
    if is_out_of_memory(error):
        return _(
            "The memory of the device is used up at a batch size of {size}. Try half the batch size, a smaller input, "
            "or fewer filters."
        ).format(size=batch_size)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("The disk is full. Make room, then resume the run: everything up to the last checkpoint is kept.")
    if isinstance(error, OSError):
        return _(
            "A file could not be read or written: {error}. Check that it is there and allowed, then resume."
        ).format(error=error)
    return _("The training broke off: {kind}: {message}. The log of the run has the details.").format(
        kind=type(error).__name__, message=str(error).strip().splitlines()[0] if str(error).strip() else "-"
    )


def unscaled_column(data: PreparedData, preprocessing: Any) -> str:
    """Which column of an unscaled table is large enough to make a training diverge, and what to do; else empty."""
    if not isinstance(data.input, TableInput) or getattr(preprocessing, "scaling", "none") != "none":
        return ""
    numbers = [number for number, column in enumerate(data.input.columns) if not column.categories]
    rows = np.abs(np.asarray(data.inputs[data.splits["train"]][:, numbers]))
    sizes = np.nan_to_num(rows, nan=0.0).max(axis=0, initial=0)
    if not len(sizes) or sizes.max() <= _LARGE:
        return ""
    name = data.input.columns[numbers[int(sizes.argmax())]].name
    return _(
        "The column {name} has values of up to {size:.6g} and is not scaled. Set "
        'preprocessing.scaling = "zscore", which brings every column to mean 0 and deviation 1.'
    ).format(name=name, size=float(sizes.max()))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that there was not enough memory, on the host or on a device."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, MemoryError) or "ResourceExhaustedError" in names or "RESOURCE_EXHAUSTED" in str(error)
