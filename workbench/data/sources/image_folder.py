"""A folder of pictures: a subfolder per class, or `Label.name.jpg`; with or without `train` and `test` around it."""

import hashlib
import os
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data.decoding import PICTURE_SUFFIXES, decode_file
from workbench.data.locations import given_folder
from workbench.data.source import NO_SPLIT, TEST, TRAIN, VALIDATION, DatasetSource, Emit, Offer, Problem, Samples
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

SPLIT_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
_IGNORED = frozenset(("thumbs.db", "desktop.ini", "__macosx"))
_LISTED_PER_SUFFIX = 20
_SECONDS_BETWEEN_EVENTS = 0.2
_EXPECTED = mark(
    "a folder with a subfolder of pictures per class (also inside train, val and test), or pictures named "
    "Label.name.jpg"
)


class ImageFolderSection(DatasetSection):
    """Where the folder is."""

    name: Literal["image_folder"] = "image_folder"
    path: str = setting(
        "", title=mark("Folder"), widget="folder",
        help=mark("A folder per class, also inside train, val and test; or pictures named Label.name.jpg."),
    )  # fmt: skip


@dataclass
class _Found:
    """What the walk collects, a list entry per picture."""

    paths: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    last_event: float = field(default_factory=time.monotonic)


class ImageFolderSource(DatasetSource):
    """Pictures as files."""

    name = "image_folder"
    title = mark("Image folder")
    help = mark("Your own pictures: a folder per class, or files named Label.name.jpg.")
    section = ImageFolderSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """What photographs usually need."""
        return {"height": 180, "width": 180, "channels": 3, "resize": "stretch", "scaling": "unit"}

    def takes(self, path: Path) -> Offer | None:
        """Any folder."""
        return Offer({"path": str(path)}) if path.is_dir() else None

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Walk the folder; nothing is decoded."""
        root = given_folder(section.path, self.name, _(_EXPECTED))
        found = _Found()
        _collect(root, found, emit)
        if not found.paths:
            raise _nothing_found(root, found)
        order = sorted(range(len(found.paths)), key=lambda index: found.paths[index])
        names = tuple(found.paths[index] for index in order)
        class_names = tuple(sorted(set(found.labels)))
        _point_into_a_single_folder(root, found)
        class_of = {name: index for index, name in enumerate(class_names)}
        paths = tuple(str(root / name) for name in names)
        stamps = "\n".join([str(root), *(found.stamps[index] for index in order)])
        return Samples(
            names=names,
            targets=np.array([class_of[found.labels[index]] for index in order], np.int64),
            target=ClassTarget(class_names),
            ready_split=np.array([found.splits[index] for index in order], np.int8),
            read=lambda index, channels: decode_file(paths[index], channels),
            fingerprint=f"image_folder {hashlib.sha256(stamps.encode('utf-8', 'surrogateescape')).hexdigest()}",
            problems=tuple(found.problems),
            paths=paths,
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By OpenCV, file by file."""
        samples = self.open(section, lambda event: None)
        root = given_folder(section.path, self.name, _(_EXPECTED))
        part = _label_part(samples)
        label = f'name.split("/")[{part}]' if part >= 0 else 'name.split("/")[-1].split(".")[0]'
        only_splits = ""
        if np.any(samples.ready_split != NO_SPLIT):
            only_splits = f"""
        if name.split("/")[0].lower() not in {tuple(SPLIT_FOLDERS)!r}:
            continue"""
        return f'''\
def read_dataset(channels=3):
    """The pictures in the order of their names (None for one that cannot be read), labels, class names."""
    import os
    import unicodedata

    import cv2

    root = {str(root)!r}
    suffixes = {tuple(sorted(PICTURE_SUFFIXES))!r}
    class_names = {list(samples.target.class_names)!r}
    files = [os.path.join(folder, file) for folder, _, files in os.walk(root, followlinks=True) for file in files]
    names = sorted(os.path.relpath(file, root).replace(os.sep, "/") for file in files)
    images, labels = [], []
    for name in names:
        if not name.lower().endswith(suffixes) or any(part.startswith(".") for part in name.split("/")):
            continue{only_splits}
        label = unicodedata.normalize("NFC", {label})
        if label not in class_names:
            continue
        flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        content = np.fromfile(os.path.join(root, name), dtype="uint8")
        image = cv2.imdecode(content, flag) if content.size else None
        images.append(image if image is None else image.reshape(*image.shape[:2], channels))
        labels.append(class_names.index(label))
    return images, np.array(labels), class_names
'''


def _label_part(samples: Samples) -> int:
    """Which part of the relative path is the class; -1 where it is the beginning of the file's name."""
    parts = samples.names[0].split("/")
    label = samples.target.class_names[samples.targets[0]]
    for position, part in enumerate(parts[:-1]):
        if part == label and (position == 0 or parts[0].lower() in SPLIT_FOLDERS):
            return position
    return -1


def _collect(root: Path, found: _Found, emit: Emit) -> None:
    folders, _files = _listing(root, root, found)
    split_folders = [folder for folder in folders if folder.lower() in SPLIT_FOLDERS]
    if not _has_ready_splits(root, folders, split_folders, found):
        _collect_labelled(root, root, NO_SPLIT, found, emit)
        return
    for folder in folders:
        if folder in split_folders:
            _collect_labelled(root, root / folder, SPLIT_FOLDERS[folder.lower()], found, emit)
        else:
            reason = _("beside train and test, but neither; left out")
            found.problems.append(Problem(folder, reason))


