"""What a user calls samples by: the name of a split, and a number in it from 0."""

from collections.abc import Sequence

import numpy as np

from workbench.data.prepared import PreparedData
from workbench.data.source import SPLIT_NAMES
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _


def check_split(split: str) -> None:
    """Raise `UserError` where no split has that name."""
    if split not in SPLIT_NAMES:
        text = _("There is no split {split!r}; it is one of {known}. {hint}")
        hint = did_you_mean(split, SPLIT_NAMES)
        raise UserError(text.format(split=split, known=", ".join(SPLIT_NAMES), hint=hint).strip())


def places_in(data: PreparedData, split: str) -> np.ndarray:
    """Where the samples of a split stand in the data, ascending. Raises `UserError` where it has none."""
    if not len(data.splits[split]):
        raise UserError(_("The {split} split of this run has no samples. Choose another split.").format(split=split))
    return data.splits[split]


def places_of(data: PreparedData, split: str, numbers: Sequence[int]) -> list[int]:
    """Where samples of a split stand in the data, by their numbers in it.

    Raises:
        UserError: there is no such split, or it has no sample of that number.
    """
    check_split(split)
    places = data.splits[split]
    outside = [number for number in numbers if not 0 <= number < len(places)]
    if outside:
        raise UserError(
            _("Sample {index} is not in the {split} split, which has {count} samples (from 0).").format(
                index=outside[0], split=split, count=len(places)
            )
        )
    return [int(places[number]) for number in numbers]
