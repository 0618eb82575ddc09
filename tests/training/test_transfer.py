"""Transfer from earlier runs and files, as real runs on the digits: 0 to 4 are learned first, then few of 5 to 9."""

import numpy as np
import pytest

from workbench.architectures.assembly import assemble
from workbench.architectures.summary import keras_table, summarise
from workbench.control import Control
from workbench.errors import UserError
from workbench.experiment import from_values
from workbench.requests import SummaryRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.specs import ClassTarget, ImageInput
from workbench.training.session import train

FIVE = ClassTarget(tuple("56789"))
SMALL = ImageInput(16, 16, 1)
PER_CLASS = 4
SIZE = {"height": 16, "width": 16}


def run(folder, values):
    experiment = from_values({"version": 1, **values}, "the test's experiment")
    path = train(TrainRequest(experiment, str(folder)), lambda event: None, Control())
    folder = RunFolder(path)
    assert folder.end().state == "completed", folder.end().message
    return folder


def convolutional(**own):
    small = {"filters": [16, 32], "padding": "same", "normalization": "batch", "dropout": 0.1}
    return {"name": "simple_cnn", **small, **own}


def experiment(data, architecture, **sections):
    training = {"epochs": 12, "batch_size": 8, "optimizer": {"name": "adam", "learning_rate": 0.003}}
    return {
        "dataset": {"name": "npz", "path": str(data)},
        "splits": {"validation": 0.0, "test": 0.0},
        "preprocessing": {"height": 16, "width": 16},
        "architecture": architecture,
        **sections,
        "training": {**training, "monitor": "loss", **sections.get("training", {})},
    }


def from_run(source, **own):
    return {"name": "transfer", "base": "run", "source": str(source), "dropout": 0.0, **own}


def network_of(architecture, input=SMALL, target=FIVE, **sections):
    size = {"height": input.height, "width": input.width, "channels": input.channels}
    sections = {"preprocessing": size, **sections}
    values = {"version": 1, "dataset": "digits", "architecture": architecture, **sections}
    return assemble(from_values(values, "the test"), input, target)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The digits 0 to 4, and few of 5 to 9 with many to test on."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = np.round(digits.images * (255 / 16)).astype("uint8")[..., None]
    folder = tmp_path_factory.mktemp("data")
    low = digits.target < 5
    np.savez(folder / "low.npz", x=pictures[low], y=digits.target[low])
    few = np.concatenate([np.flatnonzero(digits.target == digit)[:PER_CLASS] for digit in range(5, 10)])
    rest = np.setdiff1d(np.flatnonzero(~low), few)
    np.savez(
        folder / "high.npz",
        x_train=pictures[few], y_train=digits.target[few] - 5, x_test=pictures[rest], y_test=digits.target[rest] - 5,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def earlier(data, tmp_path_factory):
    """A run on the digits 0 to 4."""
    training = {"epochs": 4, "batch_size": 32}
    return run(tmp_path_factory.mktemp("runs"), experiment(data / "low.npz", convolutional(), training=training))


def test_a_base_of_an_earlier_run_beats_training_anew_on_few_samples(data, earlier, tmp_path):
    anew = run(tmp_path, experiment(data / "high.npz", convolutional()))
    transferred = run(tmp_path, experiment(data / "high.npz", from_run(earlier.path)))
    accuracy = transferred.evaluation()["test"]["accuracy"]
    assert accuracy > anew.evaluation()["test"]["accuracy"] + 0.05
    assert accuracy > 0.75

    import keras

    before, after = (keras.saving.load_model(each.model_path, safe_mode=True) for each in (earlier, transferred))
    for name in ("conv_1", "batch_norm_1", "conv_2", "batch_norm_2"):  # frozen means and deviations, too
        for one, other in zip(before.get_layer(name).get_weights(), after.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1)).astype("float32")
    np.testing.assert_allclose(features(before)(pictures), features(after)(pictures), rtol=1e-5, atol=1e-6)


def features(model):
    import keras

    return keras.Model(model.input, model.get_layer("logits").input)


def test_the_scaling_of_the_base_takes_the_place_of_the_experiments(earlier):
    network = network_of(from_run(earlier.path), preprocessing={"scaling": "symmetric"} | SIZE)
    scaling = [layer.name for layer in network.model.layers if type(layer).__name__ in ("Rescaling", "Normalization")]
    assert scaling == ["scale"]
    assert network.model.get_layer("scale").scale == pytest.approx(1 / 255)
    with pytest.raises(UserError, match=r"overrides\.scaling_factor"):
        network_of(from_run(earlier.path), overrides={"scaling_factor": 0.1})


