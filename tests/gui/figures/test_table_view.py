"""Tables in the window: sorted as numbers, copied as they are shown, every column written in one way."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from workbench.figures import Table
from workbench.gui.figures.table_view import shown


def test_a_table_sorts_numbers_as_numbers_and_keeps_what_is_missing_last(show):
    rows = (("a", 9), ("b", 10), ("c", None), ("d", float("nan")), ("e", 2))
    view = show(Table("Report", ("Name", "Value"), rows))
    header = view.table.horizontalHeader()

    def names():
        return [view.table.model().index(row, 0).data() for row in range(5)]

    assert names() == list("abcde")
    view.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert names() == list("eabcd")
    view.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names() == list("baecd")
    assert header.sortIndicatorSection() == 1
    view.set_figure(Table("Report", ("Name", "Value"), (("x", 1), ("y", 5))))
    assert view.table.model().index(0, 0).data() == "y"


def test_chosen_cells_are_copied_as_they_are_shown(show, qtbot):
    view = show(Table("Report", ("Name", "F1", "Rest"), (("a", 0.123456, 1), ("b", None, 2), ("c", 1.0, 3))))
    view.table.setFocus()
    model = view.table.model()
    for row in (0, 1):
        for column in (0, 1):
            view.table.selectionModel().select(
                model.index(row, column), view.table.selectionModel().SelectionFlag.Select
            )
    view.copy_cells()
    assert QGuiApplication.clipboard().text() == "Name\tF1\na\t0.1235\nb\t"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (1e-7, "1e-07"),
        (2 / 3, "0.6667"),
        (0.00234, "0.00234"),
        (2014, "2014"),
        (314600.4, "314,600"),
        (-62_670_000.0, "-62,670,000"),
        (6.0221e23, "6.022e+23"),
        (-0.00001, "-1e-05"),
        (float("inf"), "inf"),
        (True, "True"),
        (3, "3"),
        (None, ""),
        (float("nan"), "–"),
        ("word", "word"),
        (0.0, "0"),
    ],
)
def test_a_cell_is_shown_for_people(value, text):
    assert shown(value) == text


def test_all_numbers_of_a_column_are_written_in_the_same_way_with_as_many_places_as_are_of_use(show):
    rows = (
        (48.0, 21.5, 0.123456, 1e-7, 4_000.0, 12_345.678, 7, "row 10"),
        (7.0, 30.0, 0.5, 2.0, 250_000.0, 98.7654, 12_000, "row 9"),
    )
    view = show(Table("Rows", ("age", "bmi", "share", "tiny", "price", "area", "count", "name"), rows))
    model = view.table.model()
    texts = [[model.index(row, column).data() for column in range(8)] for row in range(2)]
    assert texts == [
        ["48", "21.5", "0.1235", "1e-07", "4,000", "12,346", "7", "row 10"],
        ["7", "30.0", "0.5000", "2", "250,000", "99", "12,000", "row 9"],
    ]
    view.set_figure(Table("Many", ("x",), (*((float(row),) for row in range(501)), (0.125,))))
    assert [model.index(row, 0).data() for row in (500, 501)] == ["500", "0.125"]


def test_a_column_of_numbers_and_its_name_stand_at_the_right_and_one_of_words_at_the_left(show):
    view = show(Table("Rows", ("name", "area"), (("a", 1.5), ("b", None))))
    model = view.table.model()
    role = Qt.ItemDataRole.TextAlignmentRole
    sides = [model.headerData(column, Qt.Orientation.Horizontal, role) for column in (0, 1)]
    assert [bool(side & Qt.AlignmentFlag.AlignRight) for side in sides] == [False, True]
    assert model.index(0, 1).data(role) == sides[1]


def test_numbers_with_units_and_numbered_names_are_sorted_by_their_numbers(show):
    view = show(Table("Rows", ("Name", "Price"), (("row 10", "99000 USD"), ("row 9", "103200 USD"), ("x", "-5.5 USD"))))
    model = view.table.model()
    view.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [model.index(row, 0).data() for row in range(3)] == ["row 9", "row 10", "x"]
    view.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [model.index(row, 1).data() for row in range(3)] == ["-5.5 USD", "99000 USD", "103200 USD"]


def test_large_numbers_are_copied_without_commas_that_other_programs_misread(show):
    view = show(Table("Rows", ("price",), ((250_000.0,), (4_000.5,))))
    view.copy_cells()
    assert view.table.model().index(0, 0).data() == "250,000"
    assert QGuiApplication.clipboard().text() == "price\n250000\n4000"


def test_a_table_of_ten_thousand_rows_is_all_there(show):
    view = show(Table("Files", ("Name", "Number"), tuple((f"file {i}.png", i) for i in range(10_000))))
    view.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert view.table.model().index(0, 0).data() == "file 9999.png"
    assert view.table.model().rowCount() == 10_000
    assert view.grows
