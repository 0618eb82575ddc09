"""NumPy's `.npz`: pictures and labels as arrays, whole or as train and test. Never a pickle."""

import threading
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data import arrays
from workbench.data.locations import given_file
from workbench.data.source import LIKELY, NO_SPLIT, TEST, TRAIN, VALIDATION, DatasetSource, Emit, Offer, Samples
from workbench.errors import UserError
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

_EXPECTED = mark("an .npz file with x_train, y_train, x_test, y_test, or with x and y, or with images and labels")
_SPLIT_WORDS = (
    (TRAIN, ("train", "training")),
    (VALIDATION, ("val", "valid", "validation")),
    (TEST, ("test", "testing")),
)
_PICTURE_WORDS = ("x", "images", "image", "data")
_LABEL_WORDS = ("y", "labels", "label", "targets", "target")
_CLASS_NAMES = ("class_names", "classes", "label_names")


class NpzSection(DatasetSection):
    """Where the file is."""

    name: Literal["npz"] = "npz"
    path: str = setting(
        "", title=mark("File"), widget="file",
        help=mark("x_train, y_train, x_test, y_test, or x and y, or images and labels; class_names if you like."),
    )  # fmt: skip


@dataclass(frozen=True)
class _Pair:
    """Names of the arrays of one split."""

    split: int
    pictures: str
    labels: str


class ArrayFile:
    """An `.npz` file whose arrays are read when they are needed, each once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._pictures: dict[str, np.ndarray] = {}
        try:
            with zipfile.ZipFile(path) as file:
                self.names = tuple(name.removesuffix(".npy") for name in file.namelist() if name.endswith(".npy"))
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(
                _("{path} is not an .npz file, or not a whole one: {error}. Expected was {expected}.").format(
                    path=path, error=error, expected=_(_EXPECTED)
                )
            ) from None

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, from its header alone."""
        with self._readable(name), zipfile.ZipFile(self.path) as file, file.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return reader(member)[0]

    def array(self, name: str) -> np.ndarray:
        """A whole array."""
        with self._readable(name), np.load(self.path, allow_pickle=False) as file:
            return file[name]

    def pictures(self, name: str) -> np.ndarray:
        """An array as uint8 pictures, kept for the next call."""
        with self._lock:
            if name not in self._pictures:
                self._pictures[name] = arrays.pictures(self.array(name), self.describe(name))
            return self._pictures[name]

    def describe(self, name: str) -> str:
        """The array's name for messages."""
        return _("the array {name!r} of {path}").format(name=name, path=self.path)

    def _readable(self, name: str) -> "_Explained":
        return _Explained(self.path, name)


