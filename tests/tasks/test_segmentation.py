"""Segmentation: losses, metrics, evaluation, answers."""

import time

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.figures import Adjustable, Bars, Image, Matrix, Table
from workbench.specs import ClassTarget, MaskTarget
from workbench.tasks.segmentation import Segmentation, SegmentationSection
from workbench.tasks.segmentation_losses import keras_loss, keras_metrics, mask_losses
from workbench.tasks.segmentation_pictures import OverlayKnobs, Overlays, differences, outlined, overlays, tinted
from workbench.tasks.task import Evidence

TASK = Segmentation()
CELLS = MaskTarget(("background", "cell"))
THREE = MaskTarget(("background", "round", "long"))
ALL_TERMS = [("cross_entropy",), ("dice",), ("focal",), ("cross_entropy", "dice"), ("focal", "dice")]


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def softmax(values):
    exponents = np.exp(values - values.max(-1, keepdims=True))
    return exponents / exponents.sum(-1, keepdims=True)


def random_case(units, count=5, side=12, seed=0):
    """Logits, probabilities and masks."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, (count, side, side, units)).astype(np.float32)
    masks = random.integers(0, max(units, 2), (count, side, side)).astype(np.uint8)
    return logits, sigmoid(logits) if units == 1 else softmax(logits), masks


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("terms", ALL_TERMS)
def test_the_loss_is_the_same_from_logits_and_from_probabilities_in_keras_and_in_numpy(terms, units):
    logits, probabilities, masks = random_case(units)
    of_keras = float(keras_loss(terms, 2.0, True)(masks, logits))
    from_probabilities = float(keras_loss(terms, 2.0, False)(masks, probabilities))
    of_samples = mask_losses(np, probabilities, masks.astype(np.float32), terms=terms, gamma=2.0, from_logits=False)
    assert of_samples.shape == (5,)
    assert of_keras == pytest.approx(of_samples.mean(), abs=1e-4)
    assert from_probabilities == pytest.approx(of_samples.mean(), abs=1e-4)


def test_the_cross_entropy_is_that_of_keras():
    import keras

    logits, _probabilities, masks = random_case(1)
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(masks[..., None].astype("float32"), logits)
    assert float(keras_loss(("cross_entropy",), 2.0, True)(masks, logits)) == pytest.approx(float(expected), rel=1e-5)
    logits, _probabilities, masks = random_case(3)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(masks, logits)
    assert float(keras_loss(("cross_entropy",), 2.0, True)(masks, logits)) == pytest.approx(float(expected), rel=1e-5)


def test_without_focus_the_focal_loss_is_the_cross_entropy_and_with_it_less():
    _logits, probabilities, masks = random_case(3)
    truth = masks.astype(np.float32)
    plain = mask_losses(np, probabilities, truth, terms=("cross_entropy",), gamma=0.0, from_logits=False)
    unfocused = mask_losses(np, probabilities, truth, terms=("focal",), gamma=0.0, from_logits=False)
    focused = mask_losses(np, probabilities, truth, terms=("focal",), gamma=2.0, from_logits=False)
    np.testing.assert_allclose(unfocused, plain, rtol=1e-5)
    assert (focused < plain).all()


def test_the_dice_loss_is_nothing_for_a_perfect_mask_and_counts_a_tiny_class_as_much_as_a_large_one():
    truth = np.zeros((1, 20, 20), np.float32)
    truth[0, 3, 3:5] = 1
    perfect = mask_losses(np, truth[..., None], truth, terms=("dice",), gamma=0.0, from_logits=False)
    nothing = mask_losses(np, 0 * truth[..., None], truth, terms=("dice",), gamma=0.0, from_logits=False)
    assert perfect[0] == pytest.approx(0)
    assert nothing[0] == pytest.approx(1 - 1 / 3)  # one pixel of smoothing on both sides of 0 / 2


@pytest.mark.parametrize("value", [-80.0, 80.0])
def test_confident_logits_give_finite_losses_and_gradients(value):
    tf = pytest.importorskip("tensorflow")
    masks = np.array([[[0, 1]]], np.uint8)
    for terms in ALL_TERMS:
        logits = tf.Variable(np.full((1, 1, 2, 1), value, np.float32))
        with tf.GradientTape() as tape:
            loss = keras_loss(terms, 0.5, True)(masks, logits)
        assert np.isfinite(float(loss)), terms
        assert np.isfinite(tape.gradient(loss, logits).numpy()).all(), terms


@pytest.mark.parametrize(("units", "target"), [(1, CELLS), (3, THREE)])
def test_metrics_over_batches_are_the_numbers_of_the_evaluation(units, target):
    logits, probabilities, masks = random_case(units, count=7)
    metrics = keras_metrics(len(target.class_names), from_logits=True)
    for metric in metrics:
        for part in (slice(0, 5), slice(5, 7)):
            metric.update_state(masks[part], logits[part])
    losses = TASK.sample_losses(probabilities, masks, target)
    numbers = TASK.evaluate(Evidence(probabilities, masks, losses, target)).numbers
    assert [metric.name for metric in metrics] == ["accuracy", "mean_iou", "dice"]
    for metric in metrics:
        assert float(metric.result()) == pytest.approx(numbers[metric.name], abs=1e-6)
    assert set(numbers) == set(TASK.metric_directions())


def test_measures_of_two_classes_are_those_of_the_textbook():
    truth = np.array([[[1, 1, 1, 0, 0, 0, 0, 0]]], np.uint8)
    found = np.array([[[1, 1, 0, 1, 0, 0, 0, 0]]], np.float32)[..., None]
    evaluation = TASK.evaluate(Evidence(found, truth, np.zeros(1), CELLS))
    assert evaluation.numbers["accuracy"] == pytest.approx(6 / 8)
    assert evaluation.numbers["dice"] == pytest.approx(2 * 2 / (3 + 3))
    assert evaluation.numbers["mean_iou"] == pytest.approx((2 / 4 + 4 / 6) / 2)
    table, matrix = evaluation.figures
    assert isinstance(table, Table)
    assert isinstance(matrix, Matrix)
    assert table.rows[1] == ("cell", 2 / 4, 4 / 6, 4 / 6, 2 / 3, 2 / 3, 3)
    assert matrix.values.tolist() == [[4, 1], [1, 2]]


def test_a_class_that_is_nowhere_has_no_measures_and_spoils_no_mean():
    truth = np.array([[[0, 0, 1, 1]]], np.uint8)
    outputs = np.eye(3, dtype=np.float32)[truth]
    evaluation = TASK.evaluate(Evidence(outputs, truth, np.zeros(1), THREE))
    assert evaluation.numbers["mean_iou"] == evaluation.numbers["dice"] == 1
    assert evaluation.figures[0].rows[2] == ("long", None, None, None, None, None, 0)


def evidence_with_pictures(count=30, side=64, seed=0):
    random = np.random.default_rng(seed)
    truth = np.zeros((count, side, side), np.uint8)
    truth[:, 10:40, 10:40] = 1
    outputs = truth[..., None].astype(np.float32)
    for index in range(count):  # the later a sample, the more rows are missed
        outputs[index, 10 : 10 + index] = 0
    pictures = random.integers(0, 256, (count, side, side, 1)).astype(np.uint8)
    losses = TASK.sample_losses(outputs, truth, CELLS)
    return Evidence(outputs, truth, losses, CELLS, tuple(f"p{index}" for index in range(count)), None, pictures)


def test_overlays_and_ranking_begin_with_the_worst_sample():
    evaluation = TASK.evaluate(evidence_with_pictures())
    assert evaluation.ranking[:3] == (29, 28, 27)
    adjustable = evaluation.figures[0]
    assert isinstance(adjustable, Adjustable)
    (gallery,) = adjustable.figures()
    assert len(gallery.tiles) == 24
    assert [tile.sample for tile in gallery.tiles[:3]] == [29, 28, 27]
    assert gallery.tiles[0].caption.startswith("p29")


def test_the_knobs_choose_what_is_laid_over_and_how_thick():
    adjustable = TASK.evaluate(evidence_with_pictures()).figures[0]
    picture = adjustable.result.pictures[0]
    bare = adjustable.figures(OverlayKnobs(blend=0.0))[0].tiles[0].pixels
    np.testing.assert_array_equal(bare, np.repeat(picture[..., None], 3, axis=2))
    truth = adjustable.figures(OverlayKnobs(shown="truth", blend=1.0))[0].tiles[0].pixels
    assert (truth[20, 20] == (230, 159, 0)).all()
    assert (truth[0, 0] == picture[0, 0]).all()
    prediction = adjustable.figures(OverlayKnobs(shown="prediction", blend=1.0))[0].tiles[0].pixels
    assert (prediction[20, 20] == picture[20, 20]).all()  # that row is missed
    missed = adjustable.figures(OverlayKnobs(shown="differences", blend=1.0))[0].tiles[0].pixels
    assert (missed[20, 20] == (230, 159, 0)).all()


def test_differences_tell_missed_from_too_much_by_stripes_too():
    truth = np.zeros((16, 16), np.uint8)
    truth[:, 8:] = 1
    kinds = differences(1 - truth, truth)
    assert (kinds[:, 8:] == 1).all()
    assert set(np.unique(kinds[:, :8])) == {0, 2}


@pytest.mark.parametrize("channels", [1, 3])
def test_24_overlays_of_256_pixels_are_made_within_the_time_of_a_turned_knob(channels):
    random = np.random.default_rng(0)
    shape = (256, 256) if channels == 1 else (256, 256, 3)
    masks = tuple(random.integers(0, 3, (256, 256)).astype(np.uint8) for _number in range(24))
    pictures = tuple(random.integers(0, 256, shape).astype(np.uint8) for _number in range(24))
    result = Overlays(pictures, masks, masks[::-1], ("",) * 24, tuple(range(24)), THREE)
    seconds = []
    for _number in range(3):
        started = time.process_time()
        overlays(OverlayKnobs(), result)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.1


def test_large_outputs_are_thinned_out_for_the_gallery():
    truth = np.zeros((1, 600, 600), np.uint8)
    truth[0, :300] = 1
    pictures = np.zeros((1, 600, 600, 3), np.uint8)
    evaluation = TASK.evaluate(Evidence(truth[..., None] * 0.9, truth, np.zeros(1), CELLS, ("a",), None, pictures))
    assert evaluation.figures[0].figures()[0].tiles[0].pixels.shape == (200, 200, 3)


def test_an_answer_holds_the_mask_at_the_pictures_own_size_and_the_shares():
    output = np.zeros((1, 8, 8, 1), np.float32)
    output[0, :, 4:] = 1
    picture = np.full((50, 30, 1), 100, np.uint8)
    (answer,) = TASK.decode(output, CELLS, pictures=[picture])
    overlay, mask = answer.figures
    assert mask.pixels.shape == (50, 30)
    assert set(np.unique(mask.pixels)) == {0, 255}
    assert (mask.pixels[:, :14] == 0).all()
    assert (mask.pixels[:, 16:] == 255).all()
    assert answer.values["classes"]["cell"] == pytest.approx(0.5, abs=0.05)
    assert answer.text == f"cell {100 * answer.values['classes']['cell']:.1f} %"
    assert overlay.figures()[0].pixels.shape == (50, 30, 3)


def test_a_mask_of_more_classes_holds_their_numbers():
    output = np.eye(3, dtype=np.float32)[np.array([[[0, 1], [2, 2]]])]
    (answer,) = TASK.decode(output, THREE)
    mask, bars = answer.figures
    assert isinstance(mask, Image)
    assert isinstance(bars, Bars)
    assert mask.pixels.tolist() == [[0, 1], [2, 2]]
    assert "1: round" in mask.note
    assert answer.text == "long 50.0 %, background 25.0 %, round 25.0 %"


def test_a_saved_mask_file_holds_exactly_the_values_of_the_classes(tmp_path):
    from workbench.data.mask_files import read_mask_file
    from workbench.figure_files import save_figure

    output = np.eye(3, dtype=np.float32)[np.array([[[0, 1], [2, 2]]])]
    (answer,) = TASK.decode(output, THREE)
    path = save_figure(answer.figures[0], tmp_path / "mask.png")
    assert read_mask_file(path).tolist() == [[0, 1], [2, 2]]


def test_a_mask_of_more_classes_is_seen_in_the_colours_that_lie_over_the_picture(tmp_path):
    from PIL import Image as Picture

    from workbench.figure_files import figure_picture, save_figure

    output = np.eye(3, dtype=np.float32)[np.array([[[0, 1], [2, 2]]])]
    (answer,) = TASK.decode(output, THREE, pictures=[np.zeros((2, 2, 3), np.uint8)])
    over, mask = answer.figures[:2]
    full = over.make(over.params.model_copy(update={"blend": 1.0}), over.result)[0].pixels
    assert len(np.unique(full.reshape(-1, 3), axis=0)) == 3
    np.testing.assert_array_equal(mask.as_seen(), full)
    np.testing.assert_array_equal(figure_picture(mask), full)
    assert "1: round (orange)" in mask.note
    with Picture.open(save_figure(mask, tmp_path / "mask.png")) as read:
        assert read.mode == "P"
        assert np.asarray(read).tolist() == [[0, 1], [2, 2]]
        np.testing.assert_array_equal(np.asarray(read.convert("RGB")), full)


def test_masks_are_painted_as_a_tint_with_an_outline():
    mask = np.zeros((10, 10), np.uint8)
    mask[3:8, 3:8] = 1
    painted = outlined(np.zeros((10, 10, 1), np.uint8), mask, CELLS)
    assert (painted[0, 0] == 0).all()
    assert (painted[3, 5] == (230, 159, 0)).all()
    assert (painted[5, 5] == (92, 64, 0)).all()
    np.testing.assert_array_equal(TASK.paint(np.zeros((10, 10), np.uint8), mask, CELLS), painted)
    assert TASK.describe(mask, CELLS) == "cell 25.0\N{NO-BREAK SPACE}%"


def test_colours_of_the_masks_themselves_are_used():
    target = MaskTarget(("sky", "road"), ((135, 206, 235), (64, 64, 64)))
    painted = tinted(np.zeros((1, 2, 3), np.uint8), np.array([[0, 1]], np.uint8), target.colours, 1.0)
    assert painted.tolist() == [[[135, 206, 235], [64, 64, 64]]]


def test_the_share_of_pixels_per_class_is_shown_for_every_split_that_has_samples():
    masks = np.zeros((4, 2, 2), np.uint8)
    masks[1] = 1
    splits = {"train": np.array([0, 1]), "validation": np.array([2, 3]), "test": np.array([], np.int64)}
    (bars,) = TASK.describe_data(masks, splits, CELLS)
    assert bars.series == {"Training": (0.5, 0.5), "Validation": (1.0, 0.0)}


def test_masks_of_one_class_only_and_other_targets_are_refused():
    assert "background" in TASK.unlearnable(np.zeros((3, 4, 4), np.uint8), CELLS)
    mixed = np.zeros((3, 4, 4), np.uint8)
    mixed[2, 3, 3] = 1
    assert TASK.unlearnable(mixed, CELLS) == ""
    with pytest.raises(UserError, match="1 class"):
        TASK.output(MaskTarget(("all",)))
    with pytest.raises(UserError, match="needs masks"):
        TASK.output(ClassTarget(("a", "b")))


def test_two_classes_share_a_map_and_more_have_one_each():
    two, three = TASK.output(CELLS), TASK.output(THREE)
    assert (two.units, two.activation, two.spatial) == (1, "sigmoid", True)
    assert (three.units, three.activation, three.spatial) == (3, "softmax", True)
    assert SegmentationSection().loss == "cross_entropy_dice"
