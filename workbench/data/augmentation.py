"""Random changes to training pictures, as one Keras layer in the training graph.

Everything that moves pixels (rotation, shift, shear, zoom, crop) is one affine transform a picture: a picture is
resampled once, however many of them are on, which is several times faster than a layer for each. The layer draws from
one seed generator, whose state is among its variables: set it, and the same changes come again.
"""

import math
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.image_settings import ImageAugmentation
from workbench.data.prepare import prepare
from workbench.data.source import Emit
from workbench.figures import Gallery, Tile
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import AugmentationRequest
from workbench.specs import ImageInput, Motion, TargetSpec

_VARIANTS = 3


def augment(section: ImageAugmentation, input: ImageInput, seed: int) -> Any | None:
    """The layer that changes training pictures, or None when nothing is changed.

    Args:
        section: what is changed, and how much.
        input: the size of the pictures.
        seed: of the layer's seed generator.

    Returns:
        A Keras layer named `augmentation`: (batch, height, width, channels) float32 of values 0-255 to the same.
        Called with `training=False` it changes nothing. Its method `change(pictures, targets, target)` moves targets
        (masks, steering angles) along with their pictures.
    """
    if not section.active:
        return None
    import keras

    class Augmentation(keras.layers.Layer):
        """Needs no registered name: it is part of the training graph only and is never saved."""

        def __init__(self) -> None:
            super().__init__(name="augmentation", dtype="float32", trainable=False)
            self.seed_generator = keras.random.SeedGenerator(seed)

        def call(self, pictures: Any, training: bool = True) -> Any:
            return self._changed(pictures)[0] if training else pictures

        def change(self, pictures: Any, targets: Any, target: TargetSpec) -> tuple[Any, Any]:
            pictures, motion = self._changed(pictures)
            return pictures, target.moved(targets, motion)

        def _changed(self, pictures: Any) -> tuple[Any, Motion]:
            if _moves(section):
                pictures, motion = _moved(pictures, section, input, self.seed_generator)
            else:
                pictures, motion = _flipped(pictures, section, self.seed_generator)
            return _lit(pictures, section, self.seed_generator), motion

        def compute_output_shape(self, input_shape: tuple) -> tuple:
            return input_shape

    return Augmentation()


def _uniform(pictures: Any, amount: float, seed_generator: Any) -> Any:
    """A number in -amount..amount per picture, (batch,)."""
    from keras import ops, random

    return random.uniform((ops.shape(pictures)[0],), -amount, amount, dtype="float32", seed=seed_generator)


def _moves(section: ImageAugmentation) -> bool:
    """Whether pixels come to lie between others, so that the picture is resampled (and flipped on the way)."""
    return any((section.rotation, section.shift, section.shear, section.zoom, section.crop))


def _flipped(pictures: Any, section: ImageAugmentation, seed_generator: Any) -> tuple[Any, Motion]:
    from keras import ops

    flips = []
    for axis, kinds in ((2, ("horizontal", "both")), (1, ("vertical", "both"))):
        if section.flip in kinds:
            flips.append((axis, _uniform(pictures, 1.0, seed_generator) > 0))

    def warp(maps: Any) -> Any:
        for axis, heads in flips:
            maps = ops.where(ops.reshape(heads, (-1, 1, 1, 1)), ops.flip(maps, axis=axis), maps)
        return maps

    mirrored = next((heads for axis, heads in flips if axis == 2), None)
    sign = 1.0 if mirrored is None else ops.where(mirrored, -1.0, 1.0)
    return warp(pictures), Motion(warp, sign, 0.0)


