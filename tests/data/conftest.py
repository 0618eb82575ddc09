"""Folders of generated pictures, and experiments on them."""

import numpy as np
import pytest


def encoded(pixels, suffix=".png"):
    """RGB or grey pixels as the bytes of a picture file."""
    import cv2

    pixels = pixels[..., ::-1] if pixels.ndim == 3 and pixels.shape[2] == 3 else pixels
    return cv2.imencode(suffix, np.ascontiguousarray(pixels))[1].tobytes()


def smooth(height, width, seed=0):
    """A picture with soft colours, as photographs have them."""
    import cv2

    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


@pytest.fixture(scope="session")
def encode():
    return encoded


@pytest.fixture(scope="session")
def smooth_picture():
    return smooth


@pytest.fixture
def picture_folder(tmp_path):
    """A maker of folders: class name -> number of pictures, below an optional split folder."""

    def make(classes, size=(20, 24), root="Ảnh của tôi", split="", suffix=".png"):
        folder = tmp_path / root
        for number, (name, count) in enumerate(classes.items()):
            target = folder / split / name
            target.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                seed = 1000 * number + index + 100_000 * len(split)
                (target / f"ảnh {index:03d}{suffix}").write_bytes(encoded(smooth(*size, seed), suffix))
        return folder

    return make


@pytest.fixture(scope="session")
def experiment_on():
    """A maker of experiments on a dataset, with sections as keywords."""

    def make(name, splits=None, preprocessing=None, augmentation=None, **settings):
        from workbench.experiment import from_values

        values = {
            "version": 1,
            "dataset": {"name": name, **settings},
            "architecture": {"name": "simple_cnn"},
            "splits": splits or {},
            "preprocessing": preprocessing or {},
            "augmentation": augmentation or {},
        }
        return from_values(values, "the experiment of the test")

    return make


@pytest.fixture
def prepared(home, experiment_on):
    """A maker of prepared data in a home of its own."""

    def make(name, emit=lambda event: None, **settings):
        from workbench.control import Control
        from workbench.data.prepare import prepare

        return prepare(experiment_on(name, **settings), emit, Control())

    return make
