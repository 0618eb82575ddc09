"""A picture."""

from PySide6.QtWidgets import QWidget

from workbench.figures import Tile
from workbench.gui.figures.enlarged import show_enlarged
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.pictures import Picture, to_image


class ImageView(FigureView):
    """Draws `Image`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = Picture()
        self._picture.activated.connect(self._enlarge)
        self.set_body(self._picture)

    def draw(self) -> None:
        self._picture.set_images(to_image(self.figure.pixels))

    def _enlarge(self) -> None:
        show_enlarged(self, (Tile(self.figure.pixels, self.figure.title),), 0)
