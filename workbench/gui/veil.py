"""What lies over an answer that is no longer the answer to what is asked."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.theme import theme

OPACITY = 0.6


class Veil(QWidget):
    """Dims a widget while it is shown; clicks go through it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        over.installEventFilter(self)
        self.hide()

    def set_drawn(self, drawn: bool) -> None:
        """Dim what is below, or show it as it is."""
        self.resize(self.parentWidget().size())
        self.raise_()
        self.setVisible(drawn)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.resize(self.parentWidget().size())
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        colour = QColor(theme().window)
        colour.setAlphaF(OPACITY)
        QPainter(self).fillRect(self.rect(), colour)
