"""Arrays and tables of other people: npz, IDX, CSV and Keras' own files."""

import gzip
import io
import pickle
import struct
import tarfile
import time

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.registry import registry

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (60, 8, 8, 3)).astype(np.uint8)
LABELS = np.arange(60) % 3


def npz(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


@pytest.fixture
def read_npz(prepared, tmp_path):
    def read(**arrays):
        return prepared("npz", path=npz(tmp_path / "data.npz", **arrays))

    return read


def test_train_and_test_arrays_are_ready_made_splits_at_their_own_size(read_npz):
    data = read_npz(x_train=PICTURES[:40], y_train=LABELS[:40], x_test=PICTURES[40:], y_test=LABELS[40:])
    assert data.inputs.shape == (60, 8, 8, 3)
    np.testing.assert_array_equal(data.inputs, PICTURES)
    np.testing.assert_array_equal(data.splits["test"], np.arange(40, 60))
    assert data.names[0] == "x_train[0]"
    assert data.names[-1] == "x_test[19]"
    assert len(data.splits["validation"]) == 6


@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels"), ("X", "Y")])
def test_pictures_and_labels_go_by_several_names(read_npz, names):
    data = read_npz(**{names[0]: PICTURES, names[1]: LABELS})
    np.testing.assert_array_equal(data.targets, LABELS)


def test_split_first_names_with_validation_are_recognised(read_npz):
    parts = {"train": slice(0, 30), "val": slice(30, 45), "test": slice(45, 60)}
    arrays = {f"{split}_images": PICTURES[part] for split, part in parts.items()}
    arrays |= {f"{split}_labels": LABELS[part, None] for split, part in parts.items()}
    data = read_npz(**arrays)
    assert {name: len(indices) for name, indices in data.splits.items()} == {"train": 30, "validation": 15, "test": 15}


@pytest.mark.parametrize(
    "labels",
    [LABELS, LABELS[:, None], np.eye(3)[LABELS], LABELS.astype(np.float64), np.array(["cat", "dog", "fox"])[LABELS]],
    ids=["numbers", "column", "one-hot", "floats", "text"],
)
def test_labels_may_be_numbers_columns_one_hot_or_text(read_npz, labels):
    data = read_npz(x=PICTURES, y=labels)
    np.testing.assert_array_equal(data.targets, LABELS)
    assert data.target.class_names == (("cat", "dog", "fox") if labels.dtype.kind == "U" else ("0", "1", "2"))


def test_class_names_in_the_file_are_used(read_npz):
    names = np.array(["a", "b", "c", "d"])
    assert read_npz(x=PICTURES, y=LABELS, class_names=names).target.class_names == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    "pictures",
    [PICTURES / 255, PICTURES.astype(np.float32), PICTURES.astype(np.int64), PICTURES.transpose(0, 3, 1, 2)],
    ids=["floats to 1", "floats to 255", "int64", "channels first"],
)
def test_pictures_may_be_floats_other_integers_or_channels_first(read_npz, pictures):
    np.testing.assert_array_equal(read_npz(x=pictures, y=LABELS).inputs, PICTURES)


def test_grey_pictures_may_lack_the_channel_or_lie_flat(read_npz):
    grey = PICTURES[..., 0]
    for pictures in (grey, grey.reshape(60, 64)):
        data = read_npz(x=pictures, y=LABELS)
        np.testing.assert_array_equal(data.inputs[..., 0], grey)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": PICTURES - 300.0, "y": LABELS}, "values from -300"),
        ({"x": np.where(PICTURES > 250, np.nan, 0.5), "y": LABELS}, "nan"),
        ({"x": PICTURES, "y": LABELS[:50]}, "60 pictures, but 50 labels"),
        ({"x": PICTURES, "y": LABELS + 0.5}, "fractions"),
        ({"x": PICTURES, "y": np.ones((60, 3))}, "one-hot"),
        ({"x": PICTURES[:, 0, 0, 0], "y": LABELS}, "shape"),
        ({"x": PICTURES.reshape(60, 192)[:, :50], "y": LABELS}, "square"),
        ({"pictures": PICTURES, "y": LABELS}, "holds the arrays pictures, y"),
        ({"x": PICTURES, "y": LABELS, "class_names": np.array(["a", "b"])}, "2 class names"),
        ({"x": PICTURES, "y": np.zeros(60)}, "one class"),
        ({"x": PICTURES[:, :0], "y": LABELS}, r"array 'x' of .*data.npz has the shape \(60, 0, 8, 3\)"),
        ({"x": PICTURES[:, :, :0, 0], "y": LABELS}, r"data.npz has the shape \(60, 8, 0\)"),
    ],
)
def test_arrays_that_are_no_labelled_pictures_are_refused_with_what_they_hold(read_npz, arrays, message):
    with pytest.raises(UserError, match=message):
        read_npz(**arrays)


