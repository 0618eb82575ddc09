"""Attention rollout: which patches a transformer's answer is put together from (Abnar and Zuidema 2020).

arXiv:2005.00928. The attention of every layer, averaged over its heads, with the identity for what goes past the layer,
multiplied over all layers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _, mark
from workbench.inspection.heatmaps.explained import Explained, settle
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod
from workbench.inspection.inspector import Question
from workbench.inspection.network.backends import as_array, as_float, compiled
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import named_layers, output_shape

_AT_ONCE = 4


class AttentionRollout(HeatmapMethod):
    """How much of every patch has flowed into what the answer is read from."""

    name = "attention_rollout"
    title = mark("Attention rollout")
    help = mark("For networks with attention: shows which patches the answer is put together from, whatever the class.")
    paper = "Abnar and Zuidema 2020, arXiv:2005.00928"

    def heat(self, model: Any, question: Question, asked: Explained) -> list[Heat]:
        """See `HeatmapMethod.heat`; one forward pass."""
        inputs, found = question.inputs, []
        rolled = rollout(model)
        for start in range(0, len(inputs), _AT_ONCE):
            question.control.check()
            part = inputs[start : start + _AT_ONCE]
            settled = settle(model, part, asked)
            flows = rolled(part)
            grid = grid_of(model, flows.shape[-1])
            note = _("It is the same for every class. The picture is cut into {rows} x {columns} patches.")
            note = note.format(rows=grid[0], columns=grid[1])
            for output, target, flow in zip(settled.outputs, settled.index.tolist(), flows, strict=True):
                found.append(Heat(output, target, of_patches(flow, grid), note=note))
        return found


def rollout(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> how much of each token is in each, (n, tokens, tokens); rows sum to 1.

    Raises:
        UserError: the model has no layers of attention, or they do not all look from the same tokens at themselves.
    """
    layers = attention_layers(model)
    if not layers:
        raise UserError(
            _(
                "Attention rollout needs layers of attention (MultiHeadAttention of Keras), as a vision transformer "
                "has them, and this model has none. For convolutions there is Grad-CAM."
            )
        )
    return kept(model, ("attention_rollout", ""), lambda: _rollout(model, layers))


def attention_layers(model: Any) -> list[Any]:
    """The attention layers of a model, those of models within it as well."""
    import keras

    found: list[Any] = []
    for layer in model.layers:
        if hasattr(layer, "layers"):
            found += attention_layers(layer)
        elif isinstance(layer, keras.layers.MultiHeadAttention):
            found.append(layer)
    return found


def grid_of(model: Any, tokens: int) -> tuple[int, int]:
    """Rows and columns of the patches: of the last maps that make as many tokens, but for a few of other meaning.

    Raises:
        UserError: no layer has such maps, and the tokens make no square.
    """
    shapes = [output_shape(layer) for layer in named_layers(model).values()]
    sizes = [shape[1:3] for shape in shapes if shape and len(shape) == 4 and None not in shape[1:3]]
    sides = [int(np.sqrt(tokens - extra)) for extra in (0, 1, 2)]
    sizes = [(side, side) for side in sides[::-1]] + sizes  # a square only where no layer tells
    fitting = [size for size in sizes if 0 <= tokens - size[0] * size[1] <= 2]
    if not fitting:
        raise UserError(
            _(
                "Attention rollout cannot tell where in the picture the {tokens} tokens of this model lie: no layer "
                "has maps of so many places. It needs patches made by a convolution."
            ).format(tokens=tokens)
        )
    return fitting[-1]


def of_patches(flow: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """What has come from every patch, float32 (rows, columns): into the class token, or into all patches without one.

    Args:
        flow: (tokens, tokens), of a picture; tokens that are no patches come first, the class token at their head.
        grid: rows and columns of the patches.
    """
    others = len(flow) - grid[0] * grid[1]
    into = flow[0] if others else flow.mean(axis=0)
    return into[others:].reshape(grid).astype(np.float32)


def _rollout(model: Any, layers: list[Any]) -> Callable[[np.ndarray], np.ndarray]:
    from keras import ops

    def forward(pictures: Any) -> Any:
        with _attention(layers) as caught:
            model(pictures, training=False)
        if len({tuple(each.shape[-2:]) for each in caught}) != 1 or len({*caught[0].shape[-2:]}) != 1:
            raise UserError(
                _(
                    "Attention rollout needs layers that all look from the same tokens at themselves; this model has "
                    "windows, pools its tokens, or looks from some tokens at others."
                )
            )
        flow = None
        for scores in caught:
            attention = ops.mean(ops.cast(scores, "float32"), axis=1)
            attention = (attention + ops.eye(attention.shape[-1])) / 2
            flow = attention if flow is None else ops.matmul(attention, flow)
        return flow

    run = compiled(model, forward)
    return lambda pictures: as_array(run(as_float(pictures)))


@contextmanager
def _attention(layers: list[Any]) -> Iterator[list[Any]]:
    """Catch the attention of layers while a model is traced, (n, heads, tokens, tokens), in the order of the calls."""
    caught: list[Any] = []
    flash = [getattr(layer, "_flash_attention", False) for layer in layers]
    for layer in layers:
        vars(layer)["call"] = _catching(layer.call, caught)
        layer._flash_attention = False  # it computes no scores
    try:
        yield caught
    finally:
        for layer, used in zip(layers, flash, strict=True):
            vars(layer).pop("call", None)
            layer._flash_attention = used


def _catching(call: Callable[..., Any], caught: list[Any]) -> Callable[..., Any]:
    def caught_call(*args: Any, **kwargs: Any) -> Any:
        asked = kwargs.pop("return_attention_scores", False)
        result, scores = call(*args, **kwargs, return_attention_scores=True)
        caught.append(scores)
        return (result, scores) if asked else result

    return caught_call


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(AttentionRollout())
