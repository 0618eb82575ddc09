"""The network as ONNX, which most other frameworks and runtimes read."""

import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.errors import UserError
from workbench.export.behind_resizing import INPUT, OUTPUT, behind_resizing, signature, what_it_takes
from workbench.export.exporter import AT_A_TIME, DiffersError, ModelExporter
from workbench.i18n import _, mark
from workbench.inspection.loaded import OpenModel
from workbench.registry import Registry

_NEEDED = ("tf2onnx", "onnx", "onnxruntime")


class Onnx(ModelExporter):
    """The network behind resizing."""

    name = "onnx"
    title = mark("ONNX")
    help = mark("One .onnx file for other frameworks and runtimes. Takes pictures of the network's own size.")
    limits = mark(
        "Whoever uses it resizes pictures. Writing and checking it takes tf2onnx, onnx and onnxruntime. Has no room "
        "for a classifier that follows the network."
    )
    ending = ".onnx"

    def missing(self) -> str:
        """The converter, the format and the runtime that checks what came out."""
        lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        return f"pip install {' '.join(lacking)}" if lacking else ""

    def original(self, opened: OpenModel) -> Any:
        """The network from pictures of its own size on."""
        return behind_resizing(opened)

    def write(self, model: Any, opened: OpenModel, source: Path, place: Path) -> None:
        """By tf2onnx, from the TensorFlow function itself.

        Keras' own `export(format="onnx")` calls the same, after it patched tf2onnx by names that NumPy 2 warns of.
        """
        import onnx
        import tf2onnx

        # It logs what it cannot do and goes on; the check below tells the same in our words.
        logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
        function, spec = signature(model)
        try:
            converted, _tables = tf2onnx.convert.from_function(
                function, input_signature=[spec], custom_op_handlers={"Erfc": (_one_minus_erf, [])}
            )
        except Exception as error:  # tf2onnx has no error of its own
            reason = str(error).strip().split("\n", maxsplit=1)[0][:200] or type(error).__name__
            raise UserError(_(
                "ONNX cannot take this model: {reason}. Export it as saved_model or tflite instead."
            ).format(reason=reason.rstrip("."))) from error  # fmt: skip
        _hold_constants(converted, function.get_concrete_function())
        if opened.loaded.about is not None:
            onnx.helper.set_model_props(converted, {"workbench": json.dumps(opened.loaded.about, ensure_ascii=False)})
        place.write_bytes(converted.SerializeToString())

    def answers(self, place: Path, inputs: np.ndarray, control: Control) -> np.ndarray:
        """By onnxruntime on the processor."""
        import onnxruntime

        try:
            session = onnxruntime.InferenceSession(str(place), providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no common base; a graph with operations that ONNX lacks
            raise DiffersError(_(
                "ONNX cannot hold this model: onnxruntime refuses the file. It was not kept. Export it as saved_model "
                "or tflite instead. ({reason})"
            ).format(reason=str(error).strip().split("\n", maxsplit=1)[0][:300])) from error  # fmt: skip
        parts = []
        for start in range(0, len(inputs), AT_A_TIME):
            control.check()
            parts.append(session.run([OUTPUT], {INPUT: inputs[start : start + AT_A_TIME]})[0].astype(np.float32))
        return np.concatenate(parts)

    def notes(self, opened: OpenModel) -> tuple[str, ...]:
        """What it takes."""
        return what_it_takes(opened)


def _one_minus_erf(context: Any, node: Any, _name: str, _arguments: list[Any]) -> None:
    """Write erfc, which Keras makes its gelu of and ONNX does not have, as 1 - erf."""
    from tf2onnx import utils

    kind, shape = context.get_dtype(node.output[0]), context.get_shape(node.output[0])
    context.remove_node(node.name)
    erf = context.make_node("Erf", node.input, dtypes=[kind], shapes=[shape])
    one = context.make_const(f"{node.name}__one", np.ones((), utils.map_onnx_to_numpy_type(kind)))
    context.make_node(
        "Sub", [one.output[0], erf.output[0]], outputs=node.output, name=node.name, dtypes=[kind], shapes=[shape]
    )


def _hold_constants(converted: Any, function: Any) -> None:
    """Put constants of layers (means, what stands for missing values) into the file, where tf2onnx made inputs of them.

    Args:
        converted: the ONNX model.
        function: the concrete function it was made from, which knows the values.
    """
    import onnx

    values = {inner.name: outer for outer, inner in function.graph.captures if hasattr(outer, "numpy")}
    used = {name for node in converted.graph.node for name in node.input}
    for given in [each for each in converted.graph.input if each.name in values]:
        if given.name in used:
            converted.graph.initializer.append(onnx.numpy_helper.from_array(values[given.name].numpy(), given.name))
        converted.graph.input.remove(given)


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(Onnx())
