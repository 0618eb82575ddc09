"""Pictures with masks: found by name, read as two sides of a threshold, indices or colours; and generated cells."""

import numpy as np
import pytest
from PIL import Image

from workbench.data.mask_files import read_mask_file
from workbench.data.source import TEST, TRAIN, VALIDATION, UnreadableSampleError
from workbench.data.sources.cells import CellsSection, CellsSource
from workbench.data.sources.image_masks import ImageMasksSection, ImageMasksSource
from workbench.errors import UserError

SOURCE = ImageMasksSource()
CHECKS = np.kron([[0, 1], [1, 0]], np.ones((5, 6), int)).astype(np.uint8)  # (10, 12)


@pytest.fixture
def folders(tmp_path):
    """A maker of two folders from names and masks (anything Pillow saves)."""

    def make(masks, pictures=None, size=(10, 12)):
        for name in pictures if pictures is not None else masks:
            path = tmp_path / "Ảnh" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)
        for name, mask in masks.items():
            path = tmp_path / "masks" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
            picture.save(path)
        return {"pictures": str(tmp_path / "Ảnh"), "masks": str(tmp_path / "masks")}

    return make


def opened(settings, **more):
    return SOURCE.open(ImageMasksSection(**settings, **more), lambda event: None)


def palette_mask(indices):
    picture = Image.fromarray(indices)
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 224, 224, 192])
    assert picture.mode == "P"
    return picture


def test_black_and_white_masks_are_split_at_half_of_the_range(folders):
    grey = np.where(CHECKS == 1, 200, 40).astype(np.uint8)
    samples = opened(folders({"a.png": CHECKS * 255, "b.png": grey}), kind="binary")
    assert samples.target.class_names == ("background", "foreground")
    np.testing.assert_array_equal(samples.read_target(0), CHECKS)
    np.testing.assert_array_equal(samples.read_target(1), CHECKS)


@pytest.mark.parametrize(
    "mask",
    [CHECKS, CHECKS.astype(bool), CHECKS.astype(np.int32) * 65535, CHECKS * 255],
    ids=["0 and 1", "one bit", "sixteen bits", "0 and 255"],
)
def test_half_of_the_range_depends_on_what_holds_the_values(folders, mask):
    picture = Image.fromarray(mask.astype(np.uint16)) if mask.dtype == np.int32 else mask
    samples = opened(folders({"a.png": picture}), kind="binary", classes="around, cell")
    assert samples.target.class_names == ("around", "cell")
    np.testing.assert_array_equal(samples.read_target(0), CHECKS)


@pytest.mark.parametrize(("foreground", "values"), [("dark", (255, 0)), ("nonzero", (0, 3))])
def test_the_foreground_may_be_what_is_dark_or_what_is_numbered(folders, foreground, values):
    mask = np.array(values, np.uint8)[CHECKS]
    samples = opened(folders({"a.png": mask}), kind="binary", foreground=foreground)
    np.testing.assert_array_equal(samples.read_target(0), CHECKS)


def test_the_kind_of_masks_is_found(folders, tmp_path):
    two = opened(folders({"a.png": CHECKS * 255}))
    assert two.target.class_names == ("background", "foreground")
    (tmp_path / "masks" / "a.png").unlink()
    indices = opened(folders({"a.png": palette_mask(CHECKS * 2)}))
    assert indices.target.class_names == ("0", "2")
    (tmp_path / "masks" / "a.png").unlink()
    colours = np.array([[0, 0, 0], [200, 10, 20]], np.uint8)[CHECKS]
    found = opened(folders({"a.png": colours}))
    assert found.target.class_names == ("#000000", "#c80a14")
    assert found.target.colours == ((0, 0, 0), (200, 10, 20))
    np.testing.assert_array_equal(found.read_target(0), CHECKS)


