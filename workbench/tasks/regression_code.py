"""Numbers as a target in *Copy as Keras code*: scaled to be learned, told in their own unit, moved with pictures."""

from collections.abc import Sequence

from workbench.specs import ValuesTarget

_METRICS = """\
class {name}(keras.metrics.{base}):
    \"\"\"In the unit of the targets, which are learned divided by their spread.\"\"\"

    def update_state(self, true, learned, sample_weight=None):
        spread = keras.ops.convert_to_tensor({spread}, dtype="float32")
        return super().update_state(keras.ops.cast(true, "float32") * spread, learned * spread, sample_weight)"""

_NAMES = {"mae": ("Error", "MeanAbsoluteError"), "rmse": ("RootError", "RootMeanSquaredError")}


def fragments(target: ValuesTarget, loss: str) -> dict[str, str]:
    """What `Task.keras_code` gives, for a loss of Keras of that name."""
    encode, about, definitions = f'labels.astype("float32").reshape(-1, {len(target.names)})', "", ""
    metrics = {name: f"keras.metrics.{base}" for name, (_own, base) in _NAMES.items()}
    if target.spread:
        encode = f"(\n    {encode} - {_array(target.centre)}\n) / {_array(target.spread)}"
        about = "Scaled as the training targets are; the loss is that of the scaled numbers."
        spread = list(target.spread)
        definitions = "\n\n\n".join(
            _METRICS.format(name=own, base=base, spread=spread) for own, base in _NAMES.values()
        )
        metrics = {name: own for name, (own, _base) in _NAMES.items()}
    return {
        "units": str(len(target.names)),
        "activation": "linear",
        "loss": f"keras.losses.{loss}()",
        "metrics": "[" + ", ".join(f'{metric}(name="{name}")' for name, metric in metrics.items()) + "]",
        "definitions": definitions,
        "encode": encode,
        "about": about,
        "from_logits": "True",
        "moved": _moved(target),
    }


def _moved(target: ValuesTarget) -> str:
    """The expression for `ValuesTarget.moved`."""
    moved = "y"
    unscaled = [centre / spread for centre, spread in zip(target.centre, target.spread, strict=True)]
    if any(unscaled) and target.mirrored:
        moved = f"(y + {_array(unscaled)})"
    if target.mirrored:
        moved = f"{moved} * sign[:, None]"
    if target.per_shift:
        spread = target.spread or (1.0,)
        moved = f"{moved} + shift[:, None] * {_array([target.per_shift / each for each in spread])}"
    return f"{moved} - {_array(unscaled)}" if any(unscaled) and target.mirrored else moved


def _array(numbers: Sequence[float]) -> str:
    return f'np.array([{", ".join(map(repr, numbers))}], "float32")'
