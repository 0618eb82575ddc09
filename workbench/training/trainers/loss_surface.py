"""The loss over two weights of a network without hidden layers, with the path that the weights took.

NumPy only: the knobs are turned in the window. Of a squared loss everything is known from a small matrix; other losses
are computed from some of the samples.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pydantic import create_model

from workbench.figures import Adjustable, Surface
from workbench.i18n import _, mark
from workbench.section import Section, setting
from workbench.training.trainers.last_layer import Sums, losses, mean_loss
from workbench.training.trainers.solving import best_weights

SIDE = 41
_MOST_VALUES = 1_000  # samples times outputs that a drawn loss is computed from
_MOST_SOLVED = 200  # weights of classes for which the lowest point is worth the time it takes
_MOST_NAMES = 60  # weights to choose from
_NO_LOSS = 1e-3  # below it, classes are told apart without a mistake and the lowest point is at infinity
_LAST_STEPS = 20  # those that the verdict looks at
_FARTHEST = 3.0  # times the way from the start to the lowest point, a path is followed this far


class SurfaceKnobs(Section):
    """Base of the knobs that `knobs_for` makes: two weights by their names, zoom, colours."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The class is made for these names: the other side of a pipe makes it anew.
        return _restore, (_names_of(type(self)), self.model_dump())


@lru_cache(maxsize=16)
def knobs_for(names: tuple[str, ...]) -> type[SurfaceKnobs]:
    """The knobs for a network with weights of these names."""
    choice = Literal[names]
    return create_model(
        "SurfaceKnobs",
        __base__=SurfaceKnobs,
        first=(choice, setting(names[0], title=mark("Across"), help=mark("The weight along the horizontal axis."))),
        second=(choice, setting(names[min(1, len(names) - 1)], title=mark("Upwards"),
                                help=mark("The weight along the vertical axis."))),
        zoom=(float, setting(1.0, title=mark("Zoom"), help=mark("Above 1 shows less of the surface, below 1 more."),
                             ge=0.1, le=10.0, widget="slider")),
        logarithmic=(bool, setting(True, title=mark("Logarithmic colours"),
                                   help=mark("Shows small differences near the lowest point."))),
    )  # fmt: skip


def _names_of(knobs: type[SurfaceKnobs]) -> tuple[str, ...]:
    return knobs.model_fields["first"].annotation.__args__


def _restore(names: tuple[str, ...], values: dict[str, Any]) -> SurfaceKnobs:
    return knobs_for(names)(**values)


