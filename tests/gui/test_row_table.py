"""The table of objects: sorting, searching, selecting."""

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QPoint, Qt

from workbench.gui.row_table import Column, RowTableModel, RowTableView


@dataclass(frozen=True)
class Fruit:
    name: str
    weight: float | None = None


def name(fruit):
    return fruit.name


def weight(fruit):
    return fruit.weight


def weight_text(fruit):
    return "" if fruit.weight is None else f"{fruit.weight} g"


@pytest.fixture
def view(qtbot):
    model = RowTableModel(name)
    model.set_columns([Column("Name", name), Column("Weight", weight_text, weight, numeric=True, descending=True)])
    view = RowTableView(model)
    qtbot.addWidget(view)
    model.set_rows([Fruit("pear", 170), Fruit("Apple", 150), Fruit("fig"), Fruit("melon", 1500)])
    view.resize(400, 300)
    view.show()
    return view


def shown(view):
    return [fruit.name for fruit in view.rows.rows]


def click_head(qtbot, view, column):
    head = view.horizontalHeader()
    place = QPoint(head.sectionViewportPosition(column) + head.sectionSize(column) // 2, head.height() // 2)
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_rows_stand_in_the_order_given_until_a_head_is_clicked(qtbot, view):
    assert shown(view) == ["pear", "Apple", "fig", "melon"]
    click_head(qtbot, view, 0)
    assert shown(view) == ["Apple", "fig", "melon", "pear"]


def test_a_column_of_numbers_begins_with_the_largest_and_unknown_ones_stay_last(qtbot, view):
    click_head(qtbot, view, 1)
    assert shown(view) == ["melon", "pear", "Apple", "fig"]
    click_head(qtbot, view, 1)
    assert shown(view) == ["Apple", "pear", "melon", "fig"]


def test_the_selection_follows_its_rows_through_sorting_searching_and_new_rows(qtbot, view):
    view.select(["melon", "Apple"])
    assert view.current().name == "melon"
    click_head(qtbot, view, 0)
    assert [fruit.name for fruit in view.selected()] == ["Apple", "melon"]
    view.rows.set_rows([Fruit("melon", 1600), Fruit("plum", 40)])
    assert view.selected() == [Fruit("melon", 1600)]
    view.rows.set_search("plu")
    assert (shown(view), view.selected()) == (["plum"], [])


def test_rows_that_only_changed_their_values_are_drawn_again_without_a_reset(qtbot, view):
    with qtbot.assertNotEmitted(view.rows.modelReset), qtbot.waitSignal(view.rows.dataChanged) as changed:
        view.rows.set_rows([Fruit("pear", 171), Fruit("Apple", 150), Fruit("fig"), Fruit("melon", 1500)])
    assert changed.args[0].row() == 0


def test_enter_chooses_the_current_row_and_delete_asks_to_delete(qtbot, view):
    view.select(["fig"])
    with qtbot.waitSignal(view.chosen) as chosen:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert chosen.args == [Fruit("fig")]
    with qtbot.waitSignal(view.delete_pressed):
        qtbot.keyClick(view, Qt.Key.Key_Delete)