def _has_ready_splits(root: Path, folders: list[str], split_folders: list[str], found: _Found) -> bool:
    """Whether `train` is the training split, and not the class of trains beside the classes of buses and cars."""
    training = [folder for folder in split_folders if SPLIT_FOLDERS[folder.lower()] == TRAIN]
    if not training:
        return False
    return len(folders) == len(split_folders) or any(_listing(root, root / folder, found)[0] for folder in training)


def _collect_labelled(root: Path, folder: Path, split: int, found: _Found, emit: Emit) -> None:
    """The pictures of a folder with a subfolder per class, or of a flat one."""
    classes, files = _listing(root, folder, found)
    pictures = [entry for entry in files if _suffix(entry.name) in PICTURE_SUFFIXES]
    _report_others(root, [entry for entry in files if _suffix(entry.name) not in PICTURE_SUFFIXES], found)
    for entry in pictures:
        label, dot, rest = entry.name.partition(".")
        name = _relative(root, entry.path)
        if classes:
            found.problems.append(Problem(name, _("not in the folder of a class; left out")))
        elif dot and "." in rest and label:
            _add(root, entry, label, split, found)
        else:
            found.problems.append(Problem(name, _("neither in the folder of a class nor named Label.name.jpg")))
    for class_folder in classes:
        before = len(found.paths)
        for entry in _walk(root, folder / class_folder, found):
            _add(root, entry, class_folder, split, found)
        if time.monotonic() - found.last_event > _SECONDS_BETWEEN_EVENTS:
            found.last_event = time.monotonic()
            emit(Progress(_("Looking for pictures"), len(found.paths)))
        if len(found.paths) == before:
            name = _relative(root, str(folder / class_folder))
            found.problems.append(Problem(name, _("the folder holds no pictures")))


def _add(root: Path, entry: os.DirEntry, label: str, split: int, found: _Found) -> None:
    name = _relative(root, entry.path)
    try:
        about = entry.stat()
    except OSError as error:
        found.problems.append(Problem(name, _("cannot be opened: {error}").format(error=error.strerror or error)))
        return
    found.paths.append(name)
    found.labels.append(_shown(label))
    found.splits.append(split)
    found.stamps.append(f"{name}|{about.st_size}|{about.st_mtime_ns}")


def _walk(root: Path, folder: Path, found: _Found, seen: frozenset[str] = frozenset()) -> Iterator[os.DirEntry]:
    """All picture files below a folder, through links, each real folder once per branch."""
    real = os.path.realpath(folder)
    if real in seen:
        found.problems.append(Problem(_relative(root, str(folder)), _("a link back to a folder it is in; left out")))
        return
    folders, files = _listing(root, folder, found)
    pictures = [entry for entry in files if _suffix(entry.name) in PICTURE_SUFFIXES]
    _report_others(root, [entry for entry in files if _suffix(entry.name) not in PICTURE_SUFFIXES], found)
    yield from pictures
    for name in folders:
        yield from _walk(root, folder / name, found, seen | {real})


def _listing(root: Path, folder: Path, found: _Found) -> tuple[list[str], list[os.DirEntry]]:
    """Sorted names of the subfolders, and the files, without what is hidden."""
    try:
        with os.scandir(folder) as entries:
            visible = sorted((entry for entry in entries if _visible(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        reason = _("cannot be opened: {error}").format(error=error.strerror or error)
        found.problems.append(Problem(_relative(root, str(folder)), reason))
        return [], []
    folders = [entry.name for entry in visible if entry.is_dir()]
    return folders, [entry for entry in visible if not entry.is_dir()]


def _visible(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _IGNORED


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _relative(root: Path, path: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _shown(label: str) -> str:
    """MacOS writes accents as letters of their own; the same class must not come in two spellings."""
    return unicodedata.normalize("NFC", label)


def _report_others(root: Path, entries: list[os.DirEntry], found: _Found) -> None:
    counts = Counter(_suffix(entry.name) for entry in entries)
    for suffix, count in counts.items():
        others = [entry for entry in entries if _suffix(entry.name) == suffix]
        if count > _LISTED_PER_SUFFIX:
            where = _relative(root, os.path.dirname(others[0].path))
            reason = _("{count} files ending in {suffix} are not pictures").format(count=count, suffix=suffix or "-")
            found.problems.append(Problem(where, reason))
            continue
        for entry in others:
            found.problems.append(Problem(_relative(root, entry.path), _("not a picture file; left out")))


def _point_into_a_single_folder(root: Path, found: _Found) -> None:
    """An unpacked archive often holds one folder that holds everything."""
    if (
        len(set(found.labels)) == 1
        and all(path.count("/") > 1 for path in found.paths)
        and max(found.splits) == NO_SPLIT
    ):
        inner = root / found.paths[0].split("/")[0]
        raise UserError(_(
            "{path} holds a single folder, whose subfolders look like the classes. Choose {inner} instead."
        ).format(path=root, inner=inner))  # fmt: skip


def _nothing_found(root: Path, found: _Found) -> UserError:
    message = _("There are no pictures in {path}. Expected was {expected}.").format(path=root, expected=_(_EXPECTED))
    if found.problems:
        first = found.problems[0]
        message += " " + _("The first of {count} problems: {where}: {reason}.").format(
            count=len(found.problems), where=first.where, reason=first.reason
        )
    return UserError(message)


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(ImageFolderSource())
