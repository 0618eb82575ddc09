"""CSV files as people have them: separators, encodings, quotes, and what is wrong with them."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.control import Control, Stopped
from workbench.data.sources.table_file import TableFileSection, TableFileSource
from workbench.data.tables import text_file
from workbench.data.tables.head import header_of
from workbench.errors import UserError

ROWS = "area,rooms,price\n30,1,100.5\n45,2,150\n60,,200\n80,3,250\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found(table_file, delimiter):
    samples = table_file(ROWS.replace(",", delimiter))
    np.testing.assert_array_equal(samples.values, np.float32([[30, 1], [45, 2], [60, np.nan], [80, 3]]))
    np.testing.assert_array_equal(samples.targets[:, 0], np.float32([100.5, 150, 200, 250]))
    assert samples.problems == ()
    assert list(samples.names) == ["row 2", "row 3", "row 4", "row 5"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_make_no_difference_but_windows_1252_is_named(table_file, problems_of, encoding, end):
    samples = table_file("größe,Preis\n1,10.5\n2,20\n3,40\n".replace("\n", end), encoding=encoding)
    assert samples.columns.columns[0].name == "größe"
    np.testing.assert_array_equal(samples.targets[:, 0], [10.5, 20, 40])
    expected = ["table.csv: line 1 is no UTF-8; the file is read as Windows-1252"] if encoding == "cp1252" else []
    assert [problem.split(" (Western")[0] for problem in problems_of(samples)] == expected


def test_decimal_commas_and_grouped_thousands_are_read(table_file):
    samples = table_file("Fläche;Preis\n30,5;1.234,5\n45,25;2.000,0\n60;3.100\n")
    np.testing.assert_array_equal(samples.values[:, 0], np.float32([30.5, 45.25, 60]))
    np.testing.assert_array_equal(samples.targets[:, 0], np.float32([1234.5, 2000, 3100]))


def test_line_breaks_in_quotes_belong_to_the_field_and_rows_keep_their_line(table_file):
    text = 'a,"long\nname",y\n1,"one\ntwo",1.5\n2,"three ""four"", five",2.5\n1,"one\ntwo",3.5\n2,"one\ntwo",4.5\n'
    samples = table_file(text)
    assert [column.name for column in samples.columns.columns] == ["a", "long name"]
    assert samples.columns.columns[1].categories == ("one\ntwo", 'three "four", five')
    assert list(samples.names) == ["row 3", "row 5", "row 6", "row 8"]


def test_ragged_rows_are_named_and_left_out(table_file, problems_of):
    samples = table_file("a,b,y\n1,2,3.5\n1,2\n\n4,5,6.5\n7,8,9,10\n1,1,1.5\n")
    assert list(samples.names) == ["row 2", "row 5", "row 7"]
    assert problems_of(samples) == [
        "line 3: has 2 fields where the header has 3; left out",
        "line 6: has 4 fields where the header has 3; left out",
    ]


def test_many_ragged_rows_are_counted_rather_than_listed(table_file, problems_of):
    samples = table_file("a,b,y\n" + "1,2,3.5\n2,3,4.5\n" * 500 + "1,2\n" * 100)
    assert len(samples.values) == 1000
    assert len(samples.problems) == 21
    assert problems_of(samples)[-1] == "80 more lines: have another number of fields than the header; left out"


def test_quotes_further_down_change_nothing(table_file, monkeypatch, problems_of):
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 1000)
    plain = "a,b,y\n" + "".join(f"{number},{number % 3},{number / 4}\n" for number in range(300)) + "5\n"
    quoted = plain.replace("250,", '"250",').replace("200,", '"200",')
    first, second = table_file(plain), table_file(quoted)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.targets, second.targets)
    assert first.names == second.names
    assert problems_of(first) == problems_of(second) == ["line 302: has 1 fields where the header has 3; left out"]


def test_text_with_few_values_becomes_categories_and_other_text_is_left_out(table_file, problems_of):
    rows = "".join(
        f"{number % 7},{('red', 'green', '')[number % 3]},id {number},{number / 3}\n" for number in range(60)
    )
    samples = table_file("a,colour,code,y\n" + rows)
    assert [column.name for column in samples.columns.columns] == ["a", "colour"]
    assert samples.columns.columns[1].categories == ("green", "red")
    np.testing.assert_array_equal(samples.values[:3, 1], [1, 0, np.nan])
    assert problems_of(samples) == ["column code: text with 60 different values; left out"]
    samples = table_file("a,colour,code,y\n" + rows, text="leave_out")
    assert problems_of(samples) == ["column colour: text; left out", "column code: text; left out"]


def test_dates_and_empty_columns_are_left_out_and_a_constant_one_is_named(table_file, problems_of):
    samples = table_file("day,x,nothing,same,y\n" + "".join(f"2020-01-0{n},{n},,5,{n}.5\n" for n in range(1, 9)))
    assert [column.name for column in samples.columns.columns] == ["x", "same"]
    assert problems_of(samples) == [
        "column day: dates; left out",
        "column nothing: no value in any row; left out",
        "column same: every value is the same, 5",
    ]


def test_words_among_numbers_count_as_missing_and_are_shown(table_file, problems_of):
    samples = table_file("x,y\n1,1.5\n" + "2,1.5\n" * 20 + "oops,2.5\n1e60,3.5\n")
    assert np.isnan(samples.values[21:, 0]).all()
    assert problems_of(samples) == [
        "column x: 1 value is no number and counts as missing: 'oops' (row 23)",
        "column x: infinite, or too large a number, in row 24: counts as missing",
    ]


def test_rows_without_a_target_are_left_out(table_file, problems_of):
    samples = table_file("x,y\n1,1.5\n2,\n3,2.5\n4,?\n5,3.5\n")
    np.testing.assert_array_equal(samples.values[:, 0], [1, 3, 5])
    assert problems_of(samples) == ["rows 3, 5: no value in the target y; left out"]


def test_target_and_features_are_found_by_name_with_or_without_the_unit(table_file):
    samples = table_file("area (m2),age [years],price (USD)\n30.5,1,100.5\n40,2,200.5\n", target="area (m2)")
    assert (samples.target.names, samples.target.units) == (("area",), ("m2",))
    samples = table_file("area (m2),age [years],price (USD)\n30.5,1,100.5\n40,2,200.5\n", features=("age",))
    assert [(column.name, column.unit) for column in samples.columns.columns] == [("age", "years")]
    assert samples.target.units == ("USD",)


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        (["0", "1", "1", "0"], "class", ("0", "1")),
        (["1.0", "2", "10", "2.0", "1", "10"], "class", ("1", "2", "10")),
        (["yes", "no", "no"], "class", ("no", "yes")),
        (["True", "False", "True"], "class", ("False", "True")),
        (["0.5", "1", "2"], "values", None),
        ([str(number) for number in range(30)], "values", None),
        ([str(number * 100) for number in range(15)], "values", None),
    ],
)
def test_the_kind_of_target_follows_from_its_values(table_file, values, kind, classes):
    samples = table_file("x,y\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    assert samples.target.kind == kind
    if classes:
        assert samples.target.class_names == classes
        assert [float(samples.target.class_names[index]) if classes[0].isdigit() else samples.target.class_names[index]
                for index in samples.targets] == [float(v) if classes[0].isdigit() else v for v in values]  # fmt: skip


def test_numbers_can_be_asked_for_as_classes_and_classes_as_numbers(table_file):
    text = "x,y\n" + "".join(f"{number},{number % 4}\n" for number in range(40))
    assert table_file(text).target.class_names == ("0", "1", "2", "3")
    assert table_file(text, target_kind="number").targets.shape == (40, 1)
    assert table_file(text, target_kind="number").targets.dtype == np.float32
    assert len(table_file(text, target="x", target_kind="class").target.class_names) == 40


def test_a_missing_header_is_noticed_and_columns_are_numbered(table_file, problems_of):
    samples = table_file("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n")
    assert [column.name for column in samples.columns.columns] == ["column 1", "column 2"]
    assert len(samples.values) == 3
    assert "there is no header" in problems_of(samples)[0]
    samples = table_file("5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n", header="yes", target_kind="class")
    assert len(samples.values) == 2


def test_doubled_and_empty_names_get_names_of_their_own(table_file, problems_of):
    samples = table_file("a,a,,y\n1,2,3,4.5\n2,3,4,5.5\n")
    assert [column.name for column in samples.columns.columns] == ["a", "a (2)", "column 3"]
    assert problems_of(samples) == [
        "column 2: has the same name as another one, a; it is called a (2) here",
        "column 3: has no name in the header",
    ]


def test_row_names_without_a_header_of_their_own_are_a_column(table_file):
    samples = table_file('"x","y"\n"r1",1,2.5\n"r2",2,3.5\n"r3",3,4.5\n')
    assert [column.name for column in samples.columns.columns] == ["x"]
    np.testing.assert_array_equal(samples.targets[:, 0], [2.5, 3.5, 4.5])


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (b"", {}, "is empty"),
        (b"\n\n \n", {}, "is empty"),
        (b"\xef\xbb\xbf\n", {}, "is empty"),
        (b"a,b\n", {}, "a header .a, b. but no rows"),
        (b"a\n1\n2\n", {}, "one column only"),
        (bytes(range(256)) * 20, {}, "is no text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), {}, "is no text|UTF-16"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), {}, r"old Excel workbook"),
        (b"PK\x03\x04 not a workbook", {}, "compressed"),
        (b"a\0b\0,\0c\0\n\0" * 20, {}, "UTF-16 without a mark"),
        (b"x,y\n1,5\n2,5\n", {"target_kind": "number"}, "one value only, 5, in all 2 rows"),
        (b"x,y\n1,a\n2,a\n", {}, "one value only, a, in all 2 rows"),
        (b"x,y\n1,\n2,\n", {}, "no value in any row"),
        (b"x,y\n1,a\n2,b\n", {"target_kind": "number"}, "cannot be learned as a number: it holds text, as 'a'"),
        (b"x,y\n1,2020-01-01\n2,2020-01-02\n", {}, "it holds dates"),
        (b"a,b,c\n1,2,3,4,5\n1,2,3,4,5\n", {}, "the header has 3 names, but no row has as many fields. Line 2 has 5"),
        (b"Area,Price\n1,2.5\n2,3.5\n", {"target": "price"}, "no column 'price'. Did you mean 'Price'"),
        (b"Area,Price\n1,2.5\n2,3.5\n", {"target": "Prise"}, "no column 'Prise'. Did you mean 'Price'"),
        (b"Area,Price\n1,2.5\n2,3.5\n", {"features": ("Araa",)}, "Did you mean 'Area'. Its columns are: Area, Price"),
        (b"Area,Price\n1,2.5\n2,3.5\n", {"features": ("Price",)}, "is the target and cannot be a feature"),
        (b"name,y\nab,2.5\ncd,3.5\nef,4.5\n", {}, "no column that can be learned from .* text with 3 different values"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_reason(table_file, content, settings, message):
    with pytest.raises(UserError, match=message):
        table_file(content, **settings)


def test_a_quote_that_is_never_closed_names_its_line(table_file):
    with pytest.raises(UserError, match="line 3: a quote is opened and not closed"):
        table_file('x,y\n1,2.5\n"3,4.5\n' + "5,6.5\n" * 40_000)


def test_a_wrong_letter_far_down_is_named_and_the_rows_are_kept(table_file, problems_of, monkeypatch):
    monkeypatch.setattr(text_file, "HEAD_BYTES", 1000)
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 2000)
    monkeypatch.setattr("workbench.data.tables.head.HEAD_BYTES", 1000)
    rows = "".join(f"{number},{('a', 'b')[number % 2]},{number / 2}\n" for number in range(500))
    samples = table_file(f"x,word,y\n{rows}1,é,2\n2,é,3\n".encode("cp1252"))
    assert len(samples.values) == 502
    assert samples.columns.columns[1].categories == ("a", "b", "é")
    assert "read as Windows-1252" in problems_of(samples)[0]


def test_a_stop_ends_the_reading(table_file, monkeypatch):
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 1000)
    control, seen = Control(), []

    def emit(event):
        control.check()
        seen.append(event)
        if len(seen) == 3:
            control.stop()

    with pytest.raises(Stopped):
        table_file("x,y\n" + "1,2.5\n" * 5000, emit=emit)
    assert [event.total for event in seen] == [100, 100, 100]


def test_the_columns_of_a_large_file_are_known_after_a_look_at_its_head(tmp_path, monkeypatch):
    path = tmp_path / "large.csv"
    path.write_text("x,word,day,y\n" + "1.5,a,2020-01-01,0\n2.5,b,2020-01-02,1\n" * 60_000)
    read = []
    blocks = text_file.Blocks.__iter__

    def counted(self):
        yield from blocks(self)
        read.append(self.done)

    monkeypatch.setattr(text_file.Blocks, "__iter__", counted)
    assert header_of(path) == [("x", "number"), ("word", "text"), ("day", "date"), ("y", "number")]
    assert read == [text_file.HEAD_BYTES]
    assert TableFileSource().target_kind(TableFileSection(path=str(path))) == "class"
    assert len(read) == 1, "the second look should come from memory"


def test_a_source_whose_file_is_missing_still_says_what_it_learns():
    assert TableFileSource().target_kind(TableFileSection(path="/nowhere.csv")) == "values"
    assert TableFileSource().target_kind(TableFileSection(target_kind="class")) == "class"


def test_a_dropped_table_is_taken_and_one_with_pixels_left_to_others(tmp_path):
    table, pixels = tmp_path / "houses.csv", tmp_path / "mnist.csv"
    table.write_text(ROWS)
    pixels.write_text(",".join(["label", *(f"pixel{number}" for number in range(784))]) + "\n" + "0," * 784 + "0\n")
    source = TableFileSource()
    assert source.takes(table).certainty > source.takes(pixels).certainty
    assert source.takes(table).settings == {"path": str(table)}
    assert source.takes(tmp_path) is None


@pytest.mark.parametrize(
    ("file", "settings", "rows", "columns", "target"),
    [
        ("first_lessons/data_linear.csv", {}, 30, ["Diện tích"], "Giá"),
        ("first_lessons/loan.csv", {}, 20, ["Lương", "Thời gian làm việc"], ("0", "1")),
        ("first_lessons/xor.csv", {}, 4, ["x1", "x2"], ("0", "1")),
        ("usa_housing/USA_Housing.csv", {"target": "Price"}, 3500, 5, "Price"),
        ("prices/NYA.csv", {"target": "Close", "features": ("Open", "Volume")}, 1585, ["Open", "Volume"], "Close"),
    ],
)  # fmt: skip
def test_real_tables_open(sample_data, file, settings, rows, columns, target):
    source = TableFileSource()
    section = TableFileSection(path=str(sample_data / file), **settings)
    samples = source.open(section, lambda event: None)
    names = [column.name for column in samples.columns.columns]
    assert samples.values.shape == (rows, len(names))
    assert np.isfinite(samples.values).all()
    assert columns in (names, len(names))
    assert target in (getattr(samples.target, "class_names", None), getattr(samples.target, "names", (None,))[0])
    assert source.target_kind(section) == samples.target.kind


CELLS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e6, 1e6, width=32).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["", "NA", "?", " 5", "1e3"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(st.lists(st.tuples(CELLS, CELLS, st.integers(0, 99)), min_size=3, max_size=30), st.sampled_from(",;\t|"))
def test_quoted_and_plain_fields_give_the_same_numbers(table_file, rows, delimiter):
    def written(quoting):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n")
        writer.writerows([("a", "b", "y"), *((*cells, f"{number}.5") for *cells, number in rows), ("1", "2", "100.5")])
        return text.getvalue()

    plain = table_file(written(csv.QUOTE_MINIMAL))
    quoted = table_file(written(csv.QUOTE_ALL), name="quoted.csv")
    np.testing.assert_array_equal(plain.values, quoted.values)
    np.testing.assert_array_equal(plain.targets, quoted.targets)
    expected = [np.nan if cell in ("", "NA", "?") else float(cell) for cell, _b, _y in rows]
    assert plain.columns.columns[0].name == "a"
    np.testing.assert_array_equal(plain.values[:-1, 0], np.float32(expected))
