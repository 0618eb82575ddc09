"""The place to drop files on; also what is seen while something is dragged over the page."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from workbench.gui.theme import GRID, ICON_SIZE, appearance, icon, theme
from workbench.gui.widgets import hint, section_title
from workbench.i18n import _

_ICON_SIDE = 48
LARGEST_SCALE = 3


class DropZone(QWidget):
    """A dashed frame with a word on what can be dropped; a click or Enter opens files instead.

    Args:
        text: what to drop.
        more: in what other ways something can be given.
        icon_name: what it looks like.
        promise: what letting go will do; to predict, where nothing is given.
    """

    clicked = Signal()

    def __init__(
        self, text: str, more: str, icon_name: str = "image", promise: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._promise = promise or _("Let go to predict")
        self._hot = False
        self._invitation = text
        self._icon_name = icon_name
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(160)
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = section_title("")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._more = hint(more)
        self._more.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(GRID)
        layout.addStretch(1)
        layout.addWidget(self._sign)
        layout.addWidget(self._text)
        layout.addWidget(self._more)
        layout.addStretch(1)
        self.set_hot(False)
        appearance().changed.connect(self._follow_theme)

    def set_hot(self, hot: bool) -> None:
        """Whether something is being dragged over the page right now."""
        self._hot = hot
        text = self._promise if hot else self._invitation
        self._text.setText(text)
        self.setAccessibleName(text)
        self._more.setVisible(not hot)
        self._follow_theme()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = self._hot or self.hasFocus()
        painter.setPen(QPen(QColor(theme().accent if marked else theme().field_border), 2, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(theme().accent_soft if self._hot else theme().surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), GRID, GRID)

    def _follow_theme(self) -> None:
        tinted = icon(self._icon_name, "accent" if self._hot else "muted")
        sign = tinted.pixmap(QSize(ICON_SIZE, ICON_SIZE), LARGEST_SCALE)  # the most pixels there are, shown larger
        sign.setDevicePixelRatio(sign.width() / _ICON_SIDE)
        self._sign.setPixmap(sign)
        self.update()
