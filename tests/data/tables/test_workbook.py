"""Excel workbooks: sheets, formulas, merged cells, titles."""

import datetime
import zipfile

import numpy as np
import pytest

from workbench.data.sources.table_file import TableFileSection, TableFileSource
from workbench.data.tables.head import header_of
from workbench.data.tables.workbook import sheet_names
from workbench.errors import UserError

ROWS = [["area (m²)", "kind", "built", "price"], [30.5, "flat", datetime.date(2001, 2, 3), 100.25],
        [45, "house", datetime.date(2002, 3, 4), 200], [None, "flat", None, 300], [60, "flat", None, 400]]  # fmt: skip


@pytest.fixture
def workbook(tmp_path):
    """A maker of workbooks: rows per sheet, and what else to do to the first one."""

    def make(change=lambda sheet: None, name="book.xlsx", **sheets):
        import openpyxl

        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        change(book.worksheets[0])
        book.save(tmp_path / name)
        return tmp_path / name

    return make


def opened(path, **settings):
    section = TableFileSection(path=str(path), **settings)
    samples = TableFileSource().open(section, lambda event: None)
    assert TableFileSource().target_kind(section) == samples.target.kind
    return samples


def test_the_first_sheet_is_read_whatever_the_file_is_called(workbook):
    path = workbook(Houses=ROWS, name="houses.csv")
    samples = opened(path)
    assert [(column.name, column.unit, column.categories) for column in samples.columns.columns] == [
        ("area", "m²", ()), ("kind", "", ("flat", "house"))]  # fmt: skip
    np.testing.assert_array_equal(samples.values, np.float32([[30.5, 0], [45, 1], [np.nan, 0], [60, 0]]))
    np.testing.assert_array_equal(samples.targets[:, 0], np.float32([100.25, 200, 300, 400]))
    assert list(samples.names) == ["row 2", "row 3", "row 4", "row 5"]
    assert header_of(path) == [("area", "number"), ("kind", "text"), ("built", "date"), ("price", "number")]


def test_a_sheet_is_chosen_by_name_and_a_misspelt_one_offered(workbook):
    path = workbook(Notes=[["nothing"]], Houses=ROWS)
    assert sheet_names(path) == ["Notes", "Houses"]
    assert len(opened(path, sheet="Houses").values) == 4
    with pytest.raises(UserError, match=r"no sheet 'houses'. Did you mean 'Houses'. Its sheets are: Notes, Houses"):
        opened(path, sheet="houses")


def test_a_title_above_the_table_and_empty_rows_are_passed_over(workbook, problems_of):
    path = workbook(Houses=[["Houses of 2020"], [], *ROWS[:3], [], *ROWS[3:]])
    samples = opened(path)
    assert list(samples.names) == ["row 4", "row 5", "row 7", "row 8"]
    assert problems_of(samples)[0] == "row 1: 'Houses of 2020' stands above the table and is left out"


def test_merged_cells_and_formulas_without_results_are_named(workbook, problems_of):
    def change(sheet):
        sheet["A4"] = "=A2+A3"
        sheet.merge_cells("B2:B3")

    samples = opened(workbook(change, Houses=ROWS))
    np.testing.assert_array_equal(samples.values, np.float32([[30.5, 0], [45, np.nan], [np.nan, 0], [60, 0]]))
    assert "cells B2:B3: are merged: the first cell of each has the value, the others count as missing" in problems_of(
        samples
    )
    assert any(
        problem.startswith("cells A4: have formulas that were never calculated") for problem in problems_of(samples)
    )


def test_error_values_count_as_missing(workbook, problems_of):
    rows = [["x", "y"], *([number, number / 4] for number in range(30)), ["#DIV/0!", 8.5]]
    samples = opened(workbook(Sheet=rows))
    assert np.isnan(samples.values[-1, 0])
    assert "'#DIV/0!' (row 32)" in problems_of(samples)[0]


def test_numbers_kept_as_text_are_read(workbook):
    rows = [["x", "y"], ["1,250.5", 1.5], ["2,000", 2.5], ["3", 3.5]]
    np.testing.assert_array_equal(opened(workbook(Sheet=rows)).values[:, 0], np.float32([1250.5, 2000, 3]))


def test_an_empty_sheet_and_a_damaged_workbook_are_refused(workbook, tmp_path):
    with pytest.raises(UserError, match=r"sheet 1 of .* is empty"):
        opened(workbook(Empty=[]))
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("xl/workbook.xml", "<nothing")
    with pytest.raises(UserError, match="cannot be read as an Excel workbook"):
        opened(damaged)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("secret.xlsx", b"\xd0\xcf\x11\xe0" + bytes(500), "protected by a password"),
        ("renamed.csv", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ("half.xlsx", b"PK\x03\x04" + bytes(500), "damaged Excel workbook"),
        ("archive.csv", b"PK\x03\x04" + bytes(500), "compressed. Unpack it"),
    ],
)
def test_what_is_wrong_with_a_workbook_is_told_apart(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        opened(tmp_path / name)
