"""Where a network can be cut: layers that everything passes through, with how much of the network lies before them."""

from dataclasses import dataclass
from typing import Any

_WEIGHTED = ("Conv", "DepthwiseConv", "SeparableConv", "Dense", "MultiHeadAttention")


@dataclass(frozen=True)
class CutPoint:
    """A layer whose output holds all that comes after.

    Attributes:
        layer: its name.
        share: of the layers with kernels, how many lie before its output: 0 to 1.
        next_to_learn: the first layer behind it that has a kernel; empty for none.
    """

    layer: str
    share: float
    next_to_learn: str


def cut_points(network: Any) -> list[CutPoint]:
    """All of a Keras network, from the input on; the insides of blocks with a shortcut are none."""
    order = {id(operation): place for place, operation in enumerate(network.operations)}
    reaches = [0] * len(network.operations)  # the last place where an output is needed
    for place, operation in enumerate(network.operations):
        for source in _sources(operation):
            if id(source) in order:
                reaches[order[id(source)]] = place
    weighted = [place for place, operation in enumerate(network.operations) if _is_weighted(operation)]
    points, furthest = [], 0
    for place, operation in enumerate(network.operations):
        if furthest <= place and place and _is_layer(operation):
            following = [network.operations[later].name for later in weighted if later > place]
            share = 1 - len(following) / max(1, len(weighted))
            points.append(CutPoint(operation.name, share, following[0] if following else ""))
        furthest = max(furthest, reaches[place])
    return points


def nearest(points: list[CutPoint], share: float) -> CutPoint | None:
    """The one nearest to a share of the depth; of several with the same share the last, behind pooling and addition."""
    inside = [point for point in points if point.share > 0 and point.next_to_learn]
    return min(reversed(inside), key=lambda point: abs(point.share - share), default=None)


def _sources(operation: Any) -> list[Any]:
    tensors = [tensor for node in operation._inbound_nodes[:1] for tensor in node.input_tensors]
    return [tensor._keras_history.operation for tensor in tensors]


def _is_layer(operation: Any) -> bool:
    from keras import Layer

    return isinstance(operation, Layer)


def _is_weighted(operation: Any) -> bool:
    return type(operation).__name__.startswith(_WEIGHTED)
