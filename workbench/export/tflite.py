"""The network for TensorFlow Lite (now also LiteRT): phones, boards, browsers."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.errors import UserError
from workbench.export.behind_resizing import INPUT, OUTPUT, behind_resizing, signature, what_it_takes
from workbench.export.exporter import ModelExporter
from workbench.i18n import _, mark
from workbench.inspection.loaded import OpenModel
from workbench.registry import Registry


class TensorFlowLite(ModelExporter):
    """The network behind resizing, its weights as they are: no quantisation."""

    name = "tflite"
    title = mark("TensorFlow Lite")
    help = mark("One .tflite file for phones and small boards. Takes pictures of the network's own size.")
    limits = mark(
        "Whoever uses it resizes pictures. Weights stay float32, they are not quantised. Has no room for a classifier "
        "that follows the network."
    )
    ending = ".tflite"

    def original(self, opened: OpenModel) -> Any:
        """The network from pictures of its own size on."""
        return behind_resizing(opened)

    def write(self, model: Any, opened: OpenModel, source: Path, place: Path) -> None:
        """By TensorFlow's converter."""
        import tensorflow as tf

        function, _spec = signature(model)
        # The converter freezes the variables that TensorFlow can track: those of a Keras model that begins in the
        # middle of another it does not find, and writes a file that answers NaN.
        tracked = tf.Module()
        tracked.function, tracked.variables_of_model = function, [variable.value for variable in model.variables]
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tracked)
        try:
            content = converter.convert()
        except Exception as error:  # ConverterError, and whatever else the converter trips over
            raise UserError(_(
                "TensorFlow Lite cannot take this model: {reason} Export it as saved_model or onnx instead."
            ).format(reason=_reason(error))) from error  # fmt: skip
        place.write_bytes(content)

    def answers(self, place: Path, inputs: np.ndarray, control: Control) -> np.ndarray:
        """By TensorFlow Lite's interpreter, a sample at a time as on a phone."""
        import tensorflow as tf

        with warnings.catch_warnings():
            # TensorFlow 2.21 asks to use the package ai_edge_litert instead, which would be one more to install.
            warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated", UserWarning)
            interpreter = tf.lite.Interpreter(model_path=str(place))
        run, parts = interpreter.get_signature_runner(), []
        for each in inputs:
            control.check()
            parts.append(run(**{INPUT: each[None]})[OUTPUT].astype(np.float32))
        return np.concatenate(parts)

    def notes(self, opened: OpenModel) -> tuple[str, ...]:
        """What it takes."""
        return what_it_takes(opened)


def _reason(error: Exception) -> str:
    """The operations it lacks, or the first line of the message."""
    lines = str(error).splitlines()
    lacking = next((line for line in lines if line.startswith(("TF Select ops:", "Custom ops:"))), "")
    if lacking:
        return _("it lacks the operations {names}.").format(names=lacking.partition(":")[2].strip())
    first = lines[0].rpartition("error: ")[2] if lines else type(error).__name__  # behind a line of our source code
    return f"{first[:200].rstrip('.')}."


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(TensorFlowLite())
