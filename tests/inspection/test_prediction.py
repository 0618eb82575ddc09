"""Prediction answers like the bare model, for every file that was named, and never fails for one of them."""

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Heatmap
from workbench.inspection.prediction import predict
from workbench.requests import PredictRequest


def ask(model, *paths, emit=lambda event: None, control=None, **values):
    return predict(PredictRequest(str(model), tuple(map(str, paths)), **values), emit, control or Control())


@pytest.fixture(scope="module")
def many_sizes(tmp_path_factory, encode):
    """Pictures of many sizes and formats, in folders with spaces."""
    folder = tmp_path_factory.mktemp("nhiều ảnh")
    generator = np.random.default_rng(0)
    sizes = [(20, 30), (40, 60), (7, 200), (333, 100), (1, 1), (64, 64), (64, 64)]
    for index, (height, width) in enumerate(sizes):
        place = folder / ("a b" if index % 2 else "c")
        place.mkdir(exist_ok=True)
        suffix = (".png", ".jpg", ".bmp")[index % 3]
        (place / f"{index}{suffix}").write_bytes(
            encode(generator.integers(0, 256, (height, width, 3)).astype(np.uint8), suffix)
        )
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_every_answer_equals_that_of_a_bare_keras_on_the_decoded_file(colour_file, many_sizes):
    import keras

    from workbench.data.decoding import decode_file

    bare = keras.saving.load_model(colour_file, safe_mode=True)
    items = ask(colour_file, many_sizes, top=3).items
    assert len(items) == 7
    for item in items:
        theirs = bare(decode_file(item.path, 3)[None].astype("float32"), training=False).numpy()[0]
        ours = dict(item.answer.values["top"])
        assert [ours[name] for name in ("red", "green", "blue")] == pytest.approx(list(theirs), abs=1e-6)


def test_a_real_network_with_dropout_answers_alike_however_it_is_called(tmp_path, many_sizes):
    import keras

    from workbench.architectures.assembly import assemble
    from workbench.data.decoding import decode_file
    from workbench.experiment import new_experiment
    from workbench.runs.model_file import describe_model, save_model
    from workbench.specs import ClassTarget, ImageInput

    experiment, size, target = new_experiment(), ImageInput(28, 28, 1), ClassTarget(("a", "b", "c"))
    network = assemble(experiment, size, target)
    save_model(network.model, tmp_path / "model.keras", describe_model(experiment, size, target))
    bare = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for item in ask(tmp_path / "model.keras", many_sizes, top=3).items:
        picture = decode_file(item.path, 1)[None]
        ours = [dict(item.answer.values["top"])[name] for name in target.class_names]
        # Also without `training=False`: Keras' resizing layer would switch dropout on.
        assert ours == pytest.approx(list(bare(picture.astype("float32")).numpy()[0]), abs=1e-6)
        assert ours == pytest.approx(list(bare.predict(picture, verbose=0)[0]), abs=1e-6)
    picture = np.full((1, 28, 28, 1), 200, np.uint8)
    trained = [network.trainable(picture, training=True).numpy() for _ in range(2)]
    assert not np.allclose(*trained)


def test_heatmaps_on_request_do_not_change_the_answers(colour_file, many_sizes):
    plain = ask(colour_file, many_sizes).items
    with_maps = ask(colour_file, many_sizes, heatmap=True).items
    for before, after in zip(plain, with_maps, strict=True):
        assert isinstance(after.figures[0], Heatmap)
        assert before.figures == ()
        assert after.answer.values["probability"] == pytest.approx(before.answer.values["probability"], abs=1e-6)


def test_a_folder_gives_its_pictures_and_other_files_named_give_their_reason(colour_file, many_sizes, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    cut = next(many_sizes.rglob("*.jpg")).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(cut[: len(cut) // 2])
    (tmp_path / "nothing here").mkdir()
    good = next(many_sizes.rglob("1.jpg"))
    named = [
        many_sizes / "notes.txt", tmp_path / "missing.png", tmp_path / "empty.png", tmp_path / "cut.jpg",
        tmp_path / "nothing here", good,
    ]  # fmt: skip
    *failed, right = ask(colour_file, *named).items
    assert [item.path for item in failed] == [str(path) for path in named[:-1]]
    assert all(item.error and item.answer is None for item in failed)
    assert failed[0].to_json().keys() == {"path", "error"}
    assert right.to_json().keys() == {"path", "class", "probability", "top"}


def test_bytes_of_a_picture_are_answered_with_class_time_and_thumbnail(colour_file, picture_bytes):
    (item,) = ask(colour_file, pixels=picture_bytes, top=2).items
    assert item.answer.values["class"] == "red"
    assert len(item.answer.values["top"]) == 2
    assert item.seconds > 0
    assert item.pixels.shape == (40, 60, 3)
    assert np.array_equal(item.pixels[20, 10], (250, 0, 0))


def test_thumbnails_are_at_most_96_pixels_long(colour_file, many_sizes):
    for item in ask(colour_file, many_sizes).items:
        assert max(item.pixels.shape[:2]) <= 96
        assert item.pixels.dtype == np.uint8


def test_many_pictures_tell_how_far_they_are_and_can_be_stopped(colour_file, many_sizes):
    events = []
    ask(colour_file, *[many_sizes] * 10, emit=events.append)
    assert all(isinstance(event, Progress) for event in events)
    assert [event.done for event in events] == [32, 64, 70]
    assert {event.total for event in events} == {70}
    control = Control()
    with pytest.raises(Stopped):
        ask(colour_file, *[many_sizes] * 10, emit=lambda event: control.stop(), control=control)


def test_two_classes_on_one_unit_are_answered_by_name_with_and_without_heatmap(
    tmp_path, make_colour_model, picture_bytes
):
    from workbench.runs.model_file import save_model

    model, about = make_colour_model(1, "sigmoid", ("red", "blue"))
    save_model(model, tmp_path / "two.keras", about)
    for heatmap in (False, True):
        (item,) = ask(tmp_path / "two.keras", pixels=picture_bytes, heatmap=heatmap).items
        assert item.answer.values["class"] == "red"
        assert sum(probability for _name, probability in item.answer.values["top"]) == pytest.approx(1)


def test_a_model_whose_training_diverged_gives_reasons_instead_of_numbers(tmp_path, make_colour_model, picture_bytes):
    from workbench.runs.model_file import save_model

    model, about = make_colour_model(3, "softmax", ("a", "b", "c"))
    model.get_layer("logits").set_weights([np.full((3, 3), np.nan), np.zeros(3)])
    save_model(model, tmp_path / "nan.keras", about)
    (item,) = ask(tmp_path / "nan.keras", pixels=picture_bytes).items
    assert "not numbers" in item.error


def test_nothing_to_predict_is_said(colour_file):
    with pytest.raises(UserError, match="nothing to predict"):
        ask(colour_file)


def test_a_run_and_its_model_file_answer_alike(digits_run, sample_data):
    picture = next((sample_data / "mnist" / "png").rglob("*.png"))
    by_run, by_file = (ask(place, picture).items[0] for place in (digits_run, digits_run / "model.keras"))
    assert by_run.answer.values == by_file.answer.values


def test_a_foreign_model_that_does_not_scale_recognises_mnist(sample_data):
    folder = sample_data / "mnist" / "png"
    items = ask(sample_data / "keras_models" / "maymun207_mnist_cnn.keras", folder).items
    right = [item.answer.values["class"] == item.path.replace("\\", "/").split("/")[-2] for item in items]
    assert np.mean(right) > 0.9
