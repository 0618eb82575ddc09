"""Pictures: decoded once into the cache, resized and scaled inside the model, dropped, pasted or drawn to predict."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data import cache
from workbench.data.augmentation import augment
from workbench.data.decoding import PICTURE_SUFFIXES, decode_bytes, decode_file
from workbench.data.filling import HASH_BYTES, fill
from workbench.data.image_code import image_code
from workbench.data.image_settings import ImageAugmentation, ImagePreprocessing
from workbench.data.input_kind import Asked, InputCode, InputKind, Loaded
from workbench.data.prepared import PreparedData
from workbench.data.preprocessing import (
    channel_statistics,
    resize,
    resize_pictures,
    restore_map,
    scale,
    uncut_height,
)
from workbench.data.source import Emit, Samples, UnreadableSampleError
from workbench.data.tiles import OVERLAP, cut, joined
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.figures import Figure, Gallery, Table, Tile
from workbench.i18n import _, mark
from workbench.specs import ImageInput

_SIZES_LISTED = 20
_TILES_AT_ONCE = 16


class Pictures(InputKind):
    """Pictures, uint8."""

    name = ImageInput.kind
    title = mark("Pictures")
    help = mark("Photographs, drawings, scans: anything with pixels.")
    preprocessing = ImagePreprocessing
    augmentation = ImageAugmentation

    def planned(self, preprocessing: ImagePreprocessing) -> ImageInput:
        """See `InputKind.planned`."""
        return preprocessing.spec

    def load(self, samples: Samples, experiment: Experiment, emit: Emit, control: Control) -> Loaded:
        """Decode and resize every picture once, into the cache."""
        preprocessing = experiment.preprocessing
        if preprocessing.tile is not None and samples.read_target is None:
            raise UserError(_(
                "Only pictures with masks can be cut into tiles: a part of a picture need not have what the whole has. "
                "Choose another way to resize."
            ))  # fmt: skip
        name = _cache_key(samples, preprocessing)
        entry = cache.open_entry(name)
        while entry is None:
            # Twice only when another process deletes what this one has just filled.
            _fill_entry(name, samples, preprocessing, emit, control)
            entry = cache.open_entry(name)
        targets = samples.targets[entry.rows] if entry.targets is None else entry.targets
        return Loaded(
            entry.images, targets, entry.rows, entry.hashes, entry.sizes, entry.problems, preprocessing.spec
        )  # fmt: skip

    def statistics(self, data: PreparedData, preprocessing: ImagePreprocessing) -> Any:
        """Mean and variance of the channels, where they are used."""
        return channel_statistics(data) if preprocessing.scaling == "standardize" else None

    def enter(self, spec: ImageInput, preprocessing: ImagePreprocessing) -> tuple[Any, Any]:
        """A picture of any size (or a tile), and the same at the size of the input."""
        import keras

        if preprocessing.tile is not None:
            image = keras.Input(shape=spec.shape, name="image")
            return image, image
        image = keras.Input(shape=(None, None, spec.channels), name="image")
        return image, resize(image, preprocessing)

    def scale(self, prepared: Any, experiment: Experiment, spec: ImageInput, statistics: Any) -> Any:
        """See `workbench.data.preprocessing.scale`."""
        return scale(prepared, experiment, statistics)

    def learn(self, spec: ImageInput) -> tuple[Any, Any]:
        """Resized pictures as the cache holds them."""
        import keras

        pixels = keras.Input(shape=spec.shape, dtype="uint8", name="pixels")
        return pixels, keras.ops.cast(pixels, "float32")

    def augment(self, section: ImageAugmentation, spec: ImageInput, seed: int) -> Any | None:
        """See `workbench.data.augmentation.augment`."""
        return augment(section, spec, seed)

    def front(self, spec: ImageInput, preprocessing: ImagePreprocessing) -> tuple[tuple[str, str, tuple], ...]:
        """Resizing, cutting, scaling."""
        if preprocessing.tile is not None:
            return (("image", "input", spec.shape), ("scale", "scale", spec.shape))
        rows = [("image", "input", (None, None, spec.channels))]
        height = uncut_height(preprocessing)[0]
        rows.append(("resize", "resize", (height, spec.width, spec.channels)))
        if height != spec.height:
            rows.append(("cut", "cut", spec.shape))
        return (*rows, ("scale", "scale", spec.shape))

    def asked(
        self,
        paths: Sequence[str],
        content: bytes,
        rows: Sequence[dict[str, Any]],
        spec: ImageInput,
        control: Control,
    ) -> Iterator[Asked]:
        """Picture files, those in folders and the folders within, and an encoded picture."""
        yield from (Asked(error=_("this model takes pictures, not rows of a table"), row=row) for row in rows)
        found: list[Asked] = [Asked()] if content else []
        for path in paths:
            found.extend(_found_at(path))
        for item in found:
            control.check()
            start = time.perf_counter()
            picture, error = None, item.error
            if not error:
                try:
                    picture = (
                        decode_file(Path(item.path).expanduser(), spec.channels)
                        if item.path
                        else decode_bytes(content, spec.channels)
                    )
                except UnreadableSampleError as reason:
                    error = str(reason)
            yield Asked(item.path, "", picture, error, time.perf_counter() - start, total=len(found))

    def stacked(self, samples: Sequence[np.ndarray], spec: ImageInput, preprocessing: ImagePreprocessing) -> np.ndarray:
        """Decoded pictures of any size at the size of the input, by the same code as inside the model."""
        return resize_pictures(samples, preprocessing)

    def predicted(
        self,
        outputs: Callable[[np.ndarray], np.ndarray],
        samples: Sequence[np.ndarray],
        spec: ImageInput,
        preprocessing: ImagePreprocessing,
    ) -> list[np.ndarray]:
        """As `InputKind.predicted`; an answer for every pixel covers the whole picture, from tiles where it is cut."""
        if preprocessing.tile is None:
            answers = outputs(self.stacked(samples, spec, preprocessing))
            if answers.ndim != 4:
                return list(answers)
            return [
                restore_map(answer, sample.shape[:2], preprocessing)
                for answer, sample in zip(answers, samples, strict=True)
            ]
        return [_by_tiles(outputs, sample, preprocessing.tile) for sample in samples]

    def show(
        self,
        data: PreparedData,
        indices: Sequence[int],
        caption: Callable[[int], str],
        paint: Callable[[np.ndarray, int], np.ndarray],
        numbers: Sequence[int],
        title: str,
    ) -> Figure:
        """A gallery."""
        tiles = []
        for index, number in zip(indices, numbers, strict=True):
            picture = np.array(data.inputs[index])
            pixels = paint(picture[..., 0] if picture.shape[-1] == 1 else picture, index)
            tiles.append(Tile(np.ascontiguousarray(pixels), caption(index), int(number), name=data.names[index]))
        note = _("As the network sees them: {height} x {width} pixels.").format(
            height=data.input.height, width=data.input.width
        )
        return Gallery(title, tuple(tiles), note=note)

    def describe(self, data: PreparedData) -> tuple[Figure, ...]:
        """The sizes the pictures had."""
        return (_sizes(data),)

    def keras_code(
        self, experiment: Experiment, spec: ImageInput, model: Any, moved: str | None, maps: bool
    ) -> InputCode:
        """See `workbench.data.image_code`."""
        return image_code(experiment, spec, model, moved, maps)


def _by_tiles(outputs: Callable[[np.ndarray], np.ndarray], picture: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    parts = cut(picture, tile, OVERLAP)
    maps = [outputs(parts[start : start + _TILES_AT_ONCE]) for start in range(0, len(parts), _TILES_AT_ONCE)]
    return joined(np.concatenate(maps), *picture.shape[:2])


def _cache_key(samples: Samples, preprocessing: ImagePreprocessing) -> str:
    shape = (preprocessing.height, preprocessing.width, preprocessing.channels)
    cut = (preprocessing.crop_top, preprocessing.crop_bottom)
    parts = (*shape, preprocessing.resize, *(cut if any(cut) else ()))
    return cache.key(samples.fingerprint, *parts)


def _fill_entry(name: str, samples: Samples, preprocessing: ImagePreprocessing, emit: Emit, control: Control) -> None:
    pixels = preprocessing.height * preprocessing.width
    image_bytes = pixels * (preprocessing.channels + (samples.read_target is not None))
    with cache.filling(name, control) as folder:
        if folder is None:
            return
        cache.make_room(len(samples.names) * (image_bytes + HASH_BYTES + 16))
        fill(folder, samples, preprocessing, emit, control)


def _found_at(path: str) -> Iterator[Asked]:
    """A file as it was given; the pictures in a folder and the folders within."""
    place = Path(path).expanduser()
    if not place.is_dir():
        yield Asked(path)
        return
    pictures = sorted(file for file in place.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())
    if not pictures:
        yield Asked(path, error=_("the folder holds no pictures"))
    yield from (Asked(str(file)) for file in pictures)


def _sizes(data: PreparedData) -> Table:
    counts = Counter(map(tuple, data.original_sizes[data.used].tolist()))
    rows = [(f"{width} x {height}", count) for (height, width), count in counts.most_common(_SIZES_LISTED)]
    rest = len(counts) - len(rows)
    smallest, largest = min(counts, key=np.prod), max(counts, key=np.prod)
    note = ""
    if len(counts) > 1:
        note = _("{count} sizes, from {smallest} to {largest} (width x height).").format(
            count=len(counts), smallest=f"{smallest[1]} x {smallest[0]}", largest=f"{largest[1]} x {largest[0]}"
        )
    if rest > 0:
        note += " " + _("{rest} rarer ones are not listed.").format(rest=rest)
    return Table(_("Picture sizes"), (_("width x height"), _("pictures")), tuple(rows), note=note)


def register(registry: Any) -> None:
    """Add the kind."""
    registry.inputs.add(Pictures())
