"""Many pictures in a grid; only those in sight are made into images and painted."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QListView,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.data.corrections import Correction
from workbench.figures import Gallery, RowSample, Tile
from workbench.gui.figures.enlarged import Enlarged, show_enlarged
from workbench.gui.figures.figure_view import knob_label
from workbench.gui.figures.pictures import draw_image, fitted, to_image
from workbench.gui.figures.sample_view import SampleView
from workbench.gui.figures.signs import draw_correction, draw_mistake, in_words
from workbench.gui.theme import GRID, theme
from workbench.i18n import _

SMALLEST, USUAL, LARGEST = 40, 96, 256
ROOMY, WIDE = 192, 960  # up to what side a few tiles grow, in a gallery of at least that width
SETTLED = 24  # pixels a gallery may change without other tiles: a scroll bar that comes would take them back
KEPT_IMAGES = 600
ROWS_IN_SIGHT = 2  # at least; it grows where there is room
CAPTIONS_MEASURED = 60
MOST_LINES = 3


class Tiles(QAbstractListModel):
    """The tiles of a gallery. Images are made when first painted, and the latest few hundred kept."""

    def __init__(self, view: "GalleryView") -> None:
        super().__init__(view)
        self._view = view
        self.gallery: Gallery | None = None
        self._images: dict[int, QImage] = {}

    def set_gallery(self, gallery: Gallery) -> None:
        """Exchange all tiles."""
        self.beginResetModel()
        self.gallery = gallery
        self._images.clear()
        self.endResetModel()

    def image(self, row: int) -> QImage:
        """The picture of a tile."""
        found = self._images.get(row)
        if found is None:
            while len(self._images) >= KEPT_IMAGES:
                del self._images[next(iter(self._images))]
            found = self._images[row] = to_image(self.gallery.tiles[row].pixels, values=self.gallery.values)
        return found

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if self.gallery is None or (parent is not None and parent.isValid()) else len(self.gallery.tiles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        tile = self.gallery.tiles[index.row()]
        correction = self.correction(tile)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return tile.caption
            case Qt.ItemDataRole.ToolTipRole:
                return tile.caption if correction is None else f"{tile.caption}\n{in_words(correction)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                text = _("{caption}, wrong").format(caption=tile.caption) if tile.wrong else tile.caption
                return text if correction is None else f"{text}, {in_words(correction)}"
        return None

    def correction(self, tile: Tile) -> Correction | None:
        """What a correction says of the sample of a tile."""
        return self._view.corrections.get(tile.name) if tile.name else None


class TilePainter(QStyledItemDelegate):
    """Paints one tile: picture, caption, signs for mistakes and corrections, a frame where it is selected."""

    def __init__(self, tiles: Tiles, parent: QObject) -> None:
        super().__init__(parent)
        self._tiles = tiles
        self.side = USUAL
        self.lines = 1

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:
        return self.cell(option.fontMetrics.lineSpacing())

    def cell(self, line: int) -> QSize:
        """The size of a tile with its caption, and the gap to the next."""
        caption = self.lines * line + GRID // 2 if self.lines else 0
        return QSize(self.side + 2 * GRID, self.side + caption + 2 * GRID)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        colors = theme()
        tile = self._tiles.gallery.tiles[index.row()]
        painter.save()
        frame = option.rect.adjusted(2, 2, -2, -2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(colors.accent if selected else colors.border), 1.5))
            painter.setBrush(QColor(colors.accent_soft) if selected else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 4, 4)
        box = QRect(option.rect.left() + GRID, option.rect.top() + GRID, self.side, self.side)
        image = self._tiles.image(index.row())
        target = fitted(image.size(), box)
        draw_image(painter, target, image)
        sign, correction = max(14, self.side // 6), self._tiles.correction(tile)
        if tile.wrong:
            draw_mistake(painter, target.topLeft() + QPoint(2, 2), sign)
        if correction is not None:
            draw_correction(painter, target.topRight() + QPoint(-1 - sign, 2), sign, correction)
        self._draw_caption(painter, option, box, tile.caption)
        painter.restore()

    def _draw_caption(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, caption: str) -> None:
        painter.setPen(QColor(theme().text))
        line, width = option.fontMetrics.lineSpacing(), option.rect.width() - 8
        for number, text in enumerate(broken(caption, option.fontMetrics, width, self.lines)):
            place = QRect(option.rect.left() + 4, box.bottom() + GRID // 2 + number * line, width, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)


def broken(caption: str, metrics: QFontMetrics, width: int, lines: int) -> list[str]:
    """A caption in at most so many lines, broken between words; what does not fit is elided."""
    found: list[str] = []
    for paragraph in caption.split("\n"):
        current = ""
        for word in paragraph.split(" "):  # not at a space that is to hold a number and its unit together
            longer = f"{current} {word}" if current else word
            if current and metrics.horizontalAdvance(longer) > width:
                found.append(current)
                current = word
            else:
                current = longer
        found.append(current)
    if len(found) > lines:
        found = [*found[: lines - 1], " ".join(found[lines - 1 :])] if lines else []
    return [metrics.elidedText(text, Qt.TextElideMode.ElideRight, width) for text in found]


class TileList(QListView):
    """A grid that asks for as many rows as it has, up to a few; the rest scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setMouseTracking(True)
        self.columns = 0
        self.rows_in_sight = ROWS_IN_SIGHT

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.fit_columns()
        self.fit_height()

    def fit_columns(self) -> None:
        """Leave what is right of the last column empty where a row has a certain number of tiles."""
        used = 2 * self.frameWidth() + self.verticalScrollBar().sizeHint().width() + 4
        spare = self.width() - used - self.columns * self.gridSize().width()
        self.setViewportMargins(0, 0, max(0, spare) if self.columns else 0, 0)

    def fit_height(self) -> None:
        """Be as high as the rows need, between one row and the rows that are to be in sight."""
        cell = self.gridSize()
        count = self.model().rowCount() if self.model() else 0
        columns = max(1, (self.viewport().width() - 2) // max(1, cell.width()))
        rows = max(1, -(-count // columns))
        frame = 2 * self.frameWidth() + 2
        self.setMinimumHeight(min(rows, self.rows_in_sight) * cell.height() + frame)
        self.setMaximumHeight(rows * cell.height() + frame)


class GalleryView(SampleView):
    """Draws `Gallery`. A click on a tile that shows a sample gives `tile_clicked`; any other tile is enlarged.

    Where several can be selected, clicks with Ctrl or Shift and dragging do that, and its own actions are offered.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = TileList()
        self._tiles = Tiles(self)
        self._painter = TilePainter(self._tiles, self)
        self._list.setModel(self._tiles)
        self._list.setItemDelegate(self._painter)
        self._list.clicked.connect(self._click)
        self._list.doubleClicked.connect(self._enlarge_index)
        self._list.installEventFilter(self)
        self._size = QSlider(Qt.Orientation.Horizontal)
        self._size.setRange(SMALLEST, LARGEST)
        self._size.setSingleStep(8)
        self._size.setPageStep(32)
        self._size.setFixedWidth(96)
        self._size.setValue(USUAL)
        self._size.setAccessibleName(_("Size of the pictures"))
        self._size.setToolTip(_("Size of the pictures"))
        self._size.valueChanged.connect(self._resize_tiles)
        self._size.actionTriggered.connect(self._keep_size)
        self._fitted: tuple[int, int] | None = None  # width and tiles in a row that the size was found for
        self._kept = False  # the size was chosen by hand
        self.knobs.addWidget(knob_label(_("Si&ze"), self._size))
        self.knobs.addWidget(self._size)
        self.set_body(self._list)

    @property
    def grid(self) -> QListView:
        """The grid, for pages that select in it."""
        return self._list

    def samples_of(self, rows: list[int]) -> list[RowSample]:
        tiles = (self.figure.tiles[row] for row in rows)
        return [RowSample(tile.sample, tile.name, tile.split) for tile in tiles if tile.sample >= 0]

    def set_tile_side(self, side: int) -> None:
        """The side of a picture in pixels."""
        self._keep_size()
        self._size.setValue(side)

    def draw(self) -> None:
        if self._tiles.gallery is not self.figure:
            self._tiles.set_gallery(self.figure)
            self._fit_tiles()
            self._resize_tiles(self._size.value())
        self._list.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.figure is not None:
            self._fit_tiles()

    def _keep_size(self, _action: int = 0) -> None:
        self._kept = True

    def _fit_tiles(self) -> None:
        """A row that has its number of tiles gets all of them; a few tiles in a wide place are larger."""
        row, width = self.figure.columns or len(self.figure.tiles), self.width()
        settled = self._fitted is not None and self._fitted[1] == row and abs(self._fitted[0] - width) < SETTLED
        if self._kept or settled or not row:
            return
        self._fitted = (width, row)
        side = (width - SETTLED) // row - 2 * GRID
        if side < USUAL:
            side = max(side, SMALLEST) if self.figure.columns else USUAL
        else:
            side = min(side, ROOMY) if width >= WIDE else USUAL
        self._size.setValue(side)

    def actions_of_kind(self) -> list[QAction]:
        action = QAction(_("Enlarge"), self)
        action.setEnabled(self._list.currentIndex().isValid())
        action.triggered.connect(self._enlarge_current)
        return [action, *self.actions()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._list and event.type() == QEvent.Type.KeyPress and self._list.currentIndex().isValid():
            return self._press(event) or super().eventFilter(watched, event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enlarge_current()
            return True
        if event.key() == Qt.Key.Key_Space:
            self._click(self._list.currentIndex())
            return True
        return False

    def _resize_tiles(self, side: int) -> None:
        self._painter.side = side
        self._painter.lines = self._lines_needed(side + GRID)
        self._list.setGridSize(self._painter.cell(self._list.fontMetrics().lineSpacing()))
        self._list.columns = self.figure.columns if self.figure is not None else 0
        self._list.fit_columns()
        self._list.fit_height()
        self._list.scheduleDelayedItemsLayout()

    def _lines_needed(self, width: int) -> int:
        """How many lines the captions take, judged by the first ones."""
        captions = [tile.caption for tile in self.figure.tiles[:CAPTIONS_MEASURED]] if self.figure else []
        metrics = self._list.fontMetrics()
        needed = (len(broken(text, metrics, width, MOST_LINES)) for text in captions if text)
        return max(needed, default=0)

    def _click(self, index: QModelIndex) -> None:
        several = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if QGuiApplication.keyboardModifiers() & several:
            return  # it selects
        sample = self.figure.tiles[index.row()].sample
        if sample >= 0:
            self.tile_clicked.emit(sample)
        else:
            self._enlarge_index(index)

    def _enlarge_current(self) -> None:
        self._enlarge_index(self._list.currentIndex())

    def _enlarge_index(self, index: QModelIndex) -> Enlarged | None:
        if not index.isValid():
            return None
        tiles = tuple(map(self._told, self.figure.tiles))
        return show_enlarged(self, tiles, index.row(), values=self.figure.values)

    def _told(self, tile: Tile) -> Tile:
        """A tile with what a correction says of it in words."""
        correction = self._tiles.correction(tile)
        return tile if correction is None else replace(tile, caption=f"{tile.caption}\n{in_words(correction)}")
