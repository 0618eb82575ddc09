"""How pictures of any size are brought to the network's input: Keras layers, part of every saved model.

The cache of decoded data is filled by `resize_pictures`, which calls the same Keras operation with the same arguments
as the layer `resize` in the model; the layer then meets pictures of its own size and changes nothing. Values are
rounded to whole grey levels, as uint8 keeps them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.data.prepared import PreparedData
from workbench.experiment import Experiment, PreprocessingSection

_STATISTICS_CHUNK = 4_000_000


def _resize_arguments(preprocessing: PreprocessingSection) -> dict[str, Any]:
    return {
        "interpolation": "bilinear",
        "antialias": True,
        "crop_to_aspect_ratio": preprocessing.resize == "crop",
        "pad_to_aspect_ratio": preprocessing.resize == "pad",
        "data_format": "channels_last",
    }


def resize(tensor: Any, preprocessing: PreprocessingSection) -> Any:
    """Pictures at the input size, float32, whole grey levels 0-255.

    Args:
        tensor: Keras tensor, (batch, None, None, channels), values 0-255.
        preprocessing: size and what happens to other proportions.

    Returns:
        Keras tensor, (batch, height, width, channels).
    """
    import keras

    arguments = _resize_arguments(preprocessing)
    layer = keras.layers.Resizing(
        preprocessing.height, preprocessing.width, **arguments, dtype="float32", name="resize"
    )
    # Resizing takes training=True for its default and hands it on to every layer after it: without this, calling the
    # saved model bare, `model(pictures)`, would switch dropout and batch normalisation to training.
    return keras.ops.round(layer(tensor, training=False))


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


def resize_pictures(pictures: Sequence[np.ndarray], preprocessing: PreprocessingSection) -> np.ndarray:
    """Pictures at the input size as the model would resize them.

    Args:
        pictures: uint8, each (height, width, channels), of any sizes.
        preprocessing: the input.

    Returns:
        uint8, (n, height, width, channels).
    """
    target = (preprocessing.height, preprocessing.width)
    result = np.empty((len(pictures), *target, preprocessing.channels), np.uint8)
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, picture in enumerate(pictures):
        if picture.shape[:2] == target:
            result[index] = picture
        else:
            by_size.setdefault(picture.shape, []).append(index)
    for indices in by_size.values():
        result[indices] = _resize_batch(np.stack([pictures[i] for i in indices]), preprocessing)
    return result


def _resize_batch(batch: np.ndarray, preprocessing: PreprocessingSection) -> np.ndarray:
    import keras

    with keras.device("cpu"):
        resized = keras.ops.image.resize(
            keras.ops.convert_to_tensor(batch.astype(np.float32)),
            (preprocessing.height, preprocessing.width),
            **_resize_arguments(preprocessing),
        )
        return keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.round(resized), "uint8"))


def channel_statistics(data: PreparedData) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every channel over the training split, on the scale 0-255; float64, (channels,).

    A channel that never changes gets the variance of one grey level, so that a picture in which it does change is
    not blown up.
    """
    import cv2

    indices = data.splits["train"]
    rows = max(1, _STATISTICS_CHUNK // int(np.prod(data.images.shape[1:])))
    count, total, squares = 0, np.zeros(data.input.channels), np.zeros(data.input.channels)
    for start in range(0, len(indices), rows):
        pixels = data.images[indices[start : start + rows]].reshape(-1, 1, data.input.channels)
        mean, deviation = (values.ravel() for values in cv2.meanStdDev(pixels))
        count += len(pixels)
        total += mean * len(pixels)
        squares += (deviation**2 + mean**2) * len(pixels)
    mean = total / max(count, 1)
    return mean, np.maximum(squares / max(count, 1) - mean**2, 1.0)
