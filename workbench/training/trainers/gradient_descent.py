"""`gradient_descent`: all training samples in every step, and the path of the weights kept for looking at.

`weights.csv` in the run's folder holds the weights before the first step and after every epoch;
`loss_surface.npz` what the loss over them is drawn from.
"""

import csv
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.control import Emit
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.experiment import Experiment, TrainerSection
from workbench.figures import Figure
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.section import setting
from workbench.specs import TableInput
from workbench.training.trainer import Trainer
from workbench.training.trainers import loss_surface
from workbench.training.trainers.last_layer import loss_kind, output_layer, refuse_hidden_layers, sums_of
from workbench.training_settings import ConstantSchedule, Sgd, TrainingSection

PATH_FILE = "weights.csv"
SURFACE_FILE = "loss_surface.npz"


class GradientDescentSection(TrainerSection):
    """Settings of `gradient_descent`."""

    name: Literal["gradient_descent"] = setting("gradient_descent", title=mark("Trainer"), widget="hidden")


class GradientDescent(Trainer):
    """Plain gradient descent."""

    name = "gradient_descent"
    title = mark("Full-batch gradient descent")
    help = mark(
        "One step an epoch along the gradient over all training samples, with the learning rate of the training and "
        "without momentum. The evaluation shows the path of the weights over the loss."
    )
    section = GradientDescentSection
    deaf_to = ("augmentation.", "overrides.")
    uses = (
        "epochs", "optimizer", "early_stopping", "monitor", "class_weights", "label_smoothing", "precision", "device",
        "seed",
    )  # fmt: skip

    def refuse(self, experiment: Experiment, data: PreparedData, network: Any) -> None:
        """The surface can be drawn for networks without hidden layers."""
        refuse_hidden_layers(experiment, network, self.name)
        task = registry().tasks.get(experiment.task.name)
        if not loss_kind(task.loss(experiment, data.target, network.from_logits)):
            raise UserError(
                _("Gradient descent over a drawn loss needs a plain loss. Set the label smoothing to 0.")
            )  # fmt: skip

    def settings(self, experiment: Experiment, samples: int) -> TrainingSection:
        """One batch an epoch; of the optimizer only its learning rate."""
        rate = experiment.training.optimizer.learning_rate
        return experiment.training.model_copy(
            update={
                "batch_size": max(samples, 1), "optimizer": Sgd(learning_rate=rate, momentum=0.0),
                "schedule": ConstantSchedule(), "warmup_epochs": 0.0,
            }
        )  # fmt: skip

    def begin(self, loop: Any, folder: Any) -> None:
        """Keep the weights that the path begins with."""
        path = folder.path / PATH_FILE
        epoch = loop.position.epoch
        if epoch:
            _keep_first(path, epoch + 1)
            return
        sums = sums_of(loop.model, loop.training)
        np.savez(folder.path / SURFACE_FILE, **loss_surface.digest(sums))
        path.unlink(missing_ok=True)
        _add(path, loop.model)

    def end_epoch(self, loop: Any, folder: Any) -> None:
        """Keep the weights."""
        _add(folder.path / PATH_FILE, loop.model)

    def figures(self, folder: Any, experiment: Experiment, data: PreparedData, emit: Emit) -> tuple[Figure, ...]:
        """The path over the loss."""
        path = _read(folder.path / PATH_FILE)
        if not len(path) or not (folder.path / SURFACE_FILE).exists():
            return ()
        with np.load(folder.path / SURFACE_FILE, allow_pickle=False) as file:
            values = dict(file)
        rate = experiment.training.optimizer.learning_rate
        task = registry().tasks.get(experiment.task.name)
        names = _weight_names(data, *_shape(values), _output_names(task, data, values))
        return (loss_surface.figure(values, path, names, rate),)


def _add(path: Path, model: Any) -> None:
    kernel, bias = output_layer(model).get_weights()
    row = np.vstack([kernel, bias]).astype(np.float64).reshape(-1)
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(f"{value:.9g}" for value in row)


def _keep_first(path: Path, count: int) -> None:
    """Forget the steps that the checkpoint does not know of."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    path.write_text("".join(lines[:count]), encoding="utf-8")


def _read(path: Path) -> np.ndarray:
    """The weights (steps, number of weights); a line that a kill cut off, and what is no number, are left out."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = list(csv.reader(line for line in text.splitlines(keepends=True) if line.endswith("\n")))
    if not rows:
        return np.zeros((0, 0))
    table = np.array([row for row in rows if len(row) == len(rows[0])], np.float64)
    return table[np.isfinite(table).all(axis=1)]


def _shape(values: dict[str, np.ndarray]) -> tuple[int, int]:
    return values["targets"].shape[1], values["features"].shape[1]


def _output_names(task: Any, data: PreparedData, values: dict[str, np.ndarray]) -> tuple[str, ...]:
    count = values["targets"].shape[1]
    if count == 1:
        return ("",)
    names = task.choices(data.target) or tuple(getattr(data.target, "names", ()))
    return names if len(names) == count else tuple(str(number + 1) for number in range(count))


def _weight_names(data: PreparedData, outputs: int, features: int, output_names: tuple[str, ...]) -> tuple[str, ...]:
    """A name per weight, in the order of the path."""
    inputs: list[str] = []
    if isinstance(data.input, TableInput):
        columns = data.input.columns
        inputs = [column.name for column in columns if not column.categories]
        inputs += [f"{column.name} = {word}" for column in columns for word in column.categories]
    if len(inputs) != features:
        inputs = [_("input {number}").format(number=number + 1) for number in range(features)]
    rows = [_("weight of {name}").format(name=name) for name in inputs] + [_("bias")]
    return tuple(f"{row} → {name}" if name else row for row in rows for name in output_names)


def register(registry: Any) -> None:
    """Add it to the trainers."""
    registry.trainers.add(GradientDescent())
