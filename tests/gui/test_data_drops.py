"""What a dropped path becomes as a dataset, by what the sources say of it; and columns chosen by their names."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.gui.pages.data_columns import ColumnNames
from workbench.gui.pages.data_drops import dataset_of_drop
from workbench.gui.pages.data_forms import SectionForm
from workbench.registry import registry


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)


def rows(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("age,height,name\n1,80.5,An\n2,90.25,Bình\n3,99,Chi\n4,105.5,Dung\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("make", "dropped", "name"),
    [
        (lambda root: rows(root / "people.csv"), "people.csv", "table_file"),
        (lambda root: (root / "digits.csv").write_text("\n".join("3" + ",7" * 64 for _ in range(9))), "digits.csv",
         "csv_images"),
        (lambda root: picture(root / "cats" / "a.png"), ".", "image_folder"),
        (lambda root: (picture(root / "images" / "a.png"), picture(root / "masks" / "a.png")), ".", "image_masks"),
        (
            lambda root: (picture(root / "JPEGImages" / "a.png"), picture(root / "PedMasks" / "a_mask.png")),
            ".", "image_masks",
        ),
        # Letters that are called like inputs and targets, and annotations that are no masks.
        (lambda root: (picture(root / "X" / "1.png"), picture(root / "Y" / "2.png")), ".", "image_folder"),
        (lambda root: (picture(root / "images" / "a.png"), rows(root / "annotations" / "a.xml")), ".", "image_folder"),
        (lambda root: rows(root / "driving_log.csv"), ".", "driving_log"),
        (lambda root: rows(root / "driving_log.csv"), "driving_log.csv", "driving_log"),
        (lambda root: np.savez(root / "a.npz", x=np.zeros(3)), "a.npz", "npz"),
        (lambda root: (root / "train-images-idx3-ubyte").write_bytes(b""), "train-images-idx3-ubyte", "idx"),
        (lambda root: (root / "notes.txt").write_text("words"), "notes.txt", None),
        (lambda root: (root / "experiment.toml").write_text(""), ".", None),
    ],
)  # fmt: skip
def test_the_source_that_is_surest_of_a_path_takes_it(tmp_path, make, dropped, name):
    make(tmp_path)
    found = dataset_of_drop(tmp_path / dropped)
    assert found.get("name") == name
    if name is not None:
        section = registry().datasets.get(name).section(**found)
        assert str(tmp_path) in section.model_dump_json()


def test_a_column_of_addresses_is_no_target_where_there_are_numbers(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("rooms,price,address\n" + "".join(f"{n % 5},{n * 1.5},Street {n}\n" for n in range(60)))
    assert dataset_of_drop(path)["target"] == "price"
    path.write_text("rooms,price,kind\n" + "".join(f"{n % 5},{n * 1.5},{'ab'[n % 2]}\n" for n in range(60)))
    assert "target" not in dataset_of_drop(path)


@pytest.fixture
def columns(qtbot, home):
    owner = QWidget()
    qtbot.addWidget(owner)
    names = ColumnNames(owner)
    yield names
    names.stop()


@pytest.fixture
def form(qtbot, columns, tmp_path):
    """The form of a table file, on a document that takes everything."""
    from workbench.gui.document import Document
    from workbench.gui.settings import Settings

    owner = columns.parent()
    document = Document(Settings(owner), owner)
    section_class = registry().datasets.get("table_file").section
    taken = []

    def set_value(path, value):
        values = {**form.shown.model_dump(), path.removeprefix("dataset."): value}
        taken.append((path, value))
        show(section_class(**values))
        return ""

    form = SectionForm(document, "dataset", owner, set_value=set_value, editors=columns.editors())

    def show(section):
        form.shown = section
        columns.follow(section)
        form.show_section(section)

    form.taken = taken
    form.show_it = show
    show(section_class(path=str(rows(tmp_path / "người.csv"))))
    owner.show()
    yield form
    document.close()


def test_the_columns_of_a_file_are_offered_with_their_kinds_and_the_target_is_no_feature(qtbot, columns, form):
    qtbot.waitUntil(lambda: columns.names == ["age", "height", "name"])
    target, features = form.form.editor("target"), form.form.editor("features")
    assert [target.box.itemText(row) for row in range(target.box.count())] == [
        "automatic: name", "age", "height", "name (words)",
    ]  # fmt: skip
    target.box.setFocus()
    qtbot.keyClicks(target.box, "h")
    assert form.taken[-1] == ("dataset.target", "height")
    qtbot.waitUntil(lambda: features.ticked == ("age", "name"))
    item = features.list.item(0)
    item.setCheckState(Qt.CheckState.Unchecked)
    assert form.taken[-1] == ("dataset.features", ("name",))
    item = features.list.item(0)
    item.setCheckState(Qt.CheckState.Checked)
    assert form.taken[-1] == ("dataset.features", ())


def test_at_least_one_column_stays_ticked(qtbot, columns, form):
    qtbot.waitUntil(lambda: bool(columns.names))
    features = form.form.editor("features")
    assert features.ticked == ("age", "height")  # the name is what is learned
    count = len(form.taken)
    qtbot.mouseClick(features.none_button, Qt.MouseButton.LeftButton)
    assert "at least one" in features._note.text()
    assert len(form.taken) == count
    features.list.item(1).setCheckState(Qt.CheckState.Checked)
    assert form.taken[-1] == ("dataset.features", ("height",))
    qtbot.mouseClick(features.all_button, Qt.MouseButton.LeftButton)
    assert form.taken[-1] == ("dataset.features", ())


def test_a_file_that_is_gone_and_a_column_that_is_not_in_it_are_said(qtbot, columns, form, tmp_path):
    qtbot.waitUntil(lambda: bool(columns.names))
    section = type(form.shown)
    form.show_it(section(path=str(tmp_path / "người.csv"), target="price", features=("age", "rooms")))
    qtbot.waitUntil(lambda: form.form.editor("target").box.currentText() == "price (not in the file)")
    features = form.form.editor("features")
    assert features.list.item(3).text() == "rooms (not in the file)"
    form.show_it(section(path=str(tmp_path / "gone.csv")))
    qtbot.waitUntil(lambda: "gone.csv" in features._note.text())
    assert features.list.count() == 0
