"""A picture."""

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from workbench.figure_files import save_figure
from workbench.figures import Tile
from workbench.gui.figures.enlarged import show_enlarged
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.pictures import Picture, to_image


class ImageView(FigureView):
    """Draws `Image`. It is saved and copied at its own size, to the pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = Picture()
        self._picture.activated.connect(self._enlarge)
        self.set_body(self._picture)

    def draw(self) -> None:
        self._picture.set_images(to_image(self.figure.pixels, palette=self.figure.palette))

    def save_png(self, path: str | Path) -> None:
        """Save the picture itself: its own pixels, nothing around them."""
        save_figure(self.figure, path)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setImage(to_image(self.figure.as_seen()))

    def _enlarge(self) -> None:
        show_enlarged(self, (Tile(self.figure.pixels, self.figure.title),), 0, palette=self.figure.palette)
