"""The part of a model that takes pictures of one size, for formats that lack our resizing.

TensorFlow's antialiased resizing is the operation ScaleAndTranslate, which TensorFlow Lite and ONNX do not have.
"""

from typing import Any

from workbench.i18n import _, counted
from workbench.inspection.loaded import OpenModel
from workbench.runs.model_file import CUT

RESIZE = "resize"
INPUT, OUTPUT = "input", "output"


def _last_of_front(opened: OpenModel) -> Any | None:
    """The layer that gives pictures of the network's size; None where there is none."""
    if opened.loaded.foreign:
        return None
    named = {layer.name: layer for layer in opened.loaded.model.layers}
    return named.get(CUT) or named.get(RESIZE)


def behind_resizing(opened: OpenModel) -> Any:
    """The Keras model from prepared samples on; the whole model where it does not resize."""
    import keras

    front = _last_of_front(opened)
    model = opened.loaded.model
    return model if front is None else keras.Model(front.output, model.output)


def signature(model: Any) -> tuple[Any, Any]:
    """A TensorFlow function (batch, ...) float32 -> {"output": ...}, and the TensorSpec of its argument."""
    import tensorflow as tf

    spec = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name=INPUT)

    def answer(input: Any) -> dict[str, Any]:
        return {OUTPUT: model(input, training=False)}

    return tf.function(answer, input_signature=[spec]), spec


def what_it_takes(opened: OpenModel) -> tuple[str, ...]:
    """A note: the shape and the values of its input, and who resizes."""
    shape = opened.loaded.input.shape
    if len(shape) != 3:
        text = counted(
            "It takes one number a sample, float32.", "It takes {count} numbers a sample, float32.", shape[0]
        )
        return (text.format(count=shape[0]),)
    text = _("It takes pictures as float32, (batch, {height}, {width}, {channels}), values from 0 to {white:g}.")
    note = text.format(height=shape[0], width=shape[1], channels=shape[2], white=opened.white)
    if _last_of_front(opened) is None:
        return (note,)
    resizing = _(
        "Whoever calls it brings pictures to that size, as the workbench does: bilinear with antialiasing, then "
        "rounded. The format lacks that operation. Scaling of the values is inside."
    )
    return (note, resizing)
