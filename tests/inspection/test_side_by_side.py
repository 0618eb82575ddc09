"""Several runs asked about the same samples."""

import shutil

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.experiment import read_experiment
from workbench.experiment_toml import write_experiment
from workbench.figures import Gallery, Matrix, Table
from workbench.inspection.side_by_side import side_by_side
from workbench.requests import SideBySideRequest
from workbench.runs.model_file import load_model, save_model


def ask(*runs, **more):
    return side_by_side(SideBySideRequest(tuple(map(str, runs)), **more), lambda event: None, Control())


@pytest.fixture(scope="module")
def other_run(digits_run, tmp_path_factory):
    """The same run with an output that is moved: it takes every 0 for a 1 and every 1 for a 0."""
    folder = tmp_path_factory.mktemp("other runs") / "other run"
    shutil.copytree(digits_run, folder)
    loaded = load_model(folder / "model.keras")
    layer = loaded.model.get_layer("logits")
    kernel, bias = layer.get_weights()
    swapped = [1, 0, *range(2, 10)]
    layer.set_weights([kernel[:, swapped], bias[swapped]])
    save_model(loaded.model, folder / "model.keras", loaded.about)
    return folder


def test_the_samples_on_which_two_runs_disagree_are_those_one_of_them_was_changed_for(digits_run, other_run):
    answer = ask(digits_run, other_run, samples=3)
    first, second = (figure for figure in answer.figures if isinstance(figure, Matrix))
    assert np.array_equal(first.values[:, [1, 0]], second.values[:, [0, 1]])
    assert answer.disagreements == first.values[:, :2].sum() > 0
    apart = answer.figures[-1]
    assert len(apart.tiles) == min(answer.disagreements, 48)
    assert all("A: 0" in tile.caption or "A: 1" in tile.caption for tile in apart.tiles)
    assert answer.names == ("digits run", "other run")


def test_every_sample_stands_beside_the_answers_and_heatmaps_of_all_runs(digits_run, other_run):
    answer = ask(digits_run, other_run, samples=3)
    numbers, gallery = answer.figures[:2]
    assert isinstance(numbers, Table)
    assert isinstance(gallery, Gallery)
    assert gallery.columns == 3
    captions = [tile.caption for tile in gallery.tiles]
    assert [text.partition(":")[0] for text in captions] == ["true", "A", "B"] * 3
    assert gallery.tiles[1].pixels.shape[-1] == 3  # a heatmap over the grey digit
    plain = ask(digits_run, other_run, samples=3, method="").figures[1]
    assert plain.tiles[1].pixels.ndim == 2


def test_only_samples_that_all_runs_have_are_compared(digits_run, tmp_path):
    other = tmp_path / "another seed"
    shutil.copytree(digits_run, other)
    experiment = read_experiment(other / "experiment.toml")
    write_experiment(experiment.changed("splits.seed", experiment.splits.seed + 1), other / "experiment.toml")
    answer = ask(digits_run, other, samples=2, method="")
    assert 0 < answer.common < 200
    assert "are in all of them" in answer.summary
    assert answer.disagreements == 0


def test_what_cannot_be_compared_says_why(digits_run, other_run, tmp_path):
    with pytest.raises(UserError, match="2 to 8 runs, not 1"):
        ask(digits_run)
    with pytest.raises(UserError, match="Did you mean 'test'"):
        ask(digits_run, other_run, split="tset")
    with pytest.raises(UserError, match="makes no heatmaps"):
        ask(digits_run, other_run, method="feature_maps")
    without = tmp_path / "without a model"
    shutil.copytree(digits_run, without)
    (without / "model.keras").unlink()
    with pytest.raises(UserError, match="has no model"):
        ask(digits_run, without)


def test_a_stop_is_answered(digits_run, other_run):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        side_by_side(SideBySideRequest((str(digits_run), str(other_run))), lambda event: None, control)
