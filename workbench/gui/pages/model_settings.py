"""The left side of the Model page: the architecture, its settings or its list of layers, and the overrides."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.architectures.architecture import Architecture
from workbench.architectures.layers import Layer, parse_layers
from workbench.diagnosis.adviser import takes_advice
from workbench.errors import UserError
from workbench.experiment import ArchitectureSection, Experiment, OverridesSection
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.form_editors import Editor
from workbench.gui.form_fields import FieldPlan, plan_fields
from workbench.gui.forms import TAKEN_BY_MENUS
from workbench.gui.layer_list import LayerListEditor
from workbench.gui.pages.model_advice import AdviceDialog
from workbench.gui.pages.model_architectures import ArchitectureBox, PaperCard
from workbench.gui.pages.model_comparison import ComparisonDialog
from workbench.gui.pages.model_measuring import Measuring, SpeedLine
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry

WIDTH, WIDTH_WITH_LAYERS = 54 * GRID, 66 * GRID
WIDEST = 112 * GRID
_EXTRA = "extra_"
_TAKEN = {*TAKEN_BY_MENUS, *"nomsakwby"}  # access keys of the buttons on the page


class ModelSettings(QScrollArea):
    """Forms of the sections that make the network."""

    layer_chosen = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = workspace.document
        self._measuring = Measuring(workspace, self)
        self._forms: dict[str, ExperimentForm] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMaximumWidth(WIDEST)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("role", "plain")
        cards = QVBoxLayout(inside)
        cards.setContentsMargins(0, 0, GRID, 0)
        cards.setSpacing(2 * GRID)
        cards.addWidget(self._architecture_card())
        self._layers_card = Card(_("Layers"))
        self.layer_list = LayerListEditor()
        self.layer_list.edited.connect(self._edit_layers)
        self.layer_list.layer_chosen.connect(self.layer_chosen)
        self._layers_card.content.addWidget(self.layer_list, 1)
        cards.addWidget(self._layers_card, 1)
        cards.addWidget(self._overrides_card())
        cards.addStretch(0)
        self.setWidget(inside)
        self._document.changed.connect(self.show_experiment)
        self.show_experiment(self._document.experiment)

    def minimumSizeHint(self) -> QSize:
        """As wide as the forms need: they never scroll sideways."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 60 * GRID)

    @property
    def architecture_form(self) -> ExperimentForm:
        """The form of the chosen architecture."""
        return self._forms[self._document.experiment.architecture.name]

    def show_experiment(self, experiment: Experiment) -> None:
        """Show an experiment's network."""
        section = experiment.architecture
        architecture: Architecture = registry().architectures.get(section.name)
        self.architecture_box.setCurrentIndex(self.architecture_box.findData(section.name))
        self._help.setText(_(architecture.help))
        self.paper.show_card(architecture.card)
        self.speed.show_experiment(experiment)
        self.advise_button.setVisible(takes_advice(experiment))
        stack = layers_field(type(section))
        if section.name not in self._forms:
            self._forms[section.name] = self._make_form(architecture, stack)
        for name, form in self._forms.items():
            form.setVisible(name == section.name and form.property("has_fields"))
        self._forms[section.name].set_section(section)
        self._layers_card.setVisible(bool(stack))
        if stack:
            self.layer_list.set_layers(getattr(section, stack))
        self.overrides_form.set_section(experiment.overrides)

    @property
    def fitting_width(self) -> int:
        """How wide it would like to be: more where a list of layers has its form beside it."""
        return WIDTH_WITH_LAYERS if layers_field(type(self._document.experiment.architecture)) else WIDTH

    def set_problems(self, problems: dict[str, str]) -> None:
        """Mark layers of the lists, by name, with what is wrong with them."""
        self.layer_list.set_problems(problems)
        self.extra_layers.list.set_problems(problems)

    def choose_layer(self, name: str) -> None:
        """Select a layer in the list it stands in."""
        if self._layers_card.isVisibleTo(self):
            self.layer_list.choose_layer(name)
        self.extra_layers.list.choose_layer(name)

    def _architecture_card(self) -> Card:
        card = Card(_("Architecture"))
        self.architecture_box = ArchitectureBox(registry().architectures)
        self.architecture_box.activated.connect(self._choose)
        label = QLabel(_("Shape of the &network"))
        label.setBuddy(self.architecture_box)
        self.compare_button = QPushButton(_("C&ompare…"))
        self.compare_button.setToolTip(_("All published networks in a table: size, work, speed on this machine"))
        self.compare_button.clicked.connect(self._compare)
        self._help = hint("")
        self._place = QVBoxLayout()
        self._place.setSpacing(0)
        self.paper = PaperCard()
        self.speed = SpeedLine(self._measuring)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        self.advise_button = QPushButton(_("&Advise…"))
        self.advise_button.setToolTip(_("How to use a network that was trained before for these data"))
        self.advise_button.clicked.connect(self._advise)
        for button in (self.compare_button, self.speed.button, self.advise_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for widget in (label, self.architecture_box):
            card.content.addWidget(widget)
        card.content.addLayout(buttons)
        for widget in (self._help, self.paper, self.speed):
            card.content.addWidget(widget)
        card.content.addLayout(self._place)
        return card

    def _overrides_card(self) -> Card:
        card = Card(_("Overrides for experts"))
        note = hint(
            _("Normally untouched. Each takes the place of what the task would choose, also where that is a mistake.")
        )
        self.overrides_form = ExperimentForm(
            self._document,
            "overrides",
            OverridesSection,
            editors={"extra_layers": LayersFieldEditor},
            letters=set(_TAKEN),
        )
        self.extra_layers: LayersFieldEditor = self.overrides_form.editor("extra_layers")
        self.extra_layers.list.layer_chosen.connect(self.layer_chosen)
        card.content.addWidget(note)
        card.content.addWidget(self.overrides_form)
        return card

    def _make_form(self, architecture: Architecture, stack: str) -> ExperimentForm:
        leave_out = (stack,) if stack else ()
        form = ExperimentForm(
            self._document, "architecture", architecture.section, leave_out=leave_out, letters=set(_TAKEN)
        )
        form.setProperty("has_fields", any(plan.name != stack for plan in plan_fields(architecture.section)))
        self._place.addWidget(form)
        return form

    def _advise(self) -> None:
        dialog = AdviceDialog(self._workspace, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _compare(self) -> None:
        dialog = ComparisonDialog(self._document.experiment, self._measuring, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._choose_by_name)
        dialog.open()

    def _choose_by_name(self, name: str) -> None:
        self._choose(self.architecture_box.findData(name))

    def _choose(self, index: int) -> None:
        name = self.architecture_box.itemData(index)
        experiment = self._document.experiment
        if name != experiment.architecture.name:
            title = self.architecture_box.itemText(index)
            new = experiment.changed("architecture.name", name)
            self._document.apply(new, _("Choose the architecture {name}").format(name=title))

    def _edit_layers(self, layers: tuple[Layer, ...], text: str, merge_key: str) -> None:
        experiment = self._document.experiment
        field = layers_field(type(experiment.architecture))
        try:
            new = experiment.changed(f"architecture.{field}", layers)
        except UserError:  # more layers than allowed: the list stays as it was
            return
        self._document.apply(new, text, f"layers.{merge_key}" if merge_key else "")


class LayersFieldEditor(Editor):
    """The overrides' extra layers, kept as plain tables in the experiment."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.list = LayerListEditor(_EXTRA, fewest_rows=2)
        self._layout.addWidget(self.list, 1)
        self.setFocusProxy(self.list.view)
        self.list.edited.connect(self._list_edited)

    def set_value(self, value: Any) -> None:
        try:
            self.list.set_layers(parse_layers(value, self.plan.title))
        except UserError:  # written by hand, and wrong: the table says what is wrong
            self.list.set_layers(())

    def _list_edited(self, layers: tuple[Layer, ...], text: str, merge_key: str) -> None:
        self.edited.emit(tuple(layer.model_dump() for layer in layers))


def layers_field(section: type[ArchitectureSection]) -> str:
    """The field of an architecture that is a list of layers to edit; empty where there is none."""
    for name, field in section.model_fields.items():
        if (field.json_schema_extra or {}).get("widget") == "layers":
            return name
    return ""
