"""20,000 points on the screen: how long a repaint while panning, a move of the pointer and another colour take.

Run: `QT_QPA_PLATFORM=offscreen python tests/benchmarks/bench_embeddings_view.py [points]`. Reach: a repaint under
50 ms, the card of the sample under the pointer under 16 ms. Drawn by the processor.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from workbench.figures import Adjustable, SampleCards
from workbench.gui.figures import view_for
from workbench.gui.theme import appearance, prepare
from workbench.inspection.samples.colouring import ClassColouring, Placed, coloured

CLASSES = 10


def placed(count: int) -> Placed:
    """Ten clouds of points with pictures of 32 x 32."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, CLASSES, count)
    centres = generator.normal(0, 10, (CLASSES, 2))
    places = (centres[truth] + generator.normal(0, 2, (count, 2))).astype(np.float32)
    pixels = generator.integers(0, 256, (count, 32, 32, 3), np.uint8)
    cards = SampleCards(np.arange(count), tuple(f"#{index}" for index in range(count)), np.zeros(count, bool), pixels)
    names = tuple(f"class {index}" for index in range(CLASSES))
    return Placed(places, cards, generator.random(count), truth, truth, names, "Embedding", ("x", "y"))


def timed(action: Callable[[int], object], times: int = 40) -> dict[str, float]:
    """The median and the worst of so many runs, in milliseconds."""
    spent = []
    for number in range(times):
        start = time.perf_counter()
        action(number)
        spent.append(1000 * (time.perf_counter() - start))
    return {"median_ms": statistics.median(spent), "worst_ms": max(spent)}


def measure(count: int = 20_000) -> dict[str, object]:
    """What is done with the mouse, each many times."""
    application = QApplication.instance() or QApplication([])
    prepare(application)
    appearance().choose("light")
    figure = Adjustable("Embedding", ClassColouring(), placed(count), coloured)
    view = view_for(figure)
    view.resize(1200, 900)
    view.show()
    application.processEvents()
    scatter = view.panel.views[0]
    box, plot = scatter.plot.getPlotItem().vb, scatter.plot

    def pan(number):
        box.translateBy(x=0.3 if number % 2 else -0.3, y=0.1)
        plot.viewport().repaint()

    def zoom(number):
        box.scaleBy((1.1, 1.1) if number % 2 else (1 / 1.1, 1 / 1.1))
        plot.viewport().repaint()

    places = np.random.default_rng(1).normal(0, 8, (40, 2))
    colours = ("prediction", "loss", "error", "class")

    def recolour(number):
        view._edit("colour", colours[number % 4])
        view._make_again()
        plot.viewport().repaint()

    found = {
        "points": count,
        "panning_one_repaint": timed(pan),
        "zooming_one_repaint": timed(zoom),
        "pointer_nearest_point_and_card": timed(lambda number: plot.pointed.emit(QPointF(*places[number]))),
        "another_colour_drawn": timed(recolour, 8),
        "lasso_round_half": timed(lambda number: scatter._set_chosen(np.arange(number, count, 2)), 8),
        "panning_with_half_chosen": timed(pan),
    }
    view.close()
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000), indent=2))
