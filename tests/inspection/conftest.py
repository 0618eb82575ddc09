"""Small models with known answers, and a run folder around one."""

import numpy as np
import pytest

RED_LEFT_BLUE_RIGHT = np.zeros((40, 60, 3), np.uint8)
RED_LEFT_BLUE_RIGHT[10:30, 5:25, 0] = 250
RED_LEFT_BLUE_RIGHT[10:30, 40:55, 2] = 200


def encoded(pixels, suffix=".png"):
    """RGB pixels as the bytes of a picture file."""
    import cv2

    return cv2.imencode(suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def colour_network(units=3, activation="softmax"):
    """One map per colour, each class the mean of one: what it looks at is known exactly."""
    import keras

    from workbench.data.image_settings import ImagePreprocessing
    from workbench.data.preprocessing import resize

    image = keras.Input((None, None, 3), name="image")
    resized = resize(image, ImagePreprocessing(height=20, width=30, channels=3))
    scaled = keras.layers.Rescaling(1 / 255, name="scale")(resized)
    maps = keras.layers.Conv2D(3, 1, name="colours")(scaled)
    features = keras.layers.GlobalAveragePooling2D(name="means")(maps)
    logits = keras.layers.Dense(units, name="logits")(features)
    model = keras.Model(image, keras.layers.Activation(activation, name="output")(logits))
    model.get_layer("colours").set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3, np.float32)])
    weights = np.eye(3, dtype=np.float32) if units == 3 else np.array([[-1.0], [0.0], [1.0]], np.float32)
    model.get_layer("logits").set_weights([5 * weights, np.zeros(units, np.float32)])
    return model


def about(names, height=20, width=30, channels=3):
    """A description as it stands in the saved file."""
    from workbench.specs import ClassTarget, ImageInput, spec_to_json

    return {
        "task": "classification",
        "input": spec_to_json(ImageInput(height, width, channels)),
        "target": spec_to_json(ClassTarget(tuple(names))),
        "preprocessing": {"height": height, "width": width, "channels": channels, "resize": "stretch"},
    }


@pytest.fixture(scope="session")
def colour_file(tmp_path_factory):
    """The colour network as a saved model."""
    from workbench.runs.model_file import save_model

    path = tmp_path_factory.mktemp("Mô hình") / "colours.keras"
    save_model(colour_network(), path, about(("red", "green", "blue")))
    return path


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A run folder on the digits with a model that was fitted for a moment."""
    import keras

    from workbench.control import Control
    from workbench.data.prepare import prepare
    from workbench.data.preprocessing import resize
    from workbench.experiment import new_experiment
    from workbench.experiment_toml import write_experiment
    from workbench.runs.model_file import describe_model, save_model

    experiment = new_experiment()
    data = prepare(experiment, lambda event: None, Control())
    keras.utils.set_random_seed(1)
    image = keras.Input((None, None, 1), name="image")
    hidden = keras.layers.Rescaling(1 / 255, name="scale")(resize(image, experiment.preprocessing))
    hidden = keras.layers.Conv2D(8, 3, activation="relu", name="first")(hidden)
    hidden = keras.layers.MaxPooling2D(2, name="pool")(hidden)
    hidden = keras.layers.Conv2D(12, 3, strides=2, activation="relu", name="second")(hidden)
    hidden = keras.layers.Flatten(name="flat")(hidden)
    logits = keras.layers.Dense(10, name="logits")(hidden)
    model = keras.Model(image, keras.layers.Activation("softmax", name="output")(logits))
    model.compile("adam", "sparse_categorical_crossentropy")
    train = data.splits["train"]
    model.fit(np.asarray(data.inputs[train]), data.targets[train], epochs=2, batch_size=64, verbose=0)
    folder = tmp_path_factory.mktemp("runs") / "digits run"
    folder.mkdir()
    write_experiment(experiment, folder / "experiment.toml")
    save_model(model, folder / "model.keras", describe_model(experiment, data.input, data.target))
    return folder


@pytest.fixture(scope="session")
def colour_model():
    """The colour network itself."""
    return colour_network()


@pytest.fixture(scope="session")
def red_left_blue_right():
    """A picture with a red square on its left and a blue one on its right, 40 x 60."""
    return RED_LEFT_BLUE_RIGHT


@pytest.fixture(scope="session")
def picture_bytes():
    """The same as the bytes of a PNG."""
    return encoded(RED_LEFT_BLUE_RIGHT)


@pytest.fixture(scope="session")
def encode():
    """The function from pixels to the bytes of a picture file."""
    return encoded


@pytest.fixture(scope="session")
def make_colour_model():
    """A maker of (model, description) with other outputs."""
    return lambda units, activation, names: (colour_network(units, activation), about(names))
