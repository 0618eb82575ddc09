"""How pictures of any size are brought to the network's input: Keras layers, part of every saved model.

The cache of decoded data is filled by `resize_pictures`, which calls the same Keras operation with the same arguments
as the layer `resize` in the model; the layer then meets pictures of its own size and changes nothing. Values are
rounded to whole grey levels, as uint8 keeps them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.data.image_settings import ImagePreprocessing
from workbench.data.prepared import PreparedData
from workbench.data.tiles import grown
from workbench.experiment import Experiment

_STATISTICS_CHUNK = 4_000_000


def _resize_arguments(preprocessing: ImagePreprocessing) -> dict[str, Any]:
    return {
        "interpolation": "bilinear",
        "antialias": True,
        "crop_to_aspect_ratio": preprocessing.resize == "crop",
        "pad_to_aspect_ratio": preprocessing.resize == "pad",
        "data_format": "channels_last",
    }


def resize(tensor: Any, preprocessing: ImagePreprocessing) -> Any:
    """Pictures at the input size, float32, whole grey levels 0-255.

    Args:
        tensor: Keras tensor, (batch, None, None, channels), values 0-255.
        preprocessing: size and what happens to other proportions.

    Returns:
        Keras tensor, (batch, height, width, channels).
    """
    import keras

    arguments = _resize_arguments(preprocessing)
    height, above = uncut_height(preprocessing)
    layer = keras.layers.Resizing(height, preprocessing.width, **arguments, dtype="float32", name="resize")
    # Resizing takes training=True for its default and hands it on to every layer after it: without this, calling the
    # saved model bare, `model(pictures)`, would switch dropout and batch normalisation to training.
    resized = keras.ops.round(layer(tensor, training=False))
    if height == preprocessing.height:
        return resized
    below = height - above - preprocessing.height
    return keras.layers.Cropping2D(((above, below), (0, 0)), dtype="float32", name="cut")(resized)


def uncut_height(preprocessing: ImagePreprocessing) -> tuple[int, int]:
    """The height pictures are resized to before rows are cut off, and how many rows are cut off above."""
    top, bottom = preprocessing.crop_top, preprocessing.crop_bottom
    if not (top or bottom):
        return preprocessing.height, 0
    height = max(preprocessing.height, round(preprocessing.height / (1 - top - bottom)))
    rest = height - preprocessing.height
    return height, min(rest, round(rest * top / (top + bottom)))


def scale(tensor: Any, experiment: Experiment, statistics: tuple[np.ndarray, np.ndarray] | None = None) -> Any:
    """Values 0-255 brought to the range the experiment asks for, by a float32 layer named `scale`.

    Args:
        tensor: Keras tensor of grey levels.
        experiment: its preprocessing and its override of the factor.
        statistics: mean and variance per channel (`channel_statistics`); needed for `standardize` only. Without them a
            layer of the right shape is made that changes nothing, for counting parameters.
    """
    import keras

    factor = experiment.overrides.scaling_factor
    scaling = experiment.preprocessing.scaling
    if factor is not None:
        return keras.layers.Rescaling(factor, dtype="float32", name="scale")(tensor)
    if scaling == "symmetric":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(tensor)
    if scaling == "standardize":
        channels = experiment.preprocessing.channels
        mean, variance = statistics if statistics is not None else (np.zeros(channels), np.ones(channels))
        layer = keras.layers.Normalization(
            axis=-1, mean=[float(m) for m in mean], variance=[float(v) for v in variance], dtype="float32", name="scale"
        )
        return layer(tensor)
    return keras.layers.Rescaling(1 / 255, dtype="float32", name="scale")(tensor)


def resize_pictures(pictures: Sequence[np.ndarray], preprocessing: ImagePreprocessing) -> np.ndarray:
    """Pictures at the input size as the model would resize them.

    Args:
        pictures: uint8, each (height, width, channels), of any sizes.
        preprocessing: the input.

    Returns:
        uint8, (n, height, width, channels).
    """
    target = (preprocessing.height, preprocessing.width)
    if preprocessing.tile is not None:
        pictures = [_middle(picture, target) for picture in pictures]
    cut = uncut_height(preprocessing)[0] != preprocessing.height
    result = np.empty((len(pictures), *target, preprocessing.channels), np.uint8)
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, picture in enumerate(pictures):
        if picture.shape[:2] == target and not cut:
            result[index] = picture
        else:
            by_size.setdefault(picture.shape, []).append(index)
    for indices in by_size.values():
        result[indices] = _resize_batch(np.stack([pictures[i] for i in indices]), preprocessing)
    return result


def _middle(picture: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """The tile in the middle of a picture; a tile is its own middle."""
    whole = grown(picture, tile)
    top, left = ((length - side) // 2 for length, side in zip(whole.shape[:2], tile, strict=True))
    return whole[top : top + tile[0], left : left + tile[1]]


def restore_map(values: np.ndarray, shape: tuple[int, int], preprocessing: ImagePreprocessing) -> np.ndarray:
    """A map over the network's input, brought back over the whole picture it belongs to.

    Args:
        values: float, (height, width, channels) of the input.
        shape: height and width of the picture.
        preprocessing: how the picture was brought to the input.

    Returns:
        float32, (*shape, channels), resized bilinearly; what the network did not see repeats the border of what it saw.
    """
    import cv2

    uncut, above = uncut_height(preprocessing)
    height, width = preprocessing.height, preprocessing.width
    picture_height, picture_width = shape
    values = np.pad(values.astype(np.float32), ((above, uncut - above - height), (0, 0), (0, 0)), mode="edge")
    seen_height, seen_width = picture_height, picture_width
    if preprocessing.resize == "crop":
        seen_height = min(picture_height, int(picture_width * uncut / width))
        seen_width = min(picture_width, int(picture_height * width / uncut))
    elif preprocessing.resize == "pad":
        seen_height = max(picture_height, int(picture_width * uncut / width))
        seen_width = max(picture_width, int(picture_height * width / uncut))
    if values.shape[:2] != (seen_height, seen_width):
        values = cv2.resize(values, (seen_width, seen_height), interpolation=cv2.INTER_LINEAR)
        values = values.reshape(seen_height, seen_width, -1)
    top, left = abs(seen_height - picture_height) // 2, abs(seen_width - picture_width) // 2
    if preprocessing.resize == "pad":
        return values[top : top + picture_height, left : left + picture_width]
    bottom, right = picture_height - seen_height - top, picture_width - seen_width - left
    return np.pad(values, ((top, bottom), (left, right), (0, 0)), mode="edge")


def _resize_batch(batch: np.ndarray, preprocessing: ImagePreprocessing) -> np.ndarray:
    import keras

    height, above = uncut_height(preprocessing)
    with keras.device("cpu"):
        resized = keras.ops.image.resize(
            keras.ops.convert_to_tensor(batch.astype(np.float32)),
            (height, preprocessing.width),
            **_resize_arguments(preprocessing),
        )
        pixels = keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.round(resized), "uint8"))
    return pixels[:, above : above + preprocessing.height]


def resize_mask(mask: np.ndarray, preprocessing: ImagePreprocessing) -> np.ndarray:
    """A mask at the input size, by the nearest pixel, cut and padded as its picture is.

    Args:
        mask: class indices, uint8, (height, width).
        preprocessing: the input.

    Returns:
        uint8, (height, width) of the input.
    """
    import cv2

    height, above = uncut_height(preprocessing)
    width = preprocessing.width
    mask_height, mask_width = mask.shape
    # As keras.ops.image.resize does it: whole pixels are cut off or added before the picture is resized.
    if preprocessing.resize == "crop":
        crop_height = min(mask_height, int(mask_width * height / width))
        crop_width = min(mask_width, int(mask_height * width / height))
        top, left = int((mask_height - crop_height) / 2), int((mask_width - crop_width) / 2)
        mask = mask[top : top + crop_height, left : left + crop_width]
    elif preprocessing.resize == "pad":
        pad_height = max(mask_height, int(mask_width * height / width))
        pad_width = max(mask_width, int(mask_height * width / height))
        top, left = int((pad_height - mask_height) / 2), int((pad_width - mask_width) / 2)
        bottom, right = pad_height - mask_height - top, pad_width - mask_width - left
        mask = np.pad(mask, ((top, bottom), (left, right)))
    if mask.shape != (height, width):
        mask = cv2.resize(np.ascontiguousarray(mask), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return mask[above : above + preprocessing.height]


def channel_statistics(data: PreparedData) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every channel over the training split, on the scale 0-255; float64, (channels,).

    A channel that never changes gets the variance of one grey level, so that a picture in which it does change is
    not blown up.
    """
    import cv2

    indices = data.splits["train"]
    rows = max(1, _STATISTICS_CHUNK // int(np.prod(data.inputs.shape[1:])))
    count, total, squares = 0, np.zeros(data.input.channels), np.zeros(data.input.channels)
    for start in range(0, len(indices), rows):
        pixels = data.inputs[indices[start : start + rows]].reshape(-1, 1, data.input.channels)
        mean, deviation = (values.ravel() for values in cv2.meanStdDev(pixels))
        count += len(pixels)
        total += mean * len(pixels)
        squares += (deviation**2 + mean**2) * len(pixels)
    mean = total / max(count, 1)
    return mean, np.maximum(squares / max(count, 1) - mean**2, 1.0)
