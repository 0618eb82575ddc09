"""How the network is inspected: a method with its layer, its class and its other settings."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from workbench.gui.elided_box import ElidedBox
from workbench.gui.form_fields import FieldPlan, plan_fields
from workbench.gui.forms import LABEL_WIDTH, TAKEN_BY_MENUS, Form, follow_in_tab_order, with_mnemonic
from workbench.gui.grouped_box import GroupedBox
from workbench.gui.pages.model_input import inspectors_for
from workbench.gui.widgets import Card, hint
from workbench.i18n import _
from workbench.inspection.inspector import FAMILIES, Inspector
from workbench.registry import registry
from workbench.section import Section, explain
from workbench.specs import ImageInput

BY_THE_PAGE = ("layer", "target")


class InspectMethod(Card):
    """Chooses an inspector of the registry; everything it can be told becomes a field of the card `settings`.

    Fields with the hint `layer` or `target` become lists filled from the answer; the rest is a form.

    Args:
        parent: the owner.
        letters: access keys that the page has.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, letters: set[str] | None = None) -> None:
        super().__init__(_("Method"), parent)
        self._letters = set(TAKEN_BY_MENUS) | (letters or set())
        self._sections: dict[str, Section] = {}
        self._form: Form | None = None
        self._fields: dict[str, str] = {}
        self._maps = False  # whether the model is known to answer with a map
        self._method = GroupedBox()
        self._method.setAccessibleName(_("Method"))
        self._help = hint("")
        self._paper = hint("")
        self._choices = {"layer": ElidedBox(), "target": ElidedBox()}
        self._labels: dict[str, QLabel] = {}
        self.settings = Card(_("Settings"))
        for widget in (self._method, self._help, self._paper):
            self.content.addWidget(widget)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for kind, box in self._choices.items():
            box.setMinimumContentsLength(7)
            box.setPlaceholderText(_("The method chooses"))
            self._labels[kind] = QLabel()
            self._labels[kind].setBuddy(box)
            self._labels[kind].setMinimumWidth(LABEL_WIDTH)  # in line with the form below
            rows.addRow(self._labels[kind], box)
        self.settings.content.addLayout(rows)
        self._choices["layer"].currentIndexChanged.connect(self._layer_chosen)
        self._choices["target"].currentIndexChanged.connect(self._target_chosen)
        self._method.currentIndexChanged.connect(self._method_chosen)
        self.offer(ImageInput.kind)

    @property
    def name(self) -> str:
        """The name of the inspector."""
        return self._method.currentData() or ""

    @property
    def inspector(self) -> Inspector:
        """The inspector itself."""
        return registry().inspectors.get(self.name)

    @property
    def params(self) -> dict[str, Any]:
        """Its settings, as `InspectRequest` takes them."""
        return self._section().model_dump()

    @property
    def lists_layers(self) -> bool:
        """Whether a layer or class can be chosen, and it is not known yet which there are."""
        return any(self._choices[kind].count() == 0 for kind in self._fields)

    def offer(self, kind: str) -> None:
        """List the methods for models of that kind of input; the one chosen before stays where it is among them."""
        inspectors = sorted(inspectors_for(kind), key=_slowness)
        if [inspector.name for inspector in inspectors] != self._method.values():
            groups: dict[str, dict[str, str]] = {_(title): {} for title in FAMILIES.values()}
            for inspector in inspectors:
                title = _(FAMILIES.get(inspector.family, inspector.family))
                groups.setdefault(title, {})[inspector.name] = _(inspector.title)
            self._method.offer(groups, {inspector.name: _(inspector.help) for inspector in inspectors})
        self.forget_model()

    def choose(self, name: str) -> None:
        """Take another method."""
        self._method.setCurrentIndex(self._method.findData(name))

    def choose_for(self, subject: str) -> None:
        """Take the first method that looks at such a subject."""
        found = (name for name in self._method.values() if registry().inspectors.get(name).subject == subject)
        self.choose(next(found, self.name))

    def choose_layer(self, name: str) -> None:
        """Take another of the layers that are listed."""
        self._choices["layer"].setCurrentIndex(self._choices["layer"].findData(name))

    def choose_target(self, name: str) -> None:
        """Take another of the classes that are listed; an empty name leaves it to the method."""
        self._choices["target"].setCurrentIndex(self._choices["target"].findData(name))

    def forget_model(self) -> None:
        """Another model has other layers and classes: back to the defaults."""
        self._sections.clear()
        self._maps = False
        for box in self._choices.values():
            _fill(box, {}, "")
        self._show_method()

    def take_answer(self, layers: tuple[str, ...], choices: tuple[str, ...], layer: str, maps: bool = False) -> None:
        """What the model offers to this method, and what it chose where that was left to it."""
        if maps != self._maps:
            self._maps = maps
            self._show_settings()
        chosen = self._value("layer") or layer
        _fill(self._choices["layer"], {name: name for name in layers}, chosen)
        automatic = {"": _("The predicted one") if self.inspector.subject == "sample" else _("None")}
        _fill(self._choices["target"], automatic | {name: name for name in choices}, self._value("target"))
        self._show_choice("target", bool(choices))
        self._show_choice("layer", bool(layers))

    def _section(self) -> Section:
        if self.name not in self._sections:
            self._sections[self.name] = self.inspector.section()
        return self._sections[self.name]

    def _value(self, kind: str) -> str:
        field = self._fields.get(kind)
        return getattr(self._section(), field) if field else ""

    def _method_chosen(self, _index: int) -> None:
        for box in self._choices.values():
            _fill(box, {}, "")  # what one method can look at, another cannot
        self._show_method()
        self.changed.emit()

    def _show_method(self) -> None:
        self.settings.setVisible(bool(self.name))
        self._paper.setVisible(bool(self.name and self.inspector.paper))
        if not self.name:
            self._help.setText(_("No methods are registered."))
            return
        inspector = self.inspector
        self._help.setText(_(inspector.help))
        self._paper.setText(_("After {paper}").format(paper=inspector.paper))
        plans = plan_fields(inspector.section)
        by_the_page = {plan.widget: plan for plan in plans if plan.widget in BY_THE_PAGE}
        self._fields = {kind: plan.name for kind, plan in by_the_page.items()}
        letters = set(self._letters)
        for kind in self._choices:
            if kind in by_the_page:
                self._name_choice(kind, by_the_page[kind], letters)
            self._show_choice(kind, True)
        if self._form is not None:
            self.settings.content.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        left_out = tuple(self._fields.values())
        self._form = Form(inspector.section, leave_out=left_out, letters=letters)
        self._form.set_section(self._section())
        self._form.edited.connect(self._edited)
        self.settings.content.addWidget(self._form)
        follow_in_tab_order(self._choices["target"], self._form)
        self._show_settings()

    def _show_settings(self) -> None:
        """All that have a meaning for this model."""
        without = () if self._maps else self.inspector.map_settings
        names = [plan.name for plan in plan_fields(self.inspector.section) if plan.name not in without]
        self._form.show_only(names)
        self.settings.setVisible(bool(names))

    def _name_choice(self, kind: str, plan: FieldPlan, letters: set[str]) -> None:
        """Call a list what it is to this method: a heatmap explains a class, another method only shows one."""
        explains = kind == "target" and self.inspector.explains_answers
        title = _("Explain") if explains else plan.title
        self._labels[kind].setText(with_mnemonic(title, letters))
        self._choices[kind].setAccessibleName(title)
        for widget in (self._labels[kind], self._choices[kind]):
            widget.setToolTip(plan.help)

    def _show_choice(self, kind: str, offered: bool) -> None:
        for widget in (self._choices[kind], self._labels[kind]):
            widget.setVisible(kind in self._fields and offered)

    def _layer_chosen(self, _index: int) -> None:
        self._choose("layer")

    def _target_chosen(self, _index: int) -> None:
        self._choose("target")

    def _choose(self, kind: str) -> None:
        value = self._choices[kind].currentData()
        if kind in self._fields and value is not None and value != self._value(kind):
            self._edited(self._fields[kind], value)

    def _edited(self, path: str, value: Any) -> None:
        section = self._section()
        try:
            self._sections[self.name] = type(section).model_validate(_changed(section.model_dump(), path, value))
        except ValidationError as error:
            self._form.set_error(path, str(explain(error, self.name, type(section))))
            return
        self._form.set_section(self._sections[self.name])
        self.changed.emit()


def _slowness(inspector: Inspector) -> bool:
    """What is answered at once comes first."""
    return not inspector.quick


def _changed(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _dot, rest = path.partition(".")
    return values | {name: _changed(values[name], rest, value) if rest else value}


def _fill(box: QComboBox, items: dict[str, str], chosen: str) -> None:
    """Other entries in the list, the chosen one marked, without a signal."""
    box.blockSignals(True)
    box.clear()
    for value, text in items.items():
        box.addItem(text, value)
    box.setCurrentIndex(box.findData(chosen))
    box.blockSignals(False)
    box.setEnabled(bool(items))
