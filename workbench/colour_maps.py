"""Perceptually uniform colour maps and readable text colours, without Qt and without plotting libraries.

`VIRIDIS` (van der Walt and Smith, 2015) draws values that lie over or stand for pictures. `ramp` makes a map for
tables of numbers that begins near the background it stands on: even steps in OKLab (Ottosson, 2020) are even steps
for the eye.
"""

import numpy as np

# Every fifteenth colour of viridis; straight lines between them stay within 5 of 255 levels of it.
_VIRIDIS_STEPS = (
    "440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e "
    "1f978b 21a585 2eb37c 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725"
)  # fmt: skip

_LMS_FROM_LINEAR = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB_FROM_ROOTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _rgb(hexadecimal: str) -> tuple[int, int, int]:
    text = hexadecimal.removeprefix("#")
    return (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16))


def _interpolate(colours: np.ndarray) -> np.ndarray:
    positions = np.linspace(0, 255, len(colours))
    channels = [np.interp(np.arange(256), positions, colours[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1)


VIRIDIS = _interpolate(np.array([_rgb(step) for step in _VIRIDIS_STEPS.split()], float)).round().astype(np.uint8)


def ramp(*colours: str) -> np.ndarray:
    """256 colours through two or more ("#rrggbb") in even steps for the eye, uint8, shape (256, 3)."""
    return _from_oklab(_interpolate(np.stack([_to_oklab(_rgb(each)) for each in colours])))


def colour(values: np.ndarray, colours: np.ndarray = VIRIDIS) -> np.ndarray:
    """Values in [0, 1] as uint8 RGB, shape (*values.shape, 3); what is no number is drawn as 0."""
    clean = np.clip(np.nan_to_num(np.asarray(values, np.float32)), 0.0, 1.0)
    return colours[(clean * 255).round().astype(np.uint8)]


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance as WCAG 2 defines it, of uint8 RGB with shape (..., 3)."""
    return _linear(np.asarray(rgb)) @ np.array([0.2126, 0.7152, 0.0722])


def contrast(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    one, other = luminance(first) + 0.05, luminance(second) + 0.05
    return np.maximum(one, other) / np.minimum(one, other)


def dark_text_reads_better(rgb: np.ndarray) -> np.ndarray:
    """Whether black stands out more than white; the better of the two always reaches a contrast of 4.58."""
    return luminance(rgb) + 0.05 > np.sqrt(1.05 * 0.05)


def _linear(rgb: np.ndarray) -> np.ndarray:
    share = rgb / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _to_oklab(rgb: tuple[int, int, int]) -> np.ndarray:
    return _LAB_FROM_ROOTS @ np.cbrt(_LMS_FROM_LINEAR @ _linear(np.array(rgb, float)))


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    roots = lab @ np.linalg.inv(_LAB_FROM_ROOTS).T
    linear = np.clip(roots**3 @ np.linalg.inv(_LMS_FROM_LINEAR).T, 0.0, 1.0)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (share * 255).round().astype(np.uint8)


# For numbers around 0: blue below, red above, as light as each other.
DIVERGING = ramp("#2464b8", "#f5f5f5", "#b1381b")
