"""Several figures in one place: which views stay, how many columns there are, what is passed on."""

import numpy as np
from PySide6.QtWidgets import QApplication

from workbench.figures import Bars, Gallery, Heatmap, Image, Matrix, Table, Tile
from workbench.gui.figures.figure_panel import FigurePanel

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 8)).astype(np.uint8)
FIGURES = {
    "image": Image("A picture", PIXELS),
    "heatmap": Heatmap("Heat", PIXELS, np.eye(4, dtype=np.float32)),
    "matrix": Matrix("Confusion", np.array([[5, 1], [0, 7]]), ("cat", "dog"), "True", "Predicted", {(0, 1): (4,)}),
    "bars": Bars("Counts", ("a", "b"), {"train": (1.0, 2.0)}),
    "table": Table("Report", ("Class", "F1"), (("a", 0.5), ("b", None))),
    "gallery": Gallery("Tiles", tuple(Tile(PIXELS, f"tile {index}", index) for index in range(5))),
}


def test_a_panel_keeps_the_view_of_the_same_kind_and_title(qtbot):
    panel = FigurePanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.set_figures([FIGURES["heatmap"], FIGURES["table"]])
    heat, table = panel.views
    heat._slider.setValue(80)
    panel.set_figures([FIGURES["image"], Heatmap("Heat", PIXELS, np.ones((2, 2)))])
    assert panel.views[1] is heat
    assert heat.blend == 0.8
    assert table not in panel.views
    qtbot.waitUntil(lambda: len(panel.findChildren(type(table))) == 0, timeout=2000)
    panel.clear()
    assert panel.views == []


def test_a_panel_shows_two_figures_of_one_title_apart(qtbot):
    panel = FigurePanel()
    qtbot.addWidget(panel)
    panel.set_figures([FIGURES["image"], FIGURES["image"]])
    assert len(set(panel.views)) == 2


def test_a_panel_has_as_many_columns_as_fit(qtbot):
    panel = FigurePanel(column_width=400)
    qtbot.addWidget(panel)
    panel.resize(500, 900)
    panel.show()
    panel.set_figures([FIGURES[kind] for kind in ("image", "table", "bars")])
    QApplication.processEvents()
    assert len({card.x() for card in panel._cards}) == 1
    panel.resize(1300, 900)
    QApplication.processEvents()
    assert len({card.x() for card in panel._cards}) == 3
    assert len({card.width() for card in panel._cards}) <= 2


def test_a_panel_passes_on_what_was_clicked_and_where(qtbot):
    panel = FigurePanel()
    qtbot.addWidget(panel)
    panel.resize(700, 1200)
    panel.show()
    panel.set_figures([FIGURES["gallery"], FIGURES["matrix"]])
    gallery, matrix = panel.views
    with qtbot.waitSignal(panel.cell_clicked) as clicked:
        matrix.canvas.cell_clicked.emit(0, 1)
    assert clicked.args == [0, 1, (4,)]
    assert panel.clicked_view is matrix
    with qtbot.waitSignal(panel.tile_clicked) as clicked:
        gallery.tile_clicked.emit(2)
    assert panel.clicked_view is gallery
