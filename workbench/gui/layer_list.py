"""The editor of a stack of layers: a list to add, remove, duplicate and move, and the settings of the chosen layer.

It holds no truth of its own: every change is told by `edited`, and shown when the new stack is set. So undo and redo
need nothing more.
"""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QHBoxLayout,
    QListView,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.architectures.layers import LAYER_KINDS, Layer
from workbench.gui.form_fields import plan_fields
from workbench.gui.forms import Form
from workbench.gui.layer_list_model import ROW_HEIGHT, LayerDelegate, LayerListModel
from workbench.gui.theme import GRID, appearance, set_icon
from workbench.gui.widgets import button_with_icon, hint, section_title
from workbench.i18n import _

WIDTH_FOR_TWO_COLUMNS = 58 * GRID
_FEWEST_ROWS = 4


class LayerListView(QListView):
    """The list; moves by drag, or by Alt+Up and Alt+Down."""

    key_asked = Signal(str)  # "up", "down", "remove", "duplicate"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Layers"))
        self.setItemDelegate(LayerDelegate(self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        appearance().changed.connect(self.viewport().update)

    def dropEvent(self, event: QDropEvent) -> None:
        """Let the model say what is wanted; Qt's own way would move rows in the model, which holds no truth."""
        point = event.position().toPoint()
        index = self.indexAt(point)
        row = self.model().rowCount()
        if index.isValid():
            row = index.row() + (point.y() > self.visualRect(index).center().y())
        if self.model().dropMimeData(event.mimeData(), Qt.DropAction.MoveAction, row, 0, QModelIndex()):
            event.acceptProposedAction()
        else:
            event.ignore()
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        asked = _KEYS.get((event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier))
        if asked:
            self.key_asked.emit(asked)
            event.accept()
        else:
            super().keyPressEvent(event)


_KEYS = {
    (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier): "up",
    (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier): "down",
    (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier): "remove",
    (Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier): "duplicate",
}


class LayerListEditor(QWidget):
    """A stack of layers with the form of the chosen one, beside it where there is room."""

    edited = Signal(object, str, str)  # the new layers, what was done, and a key by which typing merges
    layer_chosen = Signal(str)  # name of the layer

    def __init__(self, before: str = "", parent: QWidget | None = None, *, fewest_rows: int = _FEWEST_ROWS) -> None:
        super().__init__(parent)
        self._before = before
        self.model = LayerListModel(self)
        self.model.move_asked.connect(self._move)
        self.view = LayerListView()
        self.view.setMinimumHeight(fewest_rows * ROW_HEIGHT + GRID)
        self.view.setModel(self.model)
        self.view.key_asked.connect(self._key)
        self.view.selectionModel().currentChanged.connect(self._chosen)
        self._forms: dict[type[Layer], Form] = {}
        self._stack = QStackedWidget()
        self._nothing = hint("")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack.addWidget(self._nothing)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2 * GRID)
        self._layout.addLayout(self._list_side(), 1)
        self._layout.addLayout(self._form_side(), 1)
        self._show_form()

    @property
    def row(self) -> int:
        """The chosen row, -1 for none."""
        return self.view.currentIndex().row()

    def set_layers(self, layers: tuple[Layer, ...]) -> None:
        """Show a stack; the chosen row stays."""
        row = self.row
        self.model.set_layers(layers, self._before)
        self.choose(min(max(row, 0), len(layers) - 1))
        self._show_form()

    def set_problems(self, problems: dict[str, str]) -> None:
        """Mark layers, by their names, with what is wrong with them."""
        rows = {self.model.row_of(name): text for name, text in problems.items()}
        self.model.set_problems({row: text for row, text in rows.items() if row >= 0})

    def choose(self, row: int) -> None:
        """Select a row."""
        if 0 <= row < len(self.model.layers) and row != self.row:
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.view.selectionModel().setCurrentIndex(self.model.index(row), flag)
            self.view.scrollTo(self.model.index(row))

    def choose_layer(self, name: str) -> None:
        """Select the layer of that name, if it stands in this stack."""
        self.choose(self.model.row_of(name))

    def minimumSizeHint(self) -> QSize:
        """That of one column, so that two columns give way where a splitter makes them narrow."""
        columns = [self._layout.itemAt(number).minimumSize() for number in range(self._layout.count())]
        height = super().minimumSizeHint().height()
        return QSize(max(column.width() for column in columns), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() >= WIDTH_FOR_TWO_COLUMNS
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        self._layout.setDirection(direction)

    def _list_side(self) -> QVBoxLayout:
        self.add_button = button_with_icon(_("Add"), "add")
        self.add_button.setAccessibleName(_("Add layer"))
        self.add_button.setMenu(self._kinds_menu())
        self.add_button.setToolTip(_("Put a new layer below the chosen one"))
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID // 2)
        buttons.addWidget(self.add_button)
        buttons.addStretch(1)
        self._buttons = {
            name: self._tool(buttons, icon_name, title, slot)
            for name, icon_name, title, slot in (
                ("up", "up", _("Move up (Alt+Up)"), self.move_up),
                ("down", "down", _("Move down (Alt+Down)"), self.move_down),
                ("duplicate", "copy", _("Duplicate (Ctrl+D)"), self.duplicate),
                ("remove", "delete", _("Remove (Del)"), self.remove),
            )
        }
        side = QVBoxLayout()
        side.setSpacing(GRID)
        side.addLayout(buttons)
        side.addWidget(self.view, 1)
        return side

    def _form_side(self) -> QVBoxLayout:
        self._title = section_title("")
        side = QVBoxLayout()
        side.setSpacing(GRID)
        side.addWidget(self._title)
        side.addWidget(self._stack, 1)
        return side

    def _tool(self, layout: QHBoxLayout, icon_name: str, title: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        set_icon(button, icon_name)
        button.setToolTip(title)
        button.setAccessibleName(title)
        button.clicked.connect(slot)
        layout.addWidget(button)
        return button

    def _kinds_menu(self) -> QMenu:
        menu = QMenu(self)
        for kind, layer in LAYER_KINDS.items():
            action = QAction(_(layer.title), menu)
            action.setData(kind)
            menu.addAction(action)
        menu.triggered.connect(self._add_triggered)
        return menu

    def _add_triggered(self, action: QAction) -> None:
        self.add(action.data())

    def _key(self, asked: str) -> None:
        {"up": self.move_up, "down": self.move_down, "remove": self.remove, "duplicate": self.duplicate}[asked]()

    def add(self, kind: str) -> None:
        """Put a layer of that kind with its defaults below the chosen one, and choose it."""
        layer = LAYER_KINDS[kind]()
        self._insert(layer, _("Add {layer}").format(layer=_(layer.title).lower()))

    def duplicate(self) -> None:
        """Put a copy below the chosen layer, and choose it."""
        if self.row >= 0:
            layer = self.model.layers[self.row]
            self._insert(layer, _("Duplicate {layer}").format(layer=_(layer.title).lower()))

    def remove(self) -> None:
        """Take the chosen layer out."""
        row, layers = self.row, self.model.layers
        if row >= 0:
            text = _("Remove {layer}").format(layer=_(layers[row].title).lower())
            self.edited.emit((*layers[:row], *layers[row + 1 :]), text, "")

    def move_up(self) -> None:
        """Swap the chosen layer with the one above it."""
        self._move(self.row, self.row - 1)

    def move_down(self) -> None:
        """Swap the chosen layer with the one below it."""
        self._move(self.row, self.row + 1)

    def _insert(self, layer: Layer, text: str) -> None:
        row, layers = self.row + 1, self.model.layers
        self.edited.emit((*layers[:row], layer, *layers[row:]), text, "")
        self.choose(row)

    def _move(self, row: int, target: int) -> None:
        layers = list(self.model.layers)
        if not (0 <= row < len(layers) and 0 <= target < len(layers)):
            return
        layer = layers.pop(row)
        layers.insert(target, layer)
        self.edited.emit(tuple(layers), _("Move {layer}").format(layer=_(layer.title).lower()), "")
        self.choose(target)

    def _chosen(self) -> None:
        self._show_form()
        if self.row >= 0:
            self.layer_chosen.emit(self.model.name(self.row))

    def _show_form(self) -> None:
        row, layers = self.row, self.model.layers
        present = 0 <= row < len(layers)
        for name, allowed in (
            ("up", row > 0), ("down", row < len(layers) - 1), ("duplicate", True), ("remove", True),
        ):  # fmt: skip
            self._buttons[name].setEnabled(present and allowed)
        if not present:
            self._title.setText("")
            self._nothing.setText(_("There is no layer yet. Add one; the output layer is put after the last one."))
            self._stack.setCurrentWidget(self._nothing)
            return
        layer = layers[row]
        name = self.model.name(row)
        self._title.setText(f"{_(layer.title)} · {name}")
        form = self._form_of(type(layer))
        form.set_section(layer)
        if plan_fields(type(layer)):
            self._stack.setCurrentWidget(form.parentWidget())
        else:
            self._nothing.setText(_("This layer has nothing to set."))
            self._stack.setCurrentWidget(self._nothing)

    def _form_of(self, section: type[Layer]) -> Form:
        if section not in self._forms:
            form = Form(section)
            form.edited.connect(self._edit)
            self._forms[section] = form
            place = QWidget()  # keeps the rows together at the top
            layout = QVBoxLayout(place)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(form)
            layout.addStretch(1)
            self._stack.addWidget(place)
        return self._forms[section]

    def _edit(self, path: str, value: Any) -> None:
        row, layers = self.row, self.model.layers
        layer, form = layers[row], self._forms[type(layers[row])]
        try:
            new = type(layer).model_validate({**layer.model_dump(), path: value})
        except ValidationError as error:
            form.set_error(path, error.errors(include_url=False)[0]["msg"].removeprefix("Value error, "))
            return
        form.set_error(path, "")
        title = _(type(layer).model_fields[path].title).lower()
        text = _("Change {setting} of {layer}").format(setting=title, layer=self.model.name(row))
        self.edited.emit((*layers[:row], new, *layers[row + 1 :]), text, f"{self._before}{row}.{path}")
