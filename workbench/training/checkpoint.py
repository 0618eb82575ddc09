"""The checkpoint: everything a training needs to go on, as one file that is replaced as a whole.

Arrays in an `.npz` (no pickle) beside one JSON text: weights, optimizer, seed generators and running metrics are
arrays; position, history and judgement are JSON.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.atomic_files import replace_file
from workbench.errors import UserError
from workbench.i18n import _

CHECKPOINT_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a training.

    Attributes:
        values: `version`, `epoch` and `step` to go on with, `history`, `judge`, `losses`...
        weights, optimizer, seeds, metrics: arrays in the order of the model's variables.
    """

    values: dict[str, Any]
    weights: list[np.ndarray]
    optimizer: list[np.ndarray]
    seeds: list[np.ndarray]
    metrics: list[np.ndarray]


_GROUPS = ("weights", "optimizer", "seeds", "metrics")


def seed_variables(model: Any) -> list[Any]:
    """The states of all seed generators of a model (dropout, augmentation), in a stable order."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]


def optimizer_variables(model: Any) -> list[Any]:
    """The state of a model's optimizer, in a stable order.

    Keras leaves two things out of `optimizer.variables`: Nadam's running product, and, when the loss is scaled for
    float16, everything of the optimizer within.
    """
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", None)
    variables = [*optimizer.variables, *(inner.variables if inner is not None else ())]
    product = getattr(inner if inner is not None else optimizer, "_u_product", None)
    if product is not None:
        variables.append(product)
    return list({id(variable): variable for variable in variables}.values())


def capture(model: Any, metrics: list[np.ndarray], values: dict[str, Any], seeds: list[Any]) -> Checkpoint:
    """The present state of a compiled model in training, and of the seed generators it trains with."""
    return Checkpoint(
        {"version": CHECKPOINT_VERSION, **values},
        [np.asarray(variable) for variable in model.weights],
        [np.asarray(variable) for variable in optimizer_variables(model)],
        [np.asarray(variable) for variable in seeds],
        metrics,
    )


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at once; a kill leaves the old one or the new one, never a mixture."""
    arrays = {
        f"{group}/{index:05d}": array for group in _GROUPS for index, array in enumerate(getattr(checkpoint, group))
    }
    text = np.frombuffer(json.dumps(checkpoint.values).encode("utf-8"), dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    replace_file(path, lambda file: np.savez(file, values=text, **arrays))


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file.

    Raises:
        UserError: it is damaged, or it is of a newer version.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            values = json.loads(file["values"].tobytes().decode("utf-8"))
            names = sorted(file.files)
            groups = {group: [file[name] for name in names if name.startswith(f"{group}/")] for group in _GROUPS}
    except Exception as error:  # zip, zlib, numpy and json each have their own errors for a damaged file
        raise UserError(_("The checkpoint {path} is damaged: {error}.").format(path=path, error=error)) from None
    if values.get("version", 0) > CHECKPOINT_VERSION:
        raise UserError(_("The checkpoint {path} was written by a newer workbench. Update this one.").format(path=path))
    return Checkpoint(values, **groups)


def restore(model: Any, checkpoint: Checkpoint, seeds: list[Any]) -> None:
    """Bring a freshly built, compiled model to the state of a checkpoint.

    Raises:
        UserError: the checkpoint belongs to another network.
    """
    if not model.optimizer.built:  # a loss scale would make its variables twice
        model.optimizer.build(model.trainable_variables)
    pairs = [
        (model.weights, checkpoint.weights),
        (optimizer_variables(model), checkpoint.optimizer),
        (seeds, checkpoint.seeds),
    ]
    for variables, arrays in pairs:
        if [tuple(variable.shape) for variable in variables] != [array.shape for array in arrays]:
            raise UserError(_(
                "The checkpoint does not fit the network of this experiment. Was experiment.toml changed after the run?"
            ))  # fmt: skip
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
