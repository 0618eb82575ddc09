"""Pictures as they are shown beside an answer: small copies of what was decoded."""

import numpy as np


def shrunk(picture: np.ndarray, longest: int) -> np.ndarray:
    """A copy whose longest side is at most so many pixels; a grey picture (height, width, 1) loses its last axis."""
    import cv2

    height, width = picture.shape[:2]
    pixels = picture[..., 0] if picture.shape[-1] == 1 else picture
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels.copy()
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