def test_a_pickle_in_an_npz_is_refused_and_never_run(read_npz, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "trap").touch, ()

    labels = np.empty(60, object)
    labels[:] = Trap()
    with pytest.raises(UserError, match="pickle"):
        read_npz(x=PICTURES, y=labels)
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize("kept", [0, 10, 2000])
def test_a_truncated_npz_is_named_as_such(prepared, tmp_path, kept):
    path = tmp_path / "data.npz"
    npz(path, x=PICTURES, y=LABELS)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="not a whole one"):
        prepared("npz", path=str(path))


def test_the_real_sample_of_cifar_is_read(prepared, sample_data):
    data = prepared("npz", path=str(sample_data / "cifar10" / "cifar10_sample.npz"))
    assert data.inputs.shape == (12_000, 32, 32, 3)
    assert "frog" in data.target.class_names


def idx(array):
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_idx(folder, packed):
    suffix = ".gz" if packed else ""
    for name, part in (("train", slice(0, 45)), ("t10k", slice(45, 60))):
        for kind, array in (("images-idx3", PICTURES[part, ..., 0]), ("labels-idx1", LABELS[part])):
            content = gzip.compress(idx(array)) if packed else idx(array)
            (folder / f"{name}-{kind}-ubyte{suffix}").write_bytes(content)
    return folder


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_mnist_files_are_read_from_their_folder_plain_or_packed(prepared, tmp_path, packed):
    data = prepared("idx", path=str(write_idx(tmp_path, packed)))
    np.testing.assert_array_equal(data.inputs[..., 0], PICTURES[..., 0])
    np.testing.assert_array_equal(data.targets, LABELS)
    assert len(data.splits["test"]) == 15
    assert data.input.shape == (8, 8, 1)


def test_a_single_file_of_images_finds_its_labels_and_is_split_by_the_sliders(prepared, tmp_path):
    write_idx(tmp_path, False)
    data = prepared("idx", path=str(tmp_path / "t10k-images-idx3-ubyte"), splits={"test": 0.2, "validation": 0.2})
    assert len(data.targets) == 15
    assert len(data.splits["test"]) == 3


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("kept", [0, 3, 10, 500])
def test_a_truncated_idx_file_is_named_with_what_is_missing(prepared, tmp_path, packed, kept):
    path = write_idx(tmp_path, packed) / f"train-images-idx3-ubyte{'.gz' if packed else ''}"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="train-images"):
        prepared("idx", path=str(tmp_path))


def test_pictures_without_pixels_in_an_idx_file_are_refused_with_their_shape(prepared, tmp_path):
    write_idx(tmp_path, False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(PICTURES[:45, :, :0, 0]))
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte has the shape \(45, 8, 0\)"):
        prepared("idx", path=str(tmp_path))


def test_an_idx_file_without_labels_and_a_file_of_something_else_are_refused(prepared, tmp_path):
    write_idx(tmp_path, False)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="train-labels-idx1-ubyte beside it"):
        prepared("idx", path=str(tmp_path))
    (tmp_path / "train-labels-idx1-ubyte").write_text("0 1 2")
    with pytest.raises(UserError, match="not an IDX file"):
        prepared("idx", path=str(tmp_path))


def csv_text(labels, pixels, header="", delimiter=","):
    rows = [delimiter.join([str(label), *map(str, values)]) for label, values in zip(labels, pixels, strict=True)]
    return "\n".join(([header] if header else []) + rows) + "\n"


