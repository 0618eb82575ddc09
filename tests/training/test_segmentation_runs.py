"""Real runs of a small U-Net on generated cells; masks that cannot be used, from the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from workbench.control import Control
from workbench.experiment import from_values
from workbench.figures import Adjustable
from workbench.requests import EvaluateRequest, PredictRequest, TrainRequest
from workbench.runs.folder import RunFolder


def small_experiment(**sections):
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "cells", "count": 56, "size": 64},
            "augmentation": {"flip": "both", "rotation": 15.0},
            "architecture": {"name": "unet", "depth": 2, "base_filters": 8, "normalization": "batch"},
            "training": {"epochs": 5, "batch_size": 4},
            **sections,
        },
        "the test's experiment",
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained run on cells."""
    from workbench.training.session import train

    return train(TrainRequest(small_experiment(), str(tmp_path_factory.mktemp("runs"))), lambda e: None, Control())


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_small_unet_finds_cells_far_better_than_calling_everything_a_cell(run, split):
    from workbench.training.evaluation import evaluate

    evaluation = evaluate(EvaluateRequest(run, split), lambda event: None, Control())
    table = next(figure for figure in evaluation.figures if figure.kind == "table")
    cells, ground = table.rows[1][-1], table.rows[0][-1]
    of_everything = 2 * cells / (2 * cells + ground)
    assert evaluation.numbers["dice"] > of_everything + 0.15
    assert evaluation.ranking[0] == next(f for f in evaluation.figures if isinstance(f, Adjustable)).result.samples[0]


def test_the_loss_of_the_evaluation_is_the_validation_loss_of_the_best_epoch(run):
    from workbench.training.evaluation import evaluate

    evaluation = evaluate(EvaluateRequest(run, "validation"), lambda event: None, Control())
    best = min(RunFolder(run).metrics(), key=lambda row: row["val_loss"])
    for name in ("loss", "accuracy", "mean_iou", "dice"):
        assert evaluation.numbers[name] == pytest.approx(best[f"val_{name}"], abs=1e-4), name


def test_a_picture_of_another_size_is_answered_at_its_own_size(run, tmp_path):
    from workbench.data.sources.cells import CellsSection, draw
    from workbench.inspection.prediction import predict

    picture, _mask = draw(CellsSection(size=192, seed=9), 0)
    Image.fromarray(picture).resize((192, 96)).save(tmp_path / "wide.png")
    (item,) = predict(PredictRequest(run, (str(tmp_path / "wide.png"),)), lambda event: None, Control()).items
    found = next(figure for figure in item.answer.figures if figure.kind == "image")
    assert found.pixels.shape == (96, 192)
    assert set(np.unique(found.pixels)) <= {0, 255}
    assert item.answer.values["classes"]["cell"] == pytest.approx((found.pixels > 0).mean())


@pytest.fixture
def faulty_masks(tmp_path):
    """Eight good pairs, and one each of everything that can be wrong with a mask."""
    pictures, masks = tmp_path / "pictures", tmp_path / "masks"
    pictures.mkdir()
    masks.mkdir()
    random = np.random.default_rng(0)
    for name in [*(f"good_{number}" for number in range(8)), "small", "strange", "lonely", "broken"]:
        Image.fromarray(random.integers(0, 256, (16, 20)).astype(np.uint8)).save(pictures / f"{name}.png")
        Image.fromarray(random.integers(0, 2, (16, 20)).astype(np.uint8)).save(masks / f"{name}.png")
    Image.fromarray(np.zeros((8, 10), np.uint8)).save(masks / "small.png")
    Image.fromarray(np.full((16, 20), 7, np.uint8)).save(masks / "strange.png")
    (masks / "lonely.png").rename(masks / "orphan.png")
    (masks / "broken.png").write_bytes((masks / "broken.png").read_bytes()[:40])
    experiment = tmp_path / "experiment.toml"
    experiment.write_text(
        f"""version = 1
[dataset]
name = "image_masks"
pictures = {str(pictures)!r}
masks = {str(masks)!r}
classes = "ground, thing, rare"
kind = "indices"
[preprocessing]
height = 16
width = 20
[task]
name = "segmentation"
loss = "focal_dice"
[architecture]
name = "unet"
depth = 1
base_filters = 2
[training]
epochs = 1
batch_size = 4
"""
    )
    return experiment


def workbench(*arguments):
    from workbench.cli.main import run

    return run([str(argument) for argument in arguments])


def test_the_command_line_names_every_faulty_mask_and_uses_the_rest(home, faulty_masks, capsys):
    assert workbench("data", faulty_masks, "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    problems = {problem["where"]: problem["reason"] for problem in told["problems"]}
    assert told["samples"] == 8
    assert set(problems) == {"small.png", "strange.png", "lonely.png", "orphan.png", "broken.png"}
    assert "10 x 8" in problems["small.png"]
    assert "20 x 16" in problems["small.png"]
    assert "holds 7" in problems["strange.png"]
    assert "0 (ground), 1 (thing), 2 (rare)" in problems["strange.png"]
    assert "no mask of this name" in problems["lonely.png"]
    assert "without a picture" in problems["orphan.png"]
    assert "broken.png" in problems["broken.png"]
    assert workbench("train", faulty_masks, "--runs", home / "runs") == 0
    assert "test_mean_iou" in capsys.readouterr().out  # three classes: a softmax a pixel


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("masks = ", "masks = '/nowhere/masks' #", "does not exist"),
        ("ground, thing, rare", "a = 3, b = 4", "None of the"),
        ("ground, thing, rare", "a, a", "listed twice"),
    ],
)
def test_masks_that_cannot_be_used_at_all_are_bad_input(home, faulty_masks, capsys, before, after, said):
    faulty_masks.write_text(faulty_masks.read_text().replace(before, after))
    assert workbench("data", faulty_masks) == 2
    assert said in capsys.readouterr().err
