"""What all renderers share: title, note, knobs, saving and copying, and drawing only what is seen.

A renderer gives its widget to `set_body`, and draws `self.figure` in `draw`; it is called only while the view is
visible, and again after a change of theme.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QImage, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.figure_files import file_name, save_figure
from workbench.figures import Figure
from workbench.gui.theme import GRID, appearance, set_icon, theme
from workbench.gui.widgets import Notice, hint, section_title
from workbench.i18n import _

SAVED_SCALE = 2
WORTH_GROWING = 48
_UNLIMITED = 16_777_215  # Qt's own
_FALLBACK_SIZE = QSize(640, 440)


def ask_where(parent: QWidget, name: str, pattern: str) -> str:
    """Ask for the name of a file to write; empty when the user thinks better of it."""
    return QFileDialog.getSaveFileName(parent, _("Save figure"), name, pattern)[0]


class FigureView(QWidget):
    """Base of the renderers. Tests and pages may replace `ask_path`, which asks where to save."""

    tile_clicked = Signal(int)  # index of a sample in its split
    cell_clicked = Signal(int, int, tuple)  # row, column, indices of its samples
    drawn = Signal()  # the body shows the figure now, and knows how high it wants to be

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure: Figure | None = None
        self.body: QWidget | None = None
        self.ask_path: Callable[[QWidget, str, str], str] = ask_where
        self._stale = False
        self._title = section_title("")
        self._title.setWordWrap(True)
        self._note = hint("")
        self._warning = Notice(self)
        self._problem = Notice(self)
        self.knobs = QHBoxLayout()
        self.knobs.setSpacing(GRID)
        self._head = QWidget(self)
        self._head_row = QHBoxLayout(self._head)
        self._head_row.setContentsMargins(0, 0, 0, 0)
        self._head_row.setSpacing(GRID)
        self._head_row.addWidget(self._title, 1)
        self._head_row.addLayout(self.knobs)
        self._save = self._save_button()
        self._head_row.addWidget(self._save)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        self._layout.addWidget(self._head)
        self._layout.addWidget(self._problem)
        self._layout.addWidget(self._warning)
        self._layout.addWidget(self._note)
        # A body that needs less than there is (a short table) stays at the top.
        self._layout.addStretch(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        appearance().changed.connect(self._follow_theme)

    def set_figure(self, figure: Figure) -> None:
        """Show a figure of this view's kind in place of the one before."""
        self.figure = figure
        self._title.setText(figure.title)
        self._title.setVisible(bool(figure.title))
        self._note.setText(figure.note)
        self._note.setVisible(bool(figure.note))
        self._warning.show_message(figure.warning, "warning")
        self.setAccessibleName(figure.title or figure.kind)
        if self.body is not None:
            self.body.setAccessibleName(figure.title or figure.kind)
            self.body.setAccessibleDescription(figure.words)
        self._stale = True
        if self.isVisible():
            self.draw_now()

    @property
    def grows(self) -> bool:
        """Whether more height would show more: a plot always, a table while it has rows out of sight."""
        return self.body.maximumHeight() > self.body.minimumHeight() + WORTH_GROWING

    @property
    def wanted_width(self) -> int:
        """The width below which it would have to scroll sideways; 0 where it fits into any."""
        return 0

    @property
    def sample_views(self) -> list["FigureView"]:
        """The views (`SampleView`) that can be asked for selected samples: itself, or some inside it."""
        return []

    @property
    def clicked_view(self) -> "FigureView":
        """The view that a click on this one meant: itself, or one inside it."""
        return self

    def unroll(self) -> None:
        """Show everything at full height, because the place around scrolls; a renderer that scrolls itself obeys."""

    def grow_with(self, part: QWidget) -> None:
        """Grow no further than this part of the body can, so that nothing stays empty around it."""
        # Two lines to spare, for texts that wrap where it is narrow.
        # What layouts remember of the part's height before is forgotten first.
        self.body.layout().invalidate()
        self.body.updateGeometry()
        part_now = part.sizeHint().boundedTo(part.maximumSize()).expandedTo(part.minimumSize()).height()
        most = min(self.sizeHint().height() - part_now + part.maximumHeight() + 2 * GRID, _UNLIMITED)
        if abs(most - self.maximumHeight()) > 1:
            self.setMaximumHeight(most)

    def lend_head(self, place: QHBoxLayout) -> None:
        """Show the knobs in the head of another view, which has a title and a way to save; none of its own then."""
        self._head.hide()
        self._head_row.removeItem(self.knobs)
        place.addLayout(self.knobs)

    def take_head_back(self) -> None:
        """Have the knobs beside the title again."""
        self.knobs.parent().removeItem(self.knobs)
        self._head_row.insertLayout(1, self.knobs)
        self._head.show()

    def set_body(self, body: QWidget) -> None:
        """The widget that shows the figure; called once, by the renderer."""
        self.body = body
        self._layout.insertWidget(1, body, 1)

    def draw(self) -> None:
        """Bring the body up to date with `self.figure` and the theme."""
        raise NotImplementedError

    def draw_now(self) -> None:
        """Draw if anything changed since the last time, seen or not."""
        if self._stale and self.figure is not None:
            self._stale = False
            self.draw()
            self.drawn.emit()

    def actions_of_kind(self) -> list[QAction]:
        """What the context menu offers besides saving; a renderer may add to it."""
        return []

    def picture(self) -> QImage:
        """What is seen, with title and note, at twice its size on the screen."""
        body = self._prepared_body()
        margin = 2 * GRID
        width = body.width()
        bold = QFont(self._title.font())
        bold.setBold(True)
        title = _text_height(self.figure.title, bold, width)
        note = _text_height(self.figure.words, self.font(), width)
        size = QSize(width + 2 * margin, title + body.height() + note + 2 * margin)
        image = QImage(size * SAVED_SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(SAVED_SCALE)
        image.fill(QColor(theme().surface))
        painter = QPainter(image)
        wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        painter.setPen(QColor(theme().text))
        painter.setFont(bold)
        painter.drawText(QRect(margin, margin, width, title), int(wrapped), self.figure.title)
        painter.setFont(self.font())
        below = margin + title + body.height()
        painter.drawText(
            QRect(margin, below, width, note), int(wrapped | Qt.AlignmentFlag.AlignBottom), self.figure.words
        )
        painter.end()
        # Rendering by a painter of its own, so that children with own painters (plots) find the scale of the image.
        body.render(image, QPoint(margin, margin + title), renderFlags=QWidget.RenderFlag.DrawChildren)
        return image

    def save_png(self, path: str | Path) -> None:
        """Save what is seen. Raises `UserError` when the file cannot be written."""
        if not self.picture().save(str(path), "PNG"):
            raise UserError(_("{path} cannot be written. Choose another folder, or make room.").format(path=path))

    def save_svg(self, path: str | Path) -> None:
        """Save a drawing that stays sharp at any size. Raises `UserError` when the file cannot be written."""
        save_figure(self.figure, path)

    def save_csv(self, path: str | Path) -> None:
        """Save the numbers. Raises `UserError` when the file cannot be written."""
        save_figure(self.figure, path)

    def save_json(self, path: str | Path) -> None:
        """Save everything. Raises `UserError` when the file cannot be written."""
        save_figure(self.figure, path)

    def contextMenuEvent(self, event) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.actions_of_kind():
            menu.addAction(action)
        if menu.actions():
            menu.addSeparator()
        self._fill_save_menu(menu)
        menu.popup(event.globalPos())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        knobs = [self.knobs.itemAt(place).widget() for place in range(self.knobs.count())]
        knobs = [knob for knob in knobs if knob is not None and knob.focusPolicy() & Qt.FocusPolicy.TabFocus]
        if knobs:
            QWidget.setTabOrder(knobs[-1], self._save)  # as they stand in the head
        self.draw_now()

    def _follow_theme(self) -> None:
        self._stale = True
        if self.isVisible():
            self.draw_now()

    def _prepared_body(self) -> QWidget:
        """The body, drawn and laid out also when it was never on the screen."""
        if not self.isVisible():
            if not self.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide) and self.width() < 200:
                self.resize(_FALLBACK_SIZE)
            self.ensurePolished()
            self.layout().activate()
        self.draw_now()
        return self.body

    def _save_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(_("Save or copy this figure"))
        button.setAccessibleName(_("Save or copy this figure"))
        button.setAutoRaise(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_icon(button, "save")
        menu = QMenu(button)
        self._fill_save_menu(menu)
        button.setMenu(menu)
        return button

    def _fill_save_menu(self, menu: QMenu) -> None:
        menu.addAction(_("Save as PNG…"), self._ask_png)
        menu.addAction(_("Save as SVG…"), self._ask_svg)
        menu.addAction(_("Save as CSV…"), self._ask_csv)
        menu.addAction(_("Save as JSON…"), self._ask_json)
        menu.addAction(_("Copy picture"), self._copy)

    def _ask_png(self) -> None:
        self._ask("png", _("Pictures (*.png)"), self.save_png)

    def _ask_svg(self) -> None:
        self._ask("svg", _("Drawings (*.svg)"), self.save_svg)

    def _ask_csv(self) -> None:
        self._ask("csv", _("Tables (*.csv)"), self.save_csv)

    def _ask_json(self) -> None:
        self._ask("json", _("JSON (*.json)"), self.save_json)

    def _ask(self, ending: str, pattern: str, save: Callable[[Path], None]) -> None:
        chosen = self.ask_path(self, f"{file_name(self.figure)}.{ending}", pattern)
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() != f".{ending}":
            path = path.with_name(f"{path.name}.{ending}")
        try:
            save(path)
        except UserError as error:
            self._problem.show_message(str(error), "error")
        else:
            self._problem.show_message("")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setImage(self.picture())


def knob_label(text: str, buddy: QWidget) -> QLabel:
    """The label of a knob beside a figure's title."""
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _text_height(text: str, font: QFont, width: int) -> int:
    from PySide6.QtGui import QFontMetrics

    if not text:
        return 0
    return QFontMetrics(font).boundingRect(QRect(0, 0, width, 10_000), Qt.TextFlag.TextWordWrap, text).height() + GRID
