"""All blocks of a network on one sheet: what each makes of a picture."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.figures import Figure, Gallery, Tile
from workbench.i18n import _, counted, mark
from workbench.inspection.features.feature_maps import only_numbers, stretched
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.layers import (
    check_channels_last,
    is_convolution,
    named_layers,
    output_shape,
    spatial_layers,
)
from workbench.inspection.network.taps import activations_of
from workbench.section import Section, setting

_MERGING = ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Subtract")
_SHIFTING = ("ZeroPadding2D", "Cropping2D")  # their maps have a size of their own, and nothing new in them
_FOLLOWING = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "BatchNormalization", "LayerNormalization",
              "GroupNormalization", "Dropout", "SpatialDropout2D", "FusedNormalization")  # fmt: skip


class FeatureSheetSection(Section):
    """Settings of the sheet of all blocks."""

    rows: Literal["stages", "blocks", "layers"] = setting(
        "stages", title=mark("A row for each"),
        labels={"stages": mark("size of the maps"), "blocks": mark("block"), "layers": mark("layer")},
        help=mark("The last layer before the maps change their size; or the end of every block: where branches meet, "
                  "or behind a convolution where there are none; or every layer with maps."),
    )  # fmt: skip
    count: int = setting(
        4,
        title=mark("Maps in a row"),
        ge=1,
        le=64,
        help=mark("How many maps of each are shown, the most active first."),
    )


class FeatureSheet(Inspector):
    """A row of maps per stage of the network, from the first to the last."""

    name = "feature_sheet"
    title = mark("All blocks on one sheet")
    help = mark("Shows what every block of the network makes of a picture, the most active maps of each in a row.")
    section = FeatureSheetSection

    def layers(self, model: Any) -> list[str]:
        """None to choose from: all are shown."""
        return []

    def inspect(self, model: Any, question: Question) -> Findings:
        """A gallery per picture, a row per layer."""
        names = sheet_layers(model, question.params.rows)
        if not names:
            check_channels_last(model)
            raise UserError(_("This model has no convolution, and so no maps to show."))
        question.control.check()
        values = activations_of(model, names)(question.inputs)
        figures: list[Figure] = []
        for number, caption in enumerate(question.captions):
            question.control.check()
            maps = [np.asarray(of_layer[number], np.float32) for of_layer in values]
            figures.append(_sheet(maps, names, question.params.count, caption))
        return Findings(tuple(figures))


def sheet_layers(model: Any, rows: str) -> list[str]:
    """The layers that stand for the stages (sizes of the maps) or blocks of a network, in order, or all with maps."""
    layers = named_layers(model)
    names = [name for name in spatial_layers(model) if type(layers[name]).__name__ not in _SHIFTING]
    match rows:
        case "layers":
            return names
        case "stages":
            sizes = [output_shape(layers[name])[1:3] for name in names]
            return [name for name, size, after in zip(names, sizes, [*sizes[1:], None], strict=False) if size != after]
    merging = [name for name in names if type(layers[name]).__name__ in _MERGING]
    ends = merging or [name for name in names if is_convolution(layers[name])]
    return list(dict.fromkeys(_with_what_follows(name, names, layers) for name in ends))


def _with_what_follows(name: str, names: Sequence[str], layers: dict[str, Any]) -> str:
    """The last of the activations and normalisations right behind a layer; the layer itself where there are none."""
    place = names.index(name)
    while place + 1 < len(names) and type(layers[names[place + 1]]).__name__ in _FOLLOWING:
        place += 1
    return names[place]


def _sheet(maps: Sequence[np.ndarray], names: Sequence[str], count: int, caption: str) -> Gallery:
    """A row per layer: the mean of all its maps under its name and shape, then the most active ones.

    Args:
        maps: per layer (rows, columns, channels).
        names: of the layers.
        count: maps in a row; a layer with fewer leaves the rest of its row empty.
        caption: of the picture.
    """
    widest = min(count, max(layer.shape[-1] for layer in maps))
    tiles: list[Tile] = []
    notes: list[str] = []
    for name, layer in zip(names, maps, strict=True):
        layer, broken = only_numbers(layer, name)
        notes.append(broken)
        means = layer.mean(axis=(0, 1))
        order = np.argsort(-means, kind="stable")[:widest]
        rows, columns, channels = layer.shape
        shape = _("mean of {rows} x {columns} x {channels}").format(rows=rows, columns=columns, channels=channels)
        tiles.append(Tile(stretched(layer.mean(axis=-1)), f"{_short(name)}\n{shape}"))
        tiles += [Tile(stretched(layer[..., index]), f"#{index}") for index in order]
        tiles += [Tile(np.zeros((1, 1), np.uint8), _("no more maps"))] * (widest - len(order))
    note = counted(
        "One layer: the mean of all maps, then the {count} most active ones; each picture from its lowest to its "
        "highest value.",
        "{layers} layers from the first to the last, a row each: the mean of all maps, then the {count} most active "
        "ones; each picture from its lowest to its highest value.",
        len(names),
    ).format(layers=len(names), count=widest)
    note = " ".join(each for each in [note, *notes] if each)
    title = _("All blocks for {caption}").format(caption=caption) if caption else _("All blocks")
    return Gallery(title, tuple(tiles), True, widest + 1, note=note)


def _short(name: str) -> str:
    """A layer's name without the models around it: the caption is narrow."""
    return name.rsplit("/", 1)[-1]


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(FeatureSheet())
