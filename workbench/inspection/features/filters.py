"""Filters: the kernels that a convolution has learned."""

from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.figures import Gallery, Tile
from workbench.i18n import _, counted, mark
from workbench.inspection.features.feature_maps import only_numbers, stretched
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.layers import find_layer, named_layers
from workbench.section import Section, setting


class FiltersSection(Section):
    """Settings of the filters."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The convolution whose kernels are shown; empty takes the first."),
    )  # fmt: skip
    count: int = setting(
        64, title=mark("At most"), unit="filters", ge=1, le=4096, help=mark("How many are shown, the strongest first.")
    )


class Filters(Inspector):
    """The kernels of a convolution, whatever the picture."""

    name = "filters"
    title = mark("Filters")
    help = mark("Shows the kernels that a convolution has learned.")
    section = FiltersSection
    subject = "model"
    family = "model"

    def layers(self, model: Any) -> list[str]:
        """The layers that have kernels over two axes."""
        return [name for name, layer in named_layers(model).items() if kernels_of(layer) is not None]

    def inspect(self, model: Any, question: Question) -> Findings:
        """One gallery: in colour where the layer takes colours, else the mean over its input maps."""
        suitable = self.layers(model)
        if not suitable:
            raise UserError(_("This model has no convolution, and so no filters to show."))
        name = question.params.layer or suitable[0]
        kernels = kernels_of(find_layer(model, name))
        if kernels is None:
            raise UserError(
                _("The layer {name!r} has no kernels. Layers that have: {layers}.").format(
                    name=name, layers=", ".join(suitable)
                )
            )
        kernels, broken = only_numbers(kernels, name)
        strengths = np.sqrt((kernels**2).sum(axis=(0, 1, 2)))
        order = np.argsort(-strengths, kind="stable")[: question.params.count]
        colour = kernels.shape[2] == 3
        tiles = tuple(
            Tile(
                stretched(kernels[..., index] if colour else kernels[..., index].mean(axis=-1)),
                _("#{index}\nstrength {strength:#.3g}").format(index=index, strength=strengths[index]),
            )
            for index in order
        )
        height, width, inputs, outputs = kernels.shape
        note = counted(
            "{shown} of {all} filters of {height} x {width} over one input map, the strongest first.",
            "{shown} of {all} filters of {height} x {width} over {inputs} input maps, the strongest first.",
            inputs,
        ).format(shown=len(tiles), all=outputs, height=height, width=width, inputs=inputs)
        if inputs not in (1, 3):
            note = f"{note} {_('Each is shown as the mean over its input maps.')}"
        note = f"{note} {broken}".strip()
        title = _("Filters of {layer}").format(layer=name)
        return Findings((Gallery(title, tiles, not colour, note=note),), name)


def kernels_of(layer: Any) -> np.ndarray | None:
    """Kernels as (height, width, input maps, filters); None for a layer without."""
    if "Conv2D" not in type(layer).__name__:
        return None
    variable = getattr(layer, "depthwise_kernel", None)
    depthwise = variable is not None
    variable = variable if depthwise else getattr(layer, "kernel", None)
    if variable is None or len(variable.shape) != 4:
        return None
    kernels = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable, np.float32)
    if depthwise:
        # Every input map has kernels of its own: each is a filter over one map.
        return kernels.reshape(*kernels.shape[:2], 1, -1)
    return kernels.transpose(0, 1, 3, 2) if "Transpose" in type(layer).__name__ else kernels


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Filters())