def test_a_black_and_white_mask_saved_as_jpeg_is_split_and_not_taken_for_many_classes(folders, tmp_path):
    settings = folders({"a.png": CHECKS * 255}, pictures=["lossy.png"])
    round_one = np.hypot(*np.mgrid[-20:20, -20:20]) < 12
    Image.fromarray(round_one).convert("L").save(tmp_path / "masks" / "lossy.jpg", quality=60)
    assert len(np.unique(read_mask_file(tmp_path / "masks" / "lossy.jpg"))) > 10
    samples = opened(settings)
    assert (samples.read_target(0) == round_one).mean() > 0.99


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_a_palettes_indices_stay_indices(folders, suffix):
    samples = opened(folders({f"a{suffix}": palette_mask(CHECKS * 3)}), kind="indices", classes="0, 1, 2, 3")
    np.testing.assert_array_equal(samples.read_target(0), CHECKS * 3)


def test_classes_can_have_values_of_their_own(folders):
    mask = np.array([0, 128], np.uint8)[CHECKS]
    samples = opened(folders({"a.png": mask}), classes="cell = 128, around = 0")
    assert samples.target.class_names == ("cell", "around")
    np.testing.assert_array_equal(samples.read_target(0), 1 - CHECKS)
    colours = np.array([[255, 255, 255], [0, 0, 255]], np.uint8)[CHECKS]
    named = opened(folders({"a.png": colours}), classes="sea = #0000FF, land = #ffffff")
    assert named.target.class_names == ("sea", "land")
    np.testing.assert_array_equal(named.read_target(0), 1 - CHECKS)


def test_a_value_outside_of_the_class_list_is_named_with_its_file_place_and_what_was_expected(folders):
    mask = CHECKS.copy()
    mask[2, 3:5] = 7
    samples = opened(folders({"good.png": CHECKS, "bad.png": mask}), kind="indices", classes="around, cell")
    assert samples.names == ("bad.png", "good.png")
    with pytest.raises(UnreadableSampleError) as error:
        samples.read_target(0)
    assert str(error.value) == (
        "the mask bad.png holds 7 (in 2 pixels, the first in row 2, column 3), which are no classes; expected were "
        "0 (around), 1 (cell)"
    )
    np.testing.assert_array_equal(samples.read_target(1), CHECKS)


def test_a_colour_outside_of_the_class_list_is_named(folders):
    colours = np.array([[0, 0, 0], [1, 2, 3]], np.uint8)[CHECKS]
    samples = opened(folders({"a.png": colours}), classes="sky = #000000, road = #404040")
    with pytest.raises(UnreadableSampleError, match=r"holds #010203 \(in 60 pixels.*#404040 \(road\)"):
        samples.read_target(0)


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("7.png", "7.png"),
        ("7.png", "7_mask.png"),
        ("7.png", "mask_7.tif"),
        ("7.png", "7-label.png"),
        ("scan.1.png", "scan.1_seg.png"),
        ("image_7.png", "label_7.png"),
        ("train/7.png", "7_gt.png"),
    ],
)
def test_masks_are_found_by_the_names_of_pictures(folders, picture, mask):
    samples = opened(folders({mask: CHECKS * 255, "other.png": CHECKS * 255}, pictures=[picture]))
    assert samples.names == (picture,)
    assert [problem.where for problem in samples.problems] == ["other.png"]


def test_pictures_without_a_mask_masks_without_a_picture_and_second_masks_are_named(folders):
    mask = CHECKS * 255
    settings = folders(
        {"a.png": mask, "a.tif": mask, "10.png": mask, "2.png": mask, "orphan.png": mask},
        pictures=["2.png", "10.png", "a.png", "lonely.png"],
    )
    samples = opened(settings)
    assert samples.names == ("2.png", "10.png", "a.png")
    problems = {problem.where: problem.reason for problem in samples.problems}
    assert "no mask of this name" in problems["lonely.png"]
    assert "without a picture" in problems["orphan.png"]
    assert "second mask" in problems["a.tif"]
    assert len(problems) == 3


