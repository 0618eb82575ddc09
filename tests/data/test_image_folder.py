"""Folders of pictures as people have them: splits, flat names, damaged files, links, hidden files."""

import os

import numpy as np
import pytest

from workbench.errors import UserError


def reasons(data):
    return {problem.where: problem.reason for problem in data.problems}


def test_a_folder_per_class_is_read_with_its_vietnamese_names(prepared, picture_folder):
    folder = picture_folder({"chó con": 5, "mèo": 4})
    data = prepared("image_folder", path=str(folder), preprocessing={"height": 20, "width": 24})
    assert data.target.class_names == ("chó con", "mèo")
    assert np.bincount(data.targets).tolist() == [5, 4]
    assert data.names[0] == "chó con/ảnh 000.png"
    assert all(os.path.isabs(path) and os.path.isfile(path) for path in data.paths)
    assert data.original_sizes.tolist() == [[20, 24]] * 9
    assert data.problems == ()


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_train_validation_and_test_folders_are_recognised(prepared, picture_folder, validation):
    for split, count in (("train", 4), (validation, 2), ("test", 3)):
        folder = picture_folder({"a": count, "b": count}, split=split)
    data = prepared("image_folder", path=str(folder), preprocessing={"height": 20, "width": 24})
    assert {name: len(indices) for name, indices in data.splits.items()} == {"train": 8, "validation": 4, "test": 6}
    assert all(data.names[index].startswith("test/") for index in data.splits["test"])


def test_flat_names_give_the_labels_and_what_has_none_is_listed(prepared, tmp_path, encode, smooth_picture):
    for name in ("cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.a.b.jpg", "bird.jpg", ".hidden.1.jpg"):
        (tmp_path / name).write_bytes(encode(smooth_picture(20, 20, len(name)), ".jpg"))
    data = prepared("image_folder", path=str(tmp_path), preprocessing={"height": 20, "width": 20})
    assert data.target.class_names == ("cat", "dog")
    assert len(data.names) == 4
    assert "Label.name.jpg" in reasons(data)["bird.jpg"]


def test_unreadable_files_are_listed_with_their_reason_and_the_rest_is_used(prepared, picture_folder, encode):
    folder = picture_folder({"a": 6, "b": 6})
    whole = encode(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8), ".jpg")
    (folder / "a" / "empty.jpg").write_bytes(b"")
    (folder / "a" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "b" / "letter.jpg").write_text("Dear Sir or Madam")
    (folder / "b" / "notes.txt").write_text("buy milk")
    (folder / "b" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "b" / "Thumbs.db").write_bytes(b"\0" * 10)
    (folder / "c").mkdir()
    os.symlink(folder / "nowhere.png", folder / "a" / "broken link.png")
    for _first_then_cached in range(2):
        data = prepared("image_folder", path=str(folder), preprocessing={"height": 20, "width": 24})
        assert len(data.names) == len(data.inputs) == len(data.paths) == 12
        found = reasons(data)
        assert set(found) == {
            "a/empty.jpg", "a/half.jpg", "b/letter.jpg", "b/notes.txt", "c", "a/broken link.png",
        }  # fmt: skip
        assert "empty" in found["a/empty.jpg"]
        assert "truncated" in found["a/half.jpg"]
        assert "not a picture" in found["b/letter.jpg"]
        assert "No such file" in found["a/broken link.png"]


def test_links_to_files_and_folders_are_followed_but_not_in_circles(prepared, picture_folder, tmp_path):
    elsewhere = picture_folder({"b": 3}, root="elsewhere")
    folder = picture_folder({"a": 3})
    os.symlink(elsewhere / "b", folder / "b")
    os.symlink(folder / "a", folder / "a" / "again")
    data = prepared("image_folder", path=str(folder), preprocessing={"height": 20, "width": 24})
    assert np.bincount(data.targets).tolist() == [3, 3]
    assert "link back" in reasons(data)["a/again"]


def test_the_same_picture_in_two_splits_is_reported(prepared, picture_folder):
    for split in ("train", "test"):
        folder = picture_folder({"a": 4, "b": 4}, split=split)
    copy = (folder / "train" / "a" / "ảnh 000.png").read_bytes()
    (folder / "test" / "b" / "copy.png").write_bytes(copy)
    (folder / "train" / "a" / "ảnh 000 again.png").write_bytes(copy)
    data = prepared(
        "image_folder", path=str(folder), preprocessing={"height": 20, "width": 24}, splits={"validation": 0.0}
    )
    pairs = [(data.names[first], data.names[second]) for first, second in data.leaks]
    assert pairs == [("train/a/ảnh 000 again.png", "test/b/copy.png")]


def test_a_changed_file_is_decoded_again(prepared, picture_folder, encode, smooth_picture):
    folder = picture_folder({"a": 3, "b": 3})
    settings = {"path": str(folder), "preprocessing": {"height": 20, "width": 24}}
    before = prepared("image_folder", **settings)
    (folder / "a" / "ảnh 000.png").write_bytes(encode(smooth_picture(20, 24, 77)))
    after = prepared("image_folder", **settings)
    np.testing.assert_array_equal(after.inputs[0], smooth_picture(20, 24, 77))
    assert before.fingerprint != after.fingerprint


def test_the_hash_of_the_data_is_that_of_the_content_wherever_it_lies(prepared, picture_folder):
    data = [
        prepared("image_folder", path=str(picture_folder({"a": 3, "b": 3}, root=root)))
        for root in ("here", "somewhere else")
    ]
    assert data[0].fingerprint == data[1].fingerprint
    assert data[0].paths != data[1].paths


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: "", "needs a path"),
        (lambda folder: str(folder / "nowhere"), "does not exist"),
        (lambda folder: str(folder), "no pictures"),
        (lambda folder: __file__, "not a folder"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_what_was_expected(prepared, tmp_path, make, message):
    with pytest.raises(UserError, match=message):
        prepared("image_folder", path=make(tmp_path))


def test_one_class_is_refused_by_name_and_so_is_a_second_class_without_a_readable_picture(prepared, picture_folder):
    folder = picture_folder({"only": 4})
    with pytest.raises(UserError, match=r"one class only \(only\)"):
        prepared("image_folder", path=str(folder))
    (folder / "broken").mkdir()
    (folder / "broken" / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"one class only \(only\)"):
        prepared("image_folder", path=str(folder))


def test_a_folder_where_nothing_can_be_read_says_why(prepared, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"None of the 2 samples.*empty"):
        prepared("image_folder", path=str(tmp_path))


def test_a_class_of_one_picture_is_trained_on(prepared, picture_folder):
    data = prepared("image_folder", path=str(picture_folder({"many": 8, "one": 1})))
    assert 1 in data.targets[data.splits["train"]]
    assert "one sample only" in reasons(data)["one"]


def test_real_photographs_are_read_and_split(prepared, sample_data):
    data = prepared("image_folder", path=str(sample_data / "alzheimer_mri"), preprocessing={"height": 32, "width": 32})
    assert len(data.target.class_names) == 4
    assert all(data.names[index].startswith("test/") for index in data.splits["test"])
    assert len(data.splits["validation"]) > 0


def test_a_class_of_trains_beside_buses_is_no_training_split(prepared, picture_folder):
    data = prepared("image_folder", path=str(picture_folder({"train": 4, "bus": 4})))
    assert data.target.class_names == ("bus", "train")


def test_a_folder_around_the_real_one_is_pointed_out(prepared, picture_folder):
    folder = picture_folder({"a": 2, "b": 2}, split="flowers")
    with pytest.raises(UserError, match=r"Choose .*flowers instead"):
        prepared("image_folder", path=str(folder))
