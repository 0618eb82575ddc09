"""Rows for a trained model, and the names of rows."""

import pickle

import numpy as np
import pytest

from workbench.data.tables.row_names import RowNames
from workbench.data.tables.rows import read_rows
from workbench.errors import UserError
from workbench.specs import Column, TableInput

EXPECTED = TableInput((Column("area", "m²"), Column("kind", "", ("flat", "house"))))


def read(tmp_path, text):
    path = tmp_path / "asked.csv"
    path.write_text(text, encoding="utf-8")
    return read_rows(path, EXPECTED, lambda event: None)


def test_columns_are_found_by_name_in_any_order_and_others_are_passed_over(tmp_path):
    rows = read(tmp_path, "id;kind;area (m²)\n7;house;30,5\n8;;40\n9;flat;\n")
    np.testing.assert_array_equal(rows.values, np.float32([[30.5, 1], [40, np.nan], [np.nan, 0]]))
    assert list(rows.names) == ["row 2", "row 3", "row 4"]
    assert rows.errors == {}


def test_a_row_that_cannot_be_read_says_why_and_the_others_are_kept(tmp_path):
    rows = read(tmp_path, "area,kind\n" + "30,flat\n" * 20 + "x,flat\n30,castle\n1,2,3\n30,house\n")
    assert rows.errors == {20: "area: 'x' is no number", 21: "kind: 'castle' is none of flat, house"}
    assert [problem.where for problem in rows.problems] == ["line 24"]
    np.testing.assert_array_equal(rows.values[22], [30, 1])


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no column 'kind'. Did you mean 'kinds'"):
        read(tmp_path, "area,kinds\n30,flat\n40,house\n")


def test_names_of_rows_are_a_sequence_that_takes_no_text_in_memory():
    names = RowNames(np.arange(2, 1_000_002))
    assert (len(names), names[0], names[-1]) == (1_000_000, "row 2", "row 1000001")
    assert names[1:3] == ("row 3", "row 4")
    assert names[np.array([5, 0])] == ["row 7", "row 2"]
    assert names != ("row 2",)
    assert len(pickle.dumps(names)) < 9_000_000
    assert "row 5" in names


def test_numbers_without_end_are_named_and_not_taken_for_missing(tmp_path):
    rows = read(tmp_path, "area,kind\n30,flat\ninf,flat\n1e300,house\n,house\n")
    assert rows.errors == {
        1: "area: infinite, or too large a number",
        2: "area: infinite, or too large a number",
    }


def test_numbers_that_can_be_read_in_two_ways_are_not_guessed(tmp_path):
    with pytest.raises(UserError, match=r"column area of asked.csv holds numbers as 1,234, which can be"):
        read(tmp_path, "area;kind\n1,500;flat\n2,250;house\n")
