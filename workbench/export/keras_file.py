"""The model as the workbench stores it: one file that a bare `keras.saving.load_model` opens."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.export.exporter import ModelExporter, keras_answers
from workbench.i18n import _, mark
from workbench.inspection.loaded import OpenModel
from workbench.registry import Registry


class KerasFile(ModelExporter):
    """A copy of the model file."""

    name = "keras"
    title = mark("Keras file")
    help = mark("One .keras file with everything in it, for Keras and for this workbench. Takes pictures of any size.")
    limits = mark("Needs Keras 3 wherever it is used.")
    ending = ".keras"
    heads = True
    full_precision = False

    def write(self, model: Any, opened: OpenModel, source: Path, place: Path) -> None:
        """Copy the file, byte by byte: class names and a classifier behind the network are in it, too.

        A file of an older format (.h5) is written anew.
        """
        if source.suffix.lower() == self.ending:
            shutil.copyfile(source, place)
        else:
            model.save(place)

    def answers(self, place: Path, inputs: np.ndarray, control: Control) -> np.ndarray:
        """Opened by Keras in safe mode, as anybody would."""
        import keras

        return keras_answers(keras.saving.load_model(place, compile=False), inputs, control)

    def notes(self, opened: OpenModel) -> tuple[str, ...]:
        """That Keras knows nothing of a classifier behind the network."""
        if opened.loaded.head is None:
            return ()
        return (
            _(
                "Keras opens the network of this file, which gives the features of a sample; the {kind} that makes an "
                "answer of them is in the file, too, but only this workbench uses it."
            ).format(kind=type(opened.loaded.head.classifier).__name__),
        )


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(KerasFile())
