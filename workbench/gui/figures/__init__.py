"""One renderer per kind of figure; `view_for` finds it. A new kind of figure is one module and one line here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from workbench.figures import Figure

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from workbench.gui.figures.figure_view import FigureView

RENDERERS = {
    "image": "workbench.gui.figures.image_view:ImageView",
    "heatmap": "workbench.gui.figures.heatmap_view:HeatmapView",
    "curves": "workbench.gui.figures.curves_view:CurvesView",
    "matrix": "workbench.gui.figures.matrix_view:MatrixView",
    "bars": "workbench.gui.figures.bars_view:BarsView",
    "table": "workbench.gui.figures.table_view:TableView",
    "gallery": "workbench.gui.figures.gallery_view:GalleryView",
    "scatter": "workbench.gui.figures.scatter_view:ScatterView",
    "surface": "workbench.gui.figures.surface_view:SurfaceView",
    "adjustable": "workbench.gui.figures.adjustable_view:AdjustableView",
}


def view_for(figure: Figure, parent: QWidget | None = None) -> FigureView:
    """A view that shows the figure already; give it later figures of the same kind with `set_figure`."""
    module, _colon, name = RENDERERS[figure.kind].partition(":")
    view = getattr(importlib.import_module(module), name)(parent)
    view.set_figure(figure)
    return view
