"""Tables and masks on the command line: the same commands, what they print follows from the figures and the specs."""

import json

import numpy as np
import pytest
from PIL import Image

from workbench.cli import run as workbench


@pytest.fixture
def trained(home, tmp_path, capsys):
    """Make a run: (dataset, changes) -> its folder; what was printed is forgotten."""

    def train(dataset, *changes):
        workbench(["new", "--dataset", dataset])
        (tmp_path / "e.toml").write_text(capsys.readouterr().out, encoding="utf-8")
        settings = [part for change in changes for part in ("--set", change)]
        assert (
            workbench(["train", str(tmp_path / "e.toml"), "--json", "--runs", str(tmp_path / "runs"), *settings]) == 0
        )
        return json.loads(capsys.readouterr().out.splitlines()[-1])["run"]

    return train


def test_rows_of_a_table_are_typed_and_answered_with_a_unit(trained, capsys):
    run = trained("house_prices", "training.epochs=30")
    assert workbench(["evaluate", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["r2"] > 0.9
    assert (
        workbench(["predict", run, "--row", "area=100,rooms=3", "--row", "area=wide", "--row", "aera=1", "--json"]) == 0
    )
    good, wrong, unknown = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert good["value"] > 0
    assert good["unit"]
    assert "area: 'wide' is no number" in wrong["error"]
    assert "Did you mean 'area'?" in unknown["error"]
    assert workbench(["predict", run, "--row", "100"]) == 2
    assert workbench(["predict", run, "--row", "area=1,area=2"]) == 2
    assert "gives 'area' twice" in capsys.readouterr().err
    for row, reason in (("area=inf", "infinite"), ("area=1e300", "too large"), ("area=1_000", "is no number")):
        assert workbench(["predict", run, "--row", row]) == 2
        assert reason in capsys.readouterr().out
    assert workbench(["predict", run, "/nowhere.csv"]) == 2
    assert "cannot be opened: No such file" in capsys.readouterr().out
    assert workbench(["predict", run, run]) == 2
    assert "is a folder; this model takes table files" in capsys.readouterr().out


def test_a_mask_is_saved_at_the_size_of_the_picture_with_whole_values(trained, tmp_path, capsys):
    run = trained(
        "cells", "dataset.count=24", "dataset.size=32", "preprocessing.height=32", "preprocessing.width=32",
        "architecture.depth=1", "architecture.base_filters=4", "training.epochs=1",
    )  # fmt: skip
    picture = np.random.default_rng(0).integers(0, 255, (50, 70), np.uint8)
    Image.fromarray(picture).save(tmp_path / "field.png")
    assert workbench(["predict", run, str(tmp_path / "field.png"), "--save", str(tmp_path / "out"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    mask = np.array(Image.open(next(path for path in files if path.endswith("mask.png") and "and" not in path)))
    assert mask.shape == (50, 70)
    assert set(np.unique(mask)) <= {0, 255}
    assert workbench(["evaluate", run, "--out", str(tmp_path / "figures")]) == 0
    assert "Per class" in capsys.readouterr().out
    assert list((tmp_path / "figures").glob("*differences.png"))


def test_a_run_of_tiles_answers_a_larger_picture_at_full_size(trained, tmp_path, capsys):
    run = trained(
        "cells", "dataset.count=16", "dataset.size=64", "preprocessing.height=32", "preprocessing.width=32",
        "preprocessing.resize=tile", "architecture.depth=1", "architecture.base_filters=4", "training.epochs=1",
    )  # fmt: skip
    assert workbench(["data", str(tmp_path / "e.toml"), "--json"]) == 0
    capsys.readouterr()
    Image.fromarray(np.full((75, 90), 120, np.uint8)).save(tmp_path / "large.png")
    assert workbench(["predict", run, str(tmp_path / "large.png"), "--save", str(tmp_path / "out")]) == 0
    masks = [path for path in (tmp_path / "out").glob("*_mask.png") if "and" not in path.name]
    assert np.array(Image.open(masks[0])).shape == (75, 90)
    assert workbench(["predict", run, "--row", "area=1"]) == 2
    assert "takes pictures, not rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ['"colour=light, dark",area=3', 'colour="light, dark",area=3', 'area=3, colour = "light, dark"'],
)
def test_a_value_with_a_comma_is_quoted_alone_or_with_its_column(text):
    from workbench.cli.models import row_of

    assert row_of(text) == {"colour": "light, dark", "area": "3"}
