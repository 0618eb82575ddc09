"""Tiles cover a picture and give it back; maps over the input come back over the picture they belong to."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.image_settings import ImagePreprocessing
from workbench.data.preprocessing import resize_mask, restore_map
from workbench.data.tiles import OVERLAP, cut, joined, tile_corners

sides = st.integers(4, 40)


@settings(deadline=None, max_examples=60)
@given(sides, sides, sides, sides, st.sampled_from([0.0, OVERLAP, 0.5]))
def test_a_picture_cut_into_tiles_is_joined_to_the_same_picture(height, width, tile_height, tile_width, overlap):
    picture = np.random.default_rng(0).random((height, width, 2)).astype(np.float32)
    tiles = cut(picture, (tile_height, tile_width), overlap)
    assert tiles.shape[1:] == (tile_height, tile_width, 2)
    np.testing.assert_allclose(joined(tiles, height, width, overlap), picture, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.integers(8, 60), st.integers(8, 60), st.integers(4, 8))
def test_neighbouring_tiles_have_at_least_the_overlap_in_common(height, width, side):
    corners = tile_corners(height, width, (side, side), 0.5)
    for axis in (0, 1):
        starts = sorted({corner[axis] for corner in corners})
        assert starts[0] == 0
        assert starts[-1] == (height, width)[axis] - side
        assert all(second - first <= side - int(0.5 * side) for first, second in pairwise(starts))


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", [(90, 60), (60, 90), (48, 48)])
@pytest.mark.parametrize("cut_off", [{}, {"crop_top": 0.25, "crop_bottom": 0.125}])
def test_a_map_over_the_input_comes_back_to_its_place_in_the_picture(mode, shape, cut_off):
    preprocessing = ImagePreprocessing(height=48, width=48, channels=1, resize=mode, **cut_off)
    rows, columns = np.mgrid[0.5 : shape[0] + 0.5, 0.5 : shape[1] + 0.5]
    disc = ((rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < (min(shape) / 5) ** 2).astype(np.uint8)
    seen = resize_mask(disc, preprocessing)
    assert seen.shape == (48, 48)
    back = restore_map(seen[..., None].astype(np.float32), shape, preprocessing)[..., 0] > 0.5
    assert back.shape == shape
    both, either = (back & (disc > 0)).sum(), (back | (disc > 0)).sum()
    assert both / either > 0.85
