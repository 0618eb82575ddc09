"""Filling a cache entry: every sample decoded and resized once, by a few threads, in order, in bounded memory."""

import collections
import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.control import Control
from workbench.data.image_settings import ImagePreprocessing
from workbench.data.preprocessing import resize_mask, resize_pictures
from workbench.data.source import Emit, Samples, UnreadableSampleError
from workbench.data.tiles import cut
from workbench.events import Progress
from workbench.i18n import _

_CHUNK = 64
_CHUNK_OF_TILED = 2  # these are kept at full size
# Larger pictures are resized as soon as they are decoded, and the very large ones one at a time.
_SMALL_PIXELS = 256 * 256
_LARGE_PIXELS = 12_000_000
_SECONDS_BETWEEN_EVENTS = 0.1
HASH_BYTES = 16


@dataclass
class _Chunk:
    rows: list[int]
    images: np.ndarray
    masks: np.ndarray
    sizes: list[tuple[int, int]]
    hashes: list[bytes]
    problems: list[tuple[str, str]]


def fill(folder: Path, samples: Samples, preprocessing: ImagePreprocessing, emit: Emit, control: Control) -> None:
    """Decode and resize all samples into the files of a cache entry.

    The images are written with plain writes rather than through a map: a full disk is then an error, not a crash.
    """
    count = len(samples.names)
    shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
    rows: list[int] = []
    sizes: list[tuple[int, int]] = []
    hashes: list[bytes] = []
    problems: list[tuple[str, str]] = []
    last_event, done = 0.0, 0
    masked = samples.read_target is not None
    with contextlib.ExitStack() as files:
        file = files.enter_context((folder / "images.npy").open("wb"))
        masks = files.enter_context((folder / "targets.npy").open("wb")) if masked else None
        _write_header(file, (count, *shape))
        if masks is not None:
            _write_header(masks, (count, *shape[:2]))
        for chunk, chunk_size in _decoded(samples, preprocessing, control):
            file.write(chunk.images.data)
            if masks is not None:
                masks.write(chunk.masks.data)
            rows += chunk.rows
            sizes += chunk.sizes
            hashes += chunk.hashes
            problems += chunk.problems
            done += chunk_size
            if time.monotonic() - last_event > _SECONDS_BETWEEN_EVENTS or done == count:
                last_event = time.monotonic()
                emit(Progress(_("Decoding pictures"), done, count))
        file.seek(0)
        _write_header(file, (len(rows), *shape))
        if masks is not None:
            masks.seek(0)
            _write_header(masks, (len(rows), *shape[:2]))
    np.save(folder / "rows.npy", np.array(rows, np.int64))
    np.save(folder / "sizes.npy", np.array(sizes, np.int32).reshape(-1, 2))
    np.save(folder / "hashes.npy", np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, HASH_BYTES))
    (folder / "index.json").write_text(json.dumps({"problems": problems, "targets": masked}), encoding="utf-8")


def _write_header(file, shape: tuple[int, ...]) -> None:
    """The header leaves room for the first axis to grow: it is as long for every number of images."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _decoded(samples: Samples, preprocessing: ImagePreprocessing, control: Control) -> Iterator[tuple[_Chunk, int]]:
    """Chunks in order, a few ahead of the one that is written."""
    threads = min(8, os.cpu_count() or 1)
    one_large_at_a_time = threading.Lock()
    size = _CHUNK if preprocessing.tile is None else _CHUNK_OF_TILED
    starts = iter(range(0, len(samples.names), size))

    def work(start: int) -> tuple[_Chunk, int]:
        indices = range(start, min(start + size, len(samples.names)))
        return _decode_chunk(samples, indices, preprocessing, one_large_at_a_time, control), len(indices)

    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        pending: collections.deque[Future] = collections.deque()
        try:
            for start in starts:
                pending.append(pool.submit(work, start))
                if len(pending) > threads + 1:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _decode_chunk(
    samples: Samples,
    indices: range,
    preprocessing: ImagePreprocessing,
    one_large_at_a_time: threading.Lock,
    control: Control,
) -> _Chunk:
    chunk = _Chunk([], np.empty(0, np.uint8), np.empty(0, np.uint8), [], [], [])
    pictures: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    tile = preprocessing.tile
    for index in indices:
        control.check()
        try:
            picture = samples.read(index, preprocessing.channels)
            mask = None if samples.read_target is None else _fitting_mask(samples.read_target(index), picture)
        except UnreadableSampleError as reason:
            chunk.problems.append((samples.names[index], str(reason)))
            continue
        if tile is not None:
            parts = cut(picture, tile)
            pictures.extend(parts)
            masks.extend(() if mask is None else cut(mask, tile))
            chunk.rows.extend([index] * len(parts))
            chunk.sizes.extend([picture.shape[:2]] * len(parts))
            continue
        if mask is not None:
            masks.append(resize_mask(mask, preprocessing))
        chunk.rows.append(index)
        chunk.sizes.append(picture.shape[:2])
        pictures.append(_resized_if_large(picture, preprocessing, one_large_at_a_time))
    chunk.masks = np.stack(masks) if masks else np.empty(0, np.uint8)
    chunk.images = np.ascontiguousarray(resize_pictures(pictures, preprocessing))
    chunk.hashes = [hashlib.blake2b(image.data, digest_size=HASH_BYTES).digest() for image in chunk.images]
    return chunk


def _fitting_mask(mask: np.ndarray, picture: np.ndarray) -> np.ndarray:
    if mask.shape != picture.shape[:2]:
        text = _("the mask is {mask_width} x {mask_height}, the picture {width} x {height}")
        raise UnreadableSampleError(text.format(
            mask_width=mask.shape[1], mask_height=mask.shape[0], width=picture.shape[1], height=picture.shape[0]
        ))  # fmt: skip
    return mask


def _resized_if_large(
    picture: np.ndarray, preprocessing: ImagePreprocessing, one_large_at_a_time: threading.Lock
) -> np.ndarray:
    pixels = picture.shape[0] * picture.shape[1]
    if pixels <= _SMALL_PIXELS:
        return picture
    resize: Callable[[], np.ndarray] = lambda: resize_pictures([picture], preprocessing)[0]  # noqa: E731
    if pixels <= _LARGE_PIXELS:
        return resize()
    with one_large_at_a_time:
        return resize()