def test_pictures_and_masks_may_lie_in_one_folder_or_one_in_the_other(tmp_path):
    for name in ("a.png", "b.png", "a_mask.png", "b_mask.png", "m/a.png", "m/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(CHECKS * 255).save(tmp_path / name)
    inside = opened({"pictures": str(tmp_path), "masks": str(tmp_path / "m")})
    assert {"a.png", "b.png"} <= set(inside.names)
    assert not any(name.startswith("m/") for name in inside.names)
    (tmp_path / "m" / "a.png").unlink()
    (tmp_path / "m" / "b.png").unlink()
    together = opened({"pictures": str(tmp_path), "masks": str(tmp_path)})
    assert together.names == ("a.png", "b.png")
    assert together.problems == ()


def test_train_validation_and_test_folders_become_the_splits(folders):
    names = ["train/1.png", "train/2.png", "val/1.png", "test/9.png"]
    samples = opened(folders(dict.fromkeys(names, CHECKS * 255)))
    assert dict(zip(samples.names, samples.ready_split.tolist(), strict=True)) == {
        "test/9.png": TEST, "train/1.png": TRAIN, "train/2.png": TRAIN, "val/1.png": VALIDATION
    }  # fmt: skip


def test_neighbouring_slices_stay_together_in_blocks(folders):
    samples = opened(folders({f"{number}.png": CHECKS * 255 for number in range(12)}), block=4)
    assert samples.names[9:] == ("9.png", "10.png", "11.png")
    assert samples.groups.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_nothing_usable_is_one_message_with_the_places(folders, tmp_path):
    settings = folders({"a.png": CHECKS}, pictures=["b.png"])
    with pytest.raises(UserError, match=r"no picture in .* with a mask of its name in .*2 problems: b.png"):
        opened(settings)
    with pytest.raises(UserError, match=r"needs a path: a folder of masks"):
        opened({"pictures": str(tmp_path)})
    with pytest.raises(UserError, match="does not exist"):
        opened({"pictures": str(tmp_path / "gone"), "masks": str(tmp_path)})


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ("a, a", "listed twice"),
        ("a = 1, b", "either every class has a value"),
        ("a = red, b = blue", "a number, or as a colour"),
        ("= 1, b = 2", "no name"),
        ("only", "1 classes"),
        ("a = 1, b = 1", "the same value"),
    ],
)
def test_a_list_of_classes_that_cannot_be_read_is_refused(classes, reason):
    with pytest.raises(ValueError, match=reason):
        ImageMasksSection(classes=classes)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"kind": "binary", "classes": "a, b, c"}, "two classes"),
        ({"kind": "colours", "classes": "a, b"}, "have no colours"),
        ({"kind": "colours", "classes": "a = 1, b = 2"}, "do not suit"),
        ({"classes": "a = 1, b = #000000"}, "mix numbers and colours"),
    ],
)
def test_a_list_of_classes_that_does_not_suit_the_masks_is_refused(folders, settings, reason):
    with pytest.raises(UserError, match=reason):
        opened(folders({"a.png": CHECKS * 255}), **settings)


