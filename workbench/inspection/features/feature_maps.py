"""Feature maps: what a layer makes of a picture."""

from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.figures import Bars, Figure, Gallery, Tile
from workbench.i18n import _, counted, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network import gradients
from workbench.inspection.network.layers import final_layer, find_layer, last_convolution, named_layers, output_shape
from workbench.section import Section, setting

_LARGEST = 1e18


class FeatureMapsSection(Section):
    """Settings of the feature maps."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer whose output is shown; empty takes the last convolution."),
    )  # fmt: skip
    count: int = setting(
        64, title=mark("At most"), unit="maps", ge=1, le=4096,
        help=mark("How many maps or values are shown, the most active first."),
    )  # fmt: skip


class FeatureMaps(Inspector):
    """The output of a layer: a grid of maps, or bars where it is a vector."""

    name = "feature_maps"
    title = mark("Feature maps")
    help = mark("Shows the output of a layer for a picture, the most active maps first.")
    section = FeatureMapsSection

    def layers(self, model: Any) -> list[str]:
        """The layers whose output is a stack of maps or a vector."""
        layers = named_layers(model)
        return [name for name, layer in layers.items() if len(output_shape(layer)) in (2, 4)]

    def inspect(self, model: Any, question: Question) -> Findings:
        """One gallery or one chart per picture."""
        suitable = self.layers(model)
        if not suitable:
            raise UserError(_("This model has no layer whose output is a stack of maps or a vector."))
        name = question.params.layer or last_convolution(model) or suitable[-1]
        layer = find_layer(model, name)
        if name not in suitable:
            raise UserError(
                _("The output of the layer {name!r} is neither a stack of maps nor a vector: {shape}.").format(
                    name=name, shape=output_shape(layer)[1:]
                )
            )
        values = gradients.activations(model, name)(question.inputs)
        names = question.choices if layer is final_layer(model) else ()
        figures: list[Figure] = [
            map_gallery(row, name, question.params.count) if row.ndim == 3 else _bars(row, name, names, question)
            for row in values
        ]
        return Findings(tuple(figures), name)


def only_numbers(values: np.ndarray, layer: str) -> tuple[np.ndarray, str]:
    """The values of a layer with 0 in place of what is no number, float32, and a sentence on that, or none.

    Raises:
        UserError: not one of them is a number.
    """
    values = np.asarray(values, np.float32)
    usable = np.abs(values) < _LARGEST  # neither NaN nor infinite, nor so large that sums of squares are
    if usable.all():
        return values, ""
    if not usable.any():
        raise UserError(
            _(
                "The values of the layer {layer!r} are not numbers, so that there is nothing to see. The training "
                "diverged: train again with a smaller learning rate, or take an earlier epoch."
            ).format(layer=layer)
        )
    text = _("{share:.0%} of the values of {layer} are not numbers, and drawn as 0: the training diverged.")
    return np.where(usable, values, 0), text.format(share=1 - usable.mean(), layer=layer)


def map_gallery(maps: np.ndarray, layer: str, count: int) -> Gallery:
    """The maps of one layer, (rows, columns, channels), as pictures of values, the highest mean first."""
    maps, broken = only_numbers(maps, layer)
    means = maps.mean(axis=(0, 1))
    order = np.argsort(-means, kind="stable")
    tiles = tuple(
        Tile(stretched(maps[..., index]), _("#{index}\nmean {mean:#.3g}").format(index=index, mean=means[index]))
        for index in order[:count]
    )
    rows, columns, channels = maps.shape
    note = counted(
        "One map of {rows} x {columns}, from its lowest to its highest value.",
        "{shown} of {all} maps of {rows} x {columns}, the most active first; each from its lowest to its highest "
        "value.",
        channels,
    )
    title = _("Feature maps of {layer}").format(layer=layer)
    note = note.format(shown=len(tiles), all=channels, rows=rows, columns=columns)
    return Gallery(title, tiles, True, note=f"{note} {broken}".strip())


def stretched(values: np.ndarray) -> np.ndarray:
    """Values as uint8, the lowest 0 and the highest 255; all 0 where they do not differ."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    return np.round((values - low) * (255 / (high - low))).astype(np.uint8)


def _bars(values: np.ndarray, layer: str, names: tuple[str, ...], question: Question) -> Bars:
    values, broken = only_numbers(values, layer)
    order = np.argsort(-values, kind="stable")[: question.params.count]
    note = counted("One value.", "{shown} of {all} values, the highest first.", len(values))
    labels = names if len(names) == len(values) else tuple(f"#{index}" for index in range(len(values)))
    return Bars(
        _("Output of {layer}").format(layer=layer),
        tuple(labels[index] for index in order),
        {_("Value"): tuple(float(values[index]) for index in order)},
        value_label=_("Value"),
        note=f"{note.format(shown=len(order), all=len(values))} {broken}".strip(),
    )


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(FeatureMaps())
