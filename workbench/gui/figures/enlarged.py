"""One tile of a gallery in a window of its own; the arrow keys go to its neighbours, Escape closes."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.figures import Tile
from workbench.gui.figures.colour_bar import ColourBar
from workbench.gui.figures.pictures import Picture, to_image
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.i18n import _

STEPS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageUp: -1,
    Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageDown: 1,
}  # fmt: skip


class Enlarged(QDialog):
    """Shows tiles one at a time."""

    def __init__(
        self,
        tiles: tuple[Tile, ...],
        index: int,
        *,
        values: bool = False,
        palette: np.ndarray | None = None,
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._tiles, self._index, self._values, self._palette = tiles, index, values, palette
        self._picture = Picture()
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._facts = hint("")
        self._problem = Notice()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.addWidget(self._picture, 1)
        if values:
            key = ColourBar()
            key.set_range(_("low"), _("high"))
            layout.addWidget(key, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._caption)
        layout.addWidget(self._facts)
        layout.addWidget(self._problem)
        layout.addLayout(self._buttons())
        self._picture.installEventFilter(self)
        self.resize(640, 680)
        self._show(index)

    @property
    def index(self) -> int:
        """Which tile is shown."""
        return self._index

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.key() in STEPS:
            self._show(self._index + STEPS[event.key()])
            return True
        return super().eventFilter(watched, event)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._previous = button_with_icon(_("&Previous"))
        self._previous.clicked.connect(self._go_back)
        self._next = button_with_icon(_("&Next"))
        self._next.clicked.connect(self._go_on)
        save = button_with_icon(_("&Save as PNG…"), "save")
        save.clicked.connect(self._save)
        close = button_with_icon(_("&Close"))
        close.clicked.connect(self.close)
        for button in (self._previous, self._next, save, close):
            button.setAutoDefault(False)
        row.addWidget(self._previous)
        row.addWidget(self._next)
        row.addStretch(1)
        row.addWidget(save)
        row.addWidget(close)
        return row

    def _show(self, index: int) -> None:
        self._index = min(max(index, 0), len(self._tiles) - 1)
        tile = self._tiles[self._index]
        self._picture.set_images(to_image(tile.pixels, values=self._values, palette=self._palette))
        self._picture.setAccessibleName(tile.caption)
        self._caption.setText(f"✗ {tile.caption}" if tile.wrong else tile.caption)
        height, width = tile.pixels.shape[:2]
        self._facts.setText(
            _("{number} of {count} · {width} × {height} px").format(
                number=self._index + 1, count=len(self._tiles), width=width, height=height
            )
        )
        self.setWindowTitle(tile.caption or _("Picture"))
        self._previous.setEnabled(self._index > 0)
        self._next.setEnabled(self._index < len(self._tiles) - 1)

    def _go_back(self) -> None:
        self._show(self._index - 1)

    def _go_on(self) -> None:
        self._show(self._index + 1)

    def _save(self) -> None:
        path, _pattern = QFileDialog.getSaveFileName(self, _("Save picture"), "picture.png", _("Pictures (*.png)"))
        if not path:
            return
        pixels = self._tiles[self._index].pixels
        if to_image(pixels, values=self._values, palette=self._palette).save(path, "PNG"):
            self._problem.show_message("")
        else:
            text = _("{path} cannot be written. Choose another folder, or make room.").format(path=path)
            self._problem.show_message(text, "error")


def show_enlarged(
    parent: QWidget, tiles: tuple[Tile, ...], index: int, *, values: bool = False, palette: np.ndarray | None = None
) -> Enlarged:
    """Open the window; it deletes itself when closed. `values` and `palette` are as in `to_image`."""
    dialog = Enlarged(tiles, index, values=values, palette=palette, parent=parent)
    dialog.show()
    return dialog