FLAT = PICTURES[..., 0].reshape(60, 64)
HEADER = "label," + ",".join(f"pixel{index}" for index in range(64))


@pytest.mark.parametrize(
    "text",
    [
        csv_text(LABELS, FLAT),
        csv_text(LABELS, FLAT, HEADER),
        "\ufeff" + csv_text(LABELS, FLAT, HEADER),
        csv_text(LABELS, FLAT, "label," + ",".join(map(str, range(64)))),
        csv_text(LABELS, FLAT, delimiter=";"),
        csv_text(LABELS, FLAT).replace("\n", "\r\n\r\n"),
        csv_text(LABELS, np.round(FLAT / 255, 4)),
    ],
    ids=["bare", "header", "bom", "numbered header", "semicolon", "blank lines", "floats to 1"],
)
def test_a_table_of_pixels_is_read_with_or_without_a_header(prepared, tmp_path, text):
    (tmp_path / "digits.csv").write_text(text, encoding="utf-8", newline="")
    data = prepared("csv_images", path=str(tmp_path / "digits.csv"))
    np.testing.assert_array_equal(data.inputs.reshape(60, 64), FLAT)
    np.testing.assert_array_equal(data.targets, LABELS)


def test_text_labels_and_a_label_column_anywhere_are_understood(prepared, tmp_path):
    header = ",".join([f"p{index}" for index in range(64)] + ["Label"])
    names = np.array(["chó", "mèo, nhỏ", "gà"])
    rows = [",".join([*map(str, FLAT[i]), f'"{names[LABELS[i]]}"']) for i in range(60)]
    (tmp_path / "pets.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    data = prepared("csv_images", path=str(tmp_path / "pets.csv"))
    assert data.target.class_names == tuple(sorted(names))
    np.testing.assert_array_equal(data.inputs.reshape(60, 64), FLAT)


def test_colour_and_oblong_pictures_take_a_given_side(prepared, tmp_path):
    colour = PICTURES.reshape(60, 192)
    (tmp_path / "colour.csv").write_text(csv_text(LABELS, colour))
    assert prepared("csv_images", path=str(tmp_path / "colour.csv")).input.shape == (8, 8, 3)
    oblong = prepared("csv_images", path=str(tmp_path / "colour.csv"), height=4, width=16)
    np.testing.assert_array_equal(oblong.inputs, colour.reshape(60, 4, 16, 3))


def test_bad_rows_are_listed_and_the_rest_is_used(prepared, tmp_path):
    lines = csv_text(LABELS, FLAT).splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0]
    lines[7] = lines[7].replace(",", ",x", 1)
    lines[9] = "2," + ",".join(["999"] * 64)
    lines[11] = "," + ",".join(["1"] * 64)
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    data = prepared("csv_images", path=str(tmp_path / "rows.csv"))
    assert len(data.targets) == 56
    found = {problem.where: problem.reason for problem in data.problems}
    assert set(found) == {"line 4", "line 8", "line 10", "line 12"}
    assert "999" in found["line 10"]
    assert found["line 12"] == "has no label"


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("a,b\n1,2\n", "2 columns"), (csv_text([1], FLAT[:1, :50]), "square"), (HEADER + "\n", "no rows")],
)
def test_a_table_without_pictures_is_refused(prepared, tmp_path, text, message):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        prepared("csv_images", path=str(tmp_path / "table.csv"))


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("utf-16", "encoded in UTF-16"), ("utf-16-le", "encoded in UTF-16"), ("latin-1", "Line 3 of .*not UTF-8.*près")],
)
def test_a_table_in_another_encoding_is_told_so_and_what_to_do(prepared, tmp_path, encoding, message):
    labels = np.array(["sur", "près"])[np.arange(60) % 2]
    (tmp_path / "table.csv").write_text(csv_text(labels, FLAT, HEADER), encoding=encoding)
    with pytest.raises(UserError, match=f"(?s){message}.*as UTF-8"):
        prepared("csv_images", path=str(tmp_path / "table.csv"))