class _Explained:
    """Turns what NumPy raises about a file into a message for the user."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError) and "allow_pickle" in str(error):
            raise UserError(_(
                "The array {name!r} of {path} holds Python objects (a pickle), which could run code when read: "
                "it is left alone. Save plain arrays: numbers of one shape, or text."
            ).format(name=self._name, path=self._path)) from None  # fmt: skip
        if isinstance(error, (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error)):
            raise UserError(_("The array {name!r} of {path} cannot be read: {error}").format(
                name=self._name, path=self._path, error=error)) from None  # fmt: skip


class NpzSource(DatasetSource):
    """Arrays in one file."""

    name = "npz"
    title = mark("NumPy arrays (.npz)")
    help = mark("Pictures and labels as arrays in one .npz file.")
    section = NpzSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """The size of the pictures in the file, as far as it can be known."""
        try:
            file, pairs = _open(section.path)
            _n, height, width, channels = arrays.pictures_shape(file.shape(pairs[0].pictures), "")
        except UserError:
            return {}
        if not (4 <= height <= 1024 and 4 <= width <= 1024):
            return {}
        return {"height": height, "width": width, "channels": 1 if channels == 1 else 3}

    def takes(self, path: Path) -> Offer | None:
        """By the ending."""
        return Offer({"path": str(path)}, LIKELY) if path.suffix.lower() == ".npz" and path.is_file() else None

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Read the labels; the pictures follow when they are decoded."""
        file, pairs = _open(section.path)
        counts = [arrays.pictures_shape(file.shape(pair.pictures), file.describe(pair.pictures))[0] for pair in pairs]
        labels = [file.array(pair.labels) for pair in pairs]
        for count, values in zip(counts, labels, strict=True):
            arrays.same_length(count, len(values) if values.ndim else 0, str(file.path))
        given = next((name for name in file.names if name.lower() in _CLASS_NAMES), "")
        class_names = tuple(str(name) for name in np.atleast_1d(file.array(given))) if given else ()
        targets, class_names = arrays.class_indices(labels, file.describe(pairs[0].labels), class_names)
        starts = np.cumsum([0, *counts])

        def read(index: int, channels: int) -> np.ndarray:
            part = int(np.searchsorted(starts, index, side="right")) - 1
            picture = file.pictures(pairs[part].pictures)[index - starts[part]]
            return arrays.with_channels(picture, channels)

        return Samples(
            names=tuple(_names(pairs, counts)),
            targets=targets,
            target=ClassTarget(class_names),
            ready_split=np.repeat(np.array([pair.split for pair in pairs], np.int8), counts),
            read=read,
            fingerprint=f"npz {arrays.content_stamp(file.path)}",
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By NumPy."""
        file, pairs = _open(section.path)
        samples = self.open(section, lambda event: None)
        shape = file.shape(pairs[0].pictures)
        size = arrays.pictures_shape(shape, "")[1:]
        first = len(shape) == 4 and shape[1:] != size
        labels_shape = file.shape(pairs[0].labels)
        flat = ".argmax(axis=1)" if len(labels_shape) == 2 and labels_shape[1] > 1 else ".reshape(-1)"
        named = any(name.lower() in _CLASS_NAMES for name in file.names)
        return f'''\
def read_dataset(channels={1 if size[2] == 1 else 3}):
    """The pictures of the file, their labels and the names of the classes."""

    def pictures(array):
        if array.dtype.kind == "b" or (array.dtype.kind == "f" and array.max() <= 1):
            array = array * np.float32(255)
        array = np.round(array).astype("uint8"){".transpose(0, 2, 3, 1)" if first else ""}
        return array.reshape(-1, {", ".join(map(str, size))})

    with np.load({str(file.path)!r}, allow_pickle=False) as file:
        images = np.concatenate([pictures(file[name]) for name in {[pair.pictures for pair in pairs]!r}])
        labels = [file[name]{flat} for name in {[pair.labels for pair in pairs]!r}]
    labels = np.concatenate(labels){".astype(int)" if named else ""}
{arrays.CHANNELS_CODE}    class_names = {list(samples.target.class_names)!r}
    return images, {"labels" if named else "np.unique(labels, return_inverse=True)[1]"}, class_names
'''


def _open(text: str) -> tuple[ArrayFile, list[_Pair]]:
    file = ArrayFile(given_file(text, "npz", _(_EXPECTED)))
    pairs = _pairs(file.names)
    if not pairs:
        raise UserError(_("{path} holds the arrays {names}. Expected was {expected}.").format(
            path=file.path, names=", ".join(file.names) or "-", expected=_(_EXPECTED)))  # fmt: skip
    return file, pairs


def _pairs(names: tuple[str, ...]) -> list[_Pair]:
    """The arrays that belong together: `x_train` with `y_train`, `train_images` with `train_labels`; else `x`, `y`."""
    by_lower = {name.lower(): name for name in names}
    pairs = []
    for split, words in _SPLIT_WORDS:
        pictures = _first(by_lower, [c for w in words for p in _PICTURE_WORDS for c in (f"{p}_{w}", f"{w}_{p}")])
        labels = _first(by_lower, [c for w in words for p in _LABEL_WORDS for c in (f"{p}_{w}", f"{w}_{p}")])
        if pictures and labels:
            pairs.append(_Pair(split, pictures, labels))
    if pairs:
        return pairs
    pictures, labels = _first(by_lower, _PICTURE_WORDS), _first(by_lower, _LABEL_WORDS)
    return [_Pair(NO_SPLIT, pictures, labels)] if pictures and labels else []


def _first(by_lower: dict[str, str], candidates: Any) -> str:
    return next((by_lower[candidate] for candidate in candidates if candidate in by_lower), "")


def _names(pairs: list[_Pair], counts: list[int]) -> list[str]:
    if len(pairs) == 1:
        return [str(index) for index in range(counts[0])]
    return [f"{pair.pictures}[{index}]" for pair, count in zip(pairs, counts, strict=True) for index in range(count)]


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(NpzSource())
