"""The workbench on Keras' JAX backend, in a process where TensorFlow cannot be imported."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

SCRIPT = textwrap.dedent(
    """
    import importlib.abc, json, sys

    class NoTensorFlow(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "tensorflow":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, NoTensorFlow())

    from workbench.control import Control
    from workbench.events import Finished
    from workbench.experiment import from_values
    from workbench.jobs import run_job
    from workbench.requests import InspectRequest, PredictRequest, TrainRequest

    experiment = from_values({
        "version": 1,
        "dataset": {"name": "digits"},
        "preprocessing": {"height": 16, "width": 16},
        "augmentation": {"rotation": 5.0},
        "architecture": {"name": "simple_cnn", "filters": [8, 16], "dropout": 0.0},
        "training": {"epochs": 3, "batch_size": 64, "optimizer": {"name": "adam", "learning_rate": 0.01}},
    }, "the smoke test")
    events = []
    run = run_job(TrainRequest(experiment, sys.argv[1]), events.append, Control())
    end = events[-1]
    figures = run_job(InspectRequest(run, "grad_cam", {}), events.append, Control()).figures

    def trained(**sections):
        more = from_values({"version": 1, **sections}, "the smoke test")
        run = run_job(TrainRequest(more, sys.argv[1]), events.append, Control())
        return run, events[-1].state, events[-1].metrics

    run, of_table, numbers = trained(
        dataset={"name": "house_prices", "missing": 0.1}, architecture={"name": "linear"},
        trainer={"name": "gradient_descent"},
        training={"epochs": 12, "optimizer": {"name": "sgd", "learning_rate": 0.3}},
    )
    answer = run_job(PredictRequest(run, rows=({"area": "80"},)), events.append, Control()).items[0].answer
    _run, of_masks, _numbers = trained(
        dataset={"name": "cells", "count": 10, "size": 32}, preprocessing={"height": 15, "width": 15},
        augmentation={"flip": "horizontal"}, architecture={
            "name": "layers", "layers": [{"kind": "convolution", "filters": 2, "padding": "same"}]},
        training={"epochs": 1, "batch_size": 10}, splits={"validation": 0.0, "test": 0.0},
    )
    print(json.dumps({
        "table": of_table, "r2": numbers["test_r2"], "price": answer.values["value"], "masks": of_masks,
        "state": end.state, "message": end.message, "metrics": end.metrics,
        "kinds": [figure.kind for figure in figures], "tensorflow": "tensorflow" in sys.modules,
    }))
    """
)


def test_experiments_on_pictures_tables_and_masks_run_without_tensorflow(tmp_path):
    pytest.importorskip("jax", reason="JAX is a development dependency")
    # Every operation is compiled by itself before it runs once: to compile it well takes longer than all the rest.
    quickly = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    environment = {**os.environ, **quickly, "KERAS_BACKEND": "jax", "WORKBENCH_HOME": str(tmp_path / "home")}
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "runs")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3_000:]
    result = json.loads(answer.stdout.splitlines()[-1])
    assert result["state"] == "completed", result["message"]
    assert result["metrics"]["test_accuracy"] > 0.5
    assert "heatmap" in result["kinds"]
    assert (result["table"], result["masks"]) == ("completed", "completed")
    assert result["r2"] > 0.9
    assert result["price"] > 0
    assert not result["tensorflow"]
