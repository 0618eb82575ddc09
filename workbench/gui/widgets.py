"""Small widgets that give all pages the same look; `theme.py` styles them by their `role`."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.gui.theme import GRID, set_icon

_LONGEST_NAME = 48  # letters; a name of one word cannot be wrapped and would widen the page


def _label(text: str, role: str, wrap: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(wrap)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def heading(text: str) -> QLabel:
    """The title of a page."""
    return _label(text, "heading")


def section_title(text: str) -> QLabel:
    """The title of a part of a page."""
    return _label(text, "section")


def hint(text: str) -> QLabel:
    """A quieter line of explanation, wrapped."""
    return _label(text, "hint", wrap=True)


def value_label(text: str = "") -> QLabel:
    """A number that matters, with figures of equal width."""
    return _label(text, "value")


def shortened(name: str) -> str:
    """A run's name for a sentence: the middle of a long one left out, since its end tells when the run was made."""
    if len(name) <= _LONGEST_NAME:
        return name
    end = _LONGEST_NAME // 2
    return f"{name[: _LONGEST_NAME - end - 1]}…{name[-end:]}"


def primary_button(text: str, icon_name: str = "") -> QPushButton:
    """The one button of a page that is meant to be pressed."""
    button = QPushButton(text)
    button.setProperty("role", "primary")
    if icon_name:
        set_icon(button, icon_name, "accent_text")
    return button


def button_with_icon(text: str, icon_name: str = "") -> QPushButton:
    """A button whose icon follows the theme."""
    button = QPushButton(text)
    if icon_name:
        set_icon(button, icon_name)
    return button


def indent_number(box: QAbstractSpinBox) -> None:
    """Keep a number off the frame of its box, where the style sheet's padding does not reach."""
    box.lineEdit().setTextMargins(GRID // 2 + 2, 0, 0, 0)


class Card(QFrame):
    """A framed surface with a title; put widgets into `content`."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        self.content.setSpacing(GRID)
        if title:
            self.content.addWidget(section_title(title))


class Notice(QFrame):
    """A message in the page: `kind` is information, success, warning or error. Hidden while it has no text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text = _label("", "notice", wrap=True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.buttons = QHBoxLayout()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self._sign)
        layout.addWidget(self._text, 1)
        layout.addLayout(self.buttons)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_message(self, text: str, kind: str = "information") -> None:
        """Say something; an empty text hides the notice."""
        self._text.setText(text)
        self._text.setAccessibleName(text)
        if self.property("role") != f"notice-{kind}":
            self.setProperty("role", f"notice-{kind}")
            set_icon(self._sign, kind)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setVisible(bool(text))
