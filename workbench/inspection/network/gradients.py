"""Scores of a model and what they come from: forward passes and gradients, compiled once per model and kept with it.

The score of a picture is what a heatmap explains: a unit before the final softmax or sigmoid; of a single unit, 0
stands for what lowers it and 1 for what raises it. Where the answer is a map, it is the mean of the unit over a region.

An index of -1 stands for the likeliest class. A region is None or float32 (n, rows, columns) of the output, the weight
of every place; None stands for the places where the class is answered, of every picture anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.network.backends import as_array, as_float, compiled, compiled_with_gradient
from workbench.inspection.network.beginning import affine_beginning, back_to_pictures
from workbench.inspection.network.folding import folded, folded_weights
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import final_layer, find_layer
from workbench.inspection.network.tap import caught, entered, tapped

Region = np.ndarray | None
ClassMaps = tuple[np.ndarray, list[np.ndarray], np.ndarray]


def outputs(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> the output of the model, float32."""
    return kept(model, ("outputs", ""), lambda: _forward(model, ""))


def activations(model: Any, layer: str) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> the output of a layer, float32."""
    return kept(model, ("activations", layer), lambda: _forward(model, layer))


def explained(model: Any) -> Callable[..., tuple[np.ndarray, np.ndarray, Region]]:
    """A compiled function of (pictures, indices) -> (outputs, indices explained, places where that is answered).

    The places are a region, None for a model whose output is no map. For methods that change a picture: what they
    explain must not change with it.

    Raises:
        UserError: as `scores`.
    """
    return kept(model, ("explained", ""), lambda: _explained(model))


def scores(model: Any) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A compiled function of (pictures, indices, region=None) -> (outputs of the model, scores (n,) float32).

    Pictures are float32 (n, rows, columns, channels) as the network takes them, and need not be whole grey levels. It
    keeps to the weights of the moment it was asked for, so that they are folded once (see `folding`).

    Raises:
        UserError: the model has several inputs, or its output is neither a row of values nor a map of them.
    """
    return kept(model, ("scores", ""), lambda: _scores(model))()


def input_gradients(model: Any) -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """As `scores`, with two more results: the gradients of the scores by the pictures, and the indices explained.

    A model that resizes by itself is differentiated behind that: by the picture at its own size.

    Raises:
        UserError: as `scores`.
    """
    return kept(model, ("input_gradients", ""), lambda: _input_gradients(model))


def summed_input_gradients(model: Any) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    """The sum of the gradients by many variants of one picture, in batches: two compiled functions.

    The first, of (pictures, indices, region=None), gives a part of the sum, behind the layers that treat all pictures
    alike (see `beginning`). The second, of (the sum of the parts, shape of a picture), gives the sum of the gradients,
    (rows, columns, channels). Ask for them anew where weights may have changed: they are folded once (see `folding`).

    Raises:
        UserError: as `scores`.
    """
    return kept(model, ("summed_input_gradients", ""), lambda: _summed_input_gradients(model))()


def class_maps(model: Any, *layers: str) -> Callable[..., ClassMaps]:
    """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391), compiled.

    Several layers cost one forward pass, and the gradients behind the first of them.

    Args:
        model: a Keras model whose output is one row of scores per picture, or one at every pixel.
        layers: names of layers whose outputs are (batch, rows, columns, channels).

    Returns:
        A function of (pictures, class indices, region=None) -> (outputs of the model, maps of each layer, indices
        explained). Maps are float32 (n, rows, columns), each scaled to a highest value of 1 (all 0 where nothing
        speaks for the class).
    """
    return weighted_maps(model, layers, _grad_cam, "class_maps")


def weighted_maps(
    model: Any, layers: Sequence[str], weigh: Callable[[Any, Any], Any], name: str
) -> Callable[..., ClassMaps]:
    """As `class_maps`, with other weights.

    Args:
        model: as in `class_maps`.
        layers: as in `class_maps`.
        weigh: from the maps of a layer and the gradient of the score by them, both float32 (n, rows, columns,
            channels), to the map of the class, (n, rows, columns), in `keras.ops`.
        name: of the method, which tells what is kept apart.
    """
    return kept(model, (name, "\n".join(layers)), lambda: _weighted_maps(model, layers, weigh))


