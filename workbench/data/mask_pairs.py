"""Pictures and their masks, found by name in two folders (or in one)."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.data.decoding import PICTURE_SUFFIXES
from workbench.data.source import Problem
from workbench.i18n import _

_MASK_WORDS = ("masks", "mask", "labels", "label", "segmentation", "seg", "gt", "groundtruth", "annotation", "matte")
_PICTURE_WORDS = ("images", "image", "img", "picture", "photo", "raw")


@dataclass(frozen=True)
class Pair:
    """A picture and its mask; `name` and `mask_name` are relative to their folders, with forward slashes."""

    name: str
    mask_name: str
    path: str
    mask_path: str


def find_pairs(pictures: Path, masks: Path) -> tuple[list[Pair], list[Problem]]:
    """All pictures with a mask, in the natural order of their names (2 before 10), and what has no counterpart.

    A mask has the stem of its picture, or that with a word for masks before or behind it (`cell_7_mask`, `mask_7`). It
    lies in the subfolder of the same name, or anywhere below `masks` when its stem is there only once.
    """
    masks_inside = masks if masks != pictures else None
    names = list(_files(pictures, leave_out=masks_inside))
    mask_names = list(_files(masks, leave_out=pictures if pictures != masks else None))
    if masks == pictures:
        mask_names = [name for name in mask_names if _stripped(_stem(name), _MASK_WORDS) != _stem(name)]
        names = [name for name in names if name not in set(mask_names)]
    problems: list[Problem] = []
    finder = _Finder(mask_names, problems)
    pairs, used = [], set()
    for name in sorted(names, key=natural):
        found = finder.mask_of(name)
        if found is None:
            reason = _("there is no mask of this name in {folder}; left out").format(folder=masks)
            problems.append(Problem(name, reason))
            continue
        used.add(found)
        pairs.append(Pair(name, found, str(pictures / name), str(masks / found)))
    orphans = sorted(set(mask_names) - used - finder.doubles, key=natural)
    problems += [
        Problem(name, _("a mask without a picture of this name in {folder}; left out").format(folder=pictures))
        for name in orphans
    ]
    return pairs, problems


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which numbers count as numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


class _Finder:
    """Finds masks by the names of pictures."""

    def __init__(self, mask_names: list[str], problems: list[Problem]) -> None:
        self.doubles: set[str] = set()
        self._exact: dict[tuple[str, str], str] = {}
        self._stripped: dict[tuple[str, str], str] = {}
        self._anywhere: dict[str, list[str]] = {}
        for name in sorted(mask_names, key=natural):
            folder, stem = _folder(name), _stem(name)
            if (folder, stem) in self._exact:
                self.doubles.add(name)
                reason = _("a second mask of the same name as {first}; left out")
                problems.append(Problem(name, reason.format(first=self._exact[folder, stem])))
                continue
            self._exact[folder, stem] = name
            self._stripped.setdefault((folder, _stripped(stem, _MASK_WORDS)), name)
            for key in {stem, _stripped(stem, _MASK_WORDS)}:
                self._anywhere.setdefault(key, []).append(name)

    def mask_of(self, name: str) -> str | None:
        folder, stem = _folder(name), _stem(name)
        bare = _stripped(stem, _PICTURE_WORDS)
        for known, key in ((self._exact, stem), (self._stripped, stem), (self._stripped, bare)):
            if (folder, key) in known:
                return known[folder, key]
        for key in (stem, bare):
            if len(self._anywhere.get(key, ())) == 1:
                return self._anywhere[key][0]
        return None


def _files(root: Path, leave_out: Path | None) -> Iterator[str]:
    """Names of all picture files below a folder, hidden ones and one subfolder left out."""
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = _visible(name for name in subfolders if Path(folder, name) != leave_out)
        for name in _visible(files):
            if os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES:
                yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def _visible(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith(".") and name.lower() != "__macosx"]


def _folder(name: str) -> str:
    return name.rpartition("/")[0].lower()


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.splitext(name.rpartition("/")[2])[0])


def _stripped(stem: str, words: tuple[str, ...]) -> str:
    """The stem without a word before or behind it, as far as something is left."""
    lowered = stem.lower()
    for word in words:
        for mark in ("_", "-", ".", " "):
            if lowered.endswith(mark + word) and len(stem) > len(word) + 1:
                return stem[: -len(word) - 1]
            if lowered.startswith(word + mark) and len(stem) > len(word) + 1:
                return stem[len(word) + 1 :]
    return stem
