"""Regression agrees with Keras and scikit-learn, number for number, in the target's own unit."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from workbench.errors import UserError
from workbench.figures import Bars, Curves, Scatter, Table
from workbench.specs import ClassTarget, Column, ImageInput, TableInput, ValuesTarget
from workbench.tasks.quantities import number_text, range_names, round_edges
from workbench.tasks.regression import Regression, RegressionSection
from workbench.tasks.task import Evidence

TASK = Regression()
PRICE = ValuesTarget(("price",), ("USD",))
BOTH = ValuesTarget(("steering", "throttle"), ("°", ""))
TABLE = TableInput((Column("area", "m²"), Column("rooms")))


def drawn(count=200, names=1, seed=0):
    """True and predicted numbers far from 0 and of different sizes."""
    generator = np.random.default_rng(seed)
    sizes = np.array([4000.0, 0.5])[:names]
    truth = (generator.normal(3, 1, (count, names)) * sizes).astype(np.float32)
    return truth, (truth + generator.normal(0, 0.3, (count, names)) * sizes).astype(np.float32)


def fitted(target, truth, **settings):
    section = RegressionSection(**settings)
    return TASK.fit(target, truth, section), SimpleNamespace(task=section)


def judged(target, truth, outputs, spec=None, inputs=None, predict=None):
    losses = TASK.sample_losses(outputs, truth, target)
    return TASK.evaluate(Evidence(outputs, truth, losses, target, (), spec, inputs, predict))


@pytest.mark.parametrize("scaling", ["zscore", "minmax", "none"])
@pytest.mark.parametrize("target", [PRICE, BOTH], ids=["one", "two"])
def test_the_saved_model_undoes_the_scaling_of_the_target(target, scaling):
    truth, _ = drawn(names=len(target.names))
    scaled_target, _ = fitted(target, truth, target_scaling=scaling)
    encoded, output = TASK.encode(truth, scaled_target), TASK.output(scaled_target)
    back = encoded * np.array(output.factor or 1.0) + np.array(output.offset or 0.0)
    assert (output.units, output.activation) == (len(target.names), "linear")
    assert (encoded.dtype, encoded.shape) == (np.float32, truth.shape)
    assert back == pytest.approx(truth, rel=1e-5)
    if scaling == "zscore":
        assert encoded.mean(axis=0) == pytest.approx(0, abs=1e-5)
        assert encoded.std(axis=0) == pytest.approx(1, abs=1e-5)
    if scaling == "minmax":
        assert (encoded.min(), encoded.max()) == (0, 1)
    if scaling == "none":
        assert (output.factor, output.offset) == ((), ())


def test_a_number_that_never_changes_has_a_spread_of_one():
    truth = np.column_stack([np.arange(5), np.full(5, 0.1)])
    for scaling in ("zscore", "minmax"):
        target, _ = fitted(BOTH, truth, target_scaling=scaling)
        assert target.spread[1] == 1
        assert np.isfinite(TASK.encode(truth, target)).all()


def test_numbers_smaller_than_keras_can_scale_come_back_as_they_were():
    import keras

    truth = np.array([[1e-9], [3e-9], [8e-9]])
    target, _ = fitted(PRICE, truth)
    output = TASK.output(target)
    variance = [factor**2 for factor in output.factor]
    undo = keras.layers.Normalization(mean=list(output.offset), variance=variance, invert=True)
    assert np.asarray(undo(TASK.encode(truth, target))) == pytest.approx(truth, rel=1e-4)


def test_a_target_of_one_value_is_unlearnable_and_named():
    assert "price = 12.00 USD" in TASK.unlearnable(np.full((9, 1), 12.0, np.float32), PRICE)
    assert TASK.unlearnable(np.array([[1.0], [2.0]]), PRICE) == ""
    assert TASK.unlearnable(np.array([[1.0, 5.0], [2.0, 5.0]]), BOTH) == ""


def test_a_target_of_classes_is_refused():
    with pytest.raises(UserError, match="class"):
        TASK.output(ClassTarget(("a", "b")))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("scaling", ["zscore", "minmax", "none"])
@pytest.mark.parametrize("target", [PRICE, BOTH], ids=["one", "two"])
def test_sample_losses_average_to_the_keras_loss_that_training_minimises(target, scaling, loss):
    truth, outputs = drawn(names=len(target.names))
    target, experiment = fitted(target, truth, target_scaling=scaling, loss=loss)
    keras_loss = TASK.loss(experiment, target, from_logits=True)(
        TASK.encode(truth, target), TASK.encode(outputs, target)
    )
    own = TASK.sample_losses(outputs, truth, target, experiment)
    assert own.shape == (200,)
    assert own.mean() == pytest.approx(float(keras_loss), rel=1e-4)


@pytest.mark.parametrize("scaling", ["zscore", "none"])
@pytest.mark.parametrize("target", [PRICE, BOTH], ids=["one", "two"])
def test_the_metrics_of_scaled_numbers_are_told_in_the_unit_of_the_target(target, scaling):
    truth, outputs = drawn(names=len(target.names))
    target, _ = fitted(target, truth, target_scaling=scaling)
    metrics = TASK.metrics(target, from_logits=True)
    for metric in metrics:
        for half in (slice(0, 80), slice(80, None)):
            metric.update_state(TASK.encode(truth[half], target), TASK.encode(outputs[half], target))
    error = (truth - outputs).astype(np.float64)
    assert {metric.name for metric in metrics} | {"loss"} == set(TASK.metric_directions())
    assert float(metrics[0].result()) == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert float(metrics[1].result()) == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)


def test_the_errors_equal_those_of_scikit_learn():
    from sklearn import metrics

    truth, outputs = drawn()
    numbers = judged(fitted(PRICE, truth)[0], truth, outputs, TABLE).numbers
    r2 = metrics.r2_score(truth, outputs)
    assert numbers["mse"] == pytest.approx(metrics.mean_squared_error(truth, outputs), rel=1e-6)
    assert numbers["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, outputs), rel=1e-6)
    assert numbers["mae"] == pytest.approx(metrics.mean_absolute_error(truth, outputs), rel=1e-6)
    assert numbers["mape"] == pytest.approx(metrics.mean_absolute_percentage_error(truth, outputs), rel=1e-6)
    assert numbers["mpe"] == pytest.approx(np.mean((truth - outputs) / truth), rel=1e-4)
    assert numbers["r2"] == pytest.approx(r2, rel=1e-6)
    assert numbers["adjusted_r2"] == pytest.approx(1 - (1 - r2) * 199 / (200 - 2 - 1), rel=1e-6)


def test_errors_in_percent_skip_true_zeros_and_say_so():
    truth, outputs = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0], [1.0], [5.0]])
    evaluation = judged(PRICE, truth, outputs)
    table = next(figure for figure in evaluation.figures if isinstance(figure, Table))
    assert evaluation.numbers["mape"] == pytest.approx((0.5 + 0.25) / 2)
    assert evaluation.numbers["mpe"] == pytest.approx((0.5 - 0.25) / 2)
    assert table.note.endswith("0: 1.")


def test_what_is_not_defined_is_left_out():
    constant = judged(PRICE, np.full((4, 1), 3.0), np.array([[1.0], [2.0], [3.0], [4.0]]), TABLE)
    too_few = judged(PRICE, np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [2.0]]), TABLE)
    broken = judged(PRICE, np.array([[1.0], [2.0]]), np.array([[np.nan], [np.inf]]))
    assert "r2" not in constant.numbers
    assert "adjusted_r2" not in too_few.numbers
    assert all(np.isfinite(list(broken.numbers.values())))
    assert judged(PRICE, np.zeros((0, 1)), np.zeros((0, 1))).ranking == ()


def test_the_largest_errors_come_first():
    evaluation = judged(PRICE, np.array([[0.0], [0.0], [0.0]]), np.array([[1.0], [-9.0], [2.0]]))
    assert evaluation.ranking == (1, 2, 0)


def test_every_number_of_several_has_its_figures_and_a_column_of_errors():
    truth, outputs = drawn(names=2)
    evaluation = judged(fitted(BOTH, truth)[0], truth, outputs)
    table = next(figure for figure in evaluation.figures if isinstance(figure, Table))
    scatters = [figure.title for figure in evaluation.figures if isinstance(figure, Scatter)]
    assert table.columns[1:] == ("steering", "throttle")
    assert sum("steering (°)" in title for title in scatters) == 2
    assert sum("throttle" in title for title in scatters) == 2
    assert any("steering (°)" in figure.title for figure in evaluation.figures if isinstance(figure, Curves))


def test_the_points_of_predicted_against_true_know_their_samples():
    truth, outputs = drawn(50)
    scatter = judged(PRICE, truth, outputs).figures[0]
    points = scatter.points[0]
    assert isinstance(scatter, Scatter)
    assert scatter.square
    assert points.samples == tuple(range(50))
    assert points.x == pytest.approx(truth[:, 0])
    assert points.y == pytest.approx(outputs[:, 0])


def test_the_error_by_value_is_the_mean_of_each_range():
    truth = np.array([[0.0], [0.0], [10.0]])
    outputs = np.array([[1.0], [3.0], [15.0]])
    bars = [figure for figure in judged(PRICE, truth, outputs).figures if isinstance(figure, Bars)][-1]
    assert tuple(bars.series.values()) == ((2.0, 5.0),)
    assert bars.names[0].endswith("(n = 2)")


def test_one_feature_shows_the_learned_line_over_the_data():
    inputs = np.linspace(0, 10, 30, dtype=np.float32)[:, None]
    truth = 3 * inputs + 1
    spec = TableInput((Column("area", "m²"),))
    figures = judged(PRICE, truth, truth, spec, inputs, lambda rows: 3 * rows + 1).figures
    line = next(figure for figure in figures if isinstance(figure, Scatter) and figure.x_label == "area (m²)")
    assert line.curves[0].y == pytest.approx(3 * line.curves[0].x + 1, rel=1e-5)
    assert line.curves[0].x[0] < 0 < 10 < line.curves[0].x[-1]


def test_two_features_show_the_learned_plane_under_the_data():
    inputs = np.random.default_rng(0).uniform(0, 1, (90, 2)).astype(np.float32)
    truth = (inputs @ [5, 50])[:, None]
    figures = judged(PRICE, truth, truth, TABLE, inputs, lambda rows: (rows @ [5, 50])[:, None]).figures
    plane = next(figure for figure in figures if isinstance(figure, Scatter) and figure.field is not None)
    left, right, bottom, top = plane.field_range
    assert (plane.x_label, plane.y_label) == ("area (m²)", "rooms")
    assert plane.field[0, 0] == pytest.approx(5 * left + 50 * bottom, rel=1e-4)
    assert plane.field[-1, 0] == pytest.approx(5 * left + 50 * top, rel=1e-4)
    assert plane.field[0, -1] == pytest.approx(5 * right + 50 * bottom, rel=1e-4)
    assert sum(len(group.x) for group in plane.points) == 90


def test_pictures_and_wide_tables_have_no_such_figure():
    truth, outputs = drawn(20)
    of_pictures = judged(PRICE, truth, outputs, ImageInput(4, 4, 1), np.zeros((20, 4, 4, 1), np.uint8), len)
    wide = TableInput((Column("a"), Column("b"), Column("c")))
    of_tables = judged(PRICE, truth, outputs, wide, np.zeros((20, 3), np.float32), len)
    assert len(of_pictures.figures) == len(of_tables.figures) == len(judged(PRICE, truth, outputs).figures)


def test_answers_have_units_and_sensible_digits():
    target = ValuesTarget(("price",), ("USD",), centre=(250_000.0,), spread=(80_000.0,))
    answer = TASK.decode(np.array([[253_412.37]]), target)[0]
    assert answer.values == {"value": pytest.approx(253_412.37), "unit": "USD", "name": "price"}
    assert answer.text == "253412 USD"
    several = TASK.decode(np.array([[0.12345, 0.5]]), BOTH)[0]
    assert several.values == {"steering": pytest.approx(0.12345), "throttle": 0.5}
    assert several.text == "steering 0.1235 °, throttle 0.5000"
    assert TASK.describe(np.array([12.3]), PRICE) == "12.30 USD"


def test_numbers_show_as_many_digits_as_the_spread_gives_meaning():
    assert number_text(0.123456, 0.3) == "0.1235"
    assert number_text(12.345678, 12) == "12.35"
    assert number_text(-0.0000001, 0.3) == "0.0000"
    assert number_text(3.2e-9) == "3.2e-09"
    assert number_text(float("nan")) == "nan"


def test_ranges_of_large_numbers_have_short_names():
    assert range_names(np.array([100_000.0, 120_000.0, 140_000.0])) == ("100k … 120k", "120k … 140k")
    assert range_names(np.array([0.0, 2_500_000.0])) == ("0 … 2500k",)
    assert range_names(np.array([-4e6, -2e6, 0.0])) == ("-4M … -2M", "-2M … 0")
    assert range_names(np.array([9_000.0, 9_500.0])) == ("9000 … 9500",)


@pytest.mark.parametrize("values", [[-0.31, 0.52], [0.1], [0.0, 0.0], [-2e-7, 1e-7], [1e6, 3e6 + 1], [1e9, 1e9 + 5]])
def test_ranges_are_of_one_width_and_hold_all_values(values):
    edges = round_edges(np.array(values))
    assert 2 <= len(edges) <= 22
    assert np.histogram(values, edges)[0].sum() == len(values)
    assert len(set(range_names(edges))) == len(edges) - 1


def test_the_distribution_of_the_target_is_shown_per_split():
    truth, _ = drawn(100)
    splits = {"train": np.arange(80), "validation": np.arange(80, 100), "test": np.arange(0)}
    (bars,) = TASK.describe_data(truth, splits, PRICE)
    assert [sum(counts) for counts in bars.series.values()] == [80, 20]
    assert "price (USD)" in bars.title


def test_fifty_thousand_samples_are_judged_quickly_and_drawn_thinly():
    truth, outputs = drawn(50_000)
    inputs = np.random.default_rng(0).normal(size=(50_000, 2)).astype(np.float32)
    target, _ = fitted(PRICE, truth)
    start = time.perf_counter()
    evaluation = judged(target, truth, outputs, TABLE, inputs, lambda rows: rows[:, :1])
    assert time.perf_counter() - start < 2
    worst = evaluation.ranking[0]
    for figure in evaluation.figures:
        if isinstance(figure, Scatter):
            assert sum(len(group.x) for group in figure.points) <= 10_000
            assert worst in {sample for group in figure.points for sample in group.samples}
        if isinstance(figure, Curves):
            assert all(len(curve.x) <= 5_000 for curve in figure.curves)


def test_the_code_fragments_evaluate_to_the_same_loss():
    import keras

    truth, outputs = drawn()
    target, experiment = fitted(PRICE, truth, loss="huber")
    code = TASK.keras_code(experiment, target)
    encoded = eval(code["encode"], {"labels": truth[:, 0], "np": np})
    loss = eval(code["loss"], {"keras": keras})
    assert encoded == pytest.approx(TASK.encode(truth, target), rel=1e-4, abs=1e-4)
    assert float(loss(encoded, TASK.encode(outputs, target))) == pytest.approx(
        TASK.sample_losses(outputs, truth, target, experiment).mean(), rel=1e-4
    )


@pytest.mark.parametrize("scaling", ["zscore", "none"])
def test_the_metrics_of_the_code_to_copy_are_told_in_the_targets_own_unit(scaling):
    import keras

    truth, outputs = drawn()
    target, experiment = fitted(PRICE, truth, target_scaling=scaling)
    code = TASK.keras_code(experiment, target)
    names = {"keras": keras}
    exec(code["definitions"], names)
    for mine, known in zip(eval(code["metrics"], names), TASK.metrics(target, True), strict=True):
        for metric in (mine, known):
            metric.update_state(TASK.encode(truth, target), TASK.encode(outputs, target))
        assert mine.name == known.name
        assert float(mine.result()) == pytest.approx(float(known.result()), rel=1e-5)


def test_a_heatmap_explains_what_lowers_or_raises_one_number_and_each_of_several():
    assert TASK.choices(PRICE) == ("lower price", "higher price")  # a single unit stands for two directions
    assert TASK.choices(BOTH) == ("steering", "throttle")