def explained_scores(score: Any, result: Any, index: Any, region: Any, units: int) -> tuple[Any, Any, Any]:
    """The scores asked for, (n,), their indices and the region, in `keras.ops`; see the module's text."""
    from keras import ops

    score, result = ops.cast(score, "float32"), ops.cast(result, "float32")
    spatial = len(result.shape) == 4
    # The number of units is named: a batch of any size leaves nothing else known of the shape.
    means = ops.reshape(ops.mean(score, axis=(1, 2)) if spatial else score, (-1, units))
    answers = ops.reshape(ops.mean(result, axis=(1, 2)) if spatial else result, (-1, units))
    if units == 1:
        chosen = ops.where(index < 0, ops.cast(means[:, 0] > 0, "int32"), index)
        wanted = ops.cast(2 * chosen - 1, "float32")
    else:
        chosen = ops.where(index < 0, ops.cast(ops.argmax(answers, axis=-1), "int32"), index)
        wanted = ops.one_hot(chosen, units, dtype="float32")
    if not spatial:
        return (means[:, 0] * wanted if units == 1 else ops.sum(means * wanted, axis=-1)), chosen, None
    if units == 1:
        places = score[..., 0] * wanted[:, None, None]
        answered = ops.cast(places > 0, "float32")
    else:
        places = ops.sum(score * wanted[:, None, None, :], axis=-1)
        answered = ops.cast(ops.cast(ops.argmax(result, axis=-1), "int32") == chosen[:, None, None], "float32")
    if region is None:
        # A class that is answered nowhere is looked for everywhere.
        region = ops.where(ops.any(answered > 0, axis=(1, 2), keepdims=True), answered, 1.0)
    return ops.sum(places * region, axis=(1, 2)) / ops.sum(region, axis=(1, 2)), chosen, region


def _units(model: Any) -> int:
    """The number of units of the model's output.

    Raises:
        UserError: it has several inputs or outputs, or its output is of another form.
    """
    inputs = getattr(model, "inputs", None) or [None]
    if len(inputs) > 1:
        names = ", ".join(str(each.name) for each in inputs)
        raise UserError(
            _(
                "Heatmaps explain models with one input, a picture; this one has {count}: {names}. Make a model of "
                "one of them, with the others held at fixed values."
            ).format(count=len(inputs), names=names)
        )
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) not in (2, 4) or not isinstance(shape[-1], int):
        raise UserError(
            _(
                "Heatmaps explain a row of values per picture, or one at every pixel; the output of this model is "
                "{shape}. Make a model of the one output to explain."
            ).format(shape=shape)
        )
    return shape[-1]


def check_explainable(model: Any) -> None:
    """Refuse a model whose answer is not one row of values per picture, or one at every pixel.

    Raises:
        UserError: as `scores`; the message says what the model has instead.
    """
    _units(model)


def check_gradient_gets_through(model: Any) -> None:
    """Refuse a model whose input is whole numbers: Keras rounds to them what comes in, and no gradient gets past that.

    Raises:
        UserError: it is such a model.
    """
    kind = str(getattr((getattr(model, "inputs", None) or [None])[0], "dtype", "float32"))
    if "float" not in kind:
        raise UserError(
            _(
                "The input of this model is whole numbers ({kind}), and no gradient gets through those to single "
                "pixels. Take Grad-CAM or Occlusion, or save the model with an input of floating-point numbers."
            ).format(kind=kind)
        )


def _forward(model: Any, name: str) -> Callable[[np.ndarray], np.ndarray]:
    layer = find_layer(model, name) if name else final_layer(model)

    def forward(pictures: Any) -> Any:
        with tapped(model, layer) as tap, folded(model):
            result = model(pictures, training=False)
        return tap.activation if tap.activation is not None else result

    run = compiled(model, forward)
    return lambda pictures: as_array(run(as_float(pictures)))


def _explained(model: Any) -> Callable[..., tuple[np.ndarray, np.ndarray, Region]]:
    units = _units(model)

    def forward(pictures: Any, index: Any) -> tuple[Any, ...]:
        with entered(model, lambda value: value, pictures) as given, tapped(model) as tap, folded(model):
            result = model(given, training=False)
        _values, chosen, region = explained_scores(tap.score, result, index, None, units)
        return (result, chosen) if region is None else (result, chosen, region)

    run = compiled(model, forward)

    def explain(pictures: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, Region]:
        result, chosen, *region = (as_array(value) for value in run(*_arguments(pictures, index, None)[:2]))
        return result, chosen.astype(np.int32), region[0] if region else None

    return explain


