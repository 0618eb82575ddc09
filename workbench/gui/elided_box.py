"""A list to choose from whose choice ends in an ellipsis where it does not fit, and is told whole by a tool tip."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent, QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QToolTip, QWidget

_INSIDE = 2  # what Qt leaves free beside the text, both sides together


class ElidedBox(QComboBox):
    """A combo box as wide as there is room for; Qt's own cuts a text that is too long in the middle of a letter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    @property
    def elided_text(self) -> str:
        """The choice as it is drawn."""
        return self.fontMetrics().elidedText(self._text(), Qt.TextElideMode.ElideRight, self._room())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.elided_text
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.whole_tip:
            QToolTip.showText(event.globalPos(), self.whole_tip, self)
            return True
        return super().event(event)

    @property
    def whole_tip(self) -> str:
        """What the tool tip says where the choice is not seen whole; else empty."""
        if self.elided_text == self._text():
            return ""
        return "\n".join(part for part in (self._text(), self.toolTip() or self._tip_around()) if part)

    def _tip_around(self) -> str:
        """That of an editor, which shows it for its field."""
        parent = self.parentWidget()
        return parent.toolTip() if parent is not None and parent.focusProxy() is self else ""

    def _text(self) -> str:
        return self.currentText() if self.currentIndex() >= 0 else self.placeholderText()

    def _room(self) -> int:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        picture = 0 if option.currentIcon.isNull() else self.iconSize().width() + 2 * _INSIDE
        return max(0, field.width() - _INSIDE - picture)
