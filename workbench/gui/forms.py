"""Forms made from pydantic sections: titles, help, units, limits and choices come from the fields."""

from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.gui.flow import Flow
from workbench.gui.form_editors import ChoiceEditor, Editor, make_editor
from workbench.gui.form_fields import FieldPlan, plan_fields
from workbench.gui.theme import GRID, set_icon
from workbench.i18n import _

LABEL_WIDTH = 17 * GRID
LINE_HEIGHT = 4 * GRID - 2
TAKEN_BY_MENUS = "fervh"


class Form(QWidget):
    """Edits one section. It never changes the section itself: it says what the user wants by `edited`.

    Args:
        section_class: the pydantic class whose fields are shown.
        parent: the owner.
        editors: makers of editors for fields that need their own, by field name or by the hint `widget`.
        leave_out: names of fields that are not shown.
        compact: fields side by side, as many as there is room for, in place of one below the other.
        letters: access keys that something else on the page has; the form adds its own.
    """

    edited = Signal(str, object)  # path of the field inside the section ("optimizer.learning_rate"), its new value

    def __init__(
        self,
        section_class: type[BaseModel],
        parent: QWidget | None = None,
        *,
        editors: dict[str, Callable[[FieldPlan], Editor]] | None = None,
        leave_out: tuple[str, ...] = (),
        compact: bool = False,
        letters: set[str] | None = None,
    ) -> None:
        super().__init__(parent)
        self.section_class = section_class
        self._makers = editors or {}
        self._letters = set(TAKEN_BY_MENUS) if letters is None else letters
        self._rows: dict[str, _Row] = {}
        self._only: Collection[str] | None = None
        self._meaningless: set[str] = set()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        plans = [plan for plan in plan_fields(section_class) if plan.name not in leave_out]
        place: QVBoxLayout | Flow = self._layout
        if compact and plans:
            place = Flow(3 * GRID, GRID, most_lines=len(plans), parent=self)
            self._layout.addWidget(place)
        self._add_rows(place, [plan for plan in plans if not plan.advanced])
        self._fold: _Fold | None = None
        folded = [plan for plan in plans if plan.advanced]
        if folded:
            self._fold = _Fold(self)
            self._layout.addWidget(self._fold)
            self._add_rows(self._fold.content, folded)

    def set_section(self, section: BaseModel) -> None:
        """Show the values of a section, of those fields that have a meaning in it; nothing is emitted."""
        for name, row in self._rows.items():
            row.set_value(getattr(section, name))
        meaningless = {name for name, row in self._rows.items() if not row.plan.has_meaning(section)}
        if meaningless != self._meaningless:
            self._meaningless = meaningless
            self._show_rows()

    def show_only(self, names: Collection[str]) -> None:
        """Hide all fields but these, and of these the ones without a meaning."""
        self._only = names
        self._show_rows()

    def _show_rows(self) -> None:
        shown = {name for name in self._rows if name not in self._meaningless}
        if self._only is not None:
            shown &= set(self._only)
        for name, row in self._rows.items():
            row.setVisible(name in shown)
        if self._fold is not None:
            self._fold.setVisible(any(self._rows[name].plan.advanced for name in shown))

    def set_error(self, path: str, text: str) -> None:
        """Say under a field what is wrong with it; an empty text takes that back."""
        name, _dot, rest = path.partition(".")
        row = self._rows.get(name)
        if row is not None:
            row.set_error(rest, text)
            if text:
                self._meaningless.discard(name)  # what is wrong must be seen
                row.show()
            if text and row.plan.advanced and self._fold is not None:
                self._fold.open(True)

    def editor(self, path: str) -> Editor | None:
        """The editor of a field, by its path; None where there is none."""
        name, _dot, rest = path.partition(".")
        row = self._rows.get(name)
        if row is None:
            return None
        return row.nested.editor(rest) if rest and row.nested is not None else row.editor

    def _add_rows(self, place: QVBoxLayout | Flow, plans: list[FieldPlan]) -> None:
        flows = isinstance(place, Flow)
        for plan in plans:
            parent = place if flows else place.parentWidget()
            row = _Row(plan, self._makers, self._letters, parent, 0 if flows else LABEL_WIDTH)
            row.edited.connect(self.edited)
            self._rows[plan.name] = row
            if flows:
                place.add(row)
            else:
                place.addWidget(row)