def _scores(model: Any) -> Callable[..., Any]:
    units = _units(model)

    def forward(pictures: Any, index: Any, region: Any, weights: Any) -> tuple[Any, Any]:
        with entered(model, lambda value: value, pictures) as given, folded(model, weights), tapped(model) as tap:
            result = model(given, training=False)
        return result, explained_scores(tap.score, result, index, region, units)[0]

    fold = compiled(model, lambda: folded_weights(model))
    run = compiled(model, forward)

    def prepare() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        weights = fold()

        def score(pictures: np.ndarray, index: np.ndarray, region: Region = None) -> tuple[np.ndarray, np.ndarray]:
            result, values = run(*_arguments(pictures, index, region), weights)
            return as_array(result), as_array(values)

        return score

    return prepare


def _input_gradients(model: Any) -> Callable[..., tuple[np.ndarray, ...]]:
    units = _units(model)
    check_gradient_gets_through(model)

    def forward(at: Any, pictures: Any, index: Any, region: Any) -> tuple[Any, Any]:
        with entered(model, at, pictures) as given, tapped(model) as tap:
            result = model(given, training=False)
        values, chosen, _region = explained_scores(tap.score, result, index, region, units)
        return values, (result, values, chosen)

    def finish(_pictures: Any, gradient: Any, result: Any, values: Any, chosen: Any) -> tuple[Any, ...]:
        return result, values, gradient[""], chosen

    run = compiled_with_gradient(model, forward, finish)

    def differentiate(pictures: np.ndarray, index: np.ndarray, region: Region = None) -> tuple[np.ndarray, ...]:
        *values, chosen = (as_array(value) for value in run(*_arguments(pictures, index, region)))
        return (*values, chosen.astype(np.int32))

    return differentiate


def _summed_input_gradients(model: Any) -> Callable[[], tuple[Callable[..., np.ndarray], ...]]:
    units = _units(model)
    check_gradient_gets_through(model)
    beginning = affine_beginning(model)

    def forward(at: Any, pictures: Any, index: Any, region: Any, weights: Any) -> tuple[Any, Any]:
        at_entry, last = ((lambda value: value), {"": beginning[-1]}) if beginning else (at, {})
        with (
            entered(model, at_entry, pictures) as given,
            folded(model, weights),
            caught(last, at),
            tapped(model) as tap,
        ):
            result = model(given, training=False)
        return explained_scores(tap.score, result, index, region, units)[0], ()

    def finish(_value: Any, gradient: Any) -> Any:
        from keras import ops

        return ops.sum(gradient[""], axis=0)

    fold = compiled(model, lambda: folded_weights(model))
    run = compiled_with_gradient(model, forward, finish)
    whole = back_to_pictures(model, beginning) if beginning else lambda gradient, _shape: gradient

    def prepare() -> tuple[Callable[..., np.ndarray], ...]:
        weights = fold()

        def part(pictures: np.ndarray, index: np.ndarray, region: Region = None) -> np.ndarray:
            return as_array(run(*_arguments(pictures, index, region), weights))

        return part, whole

    return prepare


def _weighted_maps(model: Any, names: Sequence[str], weigh: Callable[[Any, Any], Any]) -> Callable[..., ClassMaps]:
    layers = {name: find_layer(model, name) for name in names}
    units = _units(model)

    def forward(at: Any, pictures: Any, index: Any, region: Any) -> tuple[Any, Any]:
        with caught(layers, at), tapped(model) as tap, folded(model):
            result = model(pictures, training=False)
        values, chosen, _region = explained_scores(tap.score, result, index, region, units)
        return values, (result, chosen)

    def finish(maps: Any, gradients: Any, result: Any, chosen: Any) -> tuple[Any, ...]:
        from keras import ops

        heats = []
        for name in names:
            heat = weigh(ops.cast(maps[name], "float32"), ops.cast(gradients[name], "float32"))
            highest = ops.max(heat, axis=(1, 2), keepdims=True)
            heats.append(ops.where(highest > 0, heat / ops.maximum(highest, 1e-20), 0.0))
        return result, heats, chosen

    run = compiled_with_gradient(model, forward, finish)

    def maps(pictures: np.ndarray, index: np.ndarray, region: Region = None) -> ClassMaps:
        result, heats, chosen = run(*_arguments(pictures, index, region))
        return as_array(result), [as_array(heat) for heat in heats], as_array(chosen).astype(np.int32)

    return maps


def _arguments(pictures: np.ndarray, index: np.ndarray, region: Region) -> tuple[Any, ...]:
    return as_float(pictures), np.asarray(index, np.int32), None if region is None else as_float(region)


def _grad_cam(maps: Any, gradient: Any) -> Any:
    from keras import ops

    weights = ops.mean(gradient, axis=(1, 2), keepdims=True)
    return ops.relu(ops.sum(maps * weights, axis=-1))
