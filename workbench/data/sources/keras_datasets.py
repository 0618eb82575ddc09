"""The datasets everybody knows, in the files and the folder that Keras uses: MNIST, Fashion-MNIST, CIFAR-10 and -100.

They are downloaded at first use. Someone without a network is told which file to place where.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data.arrays import CHANNELS_CODE, content_stamp, with_channels
from workbench.data.cifar_files import read_cifar
from workbench.data.downloads import RemoteFile, fetch, find
from workbench.data.idx_files import read_idx
from workbench.data.source import TEST, TRAIN, DatasetSource, Emit, Samples
from workbench.data.sources.npz import ArrayFile
from workbench.experiment import DatasetSection
from workbench.i18n import mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

_STORE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR_100 = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
    "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
    "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip
_CIFAR_100_COARSE = (
    "aquatic mammals", "fish", "flowers", "food containers", "fruit and vegetables", "household electrical devices",
    "household furniture", "insects", "large carnivores", "large man-made outdoor things",
    "large natural outdoor scenes", "large omnivores and herbivores", "medium-sized mammals",
    "non-insect invertebrates", "people", "reptiles", "small mammals", "trees", "vehicles 1", "vehicles 2",
)  # fmt: skip

Arrays = tuple[np.ndarray, np.ndarray]


class MnistSection(DatasetSection):
    """Nothing to set."""

    name: Literal["mnist"] = "mnist"


class FashionMnistSection(DatasetSection):
    """Nothing to set."""

    name: Literal["fashion_mnist"] = "fashion_mnist"


class Cifar10Section(DatasetSection):
    """Nothing to set."""

    name: Literal["cifar10"] = "cifar10"


class Cifar100Section(DatasetSection):
    """Which of its two sets of labels."""

    name: Literal["cifar100"] = "cifar100"
    labels: Literal["fine", "coarse"] = setting(
        "fine", title=mark("Labels"), help=mark("100 fine classes, or the 20 they are grouped into."),
        labels={"fine": mark("100 classes"), "coarse": mark("20 groups")},
    )  # fmt: skip


@dataclass(frozen=True)
class _Parts:
    """What a dataset is made of: labels at once, pictures when they are decoded."""

    labels: tuple[np.ndarray, np.ndarray]
    pictures: Callable[[], tuple[np.ndarray, np.ndarray]]


class KerasDataset(DatasetSource):
    """One of Keras' built-in datasets of pictures; training and test come ready-made."""

    def __init__(
        self,
        section: type[DatasetSection],
        title: str,
        help: str,
        size: int,
        channels: int,
        files: tuple[RemoteFile, ...],
        read: Callable[[DatasetSection, list[Path]], _Parts],
        class_names: Callable[[DatasetSection], tuple[str, ...]],
    ) -> None:
        self.section = section
        self.name = section.model_fields["name"].default
        self.title, self.help = title, help
        self._size, self._channels = size, channels
        self._files, self._read, self._class_names = files, read, class_names

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """The size it has."""
        return {"height": self._size, "width": self._size, "channels": self._channels, "scaling": "unit"}

    def stated_classes(self, section: DatasetSection) -> int:
        """See `DatasetSource.stated_classes`."""
        return len(self._class_names(section))

    def at_hand(self, section: DatasetSection) -> bool:
        """Whether all its files were fetched before."""
        return all(find(file) is not None for file in self._files)

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Download what is missing, read the labels."""
        paths = [fetch(file, emit) for file in self._files]
        parts = self._read(section, paths)
        train, test = (len(labels) for labels in parts.labels)
        pictures = _Once(parts.pictures)

        def read(index: int, channels: int) -> np.ndarray:
            picture = pictures()[0][index] if index < train else pictures()[1][index - train]
            return with_channels(picture.reshape(self._size, self._size, -1), channels)

        return Samples(
            names=(*(f"train[{index}]" for index in range(train)), *(f"test[{index}]" for index in range(test))),
            targets=np.concatenate(parts.labels).astype(np.int64).reshape(-1),
            target=ClassTarget(self._class_names(section)),
            ready_split=np.repeat(np.array([TRAIN, TEST], np.int8), [train, test]),
            read=read,
            fingerprint=f"{self.name} {section.model_dump_json()} {content_stamp(*paths)}",
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By Keras."""
        argument = f"label_mode={section.labels!r}" if isinstance(section, Cifar100Section) else ""
        return f'''\
def read_dataset(channels={self._channels}):
    """The dataset as Keras loads it, first the training part, then the test part."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.{self.name}.load_data({argument})
    images = np.concatenate([x_train, x_test])
    images = images if images.ndim == 4 else images[..., np.newaxis]
{CHANNELS_CODE}    return images, np.concatenate([y_train, y_test]).reshape(-1), {list(self._class_names(section))!r}
'''


