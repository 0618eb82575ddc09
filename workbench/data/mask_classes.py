"""Which classes masks hold: as the user lists them, or as a look at the masks finds them."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.data.mask_files import BINARY, COLOURS, INDICES, MaskCode, grey_as_colour, guessed_kind, read_mask_file
from workbench.data.mask_pairs import Pair
from workbench.data.source import UnreadableSampleError
from workbench.errors import UserError
from workbench.i18n import _

_MOST_CLASSES = 255
_MASKS_FOR_THE_KIND = 8
_MASKS_FOR_THE_CLASSES = 100
_COLOUR = re.compile(r"#([0-9a-fA-F]{6})")


def listed_classes(text: str) -> list[tuple[str, str]]:
    """Names with what stands for them in masks, or an empty text: `sky = #87ceeb, road = #404040` or `cell, wall`.

    Raises:
        ValueError: a name is empty or comes twice, or only some have a value.
    """
    entries = []
    for part in text.split(","):
        name, _equals, value = (piece.strip() for piece in part.partition("="))
        if name or value:
            entries.append((name, value))
    names = [name for name, _value in entries]
    if not all(names):
        raise ValueError(_("a class has no name; write them as in sky = #87ceeb, road = #404040"))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(_("the class {name!r} is listed twice").format(name=twice))
    if len({bool(value) for _name, value in entries}) > 1:
        raise ValueError(_("either every class has a value behind = or none"))
    if len(names) == 1 or len(names) > _MOST_CLASSES:
        raise ValueError(_("{count} classes are listed; 2 to {most} can be told apart").format(
            count=len(names), most=_MOST_CLASSES))  # fmt: skip
    for name, value in entries:
        if value and not (value.isdecimal() or _COLOUR.fullmatch(value)):
            raise ValueError(_("{name} = {value}: a class is written as a number, or as a colour like #87ceeb").format(
                name=name, value=value))  # fmt: skip
    if len({value.lower() for _name, value in entries if value}) < len([1 for _name, value in entries if value]):
        raise ValueError(_("two classes have the same value"))
    return entries


def mask_code(pairs: list[Pair], kind: str, classes: str, foreground: str, look: Callable[[int, int], Any]) -> MaskCode:
    """How classes are written in the masks of these pairs.

    Args:
        pairs: where the masks are.
        kind: `binary`, `indices`, `colours`, or `auto` to find out.
        classes: as `listed_classes` takes them, or empty to find them.
        foreground: which pixels are the second of two thresholded classes, see `MaskCode`.
        look: told how many masks of how many have been read.

    Raises:
        UserError: no mask can be read, the list does not suit the kind, or there are too many values to be classes.
    """
    listed = listed_classes(classes)
    values = [value for _name, value in listed if value]
    if kind == "auto":
        kind = _kind_of_values(values) or guessed_kind(_read(pairs, _MASKS_FOR_THE_KIND, lambda done, total: None))
    names = tuple(name for name, _value in listed)
    if kind == BINARY:
        if values or len(names) not in (0, 2):
            raise UserError(_(
                "Thresholded masks have two classes without values; listed are {count} ({classes}). Write two names, "
                "what lies around first, or choose another kind of masks."
            ).format(count=len(names), classes=classes))  # fmt: skip
        return MaskCode(BINARY, names or (_("background"), _("foreground")), foreground=foreground)
    if values:
        if _kind_of_values(values) != kind:
            raise UserError(_("The classes {classes} do not suit masks of the kind {kind!r}.").format(
                classes=classes, kind=kind))  # fmt: skip
        return MaskCode(kind, names, tuple(_number(value) for value in values))
    if names and kind == INDICES:
        return MaskCode(INDICES, names, tuple(range(len(names))))
    found = _found_values(pairs, kind, look)
    shown = MaskCode(kind, (), ()).shown
    if names:
        raise UserError(_(
            "The classes {classes} have no colours. The masks hold {found}; write the list as in {name} = {first}, ..."
        ).format(
            classes=classes, found=", ".join(map(shown, found)), name=names[0], first=shown(found[0])
        ))  # fmt: skip
    return MaskCode(kind, tuple(shown(value) for value in found), tuple(found))


def _kind_of_values(values: list[str]) -> str:
    kinds = {COLOURS if value.startswith("#") else INDICES for value in values}
    if len(kinds) > 1:
        raise UserError(_("The classes mix numbers and colours ({values}).").format(values=", ".join(values)))
    return kinds.pop() if kinds else ""


def _number(value: str) -> int:
    return int(value[1:], 16) if value.startswith("#") else int(value)


def _found_values(pairs: list[Pair], kind: str, look: Callable[[int, int], Any]) -> list[int]:
    masks = _read(pairs, _MASKS_FOR_THE_CLASSES, look)
    if kind == INDICES and any(mask.ndim == 3 for mask in masks):
        raise UserError(_("There are masks in colour. Choose colours as the kind of masks, or leave it automatic."))
    as_numbers = grey_as_colour if kind == COLOURS else np.asarray
    values = np.unique(np.concatenate([np.unique(as_numbers(mask)) for mask in masks]))
    if values.dtype.kind == "f":
        raise UserError(_("The masks hold fractions, which are no indices. Choose binary as the kind of masks."))
    if len(values) > _MOST_CLASSES:
        raise UserError(_(
            "The masks hold {count} different values, too many to be classes: smoothing or a lossy format (JPEG) makes "
            "such. Save them as PNG without smoothing, or choose binary as the kind of masks."
        ).format(count=len(values)))  # fmt: skip
    return [int(value) for value in values]


def _read(pairs: list[Pair], most: int, look: Callable[[int, int], Any]) -> list[np.ndarray]:
    """Masks spread over all pairs; what cannot be read is named later, when everything is decoded."""
    chosen = [pairs[index] for index in np.unique(np.linspace(0, len(pairs) - 1, most).astype(int))]
    masks, reason = [], ""
    for done, pair in enumerate(chosen, start=1):
        try:
            masks.append(read_mask_file(pair.mask_path))
        except UnreadableSampleError as error:
            reason = reason or f"{pair.mask_name}: {error}"
        look(done, len(chosen))
    if not masks:
        raise UserError(_("None of the masks that were looked at can be read. The first, {reason}.").format(
            reason=reason))  # fmt: skip
    return masks