def test_the_boundary_decides_what_the_layer_table_counts_as_trained(earlier):
    def counts(boundary):
        table = keras_table(network_of(from_run(earlier.path, boundary=boundary)).model)
        return table.total, table.trainable

    total, head = counts("")
    rows = {row.name: row for row in keras_table(network_of(from_run(earlier.path)).model).rows}
    assert rows["logits"].parameters == head == (4 * 4 * 32 + 1) * 5
    assert counts("conv_2") == (total, head + 16 * 32 * 9 + 2 * 32)
    assert counts("all") == (total, head + 16 * 32 * 9 + 2 * 32 + 9 * 16 + 2 * 16)


def test_the_network_of_a_transfer_is_counted_for_the_page(data, earlier):
    values = {"version": 1, **experiment(data / "high.npz", from_run(earlier.path, dense=[7]))}
    table = summarise(SummaryRequest(from_values(values, "the test")), lambda event: None, Control())
    names = [row.name for row in table.rows]
    assert names[:3] == ["image", "resize", "scale"]
    assert names[-3:] == ["head_dense_1", "logits", "output"]


def test_a_boundary_that_is_no_layer_or_leaves_nothing_to_learn_is_refused(earlier):
    with pytest.raises(UserError, match=r"no layer 'conf_2'.*Did you mean 'conv_2'"):
        network_of(from_run(earlier.path, boundary="conf_2"))
    with pytest.raises(UserError, match=r"'flatten_1' freezes the whole base.*up to 'batch_norm_2'"):
        network_of(from_run(earlier.path, boundary="flatten_1"))


def test_a_last_layer_that_only_prepares_pictures_is_refused_and_a_long_list_of_layers_cut_short(earlier):
    with pytest.raises(UserError, match=r"'resize'.*only prepares the pictures.*Choose a later one"):
        network_of(from_run(earlier.path, last_layer="resize"))
    colour = ImageInput(32, 32, 3)
    with pytest.raises(UserError, match=r"no layer 'conv' in.*Conv1, .*, …, .*out_relu\.$") as caught:
        network_of({"name": "transfer", "weights": "none", "boundary": "conv"}, colour)
    assert len(str(caught.value)) < 600


def test_a_base_for_other_channels_says_what_to_set(earlier):
    with pytest.raises(UserError, match=r"preprocessing\.channels = 1"):
        network_of(from_run(earlier.path), ImageInput(16, 16, 3))


def test_convolutions_of_a_base_go_onto_pictures_of_another_size(earlier):
    network = network_of(from_run(earlier.model_path, last_layer="pool_2"), ImageInput(24, 20, 1))
    rows = {row.name: row.output_shape for row in keras_table(network.model).rows}
    assert rows["pool_2"] == (6, 5, 32)
    assert rows["head_pooling"] == (32,)


def test_a_run_that_is_not_there_is_told_with_the_closest_name(home):
    folder = home / "runs" / "digits-one"
    folder.mkdir(parents=True)
    (folder / "experiment.toml").write_text("version = 1")
    with pytest.raises(UserError, match=r"no run 'digits-on'.*Did you mean 'digits-one'"):
        network_of(from_run("digits-on"))
    with pytest.raises(UserError, match="has no model yet"):
        network_of(from_run("digits-one"))
    with pytest.raises(UserError, match=r"architecture\.source"):
        network_of(from_run(""))


def test_a_transfer_can_be_the_base_of_another(data, earlier, tmp_path):
    import keras

    training = {"epochs": 1}
    first = run(tmp_path, experiment(data / "high.npz", from_run(earlier.path, dense=[6]), training=training))
    keras.utils.clear_session()  # Keras then numbers names anew, as in another process
    network = network_of(from_run(first.path, dense=[9], boundary="base_head_dense_1"))
    names = [layer.name for layer in network.model.layers]
    assert names[-4:] == ["base_head_dense_1", "head_dense_1", "logits", "output"]
    # Its dense layer stands behind a flatten: there is one size it can take.
    with pytest.raises(UserError, match=r"takes 16 x 16 pixels.*gives 24 x 20"):
        network_of(from_run(first.path), ImageInput(24, 20, 1))


def test_weights_that_are_not_there_are_told_before_a_run_exists(data, tmp_path):
    architecture = {"name": "transfer", "application": "mobilenet_v3_small", "weights": str(tmp_path / "no.weights.h5")}
    values = experiment(data / "high.npz", architecture, preprocessing={"height": 32, "width": 32, "channels": 3})
    with pytest.raises(UserError, match="no weights file at"):
        run(tmp_path / "runs", values)
    assert not list(tmp_path.glob("runs/*"))