def digest(sums: Sums) -> dict[str, np.ndarray]:
    """What the loss is drawn from, as arrays for a file.

    `features`, `targets` and `weights` are those of at most so many samples. For a squared loss there are, over all
    samples, the means of products `features_features` (d + 1, d + 1), `features_targets` (d + 1, k) and
    `targets_targets`, and `steepest`, the largest eigenvalue of the curvature. `lowest` (d + 1, k) are the best
    weights, where they can be computed and where there are any: for classes that do not overlap the loss only falls.
    """
    outputs = sums.targets.shape[1]
    step = max(1, -(-len(sums.features) * outputs // _MOST_VALUES))
    share = np.ones(len(sums.features)) if sums.weights is None else sums.weights
    values: dict[str, Any] = {
        "kind": np.array(sums.kind), "features": sums.features[::step], "targets": sums.targets[::step],
        "weights": share[::step] / share[::step].mean(),
    }  # fmt: skip
    if sums.kind == "squared":
        rows = sums.with_ones
        shares = share[:, None] / len(rows)
        values["features_features"] = (rows * shares).T @ rows
        values["features_targets"] = (rows * shares).T @ sums.targets
        values["targets_targets"] = np.array(float((sums.targets**2 * shares).sum()))
        values["steepest"] = np.array(2 * np.linalg.eigvalsh(values["features_features"])[-1] / outputs)
    solved = sums.kind in ("squared", "binary", "categorical")
    if solved and (sums.kind == "squared" or sums.features.shape[1] * outputs <= _MOST_SOLVED):
        lowest = best_weights(sums)
        if sums.kind == "squared" or mean_loss(sums, lowest) > _NO_LOSS:
            values["lowest"] = lowest
    return values


def figure(values: dict[str, np.ndarray], path: np.ndarray, names: tuple[str, ...], rate: float) -> Adjustable:
    """The figure with its knobs.

    Args:
        values: of `digest`.
        path: (steps, number of weights), weights in the order of (d + 1, k) flattened.
        names: of the weights.
        rate: the learning rate that was used.
    """
    moved = np.argsort(-np.abs(path.max(axis=0) - path.min(axis=0)), kind="stable")[:_MOST_NAMES]
    offered = tuple(names[index] for index in moved)
    result = {**values, "path": path, "names": names, "rate": rate}
    return Adjustable(_("The way down"), knobs_for(offered)(), result, surfaces)


def surfaces(params: Any, result: dict[str, Any]) -> tuple[Surface]:
    """The loss over the two chosen weights, the others as they were at the end."""
    names, path = result["names"], result["path"]
    across, up = names.index(params.first), names.index(params.second)
    others, lowest = _others(result)
    steps = path[:, [across, up]]
    marks = () if lowest is None else ((_("lowest"), float(lowest[across]), float(lowest[up])),)
    x_range, y_range = (
        _range(steps[:, axis], None if lowest is None else float(lowest[index]), params.zoom)
        for axis, index in enumerate((across, up))
    )
    x, y = np.linspace(*x_range, SIDE), np.linspace(*y_range, SIDE)
    grid = _losses_over(result, others, across, up, x, y)
    return (
        Surface(
            _("Loss over two weights"), params.first, params.second,
            x, y, grid, _within(steps, x_range, y_range), params.logarithmic, _("Loss"), marks, note=_note(result),
        ),
    )  # fmt: skip


def _others(result: dict[str, Any]) -> tuple[np.ndarray, np.ndarray | None]:
    """Where the other weights stay: at the lowest point where it is known (a path may end far out), and that point."""
    if "lowest" in result:
        lowest = result["lowest"].reshape(-1)
        return lowest, lowest
    return result["path"][-1], None


def _range(steps: np.ndarray, lowest: float | None, zoom: float) -> tuple[float, float]:
    """What an axis shows: the whole path, unless it runs far beyond the lowest point."""
    start = float(steps[0])
    centre = lowest if lowest is not None else float(steps[-1])
    reach = max(abs(start - centre), 1e-3 * max(1.0, abs(centre)))
    farthest = min(float(np.abs(steps - centre).max()), _FARTHEST * reach)
    half = 1.15 * max(farthest, reach) / zoom
    return centre - half, centre + half


def _within(steps: np.ndarray, x_range: tuple[float, float], y_range: tuple[float, float]) -> np.ndarray:
    """The path up to the first step that lands far outside of what is shown."""
    low, high = np.array([x_range[0], y_range[0]]), np.array([x_range[1], y_range[1]])
    size = high - low
    outside = np.flatnonzero(((steps < low - size) | (steps > high + size)).any(axis=1))
    return steps[: outside[0] + 1] if len(outside) else steps


def _losses_over(
    result: dict[str, Any], others: np.ndarray, across: int, up: int, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """The loss on the grid, (len(y), len(x))."""
    outputs = result["targets"].shape[1]
    if result["kind"] == "squared":
        weights = np.broadcast_to(others, (len(y), len(x), len(others))).copy()
        weights[..., up] = y[:, None]
        weights[..., across] = x[None, :]
        weights = weights.reshape(-1, len(others) // outputs, outputs)
        bent = np.einsum("gik,ij,gjk->g", weights, result["features_features"], weights, optimize=True)
        total = bent - 2 * np.einsum("gik,ik->g", weights, result["features_targets"]) + result["targets_targets"]
        return np.maximum(total, 0).reshape(len(y), len(x)) / outputs
    rows = np.column_stack([result["features"], np.ones(len(result["features"]))])
    base = others.copy()
    base[[across, up]] = 0
    fixed = rows @ base.reshape(-1, outputs)
    grid = np.empty((len(y), len(x)))
    for line, height in enumerate(y):
        logits = np.broadcast_to(fixed, (len(x), *fixed.shape)).copy()
        logits[:, :, across % outputs] += x[:, None] * rows[:, across // outputs]
        if up != across:
            logits[:, :, up % outputs] += height * rows[:, up // outputs]
        grid[line] = losses(str(result["kind"]), logits, result["targets"]) @ result["weights"] / len(rows)
    return grid


def _note(result: dict[str, Any]) -> str:
    """What the path shows, in words."""
    path, outputs = result["path"], result["targets"].shape[1]
    sums = Sums(str(result["kind"]), result["features"], result["targets"], result["weights"])
    start = mean_loss(sums, path[0].reshape(-1, outputs))
    last = np.array([mean_loss(sums, weights.reshape(-1, outputs)) for weights in path[-_LAST_STEPS:]])
    parts = [
        _("At a learning rate of {rate:g} from a loss of {first:.4g} to {last:.4g} after {steps} steps.").format(
            rate=result["rate"], first=start, last=last[-1], steps=len(path) - 1
        )
    ]
    if "lowest" in result:
        lowest = mean_loss(sums, result["lowest"])
        parts.append(_("The lowest possible is {loss:.4g}.").format(loss=lowest))
        parts.append(_verdict(start, last, lowest))
    if "steepest" in result:
        parts.append(
            _("Above a learning rate of {rate:.3g} every step would lead farther away.").format(
                rate=2 / float(result["steepest"])
            )
        )
    return " ".join(parts)


def _verdict(start: float, last: np.ndarray, lowest: float) -> str:
    if not np.isfinite(last).all() or last[-1] > start:
        return _("Every step lands farther away: this learning rate is too large.")
    if np.max(np.diff(last), initial=0) > 0.01 * (start - lowest):
        return _("The steps jump back and forth across the lowest point: this learning rate is too large.")
    if last[-1] - lowest > 0.05 * (start - lowest):
        return _("The path ends far above it: this learning rate is too small for so many steps.")
    return _("The path comes close to it: this learning rate is right.")
