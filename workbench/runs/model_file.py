"""The saved model: a `.keras` file with one more entry in its zip, `workbench.json`, that bare Keras ignores.

The entry holds what the network cannot: class names and specs. Where a classifier of scikit-learn follows the network,
it is a third entry (`workbench.runs.head`), so that a copied file is a whole model. Reading any of it never runs code,
and models open in Keras' safe mode only.
"""

import json
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workbench.architectures.keras_file import OLD_FORMATS, check_it_is_there, open_network
from workbench.errors import UserError
from workbench.experiment import task_for
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.head import ENTRY as HEAD_ENTRY
from workbench.runs.head import Head, describe, from_bytes, to_bytes
from workbench.specs import ClassTarget, ImageInput, InputSpec, TargetSpec, spec_from_json, spec_to_json

ABOUT_ENTRY = "workbench.json"
ABOUT_VERSION = 1
CUT = "cut"  # name of the layer that cuts rows off a resized picture


@dataclass(frozen=True)
class LoadedModel:
    """A model that was opened.

    Attributes:
        model: the Keras model, not compiled.
        about: the values of `workbench.json`, or None for a file of someone else's.
        input: what the network takes, guessed from its input shape for a foreign file.
        target: what it was trained on; for a foreign file what a task can read from such an output: classes "0", "1"...
            of the whole picture or of its pixels. None where none can.
        task: name of the task.
        head: the classifier behind the network, whose output are only its features then; None where there is none.
    """

    model: Any
    about: dict[str, Any] | None
    input: InputSpec
    target: TargetSpec | None
    task: str
    head: Head | None = None

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """What the whole model answers, from what its network gives: the same, unless a head follows it."""
        return outputs if self.head is None else self.head.answers(outputs)

    @cached_property
    def network(self) -> Any:
        """The model from prepared samples on, to what its answers are read as.

        Where pictures are cut inside, it begins behind that: prepared ones have the size of the input already, so that
        resizing them again would change nothing; cutting them again would. Where someone else's model gives logits of
        classes, it ends in their probabilities.
        """
        import keras

        if self.foreign:
            return _answering(self.model, bool(getattr(self.target, "class_names", ())))
        return keras.Model(self._cut.output, self.model.output) if self.cuts else self.model

    @property
    def cuts(self) -> bool:
        """Whether the model cuts pictures to a part of them."""
        return not self.foreign and self._cut is not None

    @property
    def _cut(self) -> Any:
        return next((layer for layer in self.model.layers if layer.name == CUT), None)

    @property
    def foreign(self) -> bool:
        """Whether the file is not of this workbench's making: it takes pictures of its own size only."""
        return self.about is None


def describe_model(experiment: Any, input: InputSpec, target: TargetSpec) -> dict[str, Any]:
    """The values of `workbench.json` for a model that was trained by an experiment."""
    return {
        "version": ABOUT_VERSION,
        "name": experiment.name,
        "task": experiment.task.name,
        "input": spec_to_json(input),
        "target": spec_to_json(target),
        "preprocessing": experiment.preprocessing.model_dump(mode="json"),
        "dataset": experiment.dataset.name,
        "architecture": experiment.architecture.name,
    }


