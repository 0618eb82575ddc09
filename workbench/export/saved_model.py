"""The model as TensorFlow's SavedModel: a folder that TensorFlow opens without Keras."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.errors import UserError
from workbench.export.exporter import AT_A_TIME, ModelExporter, written_by_tensorflow
from workbench.i18n import _, mark
from workbench.inspection.loaded import OpenModel
from workbench.registry import Registry

_MADE = {"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"}


class SavedModel(ModelExporter):
    """The whole model, resizing included."""

    name = "saved_model"
    title = mark("TensorFlow SavedModel")
    help = mark("A folder for TensorFlow, TensorFlow Serving and Java or C. Takes pictures of any size.")
    limits = mark("Needs TensorFlow wherever it is used. Has no room for a classifier that follows the network.")

    def made(self, folder: Path) -> bool:
        """Whether it holds a SavedModel and nothing beside it."""
        names = {entry.name for entry in folder.iterdir()}
        return "saved_model.pb" in names and names <= _MADE

    def write(self, model: Any, opened: OpenModel, source: Path, place: Path) -> None:
        """By Keras; the class names go into `assets.extra`, the place for what the model itself does not read.

        Not by `model.export`: that leaves `training` open, which Keras' layers of augmentation take for yes.
        """
        import keras

        if keras.backend.backend() != "tensorflow":
            raise UserError(_("Only Keras on TensorFlow writes a SavedModel; set KERAS_BACKEND to tensorflow."))
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), [model.inputs[0]])
        written_by_tensorflow(lambda: archive.write_out(str(place), verbose=False))
        if opened.loaded.about is not None:
            extra = place / "assets.extra"
            extra.mkdir(exist_ok=True)
            (extra / "workbench.json").write_text(json.dumps(opened.loaded.about, ensure_ascii=False), "utf-8")

    def answers(self, place: Path, inputs: np.ndarray, control: Control) -> np.ndarray:
        """Opened by TensorFlow."""
        import tensorflow as tf

        loaded, parts = tf.saved_model.load(str(place)), []  # it holds the variables, its functions do not
        for start in range(0, len(inputs), AT_A_TIME):
            control.check()
            parts.append(np.asarray(loaded.serve(inputs[start : start + AT_A_TIME]), np.float32))
        return np.concatenate(parts)


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(SavedModel())
