"""The predict page for models of tables, on synthetic answers: a row typed, files dropped, another kind of model."""

import csv
import json
import zipfile

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from workbench.figures import Bars, Image
from workbench.gui.pages.model_input import input_of
from workbench.gui.pages.predict import PredictPage
from workbench.gui.workspace import Workspace
from workbench.inspection.prediction import PredictedItem, Predictions
from workbench.specs import Column, ImageInput, TableInput, spec_to_json
from workbench.tasks.task import Answer

HOUSE = TableInput((
    Column("area", "m²", typical=96.5, minimum=30.0, maximum=250.0),
    Column("rooms", typical=4.0, minimum=1.0, maximum=9.0),
    Column("heating", categories=("gas", "oil", "wood"), typical=1.0),
))  # fmt: skip


def model_file(path, spec):
    """A model file as far as the window reads it: its description."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("workbench.json", json.dumps({"version": 1, "input": spec_to_json(spec)}))
    return str(path)


def price(row):
    return Answer(
        {"value": 1000.0 * (row["area"] or 0) + (row["rooms"] or 0), "unit": "€", "name": "price"},
        f"{row['area']} thousand €",
    )


def answer(request, emit, engine):
    """A model that multiplies; a file holds two rows, the second without an answer."""
    if request.rows:
        return Predictions(tuple(PredictedItem("", price(row), row=row, seconds=0.002) for row in request.rows))
    rows = ({"area": 50.0, "rooms": 2.0, "heating": "gas"}, {"area": None, "rooms": 3.0, "heating": "oil"})
    items = []
    for path in request.paths:
        items.append(PredictedItem(path, price(rows[0]), row=rows[0], name="row 2", seconds=0.001))
        items.append(PredictedItem(path, error="the area is no number: many", row=rows[1], name="row 3"))
    return Predictions(tuple(items))


@pytest.fixture
def engine(scripted_engine):
    return scripted_engine(answer)


@pytest.fixture
def page(qtbot, home, engine, scripted_engine, tmp_path):
    workspace = Workspace(engine, scripted_engine())
    page = PredictPage(workspace)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    page.models.chosen.emit(model_file(tmp_path / "houses.keras", HOUSE))
    yield page
    workspace.close()


def settled(qtbot, page):
    qtbot.waitUntil(lambda: not page.workspace.questions.busy and not page._live_asked, timeout=5000)


def shown(page):
    return page.result.detail.answer.text()


def test_a_row_of_typical_values_is_answered_at_once_and_again_at_every_key(qtbot, page, engine):
    settled(qtbot, page)
    assert engine.requests[-1].rows == ({"area": 96.5, "rooms": 4.0, "heating": "oil"},)
    assert shown(page) == "96.5 thousand €"
    field = page.entry.form.fields["area"]
    field.selectAll()
    qtbot.keyClicks(field, "120,5")
    qtbot.waitUntil(lambda: shown(page) == "120.5 thousand €")
    qtbot.keyClick(field, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: shown(page) == "125.0 thousand €")
    assert "30 to 250 m²" in page.entry.form.hints["area"].text()


def test_while_one_question_runs_only_the_newest_row_waits(qtbot, page, engine):
    settled(qtbot, page)
    before = len(engine.requests)
    engine.go_on.clear()
    engine.script = lambda request, emit, engine: engine.go_on.wait(5) and answer(request, emit, engine)
    field = page.entry.form.fields["rooms"]
    field.clear()
    qtbot.keyClicks(field, "123456")
    engine.go_on.set()
    qtbot.waitUntil(lambda: page.result.row.item.row["rooms"] == 123456)
    assert len(engine.requests) - before <= 3


def test_an_empty_field_is_a_missing_value_and_a_word_is_one_of_its_column(qtbot, page, engine):
    settled(qtbot, page)
    form = page.entry.form
    form.fields["area"].selectAll()
    qtbot.keyClick(form.fields["area"], Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: engine.requests[-1].rows[0]["area"] is None)
    heating = form.fields["heating"]
    heating.setFocus()
    qtbot.keyClicks(heating, "w")
    settled(qtbot, page)
    assert engine.requests[-1].rows[0]["heating"] == "wood"
    qtbot.keyClick(heating, Qt.Key.Key_Home)
    settled(qtbot, page)
    assert engine.requests[-1].rows[0]["heating"] is None
    page.entry.typical_button.click()
    settled(qtbot, page)
    assert engine.requests[-1].rows == ({"area": 96.5, "rooms": 4.0, "heating": "oil"},)


def test_what_is_no_number_is_said_at_its_field_and_not_asked_and_far_values_are_marked(qtbot, page, engine):
    settled(qtbot, page)
    before = len(engine.requests)
    field, note = page.entry.form.fields["area"], page.entry.form.hints["area"]
    field.clear()
    qtbot.keyClicks(field, "x")
    settled(qtbot, page)
    assert "number" in note.text()
    assert field.property("wrong")
    assert len(engine.requests) == before
    field.selectAll()
    qtbot.keyClicks(field, "9000")
    settled(qtbot, page)
    assert "trained only on 30 to 250 m²" in note.text()
    assert engine.requests[-1].rows[0]["area"] == 9000


def drop(page, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(500, 400), Qt.DropAction.CopyAction, mime, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(page, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(500, 400), Qt.DropAction.CopyAction, mime, buttons, keys)
        QApplication.sendEvent(page, event)
    return enter.isAccepted()


def test_a_dropped_table_becomes_a_list_that_is_saved_with_its_answers(qtbot, page, tmp_path):
    settled(qtbot, page)
    table = tmp_path / "nhà.csv"
    table.write_text("area,rooms,heating\n50,2,gas\nmany,3,oil\n")
    assert drop(page, table)
    qtbot.waitUntil(lambda: len(page.result.rows) == 2)
    assert [row.name for row in page.result.rows] == ["nhà.csv, row 2", "nhà.csv, row 3"]
    titles = [column.title for column in page.result.model.columns]
    assert titles == ["Row", "price (€)", "Time", "Problem", "area", "rooms", "heating"]
    model = page.result.model
    assert [model.index(line, 0).data() for line in range(2)] == ["row 2", "row 3"]
    page.ask_csv = lambda parent: str(tmp_path / "answers")
    page.csv_button.click()
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig") as file:
        first, second = csv.DictReader(file)
    assert (first["row"], first["area"], first["value"], first["unit"]) == ("row 2", "50.0", "50002.0", "€")
    assert (second["area"], second["value"], second["error"]) == ("", "", "the area is no number: many")
    qtbot.keyClick(page.entry.form.fields["area"], Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: len(page.result.rows) == 1)
    assert page.result.table.isHidden()


def test_a_dropped_model_is_left_to_the_window_and_several_tables_are_taken(qtbot, page, tmp_path):
    settled(qtbot, page)
    (tmp_path / "other.keras").write_bytes(b"")
    assert not drop(page, tmp_path / "other.keras")
    assert drop(page, tmp_path / "a.csv", tmp_path / "b.xlsx")


def test_another_model_keeps_what_was_typed_and_a_model_of_pictures_takes_pictures(qtbot, page, engine, tmp_path):
    settled(qtbot, page)
    field = page.entry.form.fields["area"]
    field.clear()
    qtbot.keyClicks(field, "77")
    settled(qtbot, page)
    smaller = TableInput((Column("age", "years", typical=30.0), HOUSE.columns[0]))
    page.models.chosen.emit(model_file(tmp_path / "smaller.keras", smaller))
    engine.script = lambda request, emit, engine: Predictions((PredictedItem("", Answer({}, "old")),))
    settled(qtbot, page)
    assert engine.requests[-1].rows == ({"age": 30.0, "area": 77.0},)
    rows = page.entry
    page.models.chosen.emit(model_file(tmp_path / "digits.keras", ImageInput(8, 8, 1)))
    assert page.entry is not rows
    assert rows.isHidden()
    assert rows.bar.isHidden()
    assert page.entry.drawing.isVisible()
    assert page.result.rows == []
    assert page._stack.currentWidget() is page.entry.drop_zone


def test_every_field_has_a_label_that_leads_to_it_and_a_name_for_screen_readers(qtbot, page):
    settled(qtbot, page)
    for name, field in page.entry.form.fields.items():
        assert name in field.accessibleName()
        assert field.accessibleDescription()


def test_what_a_model_takes_is_read_without_opening_it(tmp_path):
    assert input_of(model_file(tmp_path / "a.keras", HOUSE)) == HOUSE
    (tmp_path / "b.keras").write_bytes(b"nothing")
    assert input_of(str(tmp_path / "b.keras")) is None
    assert input_of("") is None


def test_an_answer_that_is_a_picture_takes_the_place_of_the_picture_and_is_saved_in_its_own_pixels(
    qtbot, page, engine, tmp_path
):
    from PySide6.QtGui import QImage

    mask = np.zeros((5, 7, 3), np.uint8)
    mask[2, 3] = (255, 0, 0)
    figures = (Image("Mask", mask), Bars("Share of the picture", ("cell",), {"": (0.1,)}))
    item = PredictedItem("/x/cell.png", Answer({"cell": 0.03}, "cell 3 %", figures), pixels=mask)
    engine.script = lambda request, emit, engine: Predictions((item,))
    page.models.chosen.emit(model_file(tmp_path / "cells.keras", ImageInput(128, 128, 3)))
    settled(qtbot, page)
    page.predict_paths(["/x/cell.png"])
    qtbot.waitUntil(lambda: bool(page.result.rows))
    assert [view.figure.title for view in page.result.detail.figures.views] == ["Mask", "Share of the picture"]
    asked = []
    page.result.detail.ask_path = lambda parent, suggestion: asked.append(suggestion) or str(tmp_path / "out")
    assert page.result.detail.save_button.isVisible()
    page.result.detail.save_button.click()
    assert asked == ["cell_mask.png"]
    image = QImage(str(tmp_path / "out.png"))
    assert (image.width(), image.height()) == (7, 5)
    assert image.pixelColor(3, 2).red() == 255
    assert "out.png" in page.result.detail.saved.text