class _Row(QWidget):
    """A label, an editor, room for an error, and the form of a section below where there is one.

    Widgets are made with their parents from the start: moving them under a parent later makes Qt style them again.
    """

    edited = Signal(str, object)

    def __init__(
        self,
        plan: FieldPlan,
        makers: dict[str, Callable[[FieldPlan], Editor]],
        letters: set[str],
        parent: QWidget,
        label_width: int,
    ) -> None:
        super().__init__(parent)
        self.plan = plan
        self._makers = makers
        self._letters = letters
        self.editor: Editor | None = None
        self.nested: Form | None = None
        self._frame: QFrame | None = None
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(GRID)
        self._layout.setVerticalSpacing(GRID // 2)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._label = QLabel(with_mnemonic(plan.title, letters), self)
        self._label.setMinimumWidth(label_width)
        self._label.setMinimumHeight(LINE_HEIGHT)  # so that it stands beside the middle of its field
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._error = QLabel(self)
        self._error.setProperty("role", "field-error")
        self._error.setWordWrap(True)
        self._error.hide()
        if plan.kind == "section":
            self._label.setProperty("role", "section")
            self._layout.addRow(self._label)
        else:
            self.editor = self._make_editor()
            self._label.setBuddy(self.editor)
            self._explain()
            self._layout.addRow(self._label, self.editor)
        self._layout.addRow(self._error)
        if plan.kind == "section":
            self._nest(plan.section)

    def set_value(self, value: Any) -> None:
        match self.plan.kind:
            case "union":
                self._nest(type(value))
                self.editor.set_value(getattr(value, "name", None) or getattr(value, "kind", None))
                self.nested.set_section(value)
            case "section":
                self.nested.set_section(value)
            case _:
                self.editor.set_value(value)
        self._show_error("")

    def set_error(self, rest: str, text: str) -> None:
        if rest and self.nested is not None and self.nested.editor(rest) is not None:
            self.nested.set_error(rest, text)
        else:
            self._show_error(text)

    def _make_editor(self) -> Editor:
        plan = self.plan
        make = self._makers.get(plan.name) or self._makers.get(plan.widget)
        if make is None:
            make = ChoiceEditor if plan.kind == "union" else make_editor
        editor = make(plan)
        editor.edited.connect(self._edited)
        return editor

    def _explain(self) -> None:
        plan = self.plan
        limits = _limits_text(plan)
        tip = "\n".join(part for part in (plan.help, limits) if part)
        for widget in (self._label, self.editor):
            widget.setToolTip(tip)
            widget.setWhatsThis(tip)

    def _nest(self, section: type[BaseModel]) -> None:
        """Show the form of a section below, made anew when another kind of section was chosen."""
        if self.nested is not None and self.nested.section_class is section:
            return
        if self._frame is not None:
            self._layout.removeRow(self._frame)
        self._frame = QFrame(self)
        self._frame.setProperty("role", "nested")
        inner = QVBoxLayout(self._frame)
        inner.setContentsMargins(GRID, 0, 0, 0)
        self.nested = Form(section, self._frame, editors=self._makers, letters=self._letters)
        self.nested.edited.connect(self._nested_edited)
        inner.addWidget(self.nested)
        self._layout.addRow(self._frame)
        self._frame.setVisible(bool(self.nested._rows))
        if self.editor is not None:
            follow_in_tab_order(self.editor, self._frame)

    def _edited(self, value: Any) -> None:
        if self.plan.kind == "union":
            key = "name" if "name" in self.plan.variants[0][1].model_fields else "kind"
            value = {key: value}
        self.edited.emit(self.plan.name, value)

    def _nested_edited(self, path: str, value: Any) -> None:
        self.edited.emit(f"{self.plan.name}.{path}", value)

    def _show_error(self, text: str) -> None:
        if text == self._error.text():
            return
        self._error.setText(text)
        self._error.setVisible(bool(text))
        field = self.editor.focusProxy() if self.editor is not None else None
        if field is not None:
            field.setProperty("wrong", bool(text))
            field.style().unpolish(field)
            field.style().polish(field)


class _Fold(QWidget):
    """Fields that few need, behind a button."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        self._button = QPushButton(_("Advanced"), self)
        self._button.setProperty("role", "flat")
        self._button.setCheckable(True)
        self._button.toggled.connect(self._toggled)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        self._body = QWidget(self)
        self.content = QVBoxLayout(self._body)
        self.content.setContentsMargins(0, 0, 0, 0)
        self.content.setSpacing(GRID)
        layout.addWidget(self._body)
        self._toggled(False)

    def open(self, unfolded: bool) -> None:
        """Show or fold away."""
        self._button.setChecked(unfolded)

    def _toggled(self, unfolded: bool) -> None:
        set_icon(self._button, "down" if unfolded else "right", "accent")
        self._body.setVisible(unfolded)


def with_mnemonic(title: str, taken: set[str]) -> str:
    """The title with an ampersand before its first letter that no other has; `taken` is added to."""
    for position, character in enumerate(title):
        letter = character.lower()
        if letter.isascii() and letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{title[:position].replace('&', '&&')}&{title[position:].replace('&', '&&')}"
    return title.replace("&", "&&")


def access_keys(*texts: str) -> set[str]:
    """The letters behind the ampersands."""
    return {text[text.index("&") + 1].lower() for text in texts if "&" in text[:-1]}


def follow_in_tab_order(before: QWidget, part: QWidget) -> None:
    """Put what can have the focus in a part, made later than what is around it, behind another widget."""
    window = part.window()  # the list of a combo box has one of its own
    moved: list[QWidget] = []
    for widget in part.findChildren(QWidget):
        # An editor moves as a whole: left behind by its fields, it would send Tab back to them, for ever.
        proxy = widget.focusProxy()
        own = proxy is None or widget.isAncestorOf(proxy)
        inside = bool(moved) and moved[-1].isAncestorOf(widget)
        takes_focus = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if takes_focus and own and not inside and widget.window() is window:
            QWidget.setTabOrder(moved[-1] if moved else before, widget)
            moved.append(widget)


def _limits_text(plan: FieldPlan) -> str:
    low = "" if plan.minimum is None else f"{plan.minimum:.10g}"
    high = "" if plan.maximum is None else f"{plan.maximum:.10g}"
    unit = f" {plan.unit}" if plan.unit else ""
    if low and high:
        return _("From {low} to {high}{unit}.").format(low=low, high=high, unit=unit)
    if low or high:
        return (_("At least {low}{unit}.") if low else _("At most {high}{unit}.")).format(low=low, high=high, unit=unit)
    return ""
