"""The widgets that edit one value: each shows a value without answering, and says `edited` when the user changed it.

Numbers are spin boxes that show small learning rates as they are; the wheel only turns the one that has the focus.
"""

import math
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from workbench.gui.elided_box import ElidedBox
from workbench.gui.form_fields import FieldPlan
from workbench.gui.theme import GRID, set_icon
from workbench.gui.widgets import indent_number
from workbench.i18n import _

_DECIMALS = 12
_TINY = 1e-12
_INT_LIMIT = 2**31 - 1
_FLOAT_LIMIT = 1e12
_SLIDER_STEPS = 100
_NARROWEST_NUMBER = 14 * GRID
_FEWEST_LETTERS = 8


class Editor(QWidget):
    """Base: one value of one field. `focus_widget` is what the label's mnemonic goes to."""

    edited = Signal(object)

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)

    def _adopt(self, widget: QWidget, stretch: int = 1) -> None:
        self._layout.addWidget(widget, stretch)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)
            widget.setAccessibleName(self.plan.title)
            widget.setAccessibleDescription(self.plan.help)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # also the field's; Qt moves no editor that takes none
            widget.installEventFilter(self)

    def _changed(self, value: Any) -> None:
        self.edited.emit(value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()  # the page scrolls; the value stays
            return True
        return False

    def set_value(self, value: Any) -> None:
        """Show a value without saying `edited`; what is being typed is left alone when it means the same."""
        raise NotImplementedError


class BoolEditor(Editor):
    """A check box."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.box = QCheckBox()
        self._adopt(self.box, 0)
        self._layout.addStretch(1)
        self.box.clicked.connect(self._changed)

    def set_value(self, value: bool) -> None:
        self.box.setChecked(value)


class ChoiceEditor(Editor):
    """A combo box of labelled values."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.box = ElidedBox()
        self._values = [value for value, _label in plan.choices]
        for _value, label in plan.choices:
            self.box.addItem(label)
        self.box.setMinimumContentsLength(_FEWEST_LETTERS)  # a long choice does not widen the whole form
        self._adopt(self.box)
        self.box.activated.connect(self._activated)

    def set_value(self, value: Any) -> None:
        self.box.setCurrentIndex(self._values.index(value) if value in self._values else -1)

    def _activated(self, index: int) -> None:
        self.edited.emit(self._values[index])


class IntEditor(Editor):
    """A spin box for whole numbers."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.box = QSpinBox()
        low = -_INT_LIMIT if plan.minimum is None else int(plan.minimum) + plan.exclusive_minimum
        high = _INT_LIMIT if plan.maximum is None else int(plan.maximum) - plan.exclusive_maximum
        self.box.setRange(low, high)
        self.box.setSuffix(f" {plan.unit}" if plan.unit else "")
        self.box.setSpecialValueText(plan.zero if low == 0 else "")
        self.box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
        indent_number(self.box)
        self.box.setMinimumWidth(_NARROWEST_NUMBER)  # a high limit does not widen the whole form
        self._adopt(self.box)
        self.box.valueChanged.connect(self._changed)

    def set_value(self, value: int) -> None:
        if self.box.value() != value:
            self.box.blockSignals(True)
            self.box.setValue(value)
            self.box.blockSignals(False)


class FloatBox(QDoubleSpinBox):
    """A spin box that shows a number in as few figures as it has and takes 1e-4.

    Where only the size of a number counts (a learning rate) its arrows go through 1, 2, 5, 10.
    """

    def __init__(self, by_size: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._by_size = by_size
        self.setDecimals(_DECIMALS)
        indent_number(self)

    def textFromValue(self, value: float) -> str:
        text = f"{value:.10g}"
        return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".") if "e-" in text and value >= 1e-6 else text

    def valueFromText(self, text: str) -> float:
        return _number(self._bare(text)) or 0.0

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        bare = self._bare(text)
        number = _number(bare)
        if number is not None and math.isfinite(number) and self.minimum() <= number <= self.maximum():
            return QValidator.State.Acceptable, text, position
        partial = all(character in "0123456789.,eE+-" for character in bare)
        return QValidator.State.Intermediate if partial else QValidator.State.Invalid, text, position

    def fixup(self, text: str) -> str:
        number = _number(self._bare(text))
        value = self.value() if number is None else min(max(number, self.minimum()), self.maximum())
        return self.textFromValue(value) + self.suffix()

    def stepBy(self, steps: int) -> None:
        self.setValue(_next_by_size(self.value(), steps) if self._by_size else self.value() + steps * self.singleStep())
        self.selectAll()

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace(",", ".")


class FloatEditor(Editor):
    """A spin box for numbers; with the hint `slider` a slider beside it."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.box = FloatBox(by_size=plan.exclusive_minimum and plan.minimum == 0)
        low = -_FLOAT_LIMIT if plan.minimum is None else plan.minimum + _TINY * plan.exclusive_minimum
        high = _FLOAT_LIMIT if plan.maximum is None else plan.maximum - _TINY * plan.exclusive_maximum
        self.box.setRange(low, high)
        self.box.setSingleStep(0.05 if high - low <= 1 else 0.5 if high - low <= 10 else 1.0)
        self.box.setSuffix(f" {plan.unit}" if plan.unit else "")
        self.slider: QSlider | None = None
        if plan.widget == "slider":
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, _SLIDER_STEPS)
            self.slider.setPageStep(_SLIDER_STEPS // 10)
            self.slider.valueChanged.connect(self._slid)
            self._adopt(self.slider)
            self.box.setAccessibleName(plan.title)
            self.box.setFixedWidth(11 * GRID)
            self.box.installEventFilter(self)
            self._layout.addWidget(self.box)
        else:
            self.box.setMinimumWidth(_NARROWEST_NUMBER)
            self._adopt(self.box)
        self.box.valueChanged.connect(self._typed)

    def set_value(self, value: float) -> None:
        if not math.isclose(self.box.value(), value, rel_tol=1e-9, abs_tol=_TINY):
            self.box.blockSignals(True)
            self.box.setValue(value)
            self.box.blockSignals(False)
        self._move_slider(value)

    def _typed(self, value: float) -> None:
        self._move_slider(value)
        self.edited.emit(value)

    def _slid(self, position: int) -> None:
        share = position / _SLIDER_STEPS
        value = round(self.box.minimum() + share * (self.box.maximum() - self.box.minimum()), 4)
        self.box.setValue(value)

    def _move_slider(self, value: float) -> None:
        if self.slider is not None:
            share = (value - self.box.minimum()) / (self.box.maximum() - self.box.minimum())
            self.slider.blockSignals(True)
            self.slider.setValue(round(share * _SLIDER_STEPS))
            self.slider.blockSignals(False)


class TextEditor(Editor):
    """A line of text; with the hint `folder` or `file` a button that chooses one."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.line = QLineEdit()
        self._adopt(self.line)
        if plan.optional:
            self.line.setPlaceholderText(_("automatic"))
        if plan.widget in ("folder", "file"):
            self.line.setAcceptDrops(False)  # the page takes what is dropped here, as anywhere else on it
            browse = QToolButton()
            browse.setAccessibleName(_("Choose {title}").format(title=plan.title))
            browse.setToolTip(_("Choose a folder") if plan.widget == "folder" else _("Choose a file"))
            set_icon(browse, "folder" if plan.widget == "folder" else "open")
            browse.clicked.connect(self._browse)
            self._layout.addWidget(browse)
        self.line.textEdited.connect(self._typed)

    def set_value(self, value: Any) -> None:
        if self._parse(self.line.text()) != value or not self.line.hasFocus():
            text = self._text(value)
            if text != self.line.text():
                self.line.setText(text)

    def _text(self, value: Any) -> str:
        return "" if value is None else str(value)

    def _parse(self, text: str) -> Any:
        return None if self.plan.optional and not text.strip() else text

    def _typed(self, text: str) -> None:
        self.edited.emit(self._parse(text))

    def _browse(self) -> None:
        choose = QFileDialog.getExistingDirectory if self.plan.widget == "folder" else _choose_file
        path = choose(self, self.plan.title, self.line.text())
        if path:
            self.line.setText(path)
            self.edited.emit(path)


class NumberTextEditor(TextEditor):
    """A number that may be absent: an empty line means None."""

    def _text(self, value: float | None) -> str:
        return "" if value is None else f"{value:.10g}"

    def _parse(self, text: str) -> Any:
        number = _number(text.strip().replace(",", "."))
        if number is None:
            return None if not text.strip() else text
        return int(number) if self.plan.kind == "int" and number.is_integer() else number


class NumbersEditor(TextEditor):
    """Several values in one line, separated by commas."""

    def _text(self, value: Any) -> str:
        return ", ".join(f"{item:.10g}" if isinstance(item, float) else str(item) for item in value)

    def _parse(self, text: str) -> Any:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        try:
            return tuple(self.plan.item(part) for part in parts)
        except ValueError:
            return tuple(parts)  # the experiment says what is wrong with it


class UnknownEditor(Editor):
    """Stands where a value is only shown: its page edits it in another way."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self._label = QLabel()
        self._adopt(self._label)

    def set_value(self, value: Any) -> None:
        self._label.setText(str(value))


def make_editor(plan: FieldPlan) -> Editor:
    """The editor that suits a field."""
    match plan.kind:
        case "bool":
            return BoolEditor(plan)
        case "choice":
            return ChoiceEditor(plan)
        case "int" | "float" if plan.optional:
            return NumberTextEditor(plan)
        case "int":
            return IntEditor(plan)
        case "float":
            return FloatEditor(plan)
        case "text":
            return TextEditor(plan)
        case "numbers":
            return NumbersEditor(plan)
    return UnknownEditor(plan)


def _choose_file(parent: QWidget, title: str, start: str) -> str:
    return QFileDialog.getOpenFileName(parent, title, start)[0]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _next_by_size(value: float, steps: int) -> float:
    """The number so many steps further in 1, 2, 5, 10, 20, 50..."""
    for _step in range(abs(steps)):
        exponent = math.floor(math.log10(value) + 1e-9)
        candidates = [digit * 10.0**power for power in (exponent - 1, exponent, exponent + 1) for digit in (1, 2, 5)]
        if steps > 0:
            value = min(number for number in candidates if number > value * (1 + 1e-9))
        else:
            value = max(number for number in candidates if number < value * (1 - 1e-9))
        value = float(f"{value:.10g}")
    return value
