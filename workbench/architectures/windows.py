"""How far a sliding window reaches: the output sizes of convolutions and poolings, as Keras computes them.

The arithmetic is that of "A guide to convolution arithmetic for deep learning" (Dumoulin & Visin, 2016).
"""

from workbench.i18n import _


class ImpossibleLayerError(Exception):
    """A layer cannot stand where it stands; the message says why, in plain words."""


def window_output(size: int, window: int, stride: int, padding: str, dilation: int = 1) -> int:
    """Positions of a window along one side; below 1 when it does not fit."""
    if padding == "same":
        return -(-size // stride)
    return (size - dilation * (window - 1) - 1) // stride + 1


def window_formula(size: int, window: int, stride: int, padding: str, dilation: int = 1) -> str:
    """The same with the numbers in it."""
    positions = window_output(size, window, stride, padding, dilation)
    if padding == "same":
        return f"⌈{size} / {stride}⌉ = {positions}"
    reach = str(window) if dilation == 1 else f"({dilation} × ({window} − 1) + 1)"
    return f"⌊({size} − {reach}) / {stride}⌋ + 1 = {positions}"


def slide(
    shape: tuple[int, ...], window: int, stride: int, padding: str, what: str, dilation: int = 1
) -> tuple[int, int]:
    """Rows and columns after a square window went over a picture.

    Args:
        shape: height, width and channels of the picture.
        window: side of the window.
        stride: step of the window.
        padding: `valid` or `same`.
        what: the window in words ("kernel"), for the message.
        dilation: distance between neighbouring points of the window.

    Raises:
        ImpossibleLayerError: the window is larger than the picture and nothing is padded.
    """
    height, width, _channels = shape
    reach = dilation * (window - 1) + 1
    if padding == "valid" and (reach > height or reach > width):
        raise ImpossibleLayerError(
            _(
                "The {what} of {reach} × {reach} is larger than its input of {height} × {width}. "
                "Make it smaller, pad with “same”, pool less before it, or enlarge the input."
            ).format(what=what, reach=reach, height=height, width=width)
        )
    return (
        window_output(height, window, stride, padding, dilation),
        window_output(width, window, stride, padding, dilation),
    )


def require_picture(shape: tuple[int, ...], what: str) -> None:
    """Raise `ImpossibleLayerError` unless the shape is one of height, width and channels."""
    if len(shape) != 3:
        raise ImpossibleLayerError(
            _(
                "{what} needs rows and columns, but the layers before it left a flat list of {count} numbers. "
                "Move it before the flattening or global pooling."
            ).format(what=what, count=shape[0])
        )
