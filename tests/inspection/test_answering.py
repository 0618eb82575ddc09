"""Questions about a model: what is answered, and what is said to a question that cannot be."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.figures import Bars, Gallery, Heatmap
from workbench.inspection.answering import inspect
from workbench.requests import InspectRequest


def ask(model, method, *, emit=lambda event: None, control=None, **values):
    params = values.pop("params", {})
    return inspect(InspectRequest(str(model), method, params, **values), emit, control or Control())


def test_grad_cam_of_a_sample_names_layer_class_and_probability(digits_run):
    answer = ask(digits_run, "grad_cam", sample=3, params={"layer": "second"})
    heatmap, bars = answer.figures
    assert isinstance(heatmap, Heatmap)
    assert isinstance(bars, Bars)
    assert (answer.layer, answer.target) == ("second", bars.names[0])
    assert heatmap.pixels.shape == (28, 28)
    assert heatmap.values.dtype == np.float32
    assert 0 <= heatmap.values.min() <= heatmap.values.max() <= 1
    percent = 100 * bars.series["Probability"][0]
    told = f"evidence for: {answer.target}. The model says: {answer.target} ({percent:.1f} %)"
    assert heatmap.note.startswith(f"Layer second, {told}")
    assert answer.layers == ("first", "pool", "second")
    assert answer.choices == tuple("0123456789")
    assert answer.truth in answer.choices
    assert f"test sample 3 ({answer.truth})" in heatmap.title


def test_without_a_layer_the_deepest_convolution_that_finds_anything_is_taken(digits_run):
    for sample in range(8):
        answer = ask(digits_run, "grad_cam", sample=sample)
        named = ask(digits_run, "grad_cam", sample=sample, params={"layer": "second"})
        assert answer.layer == ("second" if named.figures[0].values.any() else "first")
        assert answer.target == named.target


def test_any_class_at_any_convolution_can_be_asked_for(digits_run):
    answer = ask(digits_run, "grad_cam", sample=0, params={"layer": "first", "target": "7"})
    assert (answer.layer, answer.target) == ("first", "7")
    assert answer.figures[0].values.shape == (26, 26)


def test_feature_maps_come_with_the_most_active_first(digits_run):
    gallery = ask(digits_run, "feature_maps", params={"layer": "second"}).figures[0]
    means = [float(tile.caption.split("mean ")[1]) for tile in gallery.tiles]
    assert isinstance(gallery, Gallery)
    assert gallery.values
    assert len(gallery.tiles) == 12
    assert means == sorted(means, reverse=True)
    assert gallery.tiles[0].pixels.shape == (6, 6)
    assert gallery.tiles[0].pixels.max() == 255


def test_the_number_of_maps_is_limited_on_request(digits_run):
    answer = ask(digits_run, "feature_maps", params={"layer": "second", "count": 5})
    assert len(answer.figures[0].tiles) == 5
    assert "5 of 12" in answer.figures[0].note


def test_a_vector_is_shown_as_bars_and_the_output_by_its_classes(digits_run):
    hidden = ask(digits_run, "feature_maps", params={"layer": "flat"}).figures[0]
    output = ask(digits_run, "feature_maps", params={"layer": "output"}).figures[0]
    assert isinstance(hidden, Bars)
    assert len(hidden.names) == 64
    assert sorted(output.names) == list("0123456789")
    assert sum(output.series["Value"]) == pytest.approx(1, abs=1e-5)


def test_filters_are_shown_for_convolutions_only(digits_run):
    answer = ask(digits_run, "filters")
    assert answer.layers == ("first", "second")
    assert [tile.pixels.shape for tile in answer.figures[0].tiles] == [(3, 3)] * 8
    with pytest.raises(UserError, match="first, second"):
        ask(digits_run, "filters", params={"layer": "pool"})


def test_colour_filters_are_pictures_in_colour(colour_file, picture_bytes):
    gallery = ask(colour_file, "filters", pixels=picture_bytes).figures[0]
    assert not gallery.values
    assert gallery.tiles[0].pixels.shape == (1, 1, 3)


def test_a_picture_file_with_vietnamese_letters_and_spaces_is_answered(colour_file, picture_bytes, tmp_path):
    path = tmp_path / "ảnh của tôi.png"
    path.write_bytes(picture_bytes)
    answer = ask(colour_file, "grad_cam", path=str(path), params={"target": "blue"})
    heatmap = answer.figures[0]
    assert heatmap.pixels.shape == (40, 60, 3)
    assert heatmap.values[:, 15:].mean() > 20 * heatmap.values[:, :15].mean()
    assert "ảnh của tôi.png" in heatmap.title


def test_the_second_question_does_not_open_the_model_again(digits_run):
    ask(digits_run, "grad_cam", sample=1)
    assert ask(digits_run, "grad_cam", sample=2).seconds < 0.5


@pytest.mark.parametrize(
    ("method", "values", "message"),
    [
        ("grad_cam", {"params": {"layer": "secnd"}}, "Did you mean 'second'"),
        ("grad_cam", {"params": {"layer": "flat"}}, r"no maps.*first, pool, second"),
        ("grad_cam", {"params": {"target": "seven"}}, "no class called 'seven'.*0, 1, 2"),
        ("grad_cam", {"params": {"colour": 3}}, "colour: there is no"),
        ("feature_maps", {"params": {"count": 0}}, "count"),
        ("grad_camm", {}, "Did you mean 'grad_cam'"),
        ("grad_cam", {"sample": 100_000}, r"Sample 100000 is not in the test split.*\d+ samples"),
        ("grad_cam", {"sample": -1}, "Sample -1"),
        ("grad_cam", {"split": "tst"}, "Did you mean 'test'"),
        ("grad_cam", {"path": "nowhere.png"}, "nowhere.png"),
        ("grad_cam", {"pixels": b"GIF, but not really"}, "picture"),
    ],
)
def test_what_cannot_be_answered_says_why_and_what_there_is(digits_run, method, values, message):
    with pytest.raises(UserError, match=message):
        ask(digits_run, method, **values)


def test_a_model_file_has_no_samples_and_says_so(colour_file):
    with pytest.raises(UserError, match="no samples of its own"):
        ask(colour_file, "grad_cam")


def test_a_folder_that_is_no_run_and_a_run_without_a_model_are_explained(tmp_path, digits_run):
    with pytest.raises(UserError, match="not a run"):
        ask(tmp_path, "grad_cam")
    (tmp_path / "experiment.toml").write_text((digits_run / "experiment.toml").read_text())
    with pytest.raises(UserError, match="no model yet"):
        ask(tmp_path, "grad_cam")


def test_a_question_that_was_dropped_stops_before_the_work(digits_run):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        ask(digits_run, "grad_cam", control=control)


@pytest.mark.parametrize(
    "name", ["Kimthangg_mnist_cnn.h5", "maymun207_mnist_cnn.keras", "oarriaga_fer2013_mini_XCEPTION.hdf5"]
)
def test_models_of_other_people_are_looked_into(sample_data, name):
    picture = next((sample_data / "mnist" / "png").rglob("*.png"))
    answer = ask(sample_data / "keras_models" / name, "grad_cam", path=str(picture))
    bars = answer.figures[1]
    assert answer.target == bars.names[0]
    assert bars.series["Probability"][0] > 0.2


@pytest.mark.parametrize(
    ("name", "last"),
    [("simple_cnn", "conv_2"), ("overview_cnn", "conv_2"), ("lenet5", "conv_2"), ("mini_xception", "exit")],
)
def test_every_architecture_with_convolutions_is_looked_into(name, last):
    from workbench.architectures.assembly import assemble
    from workbench.experiment import new_experiment
    from workbench.inspection.network import gradients
    from workbench.inspection.network.layers import last_convolution
    from workbench.specs import ClassTarget, ImageInput

    network = assemble(new_experiment(architecture=name), ImageInput(28, 28, 1), ClassTarget(("a", "b", "c")))
    picture = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1)).astype(np.uint8)
    outputs, (maps,), _chosen = gradients.class_maps(network.model, last)(picture, np.array([1]))
    assert last_convolution(network.model) == last
    assert np.allclose(outputs, network.model(picture.astype(np.float32)).numpy(), atol=1e-6)
    assert maps.shape[0] == 1


def test_a_network_without_convolutions_says_that_grad_cam_needs_one(tmp_path, encode):
    from workbench.architectures.assembly import assemble
    from workbench.experiment import new_experiment
    from workbench.runs.model_file import describe_model, save_model
    from workbench.specs import ClassTarget, ImageInput

    experiment, size, target = new_experiment(architecture="mlp"), ImageInput(28, 28, 1), ClassTarget(("a", "b"))
    model = assemble(experiment, size, target).model
    save_model(model, tmp_path / "mlp.keras", describe_model(experiment, size, target))
    picture = encode(np.eye(28, dtype=np.uint8) * 255)
    with pytest.raises(UserError, match="needs a convolution"):
        ask(tmp_path / "mlp.keras", "grad_cam", pixels=picture)
    bars = ask(tmp_path / "mlp.keras", "feature_maps", pixels=picture).figures[0]
    assert isinstance(bars, Bars)
