"""The reader in an exported script reads what the source reads, in the same order, without the workbench."""

import gzip

import numpy as np
import pytest

from workbench.registry import registry


def run(code, channels):
    import keras

    namespace = {"np": np, "keras": keras}
    exec(compile(code, "<script>", "exec"), namespace)
    return namespace["read_dataset"](channels)


def compare(experiment, channels):
    source = registry().datasets.get(experiment.dataset.name)
    samples = source.open(experiment.dataset, lambda event: None)
    images, labels, class_names = run(source.reader_code(experiment.dataset), channels)
    assert tuple(class_names) == samples.target.class_names
    np.testing.assert_array_equal(labels, samples.targets)
    assert len(images) == len(samples.names)
    for index in range(len(samples.names)):
        if images[index] is not None:
            np.testing.assert_array_equal(images[index], samples.read(index, channels))
    return images


def test_digits(experiment_on):
    compare(experiment_on("digits"), 1)


def test_shapes(experiment_on):
    compare(experiment_on("shapes", count=30, size=12), 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_image_folder_with_splits_links_and_files_that_cannot_be_read(
    experiment_on, picture_folder, tmp_path, channels
):
    for split in ("train", "test"):
        folder = picture_folder({"chó": 3, "mèo": 2}, split=split)
    (folder / "train" / "chó" / "empty.png").write_bytes(b"")
    (folder / "train" / "loose.png").write_bytes(b"")
    (folder / "other" / "chó").mkdir(parents=True)
    (folder / "other" / "chó" / "x.png").write_bytes(b"")
    (folder / "train" / "chó" / ".hidden.png").write_bytes(b"")
    (folder / "train" / "mèo" / "more").symlink_to(folder / "test" / "mèo")
    images = compare(experiment_on("image_folder", path=str(folder)), channels)
    assert sum(image is None for image in images) == 1


def test_flat_image_folder(experiment_on, tmp_path, encode, smooth_picture):
    for name in ("cat.0.png", "dog.0.png", "dog.1.png", "nothing.png"):
        (tmp_path / name).write_bytes(encode(smooth_picture(9, 9, len(name))))
    compare(experiment_on("image_folder", path=str(tmp_path)), 3)


@pytest.mark.parametrize("values", ["uint8", "floats", "first", "grey", "flat"])
def test_npz(experiment_on, tmp_path, values):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 6, 6, 3)).astype(np.uint8)
    pictures = {
        "uint8": pictures,
        "floats": pictures / 255,
        "first": pictures.transpose(0, 3, 1, 2),
        "grey": pictures[..., 0],
        "flat": pictures.reshape(12, -1),
    }[values]
    labels = np.array(["b", "a", "c"])[np.arange(12) % 3]
    np.savez(tmp_path / "a.npz", x_train=pictures[:8], y_train=labels[:8], x_test=pictures[8:], y_test=labels[8:])
    compare(experiment_on("npz", path=str(tmp_path / "a.npz")), 3)
    compare(experiment_on("npz", path=str(tmp_path / "a.npz")), 1)


def test_npz_with_one_hot_labels_and_class_names(experiment_on, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 6, 6)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=pictures, y=np.eye(4)[np.arange(12) % 3], class_names=np.array(list("abcd")))
    compare(experiment_on("npz", path=str(tmp_path / "a.npz")), 1)


def test_idx(experiment_on, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 6, 6)).astype(np.uint8)
    header = bytes((0, 0, 8, 3)) + np.array([12, 6, 6], ">u4").tobytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(header + pictures.tobytes())
    labels = bytes((0, 0, 8, 1)) + np.array([12], ">u4").tobytes() + bytes(index % 3 + 1 for index in range(12))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    compare(experiment_on("idx", path=str(tmp_path)), 1)


@pytest.mark.parametrize("names", [("1", "2", "10"), ("chó", "mèo", "gà")])
def test_csv_images_with_a_bad_row(experiment_on, tmp_path, names):
    pictures = np.random.default_rng(0).integers(0, 256, (12, 36))
    rows = [f"{names[index % 3]},{','.join(map(str, pictures[index]))}" for index in range(12)]
    rows[4] = rows[4].rsplit(",", 1)[0]
    rows.insert(7, "," + ",".join(["1"] * 36))
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    images = compare(experiment_on("csv_images", path=str(tmp_path / "a.csv")), 1)
    assert [index for index in range(12) if images[index] is None] == [4]
