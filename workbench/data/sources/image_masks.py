"""Pictures in one folder and their masks in another, matched by name: a class per pixel."""

import functools
import hashlib
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import field_validator

from workbench.data.decoding import PICTURE_SUFFIXES, decode_file
from workbench.data.locations import given_folder
from workbench.data.mask_classes import listed_classes, mask_code
from workbench.data.mask_files import COLOURS, MaskCode, read_mask_file
from workbench.data.mask_pairs import Pair, find_pairs
from workbench.data.mask_reader_code import mask_reader_code
from workbench.data.source import (
    LIKELY,
    NO_SPLIT,
    TRAIN,
    DatasetSource,
    Emit,
    Offer,
    Problem,
    Samples,
    UnreadableSampleError,
)
from workbench.data.sources.image_folder import SPLIT_FOLDERS
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import MaskTarget

_EXPECTED_PICTURES = mark("a folder of pictures (also inside train, val and test)")
_EXPECTED_MASKS = mark("a folder of masks named like the pictures, also with _mask or _label behind the name")
_LARGEST_SUGGESTED = 256
_PICTURE_FOLDERS = ("images", "image", "imgs", "img", "pictures", "photos", "raw", "x")
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentation", "segmentations", "gt", "y")


class ImageMasksSection(DatasetSection):
    """Where pictures and masks are, and how masks are written."""

    name: Literal["image_masks"] = "image_masks"
    pictures: str = setting(
        "", title=mark("Pictures"), widget="folder",
        help=mark("The folder of pictures; subfolders train, validation and test become the splits."),
    )  # fmt: skip
    masks: str = setting(
        "", title=mark("Masks"), widget="folder",
        help=mark("The folder of masks, named like the pictures; _mask, _label or _seg behind the name is allowed."),
    )  # fmt: skip
    kind: Literal["auto", "binary", "indices", "colours"] = setting(
        "auto", title=mark("Kind of masks"),
        help=mark("How a mask says which class a pixel has. Automatic looks at some of them."),
        labels={"auto": mark("Automatic"), "binary": mark("Two classes: foreground or not"),
                "indices": mark("The value is the number of the class"), "colours": mark("A colour per class")},
    )  # fmt: skip
    foreground: Literal["bright", "dark", "nonzero"] = setting(
        "bright", title=mark("Foreground"), help=mark("For two classes: which pixels are what is looked for."),
        labels={"bright": mark("Above half of the range"), "dark": mark("Below half of the range"),
                "nonzero": mark("All that are not 0")},
    )  # fmt: skip
    classes: str = setting(
        "", title=mark("Classes"),
        help=mark("Names, separated by commas: around, cell. With values where these are not 0, 1, 2: "
                  "sky = #87ceeb, road = #404040. Empty: they are found in the masks."),
    )  # fmt: skip
    block: int = setting(
        0, title=mark("Block"), unit="samples", ge=0, le=100_000, advanced=True,
        help=mark("So many pictures in a row, by name, stay in the same split: neighbouring slices of a stack, or "
                  "frames of a film, are nearly the same picture. 0: every picture for itself."),
    )  # fmt: skip

    @field_validator("classes")
    @classmethod
    def _classes_can_be_read(cls, text: str) -> str:
        listed_classes(text)
        return text