def test_a_damaged_mask_is_named(folders, tmp_path):
    settings = folders({"a.png": CHECKS * 255, "b.png": CHECKS * 255})
    content = (tmp_path / "masks" / "a.png").read_bytes()
    (tmp_path / "masks" / "a.png").write_bytes(content[: len(content) // 2])
    samples = opened(settings)
    with pytest.raises(UnreadableSampleError, match=r"its mask a\.png: the file is truncated"):
        samples.read_target(0)
    (tmp_path / "masks" / "b.png").write_text("not a picture")
    with pytest.raises(UserError, match=r"None of the masks.*a\.png: the file is truncated"):
        opened(settings)


def test_the_suggested_input_is_the_pictures_own_up_to_256(folders):
    settings = folders({"a.png": CHECKS}, size=(300, 100))
    suggested = SOURCE.preprocessing(ImageMasksSection(**settings))
    assert (suggested["height"], suggested["width"], suggested["channels"]) == (256, 100, 3)
    grey = ImageMasksSection(pictures=settings["masks"], masks=settings["masks"])
    assert SOURCE.preprocessing(grey)["channels"] == 1
    assert SOURCE.preprocessing(ImageMasksSection())["height"] == 256


def test_a_dropped_folder_with_pictures_and_masks_in_it_is_recognised(tmp_path):
    for name in ("train/image", "train/label"):
        (tmp_path / name).mkdir(parents=True)
    assert SOURCE.takes(tmp_path) is None
    for name in ("train/image", "train/label"):
        (tmp_path / name / "0.png").write_bytes(b"only the name counts here")
    offer = SOURCE.takes(tmp_path)
    assert offer.settings == {"pictures": str(tmp_path / "train/image"), "masks": str(tmp_path / "train/label")}
    assert SOURCE.takes(tmp_path / "train" / "image") is None


def test_another_mask_file_changes_the_fingerprint(folders):
    settings = folders({"a.png": CHECKS * 255})
    before = opened(settings).fingerprint
    assert opened(settings).fingerprint == before
    folders({"a.png": CHECKS[::-1] * 255, "b.png": CHECKS})
    assert opened(settings).fingerprint != before
    assert opened(settings, foreground="dark").fingerprint != opened(settings).fingerprint


def test_generated_cells_follow_from_the_seed_and_their_masks_from_the_pictures():
    samples = CellsSource().open(CellsSection(count=10, size=96), lambda event: None)
    again = CellsSource().open(CellsSection(count=20, size=96), lambda event: None)
    other = CellsSource().open(CellsSection(count=10, size=96, seed=1), lambda event: None)
    for index in range(3):
        picture, mask = samples.read(index, 1), samples.read_target(index)
        assert picture.shape == (96, 96, 1)
        assert mask.shape == (96, 96)
        assert set(np.unique(mask)) == {0, 1}
        assert 0.2 < mask.mean() < 0.6
        assert picture[mask == 1].mean() > picture[mask == 0].mean() + 20
        np.testing.assert_array_equal(picture, again.read(index, 1))
        np.testing.assert_array_equal(mask, again.read_target(index))
        assert (picture != other.read(index, 1)).mean() > 0.5
    assert samples.read(0, 3).shape == (96, 96, 3)


def test_cells_of_two_kinds_are_told_apart_by_shade():
    samples = CellsSource().open(CellsSection(count=10, size=128, classes=3), lambda event: None)
    assert samples.target.class_names == ("background", "round", "long")
    picture, mask = samples.read(0, 1)[..., 0], samples.read_target(0)
    assert picture[mask == 1].mean() > picture[mask == 0].mean() > picture[mask == 2].mean()


@pytest.mark.parametrize(
    ("masks", "settings"),
    [
        ({"a.png": CHECKS * 255, "b.png": CHECKS}, {"kind": "binary"}),
        ({"a.png": CHECKS * 200}, {"kind": "binary", "foreground": "dark"}),
        ({"a.png": CHECKS * 7}, {"kind": "binary", "foreground": "nonzero"}),
        ({"a.png": CHECKS * 9, "b.png": np.zeros_like(CHECKS)}, {"kind": "indices"}),
        ({"a.png": palette_mask(CHECKS * 2)}, {"kind": "indices"}),
        ({"a.png": np.stack([CHECKS * 255, CHECKS * 0, CHECKS * 9], axis=2)}, {"kind": "colours"}),
    ],
)
def test_the_code_to_copy_reads_the_same_pictures_and_masks_without_the_workbench(folders, masks, settings):
    section = ImageMasksSection(**folders(masks), **settings)
    code = SOURCE.reader_code(section)
    assert "workbench" not in code
    names = {"np": np}
    exec(compile(code, "<script>", "exec"), names)
    pictures, read, class_names = names["read_dataset"](3)
    samples = SOURCE.open(section, lambda event: None)
    assert tuple(class_names) == samples.target.class_names
    for index in range(len(samples.names)):
        np.testing.assert_array_equal(pictures[index], samples.read(index, 3))
        np.testing.assert_array_equal(read[index], samples.read_target(index))


def test_masks_that_take_more_than_a_few_lines_are_read_by_the_workbench_and_the_script_says_so(folders):
    picture = Image.fromarray(np.stack([CHECKS * 255, np.full_like(CHECKS, 255)], axis=2), "LA")
    section = ImageMasksSection(**folders({"a.png": picture}), kind="binary", foreground="nonzero")
    code = SOURCE.reader_code(section)
    assert "# By the workbench: these masks" in code
    names = {"np": np}
    exec(compile(code, "<script>", "exec"), names)
    np.testing.assert_array_equal(names["read_dataset"](3)[1][0], CHECKS)