def save_model(model: Any, path: str | Path, about: dict[str, Any], head: Head | None = None) -> None:
    """Write the model with its description; the file at `path` is replaced at once or stays as it was.

    Args:
        model: a Keras model.
        path: ends with `.keras`.
        about: plain values, as from `describe_model`.
        head: the classifier behind the network, or None.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.keras")
    try:
        model.save(part)
        with zipfile.ZipFile(part, "a", zipfile.ZIP_STORED) as archive:
            values = {"version": ABOUT_VERSION, **about, **({} if head is None else {"head": describe(head)})}
            archive.writestr(ABOUT_ENTRY, json.dumps(values, ensure_ascii=False, indent=1))
            if head is not None:
                archive.writestr(HEAD_ENTRY, to_bytes(head))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_about(path: str | Path) -> dict[str, Any] | None:
    """The description inside a `.keras` file, without Keras; None when it has none.

    Raises:
        UserError: the file is missing, damaged, no Keras file, or of a newer workbench.
    """
    path = Path(path)
    check_it_is_there(path)
    if path.suffix.lower() in OLD_FORMATS:
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "config.json" not in names:
                raise UserError(
                    _("{path} is a zip file, but not a Keras model: it holds no config.json.").format(path=path)
                )
            about = json.loads(archive.read(ABOUT_ENTRY)) if ABOUT_ENTRY in names else None
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise UserError(_(
            "{path} is not a Keras model (.keras), or only half of one: {error}. If it was being copied or written, "
            "do that again."
        ).format(path=path, error=error)) from None  # fmt: skip
    if about is not None and not isinstance(about, dict):
        raise UserError(_("{path} holds a {entry} that is not a table of values.").format(path=path, entry=ABOUT_ENTRY))
    version = about.get("version") if about else ABOUT_VERSION
    if not isinstance(version, int) or version > ABOUT_VERSION:
        raise UserError(_(
            "{path} was saved by a newer workbench (version {version}; this one reads up to {ours}). Update the "
            "workbench."
        ).format(path=path, version=version, ours=ABOUT_VERSION))  # fmt: skip
    return about


def load_model(path: str | Path) -> LoadedModel:
    """Open a saved model in safe mode.

    Raises:
        UserError: it cannot be opened; the message says why, and what to do.
    """
    path = Path(path)
    about = read_about(path)
    registry()  # plugins know more kinds of input and target
    model = open_network(path)
    if about is None:
        return LoadedModel(model, None, _guess_input(model, path), *_read(model))
    try:
        input, target = spec_from_json(about["input"]), spec_from_json(about["target"])
        head = _head(path, about["head"], model) if about.get("head") else None
        return LoadedModel(model, about, input, target, about.get("task") or _task_for(target.kind), head)
    except (KeyError, TypeError) as error:
        raise UserError(_("The {entry} in {path} is not complete: {error}.").format(
            entry=ABOUT_ENTRY, path=path, error=error)) from None  # fmt: skip


def _head(path: Path, about: dict[str, Any], model: Any) -> Head:
    with zipfile.ZipFile(path) as archive:
        if HEAD_ENTRY not in archive.namelist():
            raise UserError(
                _(
                    "{path} lacks the classifier that follows its network ({entry}): it was written by another "
                    "program, or by half. Train the run again."
                ).format(path=path, entry=HEAD_ENTRY)
            )
        try:
            content = archive.read(HEAD_ENTRY)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise UserError(
                _("The classifier in {path} is damaged: {error}. Train the run again.").format(path=path, error=error)
            ) from None
    return from_bytes(content, int(about["count"]), int(model.output_shape[-1]), path)


def _task_for(target_kind: str) -> str:
    task = task_for(target_kind)
    return task.name if task is not None else ""


def _guess_input(model: Any, path: Path) -> ImageInput:
    """What a foreign model takes: one picture of a known number of channels."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (1, 3):
        raise UserError(_(
            "{path} does not take one picture: its input is {shape}, expected (height, width, channels) with 1 or "
            "3 channels. Build a model that takes such a picture around it, and save that."
        ).format(path=path, shape=shape[1:] if isinstance(shape, tuple) else shape))  # fmt: skip
    height, width = shape[1] or 224, shape[2] or 224
    return ImageInput(height, width, shape[3])


def _read(model: Any) -> tuple[TargetSpec | None, str]:
    """What can be read from the output of a foreign model: the target and the task."""
    shape = getattr(model, "output_shape", None)
    shape = shape[1:] if isinstance(shape, tuple) and shape and not isinstance(shape[0], tuple) else ()
    for task in registry().tasks:
        target = task.target_of(shape, _ends_linear(model))
        if target is not None:
            return target, task.name
    return None, _task_for(ClassTarget.kind)


def _answering(model: Any, classes: bool) -> Any:
    """A foreign model whose only output is no dictionary, and probabilities where it would be logits of classes."""
    import keras

    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1 or len(model.inputs) != 1:
        return model
    output = outputs[0]
    if classes and _ends_linear(model):
        kind = "sigmoid" if output.shape[-1] == 1 else "softmax"
        output = keras.layers.Activation(kind, name="probability")(output)
    elif type(getattr(model, "_outputs_struct", None)) not in (dict, list, tuple):
        return model
    return keras.Model(model.inputs[0], output)


def _ends_linear(model: Any) -> bool:
    """Whether the last layer of a model computes an output of any size: a layer with weights and without activation."""
    import keras

    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1:
        return False
    last = outputs[0]._keras_history.operation
    while isinstance(last, keras.Model):
        last = last.outputs[0]._keras_history.operation
    return getattr(last, "activation", None) is keras.activations.linear
