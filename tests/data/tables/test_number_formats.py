"""Numbers written as text, and what can be read in two ways."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.tables.number_formats import NumberFormat, evidence, formats
from workbench.data.tables.units import name_and_unit


def read(texts, delimiter=",", others=()):
    """The numbers of a column beside other columns of the same file, or the reason why they are not clear."""
    found = formats([evidence(texts), *(evidence(other) for other in others)], delimiter)[0]
    return found if isinstance(found, str) else [found.number(text) for text in texts]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1.5", "-2", "3e2", ".5", "+4"], [1.5, -2, 300, 0.5, 4]),
        (["1,5", "2,25", "0,125"], [1.5, 2.25, 0.125]),
        (["1.234,5", "12", "1.234.567"], [1234.5, 12, 1234567]),
        (["1,234.5", "12", "1,234,567"], [1234.5, 12, 1234567]),
        (["1 234,5", "1\u00a0234"], [1234.5, 1234]),
        (["1'234.5", "12"], [1234.5, 12]),
        (["$1,200.50", "$ 3", "-$4.25"], [1200.5, 3, -4.25]),
        (["1.200,50 €", "3 €"], [1200.5, 3]),
        (["12%", "7.5 %"], [12, 7.5]),
        (["\u22123.5", "2"], [-3.5, 2]),
    ],
)
def test_numbers_are_read_as_their_column_writes_them(texts, numbers):
    assert read(texts) == numbers


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["1,5", "2.5"], "a point and numbers with a comma"),
        (["$5", "€6"], "different signs"),
        (["5%", "0.5"], "with and without a percent sign"),
    ],
)
def test_a_column_that_contradicts_itself_says_how(texts, reason):
    assert reason in read(texts)


def test_a_lone_comma_before_three_digits_is_decided_by_the_rest_of_the_file():
    assert read(["1,234", "5,678"], ";", [["1,5"]]) == [1.234, 5.678]
    assert read(["1,234", "5,678"], ";", [["1.5"]]) == [1234, 5678]
    assert read(["1,234", "5,678"], ",") == [1234, 5678]
    assert "one thousand or one and a fraction" in read(["1,234", "5,678"], ";")


def test_a_lone_point_before_three_digits_groups_only_where_commas_are_decimal():
    assert read(["1.234", "5.678"], ";") == [1.234, 5.678]
    assert read(["1.234", "5.678"], ";", [["1,5"]]) == [1234, 5678]


@pytest.mark.parametrize("text", ["abc", "1.2.3", "1,23,4", "12 34", "1_000", "0x10", "1e", "--5", "5 apples"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError):
        NumberFormat().number(text)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2020-01-31", "2020-02-01"], "date"),
        (["31.01.2020", "1/2/2020 10:30"], "date"),
        (["red", "green", "5"], "text"),
        (["", "NA", "?"], "empty"),
        (["1"] * 19 + ["unknown"], "number"),
    ],
)
def test_a_column_is_what_nearly_all_of_its_values_are(texts, kind):
    assert evidence(texts).kind == kind


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20), st.sampled_from([".", ","]))
def test_grouped_numbers_with_two_decimals_come_back(cents, decimal):
    texts = [f"{value / 100:,.2f}" for value in cents]
    if decimal == ",":
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    for number, value in zip(read(texts, ";"), cents, strict=True):
        assert math.isclose(number, value / 100, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("area (m2)", "area", "m2"),
        ("price [USD]", "price", "USD"),
        ("bmi (kg/m²)", "bmi", "kg/m²"),
        ("speed(km/h)", "speed", "km/h"),
        ("income (net)", "income (net)", ""),
        ("(m2)", "(m2)", ""),
        ("plain", "plain", ""),
    ],
)
def test_a_unit_in_brackets_is_told_from_a_remark(header, name, unit):
    assert name_and_unit(header) == (name, unit)