class ImageMasksSource(DatasetSource):
    """Pictures and masks as files."""

    name = "image_masks"
    title = mark("Pictures and masks")
    help = mark("Two folders: pictures, and masks of the same names that say for every pixel which class it has.")
    section = ImageMasksSection

    def target_kind(self, section: DatasetSection) -> str:
        """A class per pixel."""
        return MaskTarget.kind

    def preprocessing(self, section: ImageMasksSection) -> dict[str, Any]:
        """The size of the first picture, up to 256 a side, and whether it has colour."""
        height, width, channels = _LARGEST_SUGGESTED, _LARGEST_SUGGESTED, 3
        try:
            folder = given_folder(section.pictures, self.name, _(_EXPECTED_PICTURES))
            height, width, channels = _first_picture(str(folder), folder.stat().st_mtime_ns)
        except (UserError, OSError):
            pass
        return {"height": height, "width": width, "channels": channels, "resize": "stretch", "scaling": "unit"}

    def takes(self, path: Path) -> Offer | None:
        """A folder with a folder of pictures and one of masks in it, also inside `train`."""
        for root in (path, path / "train", path / "training"):
            folders = {entry.name.lower(): entry for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else {}
            pictures = _called(folders, _PICTURE_FOLDERS, "images")
            masks = _called(folders, _MASK_FOLDERS, "mask")
            # Folders of letters are called X and Y, and annotations may be anything: names of files decide.
            pairs, problems = find_pairs(pictures, masks) if pictures and masks else ([], [])
            if pairs and len(pairs) >= len(problems):
                return Offer({"pictures": str(pictures), "masks": str(masks)}, LIKELY)
        return None

    def open(self, section: ImageMasksSection, emit: Emit) -> Samples:
        """Find the pairs; of the masks only some are read, where their kind or classes have to be found."""
        pictures = given_folder(section.pictures, self.name, _(_EXPECTED_PICTURES))
        masks = given_folder(section.masks, self.name, _(_EXPECTED_MASKS))
        pairs, problems = find_pairs(pictures, masks)
        if not pairs:
            raise _nothing_found(pictures, masks, problems)
        fingerprint = _fingerprint(section, pairs)
        code = _code(section, tuple(pairs), fingerprint, emit)
        paths = tuple(pair.path for pair in pairs)
        return Samples(
            names=tuple(pair.name for pair in pairs),
            targets=np.zeros(len(pairs), np.uint8),
            target=MaskTarget(code.class_names, _colours(code)),
            ready_split=_ready_split(pairs),
            read=lambda index, channels: decode_file(paths[index], channels),
            read_target=lambda index: read_mask(pairs[index], code),
            fingerprint=f"{fingerprint} {code}",
            problems=tuple(problems),
            paths=paths,
            groups=np.arange(len(pairs)) // section.block if section.block > 1 else None,
        )

    def reader_code(self, section: ImageMasksSection) -> str:
        """The pairs as a list; where masks take more than a few lines to read, by this module."""
        pictures = given_folder(section.pictures, self.name, _(_EXPECTED_PICTURES))
        masks = given_folder(section.masks, self.name, _(_EXPECTED_MASKS))
        pairs, _problems = find_pairs(pictures, masks)
        samples = self.open(section, lambda event: None)
        mask_code = _code(section, tuple(pairs), _fingerprint(section, pairs), lambda event: None)
        code = mask_reader_code(pictures, masks, pairs, mask_code, samples)
        if code is not None:
            return code
        return f'''\
def read_dataset(channels=3):
    """The pictures, their masks (class indices), and the names of the classes."""
    # By the workbench: these masks take more than a few lines to read.
    from workbench.data.source import UnreadableSampleError
    from workbench.data.sources.image_masks import ImageMasksSection, ImageMasksSource

    section = ImageMasksSection({", ".join(f"{k}={v!r}" for k, v in section.model_dump().items())})
    samples = ImageMasksSource().open(section, lambda event: None)
    indices = range(len(samples.names))

    def read(reader, *arguments):
        try:
            return reader(*arguments)
        except UnreadableSampleError:
            return None

    images = [read(samples.read, index, channels) for index in indices]
    return images, [read(samples.read_target, index) for index in indices], list(samples.target.class_names)
'''


def read_mask(pair: Pair, code: MaskCode) -> np.ndarray:
    """The classes in a mask file, uint8 (height, width). Raises `UnreadableSampleError`, naming the file."""
    try:
        values = read_mask_file(pair.mask_path)
    except UnreadableSampleError as error:
        raise UnreadableSampleError(_("its mask {mask}: {reason}").format(mask=pair.mask_name, reason=error)) from None
    return code.classes(values, pair.mask_name)


_codes: dict[str, MaskCode] = {}


def _code(section: ImageMasksSection, pairs: tuple[Pair, ...], fingerprint: str, emit: Emit) -> MaskCode:
    """How the masks are written, found once for the same files: looking at a hundred masks may take seconds."""
    if fingerprint not in _codes:
        _codes[fingerprint] = mask_code(
            list(pairs), section.kind, section.classes, section.foreground,
            lambda done, total: emit(Progress(_("Looking at the masks"), done, total)),
        )  # fmt: skip
    return _codes[fingerprint]


def _colours(code: MaskCode) -> tuple[tuple[int, int, int], ...]:
    if code.kind != COLOURS:
        return ()
    return tuple((value >> 16, value >> 8 & 255, value & 255) for value in code.values)


def _ready_split(pairs: list[Pair]) -> np.ndarray:
    """By the first folder in the names, where one of these folders is for training."""
    splits = [SPLIT_FOLDERS.get(pair.name.split("/")[0].lower(), NO_SPLIT) if "/" in pair.name else NO_SPLIT
              for pair in pairs]  # fmt: skip
    return np.array(splits if TRAIN in splits else [NO_SPLIT] * len(pairs), np.int8)


def _called(folders: dict[str, Path], names: tuple[str, ...], part: str) -> Path | None:
    """The folder of one of these names, or with a name that has this part."""
    by_name = [folders[name] for name in names if name in folders]
    return next(iter(by_name + [folder for name, folder in folders.items() if part in name]), None)


def _fingerprint(section: ImageMasksSection, pairs: list[Pair]) -> str:
    digest = hashlib.sha256(section.model_dump_json().encode())
    for pair in pairs:
        for path in (pair.path, pair.mask_path):
            about = os.stat(path)
            digest.update(f"{path}|{about.st_size}|{about.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return f"image_masks {digest.hexdigest()}"


def _nothing_found(pictures: Path, masks: Path, problems: list[Problem]) -> UserError:
    message = _("There is no picture in {pictures} with a mask of its name in {masks}.").format(
        pictures=pictures, masks=masks
    )
    if problems:
        first = problems[0]
        return UserError(" ".join((message, _("The first of {count} problems: {where}: {reason}.").format(
            count=len(problems), where=first.where, reason=first.reason))))  # fmt: skip
    return UserError(" ".join((message, _("Expected were picture files, as PNG, JPEG or TIFF, in both."))))


@functools.lru_cache(maxsize=8)
def _first_picture(folder: str, changed: int) -> tuple[int, int, int]:
    """Suggested height, width and channels from the header of the first picture; `changed` keeps the answer fresh."""
    from PIL import Image

    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if os.path.splitext(name)[1].lower() not in PICTURE_SUFFIXES or name.startswith("."):
                continue
            try:
                with Image.open(os.path.join(root, name)) as picture:
                    width, height = picture.size
                    channels = 1 if picture.mode in ("1", "L", "LA", "F") or picture.mode.startswith("I") else 3
            except Exception:  # what is wrong with it is told when it is decoded
                continue
            return max(4, min(height, _LARGEST_SUGGESTED)), max(4, min(width, _LARGEST_SUGGESTED)), channels
    return _LARGEST_SUGGESTED, _LARGEST_SUGGESTED, 3


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(ImageMasksSource())