def test_a_table_that_is_one_endless_line_is_refused_without_reading_it_all(experiment_on, tmp_path):
    path = tmp_path / "line.csv"
    path.write_text("1," * 20_000_000)
    began = time.perf_counter()
    experiment = experiment_on("csv_images", path=str(path))  # reads the first line for the size of the pictures
    assert time.perf_counter() - began < 1
    assert experiment.preprocessing.height == 28
    with pytest.raises(UserError, match=r"first line of .*line.csv is longer than 2 MB"):
        registry().datasets.get("csv_images").open(experiment.dataset, lambda event: None)


@pytest.fixture
def keras_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def no_network(monkeypatch):
    """What a computer without a network answers, at once and wherever the test runs."""
    import socket

    def refuse(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "mnist.npz"),
        ("fashion_mnist", "train-labels-idx1-ubyte.gz"),
        ("cifar10", "cifar-10-python.tar.gz"),
        ("cifar100", "cifar-100-python.tar.gz"),
    ],
)
def test_offline_the_message_names_the_file_and_where_to_place_it(prepared, keras_folder, no_network, name, file):
    with pytest.raises(UserError) as raised:
        prepared(name)
    assert file in str(raised.value)
    assert str(keras_folder) in str(raised.value)
    assert not list(keras_folder.rglob("*.part"))


def test_mnist_placed_by_hand_is_read_with_its_ready_made_test(prepared, keras_folder, no_network):
    grey = RANDOM.integers(0, 256, (30, 28, 28)).astype(np.uint8)
    labels = np.arange(30) % 10
    np.savez(keras_folder / "mnist.npz", x_train=grey[:20], y_train=labels[:20], x_test=grey[20:], y_test=labels[20:])
    data = prepared("mnist")
    np.testing.assert_array_equal(data.inputs[..., 0], grey)
    np.testing.assert_array_equal(data.splits["test"], np.arange(20, 30))


def test_fashion_mnist_is_read_from_the_files_of_keras(prepared, keras_folder, no_network):
    (keras_folder / "fashion-mnist").mkdir()
    grey = RANDOM.integers(0, 256, (30, 28, 28)).astype(np.uint8)
    for name, part in (("train", slice(0, 20)), ("t10k", slice(20, 30))):
        for kind, array in (("images-idx3", grey[part]), ("labels-idx1", np.arange(30)[part] % 10)):
            (keras_folder / "fashion-mnist" / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    data = prepared("fashion_mnist")
    np.testing.assert_array_equal(data.inputs[..., 0], grey)
    assert data.target.class_names[9] == "Ankle boot"


def write_cifar(path, batches):
    with tarfile.open(path, "w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps(batch, protocol=2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def cifar_batches():
    colour = RANDOM.integers(0, 256, (60, 32, 32, 3)).astype(np.uint8)
    rows = colour.transpose(0, 3, 1, 2).reshape(60, -1)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    parts = {name: slice(10 * n, 10 * n + 10) for n, name in enumerate(names)}
    return colour, {n: {b"data": rows[p], b"labels": list(range(10))} for n, p in parts.items()}


def test_cifar_is_read_from_its_archive_under_the_name_a_browser_gives_it(prepared, keras_folder, no_network):
    colour, batches = cifar_batches()
    write_cifar(keras_folder / "cifar-10-python.tar.gz", batches)
    data = prepared("cifar10")
    np.testing.assert_array_equal(data.inputs, colour)
    assert data.target.class_names[data.targets[3]] == "cat"
    assert len(data.splits["test"]) == 10


def test_an_archive_that_wants_to_run_code_is_refused_and_not_run(prepared, keras_folder, no_network, tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "trap"), "w")

    _colour, batches = cifar_batches()
    batches["data_batch_1"][b"labels"] = Trap()
    write_cifar(keras_folder / "cifar-10-python.tar.gz", batches)
    with pytest.raises(UserError, match="wants to run"):
        prepared("cifar10")
    assert not (tmp_path / "trap").exists()


def test_a_damaged_archive_says_that_it_can_be_deleted(prepared, keras_folder, no_network):
    (keras_folder / "cifar-10-python.tar.gz").write_bytes(b"rubbish")
    with pytest.raises(UserError, match="Delete it"):
        prepared("cifar10")
