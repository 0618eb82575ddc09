"""What a table looks like: columns, distributions, correlations, outliers."""

import pickle

import numpy as np
import pytest

from workbench.data.tables.describe import correlations, describe
from workbench.data.tables.outliers import find_outliers, limits_of
from workbench.figures import Adjustable, Matrix, Table


def figures_of(data):
    return {figure.title: figure for figure in describe(data)}


@pytest.fixture
def houses(prepared):
    return prepared("house_prices", missing=0.1, outliers=0.02, preprocessing={"missing": "mean"})


def test_the_columns_are_summed_up_as_numpy_would(houses):
    table = figures_of(houses)["Columns"]
    assert isinstance(table, Table)
    area = houses.inputs[:, 0].astype(np.float64)
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["column"], row["type"], row["unit"], row["missing"]) == ("area", "number", "m²", np.isnan(area).sum())
    for name, share in [("minimum", 0), ("quartile 1", 25), ("median", 50), ("quartile 3", 75), ("maximum", 100)]:
        assert row[name] == pytest.approx(np.nanpercentile(area, share), rel=1e-5)
    assert row["mean"] == pytest.approx(np.nanmean(area), rel=1e-5)
    assert row["deviation"] == pytest.approx(np.nanstd(area), rel=1e-5)
    assert row["different"] == len(np.unique(area[~np.isnan(area)]))
    assert table.rows[-1][0] == "price (target)"


def test_every_column_can_be_chosen_and_its_bars_count_every_row_once(houses):
    figure = figures_of(houses)["Distribution"]
    assert isinstance(figure, Adjustable)
    for number, name in enumerate(("area", "rooms")):
        bars, scatter = figure.figures(type(figure.params)(column=name))
        assert sum(bars.series["rows"]) == np.count_nonzero(~np.isnan(houses.inputs[:, number]))
        np.testing.assert_array_equal(scatter.points[0].x, houses.inputs[:, number])
        np.testing.assert_array_equal(scatter.points[0].y, houses.targets[:, 0])
    assert bars.names == tuple("12345678")


def test_classes_are_counted_apart(prepared):
    data = prepared("iris")
    (bars,) = figures_of(data)["Distribution"].figures()
    assert {name: sum(counts) for name, counts in bars.series.items()} == {
        "setosa": 50, "versicolor": 50, "virginica": 50}  # fmt: skip


def test_the_figures_pass_through_a_pipe_with_their_knobs(houses):
    restored = pickle.loads(pickle.dumps(describe(houses)))
    knob = restored[1].params
    assert knob.column == "area"
    assert restored[1].figures(knob.model_copy(update={"column": "rooms"}))[0].title == "rooms"


def test_correlations_are_those_of_the_rows_that_have_both(houses):
    matrix = figures_of(houses)["Correlations"]
    assert isinstance(matrix, Matrix)
    assert matrix.names == ("area", "rooms", "price")
    columns = np.column_stack([houses.inputs, houses.targets]).astype(np.float64)
    for first in range(3):
        for second in range(3):
            both = ~np.isnan(columns[:, first]) & ~np.isnan(columns[:, second])
            expected = np.corrcoef(columns[both, first], columns[both, second])[0, 1]
            assert matrix.values[first, second] == pytest.approx(expected, abs=1e-9)


def test_a_column_that_does_not_vary_correlates_with_nothing():
    matrix = correlations([np.arange(5.0), np.full(5, 0.1), -2 * np.arange(5.0) + 1e6])
    assert np.isnan(matrix[1]).all()
    assert matrix[0, 2] == pytest.approx(-1)


def test_outliers_are_listed_from_the_most_extreme_and_none_is_dropped(houses):
    table = figures_of(houses)["Outliers"]
    area = houses.inputs[:, 0]
    low, high = np.nanpercentile(area, 25), np.nanpercentile(area, 75)
    outside = np.flatnonzero(area > high + 1.5 * (high - low))
    assert {row[0] for row in table.rows if row[1] == "area (m²)"} == {houses.names[index] for index in outside}
    assert table.rows[0][2] == pytest.approx(np.nanmax(area))
    assert "listed, not left out" in table.note
    assert len(houses.targets) == 400


def test_a_long_list_of_outliers_is_cut_and_the_rest_counted():
    values = np.concatenate([np.tile([0.0, 1, 2, 3], 100), np.arange(10, 60)])
    limits = limits_of(*np.percentile(values, [25, 75]))
    found, total, rows = find_outliers([values, values], [limits, None], 7)
    assert (len(found), total, rows) == (7, 50, 50)
    assert [outlier.value for outlier in found] == [59, 58, 57, 56, 55, 54, 53]
    assert limits_of(1.0, 1.0) is None


def test_a_table_of_words_has_bars_for_its_words_and_no_correlations(prepared, tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("colour,y\n" + "red,yes\nred,no\nblue,yes\n" * 10)
    figures = figures_of(prepared("table_file", path=str(path)))
    assert set(figures) == {"Columns", "Distribution", "Outliers"}
    (bars,) = figures["Distribution"].figures()
    assert bars.names == ("blue", "red")
    assert bars.series == {"no": (0, 10), "yes": (10, 10)}
    row = dict(zip(figures["Columns"].columns, figures["Columns"].rows[0], strict=True))
    assert (row["type"], row["median"], row["most frequent"]) == ("categories", None, "red")


def test_limits_that_are_no_float32_are_compared_all_the_same():
    values = np.float32([1e38, 2e38, 3e38, 3.3e38])
    found, total, _rows = find_outliers([values], [limits_of(1.5e38, 3.2e38)], 5)
    assert (found, total) == ([], 0)
