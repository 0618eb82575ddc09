"""The drawing board with its tools, beside the result."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from workbench.gui.drawing_canvas import LARGEST_BRUSH, SMALLEST_BRUSH, DrawingCanvas
from workbench.gui.theme import GRID, set_icon
from workbench.gui.widgets import Card, button_with_icon
from workbench.i18n import _

LARGEST_BOARD = 560


class DrawingPanel(Card):
    """`canvas` to draw on, the width of the brush, undo, clear, and the colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Draw"), parent)
        self.canvas = DrawingCanvas()
        self.brush = QSlider(Qt.Orientation.Horizontal)
        self.brush.setRange(SMALLEST_BRUSH, LARGEST_BRUSH)
        self.brush.setValue(self.canvas.brush)
        self.brush.setAccessibleName(_("Brush"))
        self.brush.valueChanged.connect(self.canvas.set_brush)
        label = QLabel(_("&Brush"))
        label.setBuddy(self.brush)
        self.undo_button = QToolButton()
        self.undo_button.setToolTip(_("Take back the last stroke (Ctrl+Z on the board)"))
        self.undo_button.setAccessibleName(_("Undo stroke"))
        set_icon(self.undo_button, "undo")
        self.undo_button.clicked.connect(self.canvas.undo)
        self.clear_button = button_with_icon(_("Cle&ar"), "delete")
        self.clear_button.clicked.connect(self.canvas.clear)
        self.inverted = QCheckBox(_("Black on &white"))
        self.inverted.setToolTip(_("Tick it when the pictures the model was trained on have a white ground."))
        self.inverted.toggled.connect(self._invert)
        tools = QHBoxLayout()
        tools.setSpacing(GRID)
        tools.addWidget(label)
        tools.addWidget(self.brush, 1)
        tools.addWidget(self.undo_button)
        tools.addWidget(self.clear_button)
        self.canvas.setMaximumHeight(LARGEST_BOARD)
        self.content.addWidget(self.canvas, 1)
        self.content.addLayout(tools)
        self.content.addWidget(self.inverted)
        self.content.addStretch()
        self.setMinimumWidth(270)
        self.setMaximumWidth(LARGEST_BOARD + 4 * GRID)
        self.canvas.changed.connect(self._follow)
        self._follow()

    def _invert(self, inverted: bool) -> None:
        self.canvas.set_dark(not inverted)

    def _follow(self) -> None:
        self.undo_button.setEnabled(not self.canvas.empty)
        self.clear_button.setEnabled(not self.canvas.empty)
