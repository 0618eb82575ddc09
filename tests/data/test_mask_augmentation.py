"""Augmentation moves a picture and its mask together, whatever is switched on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.augmentation import augment
from workbench.data.image_settings import ImageAugmentation
from workbench.specs import ImageInput, MaskTarget

HEIGHT, WIDTH, BLOCK = 40, 48, 8
TARGET = MaskTarget(("ground", "thing"))


def blocks(seed, count=4):
    """Masks of 8 px blocks, and the pictures that show just that: 0 for the first class, 255 for the second."""
    coarse = np.random.default_rng(seed).integers(0, 2, (count, HEIGHT // BLOCK, WIDTH // BLOCK))
    masks = np.kron(coarse, np.ones((BLOCK, BLOCK), int)).astype(np.uint8)
    return masks, masks[..., None].astype(np.float32) * 255


motions = st.fixed_dictionaries(
    {
        "flip": st.sampled_from(["none", "horizontal", "vertical", "both"]),
        "rotation": st.sampled_from([0.0, 15.0, 180.0]),
        "shift": st.sampled_from([0.0, 0.1, 0.4]),
        "shear": st.sampled_from([0.0, 0.2]),
        "zoom": st.sampled_from([0.0, 0.3]),
        "crop": st.sampled_from([0.0, 0.1]),
        "fill": st.sampled_from(["nearest", "reflect", "constant"]),
    }
)


@settings(deadline=None, max_examples=20)
@given(motions, st.integers(0, 10_000))
def test_the_moved_mask_is_the_mask_of_the_moved_picture(motion, seed):
    """Where the moved picture is purely one class, so is the mask; between two classes pixels are mixtures."""
    from keras import ops

    masks, pictures = blocks(seed)
    layer = augment(ImageAugmentation(**motion), ImageInput(HEIGHT, WIDTH, 1), seed)
    if layer is None:
        return
    moved, moved_masks = (ops.convert_to_numpy(part) for part in layer.change(pictures, masks, TARGET))
    assert moved_masks.shape == masks.shape
    ground, thing = moved[..., 0] < 0.01, moved[..., 0] > 254.99
    assert (moved_masks[ground] == 0).all()
    assert (moved_masks[thing] == 1).all()
    assert (ground | thing).mean() > 0.4
    if motion["flip"] == "none" and not any(motion[name] for name in ("rotation", "shift", "shear", "zoom", "crop")):
        np.testing.assert_array_equal(moved_masks, masks)


def test_light_changes_leave_masks_alone_and_masks_follow_a_visible_move():
    from keras import ops

    masks, pictures = blocks(0, count=8)
    size = ImageInput(HEIGHT, WIDTH, 1)
    lit = augment(ImageAugmentation(brightness=0.3, contrast=0.3), size, 0)
    same = ops.convert_to_numpy(lit.change(pictures, masks, TARGET)[1])
    np.testing.assert_array_equal(same, masks)
    turned = augment(ImageAugmentation(rotation=90.0, flip="both"), size, 0)
    moved = ops.convert_to_numpy(turned.change(pictures, masks, TARGET)[1])
    assert (moved != masks).mean() > 0.2
    assert set(np.unique(moved)) == {0, 1}