def _moved(pictures: Any, section: ImageAugmentation, input: ImageInput, seed_generator: Any) -> tuple[Any, Motion]:
    """Flip, rotate, shear, zoom about the centre, then shift; from every output pixel back to where it comes from."""
    from keras import ops

    def draw(amount: float) -> Any:
        return _uniform(pictures, amount, seed_generator)

    angle, slant = draw(math.radians(section.rotation)), draw(section.shear)
    cosine, sine = ops.cos(angle), ops.sin(angle)
    shrink = 1.0 / (1.0 + draw(section.zoom))
    # Rotation after shear, after zoom: [[cos, -sin], [sin, cos]] @ [[1, slant], [0, 1]] * shrink
    a, b = cosine * shrink, (cosine * slant - sine) * shrink
    c, d = sine * shrink, (sine * slant + cosine) * shrink
    sign: Any = 1.0
    if section.flip in ("horizontal", "both"):
        sign = ops.where(draw(1.0) > 0, 1.0, -1.0)
        a, c = a * sign, c * sign
    if section.flip in ("vertical", "both"):
        mirror = ops.where(draw(1.0) > 0, 1.0, -1.0)
        b, d = b * mirror, d * mirror
    x_shift, y_shift = draw(section.shift * input.width), draw(section.shift * input.height)
    if section.crop:
        # Cutting the size out of a padded picture is a shift by whole pixels.
        x_shift += ops.round(draw(round(section.crop * input.width) + 0.499))
        y_shift += ops.round(draw(round(section.crop * input.height) + 0.499))
    x_centre, y_centre = (input.width - 1) / 2, (input.height - 1) / 2
    zero = ops.zeros_like(a)
    transforms = ops.stack(
        [
            a, b, x_centre - a * x_centre - b * y_centre + x_shift,
            c, d, y_centre - c * x_centre - d * y_centre + y_shift,
            zero, zero,
        ], axis=1,
    )  # fmt: skip

    def resampled(maps: Any, interpolation: str) -> Any:
        return ops.image.affine_transform(
            maps,
            transforms,
            interpolation=interpolation,
            fill_mode=section.fill,
            fill_value=0.0,
            data_format="channels_last",
        )

    # A picture whose pixels come from further right shows its content further left; mirrored, further right.
    motion = Motion(lambda maps: resampled(maps, "nearest"), sign, -sign * x_shift / input.width)
    return resampled(pictures, "bilinear"), motion


def _lit(pictures: Any, section: ImageAugmentation, seed_generator: Any) -> Any:
    if not (section.brightness or section.contrast):
        return pictures
    from keras import ops

    if section.contrast:
        factor = ops.reshape(1.0 + _uniform(pictures, section.contrast, seed_generator), (-1, 1, 1, 1))
        mean = ops.mean(pictures, axis=(1, 2), keepdims=True)
        pictures = (pictures - mean) * factor + mean
    if section.brightness:
        pictures += ops.reshape(_uniform(pictures, 255.0 * section.brightness, seed_generator), (-1, 1, 1, 1))
    return ops.clip(pictures, 0.0, 255.0)


def preview(request: AugmentationRequest, emit: Emit, control: Control) -> Gallery:
    """Some training samples as they are, each followed by what augmentation makes of it.

    Args:
        request: the experiment, how many samples, and a seed: another seed shows other changes.
        emit: takes `Progress` events when the data have to be decoded first.
        control: a stop ends it.
    """
    data = prepare(request.experiment, emit, control)
    task = registry().tasks.get(request.experiment.task.name)
    kind = registry().inputs.get(data.input.kind)
    training = data.splits["train"]
    strata = data.target.strata(data.targets[training])
    rows = _one_of_each_stratum(training, strata, request.count)
    section = request.experiment.augmentation
    layer = kind.augment(section, data.input, request.seed)
    before, targets = data.inputs[rows], data.targets[rows]
    after = [_variant(layer, before, targets, data.target) for _number in range(_VARIANTS)]
    tiles = []
    for number in range(len(rows)):
        for pixels, values in ((before, targets), *after):
            told = pixels is before or data.target.moves
            caption = task.describe(values[number], data.target) if told else _("changed")
            tiles.append(Tile(task.paint(_shown(pixels[number]), values[number], data.target), caption))
    note = "" if section.active else _("No augmentation is switched on: nothing is changed.")
    return Gallery(_("Augmentation"), tuple(tiles), columns=1 + _VARIANTS, note=note)


def _variant(layer: Any, pictures: np.ndarray, targets: np.ndarray, target: TargetSpec) -> tuple[Any, Any]:
    """Pictures and targets as one call of the layer leaves them."""
    if layer is None:
        return pictures, targets
    from keras import ops

    if not target.moves:
        return _as_pixels(layer(pictures.astype(np.float32))), targets
    # Shown in their own units: nothing is scaled for learning here.
    moved, values = layer.change(pictures.astype(np.float32), targets.astype(np.float32), target.unscaled)
    return _as_pixels(moved), ops.convert_to_numpy(values).astype(targets.dtype)


def _one_of_each_stratum(indices: np.ndarray, strata: np.ndarray | None, count: int) -> np.ndarray:
    """The first samples of different strata, then the second ones, and so on."""
    if strata is None:
        return indices[:: max(1, len(indices) // count)][:count]
    rank = np.zeros(len(indices), np.int64)
    for value in np.unique(strata):
        members = np.flatnonzero(strata == value)
        rank[members] = np.arange(len(members))
    return indices[np.lexsort((strata, rank))[:count]]


def _as_pixels(tensor: Any) -> np.ndarray:
    from keras import ops

    return np.clip(np.round(ops.convert_to_numpy(tensor)), 0, 255).astype(np.uint8)


def _shown(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[..., 0] if picture.shape[2] == 1 else picture)
