"""Pictures in which there is nothing to see: what integrated gradients start from."""

from typing import Literal

import numpy as np

from workbench.i18n import mark

Baseline = Literal["black", "white", "grey", "mean", "blurred", "noise"]
LABELS = {
    "black": mark("Black"),
    "white": mark("White"),
    "grey": mark("Grey"),
    "mean": mark("The picture's mean colour"),
    "blurred": mark("The picture, blurred"),
    "noise": mark("Noise"),
}
_BLUR = 0.1  # standard deviation as a share of the shorter side
_SEED = 0


def baseline(name: Baseline, picture: np.ndarray, white: float) -> np.ndarray:
    """The picture without its content, float32 (rows, columns, channels).

    Args:
        name: which.
        picture: (rows, columns, channels) as the network takes it.
        white: the value of white in it; black is 0.
    """
    picture = picture.astype(np.float32)
    match name:
        case "black":
            return np.zeros_like(picture)
        case "white":
            return np.full_like(picture, white)
        case "grey":
            return np.full_like(picture, white / 2)
        case "mean":
            return np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape).copy()
        case "blurred":
            return _blurred(picture)
        case "noise":
            return np.random.default_rng(_SEED).uniform(0, white, picture.shape).astype(np.float32)


def _blurred(picture: np.ndarray) -> np.ndarray:
    import cv2

    sigma = _BLUR * min(picture.shape[:2])
    blurred = cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.5), borderType=cv2.BORDER_REPLICATE)
    return blurred.reshape(picture.shape)
