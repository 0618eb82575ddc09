"""One of several registered things and its settings: a box to choose by name, and the form of the one chosen."""

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from workbench.experiment import Experiment
from workbench.gui.document import Document
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.form_fields import plan_fields
from workbench.gui.forms import follow_in_tab_order, with_mnemonic
from workbench.gui.widgets import hint
from workbench.i18n import _


class SectionChoice(QWidget):
    """Edits the section at `place` of the experiment ("trainer").

    Args:
        document: where edits go.
        place: name of the section.
        label: what the box chooses.
        entries: the registered things that suit an experiment; a single one is not offered for choice.
        letters: as in `Form`.
        parent: the owner.
    """

    applied = Signal(str)

    def __init__(
        self,
        document: Document,
        place: str,
        label: str,
        entries: Callable[[Experiment], Iterable[Any]],
        letters: set[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._place = place
        self._entries = entries
        self._letters = letters
        self._forms: dict[str, ExperimentForm] = {}
        self.box = QComboBox()
        self.box.setAccessibleName(label)
        self.box.activated.connect(self._choose)
        self._label = QLabel(with_mnemonic(label, letters))
        self._label.setBuddy(self.box)
        self._help = hint("")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._label, self.box, self._help):
            self._layout.addWidget(widget)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to choose and nothing to set."""
        return self.box.count() < 2 and not self._form_has_fields(self._section())

    def show_experiment(self, experiment: Experiment) -> None:
        """Show an experiment's section."""
        section = getattr(experiment, self._place)
        entries = list(self._entries(experiment))
        if [entry.name for entry in entries] != [self.box.itemData(row) for row in range(self.box.count())]:
            self.box.clear()
            for entry in entries:
                self.box.addItem(_(entry.title), entry.name)
                self.box.setItemData(self.box.count() - 1, _(entry.help), Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(self.box.findData(section.name))
        for widget in (self._label, self.box):
            widget.setVisible(self.box.count() > 1)
        self._help.setText(next((_(entry.help) for entry in entries if entry.name == section.name), ""))
        if section.name not in self._forms:
            form = ExperimentForm(self._document, self._place, type(section), self, letters=self._letters)
            form.applied.connect(self.applied)
            self._forms[section.name] = form
            self._layout.addWidget(form)
            follow_in_tab_order(self.box, form)
        for name, form in self._forms.items():
            form.setVisible(name == section.name and self._form_has_fields(section))
        self._forms[section.name].set_section(section)

    def _section(self) -> Any:
        return getattr(self._document.experiment, self._place)

    @staticmethod
    def _form_has_fields(section: Any) -> bool:
        return bool(plan_fields(type(section)))

    def _choose(self, index: int) -> None:
        name = self.box.itemData(index)
        if name != self._section().name:
            new = self._document.experiment.changed(f"{self._place}.name", name)
            self._document.apply(new, _("Choose {name}").format(name=self.box.itemText(index)))
            self.applied.emit("name")
