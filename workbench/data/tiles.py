"""Pictures larger than the input, cut into tiles at full size; and maps of tiles laid together to one again."""

import numpy as np

OVERLAP = 0.25


def tile_corners(height: int, width: int, tile: tuple[int, int], overlap: float = 0.0) -> list[tuple[int, int]]:
    """Top left corners of tiles that cover a picture, row by row; the last of a row ends at the border.

    Args:
        height: of the picture, at least the tile's; `width` likewise.
        width: see `height`.
        tile: height and width.
        overlap: the least share of a tile's side that neighbours have in common.
    """
    tops, lefts = (_starts(length, side, overlap) for length, side in zip((height, width), tile, strict=True))
    return [(top, left) for top in tops for left in lefts]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    step = max(1, round(side * (1 - overlap)))
    count = 1 + max(0, -(-(length - side) // step))
    return [round(number * (length - side) / max(1, count - 1)) for number in range(count)]


def grown(picture: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """The picture (or mask), mirrored at its lower and right border where it is smaller than a tile."""
    missing = [max(0, side - length) for side, length in zip(tile, picture.shape[:2], strict=True)]
    if not any(missing):
        return picture
    around = [(0, missing[0]), (0, missing[1]), *[(0, 0)] * (picture.ndim - 2)]
    return np.pad(picture, around, mode="symmetric")


def cut(picture: np.ndarray, tile: tuple[int, int], overlap: float = 0.0) -> np.ndarray:
    """All tiles of a picture or mask, (n, *tile, ...)."""
    whole = grown(picture, tile)
    corners = tile_corners(*whole.shape[:2], tile, overlap)
    return np.stack([whole[top : top + tile[0], left : left + tile[1]] for top, left in corners])


def joined(maps: np.ndarray, height: int, width: int, overlap: float = OVERLAP) -> np.ndarray:
    """One map from those of the tiles that `cut` made with the same overlap.

    Where tiles overlap, each counts the more the nearer its own centre is, so that no seam shows.

    Args:
        maps: (n, tile height, tile width, channels).
        height: of the picture; `width` likewise.
        width: see `height`.
        overlap: as the tiles were cut.

    Returns:
        float32, (height, width, channels).
    """
    tile = maps.shape[1:3]
    whole = (max(height, tile[0]), max(width, tile[1]))
    total = np.zeros((*whole, maps.shape[3]), np.float32)
    weights = np.zeros((*whole, 1), np.float32)
    weight = np.minimum.outer(_ramp(tile[0]), _ramp(tile[1]))[..., None]
    for (top, left), part in zip(tile_corners(*whole, tile, overlap), maps, strict=True):
        total[top : top + tile[0], left : left + tile[1]] += part * weight
        weights[top : top + tile[0], left : left + tile[1]] += weight
    return (total / weights)[:height, :width]


def _ramp(side: int) -> np.ndarray:
    """From near 0 at both borders to 1 in the middle."""
    steps = np.arange(1, side + 1, dtype=np.float32)
    return np.minimum(steps, steps[::-1]) / ((side + 1) / 2)
