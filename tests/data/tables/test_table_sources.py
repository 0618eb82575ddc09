"""Tables that are always there: generated ones and those of scikit-learn."""

import numpy as np
import pytest

from workbench.registry import registry

GENERATED = ("house_prices", "loans", "study_hours", "xor")
SCIKIT = ("diabetes", "iris", "wine", "breast_cancer")


def scaled(samples):
    return (samples.values - samples.values.mean(axis=0)) / samples.values.std(axis=0)


def opened(name, **settings):
    source = registry().datasets.get(name)
    section = source.section(**settings)
    samples = source.open(section, lambda event: None)
    assert source.target_kind(section) == samples.target.kind
    return samples


@pytest.mark.parametrize("name", GENERATED)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(name):
    first, again, other = opened(name), opened(name), opened(name, seed=1)
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert not np.array_equal(first.values, other.values)
    assert len(opened(name, count=1234).values) == 1234


@pytest.mark.parametrize(("name", "best"), [("house_prices", 0.99), ("loans", 0.98), ("study_hours", 0.98)])
def test_a_straight_line_learns_what_has_no_noise(name, best):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    samples = opened(name, noise=0.0, count=2000)
    model = LinearRegression() if samples.target.kind == "values" else LogisticRegression(C=1e4)
    assert model.fit(scaled(samples), samples.targets).score(scaled(samples), samples.targets) > best
    noisy = opened(name, noise=1.0, count=2000)
    assert model.fit(scaled(noisy), noisy.targets).score(scaled(noisy), noisy.targets) < best - 0.1


def test_no_straight_line_learns_xor():
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    samples = opened("xor")
    assert LogisticRegression().fit(samples.values, samples.targets).score(samples.values, samples.targets) < 0.6
    assert KNeighborsClassifier().fit(samples.values, samples.targets).score(samples.values, samples.targets) > 0.98


def test_houses_can_lack_values_and_have_outliers():
    samples = opened("house_prices", count=5000, missing=0.2, outliers=0.05)
    assert np.isnan(samples.values).mean() == pytest.approx(0.2, abs=0.02)
    assert np.nanmean(samples.values[:, 0] > 200) == pytest.approx(0.05, abs=0.02)
    assert samples.target.units == ("USD",)
    assert [column.unit for column in samples.columns.columns] == ["m²", ""]


@pytest.mark.parametrize("name", SCIKIT)
def test_tables_of_scikit_learn_have_its_values(name):
    from sklearn import datasets

    options = {"scaled": False} if name == "diabetes" else {}
    table = getattr(datasets, f"load_{name}")(**options)
    samples = opened(name)
    np.testing.assert_array_equal(samples.values, table.data.astype(np.float32))
    np.testing.assert_array_equal(samples.targets.ravel(), table.target)
    names = [column.name.removesuffix(" (cm)") for column in samples.columns.columns]
    assert len(set(names)) == table.data.shape[1]


def test_least_squares_on_the_raw_diabetes_reaches_the_published_fit():
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression

    samples = opened("diabetes")
    features, target = load_diabetes(return_X_y=True)
    published = LinearRegression().fit(features, target).score(features, target)
    rows = np.column_stack([samples.values.astype(np.float64), np.ones(442)])
    weights, *_rest = np.linalg.lstsq(rows, samples.targets.astype(np.float64), rcond=None)
    residuals = rows @ weights - samples.targets
    assert 1 - residuals.var() / samples.targets.astype(np.float64).var() == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize("name", GENERATED + SCIKIT)
def test_the_code_to_copy_reads_the_same_rows(name):
    samples = opened(name)
    source = registry().datasets.get(name)
    scope = {"np": np}
    exec(source.reader_code(source.section()), scope)
    values, targets, class_names = scope["read_dataset"]()
    np.testing.assert_array_equal(values, samples.values)
    np.testing.assert_array_equal(targets, samples.targets)
    assert tuple(class_names) == getattr(samples.target, "class_names", ())