class _Once:
    """Calls a function at most once, however many threads ask."""

    def __init__(self, make: Callable[[], Arrays]) -> None:
        self._make, self._lock, self._value = make, threading.Lock(), None

    def __call__(self) -> Arrays:
        with self._lock:
            if self._value is None:
                self._value = self._make()
            return self._value


def _read_mnist(section: DatasetSection, paths: list[Path]) -> _Parts:
    file = ArrayFile(paths[0])
    return _Parts(
        (file.array("y_train"), file.array("y_test")), lambda: (file.pictures("x_train"), file.pictures("x_test"))
    )


def _read_fashion(section: DatasetSection, paths: list[Path]) -> _Parts:
    return _Parts((read_idx(paths[0]), read_idx(paths[2])), lambda: (read_idx(paths[1]), read_idx(paths[3])))


def _read_cifar(section: DatasetSection, paths: list[Path], train: tuple[str, ...], test: str, key: str) -> _Parts:
    if isinstance(section, Cifar100Section):
        key = f"{section.labels}_labels"
    stamp = content_stamp(paths[0])
    (_x_train, y_train), (_x_test, y_test) = _cifar(paths[0], stamp, train, test, key)

    def pictures() -> Arrays:
        (x_train, _y_train), (x_test, _y_test) = _cifar(paths[0], stamp, train, test, key)
        return x_train, x_test

    return _Parts((y_train, y_test), pictures)


@functools.lru_cache(maxsize=1)
def _cifar(path: Path, stamp: str, train: tuple[str, ...], test: str, key: str) -> tuple[Arrays, Arrays]:
    """Labels and pictures lie in one archive: unpacking takes two seconds, so the last one is kept (180 MB)."""
    return read_cifar(path, list(train), key), read_cifar(path, [test], key)


def _cifar_reader(train: tuple[str, ...], test: str, key: str) -> Callable[[DatasetSection, list[Path]], _Parts]:
    return functools.partial(_read_cifar, train=train, test=test, key=key)


def register(registry: Registry) -> None:
    """Called once by the registry."""
    add = registry.datasets.add
    add(KerasDataset(
        MnistSection, mark("MNIST"),
        mark("70,000 handwritten digits of 28 x 28. Downloaded at first use (11 MB)."), 28, 1,
        (RemoteFile(_STORE + "mnist.npz", "mnist.npz",
                    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),),
        _read_mnist, lambda section: _DIGITS,
    ))  # fmt: skip
    fashion = ("train-labels-idx1", "train-images-idx3", "t10k-labels-idx1", "t10k-images-idx3")
    add(KerasDataset(
        FashionMnistSection, mark("Fashion-MNIST"),
        mark("70,000 pieces of clothing of 28 x 28. Downloaded at first use (30 MB)."), 28, 1,
        tuple(RemoteFile(f"{_STORE}{name}-ubyte.gz", f"fashion-mnist/{name}-ubyte.gz") for name in fashion),
        _read_fashion, lambda section: _CLOTHES,
    ))  # fmt: skip
    add(KerasDataset(
        Cifar10Section, mark("CIFAR-10"),
        mark("60,000 colour pictures of 32 x 32 in 10 classes. Downloaded at first use (170 MB)."), 32, 3,
        (RemoteFile(_TORONTO + "cifar-10-python.tar.gz", "cifar-10-batches-py-target_archive",
                    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),),
        _cifar_reader(tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "labels"),
        lambda section: _CIFAR_10,
    ))  # fmt: skip
    add(KerasDataset(
        Cifar100Section, mark("CIFAR-100"),
        mark("60,000 colour pictures of 32 x 32 in 100 classes. Downloaded at first use (170 MB)."), 32, 3,
        (RemoteFile(_TORONTO + "cifar-100-python.tar.gz", "cifar-100-python-target_archive",
                    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"),),
        _cifar_reader(("train",), "test", "fine_labels"),
        lambda section: _CIFAR_100 if section.labels == "fine" else _CIFAR_100_COARSE,
    ))  # fmt: skip
