"""Where a network may be cut, so that its beginning is computed for what changes in the picture alone, cut by cut.

Early in a network a value depends on a small part of the picture. What changes is a rectangle; from one cut to the next
only a crop of the maps around it is computed, and gives the larger rectangle that changes there. A crop has the size of
the maps modulo the stride of what follows and begins at a multiple of it: what comes of it are then cells of the whole
maps, padded alike where the crop ends at their edge. Only those cells are taken from it whose whole receptive field
lies within the crop; the other end of a crop counts as padding, which they do not reach.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from workbench.inspection.network.layers import entry_operation, final_layer, functional_of

_PASTED = 32  # what it costs to paste a value of the maps, in multiplications
_LOCAL = (
    "Rescaling", "Normalization", "ZeroPadding2D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D",
    "AveragePooling2D", "BatchNormalization", "Activation", "ReLU", "LeakyReLU", "Dropout", "Add", "Concatenate",
)  # fmt: skip


class Step(NamedTuple):
    """One call in the graph of a network, nested models taken apart; its tensors by their identity."""

    layer: Any
    takes: tuple[int, ...]
    gives: int
    before: tuple[tuple[int | None, ...], ...]  # shapes with the batch axis, of all that it takes
    behind: tuple[int | None, ...]


class Reach(NamedTuple):
    """Along an axis: cell i of a map comes from the pixels i * stride - back to i * stride + ahead."""

    stride: int = 1
    back: int = 0
    ahead: int = 0


class Span(NamedTuple):
    """Along an axis: the sizes of map before and behind, of the crop before and behind, and of what changes behind.

    Pixels are what the maps before consist of, cells those behind.
    """

    reach: Reach
    pixels: int
    cells: int
    crop: int
    crop_cells: int
    window: int

    def places(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the crop begins (in pixels), and what changes in the map of the crop and in the whole one.

        Args:
            starts: where what changes begins before, (n,).
        """
        stride, back, ahead = self.reach
        window = np.clip(-((ahead - starts) // stride), 0, self.cells - self.window)
        crop = np.clip((window - -(-back // stride)) * stride, 0, self.pixels - self.crop)
        return crop, window - crop // stride, window


class Stage(NamedTuple):
    """What comes between two cuts, from a tensor on, and the sizes by rows and columns; the last step is a cut."""

    start: int
    steps: tuple[Step, ...]
    rows: Span
    columns: Span

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns and channels of the whole maps behind it."""
        return self.steps[-1].behind[1:]


class _Point(NamedTuple):
    """Where all paths meet: the steps before it, its tensor and shape, the multiplications up to it."""

    steps: int
    gives: int
    shape: tuple[int, ...]
    work: float


class _Way(NamedTuple):
    """To a point: what it costs in multiplications, how large what changes is there, and its stages."""

    cost: float
    size: tuple[int, int]
    stages: tuple[Stage, ...]


def best_stages(model: Any, size: tuple[int, int]) -> tuple[Stage, ...]:
    """The stages that save most multiplications where rectangles of that size change; none where nothing is saved."""
    functional, entry, final = functional_of(model), entry_operation(model), final_layer(model)
    if not hasattr(functional, "_nodes_by_depth") or functional.inputs[0].dtype != "float32":
        return ()
    start = functional.inputs[0] if entry is None else entry.output
    if len(start.shape) != 4 or None in start.shape[1:]:
        return ()
    steps: list[Step] = []
    _collect(functional, {}, steps)
    behind_entry = next((number + 1 for number, step in enumerate(steps) if step.layer is entry), 0)
    steps = steps[behind_entry:]
    points = [_Point(0, id(start), start.shape[1:], 0.0), *_points(steps, id(start), final)]
    ways = {0: _Way(0.0, size, ())}
    for number in range(len(points)):
        for reached, way in _ways_on(steps, points, number, ways[number]) if number in ways else ():
            if reached not in ways or way.cost < ways[reached].cost:
                ways[reached] = way

    def spent(number: int) -> float:
        pasted = _PASTED * np.prod(points[number].shape) if number else 0.0
        return ways[number].cost - points[number].work + pasted

    return ways[min(ways, key=spent)].stages


def _points(steps: list[Step], start: int, final: Any) -> Iterator[_Point]:
    """Every place behind `start` where all paths meet and before which every value comes from values near it."""
    waiting = Counter(taken for step in steps for taken in step.takes)
    calls = Counter(id(step.layer) for step in steps)
    live, work = {start}, 0.0
    for number, step in enumerate(steps):
        if step.layer is final or not live.issuperset(step.takes) or not _is_local(step):
            return
        waiting.subtract(step.takes)
        live = {each for each in live | {step.gives} if waiting[each] > 0}
        kernels = sum(np.prod(weight.shape) for weight in step.layer.weights if len(weight.shape) == 4)
        work += np.prod(step.behind[1:3]) * (kernels + step.behind[3])
        # Padding may be left to the convolution behind it, see `folding`.
        if live == {step.gives} and calls[id(step.layer)] == 1 and type(step.layer).__name__ != "ZeroPadding2D":
            yield _Point(number + 1, step.gives, step.behind[1:], work)


def _ways_on(steps: list[Step], points: list[_Point], number: int, way: _Way) -> Iterator[tuple[int, _Way]]:
    """From a point to each later one by a single stage."""
    origin = points[number]
    reaches = {origin.gives: (Reach(), Reach())}
    done = origin.steps
    for reached, point in enumerate(points[number + 1 :], number + 1):
        for step in steps[done : point.steps]:
            taken = [reaches[each] for each in step.takes]
            if len({(rows.stride, columns.stride) for rows, columns in taken}) > 1:
                return
            reaches[step.gives] = tuple(_reach(step, axis, [each[axis] for each in taken]) for axis in (0, 1))
        done = point.steps
        spans = [_span(reaches[point.gives][a], origin.shape[a], point.shape[a], way.size[a]) for a in (0, 1)]
        share = np.prod([span.crop / span.pixels for span in spans])
        cost = share * (point.work - origin.work + _PASTED * np.prod(origin.shape))
        stage = Stage(origin.gives, tuple(steps[origin.steps : done]), *spans)
        yield reached, _Way(way.cost + cost, (spans[0].window, spans[1].window), (*way.stages, stage))


def _collect(functional: Any, same: dict[int, int], steps: list[Step]) -> None:
    """Every call of a graph in order; `same` tells what tensors of nested models are outside."""
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for node in functional._nodes_by_depth[depth]:
            if node.is_input:
                continue
            takes = tuple(same.get(id(tensor), id(tensor)) for tensor in node.input_tensors)
            inner, gives = functional_of(node.operation), id(node.outputs[0])
            if hasattr(inner, "_nodes_by_depth") and len(takes) == len(inner.inputs) == len(inner.outputs) == 1:
                same[id(inner.inputs[0])] = takes[0]
                _collect(inner, same, steps)
                same[gives] = same.get(id(inner.outputs[0]), id(inner.outputs[0]))
            else:
                before = tuple(tensor.shape for tensor in node.input_tensors)
                steps.append(Step(node.operation, takes, gives, before, node.outputs[0].shape))


def _is_local(step: Step) -> bool:
    """Whether every value comes from values near it, the same way everywhere."""
    import keras

    layer, activation = step.layer, getattr(step.layer, "activation", None)
    axis = getattr(layer, "axis", -1)
    return (
        type(layer) in [getattr(keras.layers, name) for name in _LOCAL]
        and layer.compute_dtype == "float32"
        and getattr(layer, "data_format", "channels_last") == "channels_last"
        and (tuple(axis) if isinstance(axis, tuple | list) else (axis,)) in ((-1,), (3,))
        and (activation is None or activation.__module__.startswith("keras."))
        and len(step.behind) == 4
        and None not in (*step.before[0][1:], *step.behind[1:])
        and len({shape[1:3] for shape in step.before}) == 1
    )


def _reach(step: Step, axis: int, reaches: list[Reach]) -> Reach:
    """What a cell behind the step comes from, given that of the cells it takes."""
    layer, stride = step.layer, reaches[0].stride
    back, ahead = max(reach.back for reach in reaches), max(reach.ahead for reach in reaches)
    if type(layer).__name__ == "ZeroPadding2D":
        before = layer.padding[axis][0]
        return Reach(stride, back + before * stride, ahead - before * stride)
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if kernel is None:
        return Reach(stride, back, ahead)
    further, spread = layer.strides[axis], getattr(layer, "dilation_rate", (1, 1))[axis] * (kernel[axis] - 1)
    size = step.before[0][1 + axis]
    padded = max((-(-size // further) - 1) * further + spread + 1 - size, 0) if layer.padding == "same" else 0
    return Reach(stride * further, back + padded // 2 * stride, ahead + (spread - padded // 2) * stride)


def _span(reach: Reach, pixels: int, cells: int, size: int) -> Span:
    stride, back, ahead = reach.stride, reach.back, max(reach.ahead, 0)
    window = (size - 1 + back + ahead) // stride + 1
    needed = (-(-back // stride) + window - 1) * stride + ahead + 1
    crop = min(needed + (pixels - needed) % stride, pixels)
    return Span(Reach(stride, back, ahead), pixels, cells, crop, cells - (pixels - crop) // stride, min(window, cells))
