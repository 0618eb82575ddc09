"""The saved model: a `.keras` file with one more entry in its zip, `workbench.json`, that bare Keras ignores.

The entry holds what the network cannot: class names and specs. Reading it never runs code, and models open in Keras'
safe mode only.
"""

import json
import os
import re
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.errors import UserError
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import ClassTarget, ImageInput, InputSpec, TargetSpec, spec_from_json, spec_to_json

ABOUT_ENTRY = "workbench.json"
ABOUT_VERSION = 1
CUT = "cut"  # name of the layer that cuts rows off a resized picture
_OLD_FORMATS = (".h5", ".hdf5")


@dataclass(frozen=True)
class LoadedModel:
    """A model that was opened.

    Attributes:
        model: the Keras model, not compiled.
        about: the values of `workbench.json`, or None for a file of someone else's.
        input: what the network takes, guessed from its input shape for a foreign file.
        target: what it was trained on; for a foreign file classes "0", "1"... when its output can be classes.
        task: name of the task.
    """

    model: Any
    about: dict[str, Any] | None
    input: InputSpec
    target: TargetSpec | None
    task: str

    @cached_property
    def network(self) -> Any:
        """The model from prepared samples on: where pictures are cut inside, it begins behind that.

        Prepared pictures have the size of the input already, so that resizing them again would change nothing; cutting
        them again would.
        """
        import keras

        cut = next((layer for layer in self.model.layers if layer.name == CUT), None)
        return self.model if cut is None or self.foreign else keras.Model(cut.output, self.model.output)

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


def save_model(model: Any, path: str | Path, about: dict[str, Any]) -> None:
    """Write the model with its description; the file at `path` is replaced at once or stays as it was.

    Args:
        model: a Keras model.
        path: ends with `.keras`.
        about: plain values, as from `describe_model`.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.keras")
    try:
        model.save(part)
        with zipfile.ZipFile(part, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr(ABOUT_ENTRY, json.dumps({"version": ABOUT_VERSION, **about}, ensure_ascii=False, indent=1))
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
    _check_it_is_there(path)
    if path.suffix.lower() in _OLD_FORMATS:
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
    model = _load_by_keras(path)
    if about is None:
        return LoadedModel(model, None, _guess_input(model, path), _guess_target(model), _task_for(ClassTarget.kind))
    try:
        input, target = spec_from_json(about["input"]), spec_from_json(about["target"])
        return LoadedModel(model, about, input, target, about.get("task") or _task_for(target.kind))
    except (KeyError, TypeError) as error:
        raise UserError(_("The {entry} in {path} is not complete: {error}.").format(
            entry=ABOUT_ENTRY, path=path, error=error)) from None  # fmt: skip


def _task_for(target_kind: str) -> str:
    return next((task.name for task in registry().tasks if task.learns.kind == target_kind), "")


def _check_it_is_there(path: Path) -> None:
    if path.is_dir():
        raise UserError(_("{path} is a folder; a saved model is a .keras file.").format(path=path))
    if not path.exists():
        raise UserError(_("There is no model at {path}.").format(path=path))
    if path.stat().st_size == 0:
        raise UserError(_("{path} is empty.").format(path=path))
    if path.suffix.lower() not in (".keras", *_OLD_FORMATS):
        raise UserError(
            _("{path} is not a Keras model: its name should end with .keras (or .h5 for an old one).").format(path=path)
        )


def _load_by_keras(path: Path) -> Any:
    import warnings

    import keras

    try:
        with warnings.catch_warnings():
            # Old files name input shapes the old way; nothing their reader could do about it.
            warnings.simplefilter("ignore", UserWarning)
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a foreign file: Keras raises whatever its content provokes
        raise UserError(_explain(path, error)) from error


def _explain(path: Path, error: Exception) -> str:
    text = str(error).strip()
    # Keras wraps what went wrong in what it was doing, once per layer of nesting: the innermost says it.
    innermost = text.rsplit("Exception encountered:", 1)[-1].strip()
    short = innermost.splitlines()[0][:300] if innermost else type(error).__name__
    if "lambda" in text.lower() or "unsafe" in text.lower() or "safe_mode" in text or "safe mode" in text.lower():
        return _(
            "{path} holds Python code of its maker's (a lambda), which would run on this computer as soon as the file "
            "is opened; the workbench does not open such files. Ask for a version without lambda layers, or rebuild it "
            "with Keras layers and save it again."
        ).format(path=path)
    missing = re.search(r"(?:Could not locate (?:class|function)|Unknown layer:|Unknown object:) '?(\w+)", text)
    if missing:
        return _(
            "{path} needs {name!r}, a layer or function that does not come with Keras and is not in the file. It can "
            "only be opened where its code is."
        ).format(path=path, name=missing[1])
    if path.suffix.lower() in _OLD_FORMATS:
        if "No model config" in text:
            return _(
                "{path} holds weights only, without the network they belong to. Build that network, load the weights "
                "into it and save it as .keras."
            ).format(path=path)
        if isinstance(error, OSError):
            return _("{path} is not an HDF5 file, or only half of one: {error}").format(path=path, error=short)
        return _(
            "{path} was saved by an older Keras in a way that Keras 3 does not read: {error}. Open it with the Keras "
            "it was made with (TensorFlow 2.15 or older), and save it as .keras or rebuild it."
        ).format(path=path, error=short.rstrip("."))
    return _("{path} cannot be opened by Keras: {error}. The file may be damaged, or made by a newer Keras.").format(
        path=path, error=short.rstrip(".")
    )


def _guess_input(model: Any, path: Path) -> ImageInput:
    """What a foreign model takes: one picture of a known number of channels."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (1, 3):
        raise UserError(_(
            "{path} does not take one picture: its input is {shape}, expected (height, width, channels) with 1 or "
            "3 channels."
        ).format(path=path, shape=shape[1:] if isinstance(shape, tuple) else shape))  # fmt: skip
    height, width = shape[1] or 224, shape[2] or 224
    return ImageInput(height, width, shape[3])


def _guess_target(model: Any) -> ClassTarget | None:
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not shape[1]:
        return None
    return ClassTarget(tuple(str(index) for index in range(max(shape[1], 2))))
