"""An experiment as TOML: whatever it holds comes back equal, with comments and without."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UserError
from workbench.experiment import new_experiment, parse_experiment, read_experiment
from workbench.experiment_toml import to_toml, write_experiment
from workbench.registry import registry

OPTIMIZERS = ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "adamax"]
SCHEDULES = ["constant", "cosine", "step", "plateau"]
LAYERS = [{"kind": "convolution", "filters": 8}, {"kind": "flatten"}, {"kind": "dense", "units": 5}]


def combinations():
    return [(d, a) for d in registry().datasets.names() for a in registry().architectures.names()]


@pytest.mark.parametrize("commented", [True, False])
def test_every_dataset_and_every_architecture_comes_back_equal(commented):
    datasets = [(dataset, "mlp") for dataset in registry().datasets.names()]
    for dataset, architecture in datasets + [("digits", name) for name in registry().architectures.names()]:
        experiment = new_experiment(dataset, architecture)
        assert parse_experiment(to_toml(experiment, commented), "x") == experiment


@settings(max_examples=60, deadline=None)
@given(
    combination=st.sampled_from(combinations()),
    name=st.text(max_size=40),
    optimizer=st.sampled_from(OPTIMIZERS),
    schedule=st.sampled_from(SCHEDULES),
    learning_rate=st.floats(1e-12, 100, exclude_min=True),
    seed=st.integers(0, 2**31 - 1),
    factor=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    extra=st.lists(st.sampled_from(LAYERS), max_size=3),
    commented=st.booleans(),
)
def test_whatever_the_settings_are_they_come_back_equal(
    combination, name, optimizer, schedule, learning_rate, seed, factor, extra, commented
):
    experiment = new_experiment(*combination)
    for path, value in (
        ("name", name),
        ("training.optimizer", optimizer),
        ("training.optimizer.learning_rate", learning_rate),
        ("training.schedule", schedule),
        ("training.seed", seed),
        ("overrides.scaling_factor", factor),
        ("overrides.extra_layers", extra),
    ):
        experiment = experiment.changed(path, value)
    assert parse_experiment(to_toml(experiment, commented), "x") == experiment


def test_comments_give_help_limits_units_and_choices():
    text = to_toml(new_experiment())
    assert "# Height of the network's input. 4 to 1024 px.\nheight = 28" in text
    assert "# Share of the target spread over all classes. 0 to below 1.\nlabel_smoothing = 0.0" in text
    assert "One of stretch, crop, pad, tile.\nresize" in text
    assert "adam, adamw" in text
    assert "# scaling_factor =\n" in text
    for name in (*registry().datasets.names(), *registry().architectures.names()):
        assert name in text


def test_without_comments_there_are_only_values():
    text = to_toml(new_experiment(), commented=False)
    assert "#" not in text
    assert tomllib.loads(text)["training"]["epochs"] == 10


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "thí nghiệm.toml"
    first, second = new_experiment(), new_experiment("shapes", "mlp")
    write_experiment(first, path)
    write_experiment(second, path)
    assert read_experiment(path) == second

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("workbench.atomic_files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_experiment(first, path)
    assert read_experiment(path) == second
    assert list(tmp_path.iterdir()) == [path]


def test_a_smallest_experiment_needs_three_lines():
    text = "version = 1\ndataset.name = 'digits'\narchitecture.name = 'simple_cnn'"
    assert parse_experiment(text, "x") == new_experiment()


def test_changing_the_name_of_an_optimizer_starts_it_from_its_defaults():
    experiment = new_experiment().changed("training.optimizer.learning_rate", 0.5)
    assert experiment.changed("training.optimizer.name", "adam").training.optimizer.learning_rate == 0.5
    assert experiment.changed("training.optimizer.name", "sgd").training.optimizer.learning_rate == 0.01


LAYER_STACK = "architecture.name = 'layers'\narchitecture.layers = "


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training.optimizer = {learning_rate = 1}", ["optimizer: its name is missing", "Known here: sgd, adagrad"]),
        ("training.schedule = {}", ["training.schedule: its name is missing", "cosine"]),
        ("training.optimizer = 5", ["training.optimizer: a table of settings is expected; it is 5"]),
        ("training.epochs = true", ["training.epochs: Input should be a valid integer; it is true"]),
        ("splits.test = false", ["splits.test: Input should be a valid number; it is false"]),
        ("preprocessing.channels = true", ["channels: there is no true. Known here: 1, 3"]),
        ("preprocessing.channels = '3'", ["channels: must be the number 3, not a text"]),
        (LAYER_STACK + "[{units = 5}]", ["layers.0: its kind is missing", "convolution"]),
        (LAYER_STACK + "[{kind = 'convolution', kernel_size = true}]", ["kernel_size", "valid integer; it is true"]),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_words(text, words):
    architecture = "" if "architecture" in text else "architecture.name = 'mlp'\n"
    with pytest.raises(UserError) as error:
        parse_experiment(f"version = 1\ndataset.name = 'digits'\n{architecture}{text}", "mine.toml")
    for word in words:
        assert word in str(error.value)
    assert "discriminator" not in str(error.value)


def test_a_version_in_quotes_is_told_to_be_a_number():
    with pytest.raises(UserError, match="version: must be the number 1, not a text"):
        parse_experiment("version = '1'\ndataset.name = 'digits'\narchitecture.name = 'mlp'", "mine.toml")


def test_a_mistake_in_one_section_does_not_hide_one_in_another():
    with pytest.raises(UserError) as error:
        parse_experiment(
            "version = 1\ndataset.name = 'digits'\narchitecture.name = 'mlp'\n"
            "splits.tests = 1\ntraining.epochs = 0\npreprocessing.resize = 'crp'",
            "mine.toml",
        )
    for word in ("mine.toml", "splits.tests", "'test'", "training.epochs", "Did you mean 'crop'?"):
        assert word in str(error.value)
