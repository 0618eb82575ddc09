"""Saved published networks open in a bare Keras, without a line of ours, and answer alike."""

import subprocess
import sys

import numpy as np
import pytest

from workbench.registry import registry
from workbench.specs import ImageInput

SMALL = {
    "vit_tiny": {"width_multiplier": 0.3, "depth_multiplier": 0.17, "stochastic_depth": 0.2, "dropout": 0.1},
    "densenet121": {"growth_rate": 4, "depth_multiplier": 0.1},
    "convnext_tiny": {"width_multiplier": 0.1, "depth_multiplier": 0.3, "stochastic_depth": 0.5},
    "efficientnet_b0": {"width_multiplier": 0.25, "depth_multiplier": 0.25},
    "alexnet": {"width_multiplier": 0.1, "dense": (8,)},
    "mobilenet_v3_small": {"width_multiplier": 0.2},
}

PROGRAM = """
import sys
from pathlib import Path

import keras
import numpy

pictures = numpy.load("pictures.npy")
for path in Path().glob("*.keras"):
    numpy.save(path.stem, keras.ops.convert_to_numpy(keras.saving.load_model(path)(pictures)))
assert not any(name.startswith("workbench") for name in sys.modules)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The networks, and the folder with their files and what bare Keras answers."""
    import keras

    folder = tmp_path_factory.mktemp("saved")
    pictures = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.save(folder / "pictures.npy", pictures)
    models = {}
    for name, settings in SMALL.items():
        architecture = registry().architectures.get(name)
        inputs = keras.Input((32, 32, 3))
        features = architecture.build(architecture.section(**settings), inputs, ImageInput(32, 32, 3))
        models[name] = keras.Model(inputs, features)
        models[name].save(folder / f"{name}.keras")
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=folder, timeout=120, capture_output=True)
    return models, folder, pictures


@pytest.mark.parametrize("name", SMALL)
def test_bare_keras_answers_alike(name, saved):
    models, folder, pictures = saved
    np.testing.assert_allclose(np.load(folder / f"{name}.npy"), models[name](pictures), atol=1e-5)
