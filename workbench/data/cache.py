"""The folder of decoded data and of features made of them: capped, the longest unused entry out first.

An entry is a folder that appears by one rename when it is complete, so that a process killed while filling leaves
nothing wrong behind. Entries can be deleted at any time; they are made again when they are needed.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import filelock
import numpy as np
import psutil

from workbench.control import Checked
from workbench.data.source import Problem
from workbench.errors import UserError
from workbench.i18n import _
from workbench.paths import cache_folder

CACHE_VERSION = 1
DEFAULT_LIMIT_BYTES = 20 * 1024**3
_FREE_SPACE_KEPT = 64 * 1024**2
_FILLING = ".filling"

Content = TypeVar("Content")


@dataclass(frozen=True)
class CacheEntry:
    """The decoded samples of a dataset.

    Attributes:
        images: uint8, (n, height, width, channels), memory-mapped.
        rows: int64, (n,): which sample of the source each image is.
        sizes: int32, (n, 2): height and width before resizing.
        hashes: uint8, (n, 16): digests of the images.
        problems: the samples that could not be read.
        targets: uint8, (n, height, width), memory-mapped, where targets are as large as pictures; else None.
    """

    images: np.ndarray
    rows: np.ndarray
    sizes: np.ndarray
    hashes: np.ndarray
    problems: tuple[Problem, ...]
    targets: np.ndarray | None = None


def data_cache_folder() -> Path:
    """Where the entries are."""
    return cache_folder() / "data"


def limit_bytes() -> int:
    """The cap; `WORKBENCH_CACHE_LIMIT_BYTES` sets it for an engine."""
    try:
        return int(os.environ["WORKBENCH_CACHE_LIMIT_BYTES"])
    except (KeyError, ValueError):
        return DEFAULT_LIMIT_BYTES


def key(*parts: object) -> str:
    """A name for what is described by `parts`."""
    return hashlib.sha256(json.dumps([CACHE_VERSION, *map(str, parts)]).encode()).hexdigest()[:32]


def size() -> int:
    """Bytes the cache takes."""
    return sum(_bytes_of(entry) for entry in _folders())


def clear() -> int:
    """Delete every entry that nobody uses right now; the bytes that became free."""
    freed = 0
    with _housekeeping():
        for folder in _folders():
            if not _in_use(folder) and not _being_filled(folder):
                freed += _delete(folder)
    return freed


def open_entry(name: str) -> CacheEntry | None:
    """The entry of that name, marked as used as long as its images are referenced; None when there is none."""
    found = _marked(name, _entry_in)
    if found is None:
        return None
    entry, marker = found
    weakref.finalize(entry.images.base, _forget, marker)
    return entry


def read_entry(name: str, read: Callable[[Path], Content]) -> Content | None:
    """What `read` takes out of the folder of an entry, all of it into memory; None when there is none.

    An entry is damaged, and is deleted, when `read` raises one of the errors that reading half of a file does.
    """
    found = _marked(name, read)
    if found is None:
        return None
    content, marker = found
    _forget(marker)
    return content


def _marked(name: str, read: Callable[[Path], Content]) -> tuple[Content, Path] | None:
    """What is read out of an entry, and the marker that says it is in use."""
    folder = data_cache_folder() / name
    with _housekeeping():
        if not (folder / "index.json").is_file():
            return None
        marker = _mark_as_used(folder)
    try:
        return read(folder), marker
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        # Somebody touched the folder: it is worth nothing, and is made again.
        marker.unlink(missing_ok=True)
        _delete(folder)
        return None


def _entry_in(folder: Path) -> CacheEntry:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    images = _mapped(folder / "images.npy")
    entry = CacheEntry(
        images,
        *(np.load(folder / f"{part}.npy", allow_pickle=False) for part in ("rows", "sizes", "hashes")),
        tuple(Problem(where, reason) for where, reason in index["problems"]),
        _mapped(folder / "targets.npy") if index.get("targets") else None,
    )
    targets = images if entry.targets is None else entry.targets
    if not len(images) == len(entry.rows) == len(entry.sizes) == len(entry.hashes) == len(targets):
        raise ValueError("the parts are of different lengths")
    return entry


def _mapped(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


@contextlib.contextmanager
def filling(name: str, control: Checked) -> Iterator[Path | None]:
    """A folder to fill; it becomes the entry when the block ends without an exception.

    While another process fills the same entry this one waits, and is then given None: there is nothing left to do.
    """
    root = data_cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(root / f"{name}.lock")
    while True:
        control.check()
        try:
            lock.acquire(timeout=0.2)
            break
        except filelock.Timeout:
            continue
    folder = root / f"{name}{_FILLING}"
    try:
        if (root / name / "index.json").is_file():
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
        shutil.rmtree(root / name, ignore_errors=True)
        folder.rename(root / name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(_("The disk of the cache is full: {folder}. Free some space and try again.").format(
                folder=root)) from None  # fmt: skip
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def make_room(needed: int) -> None:
    """Delete the longest unused entries until `needed` bytes fit under the cap and on the disk.

    Raises:
        UserError: they do not fit even so; the message names the space needed.
    """
    limit = limit_bytes()
    root = data_cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    with _housekeeping():
        entries = sorted((folder for folder in _folders() if not _being_filled(folder)), key=_last_used)
        total = sum(_bytes_of(folder) for folder in entries)
        for folder in entries:
            if total + needed <= limit and _free(root) >= needed + _FREE_SPACE_KEPT:
                break
            if not _in_use(folder):
                total -= _delete(folder)
    if total + needed > limit:
        raise UserError(_(
            "The decoded data need {needed}, but the cache may take {limit}, of which {used} are in use now. Choose a "
            "smaller input, or a larger cache in the settings."
        ).format(needed=readable_bytes(needed), limit=readable_bytes(limit), used=readable_bytes(total)))  # fmt: skip
    if _free(root) < needed + _FREE_SPACE_KEPT:
        raise UserError(_(
            "The decoded data need {needed}, but only {free} are free on the disk of the cache, {folder}. Free some "
            "space, or choose a smaller input."
        ).format(needed=readable_bytes(needed), free=readable_bytes(_free(root)), folder=root))  # fmt: skip


def readable_bytes(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _folders() -> list[Path]:
    root = data_cache_folder()
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []


def _housekeeping() -> filelock.BaseFileLock:
    """Held for moments: between looking at what is used and deleting the rest."""
    root = data_cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(root / "housekeeping.lock", timeout=60)


def _being_filled(folder: Path) -> bool:
    if not folder.name.endswith(_FILLING):
        return False
    lock = filelock.FileLock(folder.with_name(folder.name.removesuffix(_FILLING) + ".lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    lock.release()
    return False


def _mark_as_used(folder: Path) -> Path:
    process = psutil.Process()
    users = folder / "users"
    users.mkdir(exist_ok=True)
    marker = users / f"{process.pid}-{int(process.create_time())}-{time.monotonic_ns()}"
    marker.touch()
    os.utime(folder / "index.json")
    return marker


def _forget(marker: Path) -> None:
    with contextlib.suppress(OSError):
        marker.unlink(missing_ok=True)


def _in_use(folder: Path) -> bool:
    for marker in (folder / "users").glob("*"):
        pid, created, _number = marker.name.split("-")
        try:
            if abs(psutil.Process(int(pid)).create_time() - int(created)) < 2:
                return True
        except psutil.Error:
            pass
        marker.unlink(missing_ok=True)
    return False


def _last_used(folder: Path) -> float:
    try:
        return (folder / "index.json").stat().st_mtime
    except OSError:
        return 0.0


def _bytes_of(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return 0


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _delete(folder: Path) -> int:
    """Delete an entry; first renamed, so that nobody finds half of it."""
    freed = _bytes_of(folder)
    grave = folder.with_name(f"{folder.name}.deleted-{time.monotonic_ns()}")
    try:
        folder.rename(grave)
    except OSError:
        return 0
    shutil.rmtree(grave, ignore_errors=True)
    return freed
