"""The example of a task of one's own trains, is judged and predicts like a built-in one."""

import pytest
from PIL import Image

from workbench.control import Control
from workbench.experiment import new_experiment
from workbench.inspection.prediction import predict
from workbench.registry import registry
from workbench.requests import EvaluateRequest, PredictRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.training.evaluation import evaluate
from workbench.training.session import train


def test_several_shapes_in_a_picture_are_learned_judged_and_named(home, tmp_path):
    experiment = new_experiment("shapes_together").changed("training.optimizer.learning_rate", 0.004)
    run = train(TrainRequest(experiment, str(tmp_path)), print, Control())
    judged = evaluate(EvaluateRequest(run, "validation"), print, Control()).numbers
    best = min(RunFolder(run).metrics(), key=lambda row: row["val_loss"])
    assert judged == pytest.approx({"loss": best["val_loss"], "accuracy": best["val_accuracy"], "f1": judged["f1"]})
    assert judged["f1"] > 0.85
    samples = registry().datasets.get("shapes_together").open(experiment.dataset, print)
    Image.fromarray(samples.read(0, 1)[..., 0]).save(tmp_path / "two.png")
    (item,) = predict(PredictRequest(run, (str(tmp_path / "two.png"),)), print, Control()).items
    assert {name for name, _p in item.answer.values["labels"]} == {"circle", "square"}
