"""MNIST's own files, and everything distributed like them (Fashion-MNIST, EMNIST, KMNIST), plain or gzipped."""

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data import arrays
from workbench.data.idx_files import IdxHeader, check_idx_length, read_idx, read_idx_header
from workbench.data.locations import given_path
from workbench.data.source import LIKELY, NO_SPLIT, TEST, TRAIN, DatasetSource, Emit, Offer, Samples
from workbench.errors import UserError
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

_EXPECTED = mark(
    "a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte (t10k-… for the test), plain or .gz, or one "
    "such file of images"
)


class IdxSection(DatasetSection):
    """Where the files are."""

    name: Literal["idx"] = "idx"
    path: str = setting(
        "", title=mark("Folder"), widget="folder",
        help=mark("The folder of train-images-idx3-ubyte and its companions, plain or .gz; or one file of images."),
    )  # fmt: skip


@dataclass(frozen=True)
class _Pair:
    split: int
    images: Path
    labels: Path


class IdxPictures:
    """The arrays of several image files behind one index, each read when it is first needed."""

    def __init__(self, paths: list[Path], counts: list[int]) -> None:
        self._paths = paths
        self._starts = np.cumsum([0, *counts])
        self._arrays: dict[int, np.ndarray] = {}
        self._lock = threading.Lock()

    def read(self, index: int, channels: int) -> np.ndarray:
        """One picture."""
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        with self._lock:
            if part not in self._arrays:
                self._arrays[part] = arrays.pictures(read_idx(self._paths[part]), str(self._paths[part]))
        return arrays.with_channels(self._arrays[part][index - self._starts[part]], channels)


class IdxSource(DatasetSource):
    """Images and labels in IDX files."""

    name = "idx"
    title = mark("MNIST files (IDX)")
    help = mark("MNIST's file format, plain or gzipped: images in one file, labels in another.")
    section = IdxSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """The size of the pictures in the file."""
        try:
            shape = read_idx_header(_pairs(section.path)[0].images).shape
            _n, height, width, channels = arrays.pictures_shape(shape, "")
        except UserError:
            return {}
        if not (4 <= height <= 1024 and 4 <= width <= 1024):
            return {}
        return {"height": height, "width": width, "channels": 1 if channels == 1 else 3}

    def takes(self, path: Path) -> Offer | None:
        """One of the files, for the folder it is in."""
        is_one = path.name.lower().endswith((".gz", "-ubyte")) and path.is_file()
        return Offer({"path": str(path.parent)}, LIKELY) if is_one else None

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Read headers and labels."""
        pairs = _pairs(section.path)
        headers = [_checked_header(pair.images) for pair in pairs]
        counts = [arrays.pictures_shape(h.shape, str(p.images))[0] for h, p in zip(headers, pairs, strict=True)]
        labels = [read_idx(pair.labels) for pair in pairs]
        for pair, count, values in zip(pairs, counts, labels, strict=True):
            arrays.same_length(count, len(values), f"{pair.images}, {pair.labels.name}")
        targets, class_names = arrays.class_indices(labels, str(pairs[0].labels))
        return Samples(
            names=tuple(_names(pairs, counts)),
            targets=targets,
            target=ClassTarget(class_names),
            ready_split=np.repeat(np.array([pair.split for pair in pairs], np.int8), counts),
            read=IdxPictures([pair.images for pair in pairs], counts).read,
            fingerprint="idx " + arrays.content_stamp(*(path for pair in pairs for path in (pair.images, pair.labels))),
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By gzip and NumPy."""
        pairs = _pairs(section.path)
        samples = self.open(section, lambda event: None)
        return f'''\
def read_dataset(channels=1):
    """The pictures of the IDX files, their labels and the names of the classes."""
    import gzip

    def read(path):
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            content = file.read()
        axes = content[3]
        shape = np.frombuffer(content, ">u4", count=axes, offset=4)
        return np.frombuffer(content, "uint8", offset=4 + 4 * axes).reshape(shape)

    images = np.concatenate([read(path) for path in {[str(pair.images) for pair in pairs]!r}])
    labels = np.concatenate([read(path) for path in {[str(pair.labels) for pair in pairs]!r}])
    images = images if images.ndim == 4 else images[..., np.newaxis]
{arrays.CHANNELS_CODE}    return images, np.unique(labels, return_inverse=True)[1], {list(samples.target.class_names)!r}
'''


def _checked_header(path: Path) -> IdxHeader:
    header = read_idx_header(path)
    check_idx_length(path, header)
    return header


def _pairs(text: str) -> list[_Pair]:
    """The files of images with their files of labels; ready-made splits only where there is a training one."""
    given = given_path(text, "idx", _(_EXPECTED))
    if given.is_dir():
        images = sorted(path for path in given.iterdir() if _is_images(path.name))
        # The same file plain and gzipped counts once.
        images = [path for path in images if path.suffix != ".gz" or path.with_suffix("") not in images]
    else:
        images = [given]
    pairs = [_Pair(_split(path.name), path, _labels_of(path)) for path in images]
    if not pairs:
        raise UserError(_("There are no IDX files in {path}. Expected was {expected}.").format(
            path=given, expected=_(_EXPECTED)))  # fmt: skip
    if all(pair.split != TRAIN for pair in pairs):
        pairs = [_Pair(NO_SPLIT, pair.images, pair.labels) for pair in pairs]
    return sorted(pairs, key=lambda pair: (pair.split, pair.images.name))


def _is_images(name: str) -> bool:
    lower = name.lower()
    return not lower.startswith(".") and "images" in lower and ("idx" in lower or "ubyte" in lower)


def _split(name: str) -> int:
    lower = name.lower()
    if "t10k" in lower or "test" in lower:
        return TEST
    return TRAIN if "train" in lower else NO_SPLIT


def _labels_of(images: Path) -> Path:
    name = re.sub("idx[0-9]", "idx1", images.name.replace("images", "labels"))
    plain = name.removesuffix(".gz")
    for candidate in (name, plain, f"{plain}.gz"):
        path = images.with_name(candidate)
        if candidate != images.name and path.is_file():
            return path
    raise UserError(_("The labels of {images} are missing: expected was {labels} beside it.").format(
        images=images, labels=name if name != images.name else "…-labels-idx1-ubyte"))  # fmt: skip


def _names(pairs: list[_Pair], counts: list[int]) -> list[str]:
    if len(pairs) == 1:
        return [str(index) for index in range(counts[0])]
    words = {TRAIN: "train", TEST: "test", NO_SPLIT: ""}
    return [
        f"{words[pair.split] or pair.images.name}[{index}]"
        for pair, count in zip(pairs, counts, strict=True)
        for index in range(count)
    ]


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(IdxSource())
