"""A form whose section may become one of another class: the settings of another dataset, of another kind of input."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.document import Document
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.form_editors import Editor
from workbench.gui.form_fields import FieldPlan, plan_fields


class SectionForm(QWidget):
    """Shows the form that belongs to the class of the section; forms are made once and kept.

    Args:
        document: where edits go.
        place: name of the section in the experiment.
        set_value: as in `ExperimentForm`.
        editors: as in `Form`.
    """

    applied = Signal(str)  # path of a field inside the section that was changed

    def __init__(
        self,
        document: Document,
        place: str,
        parent: QWidget | None = None,
        *,
        set_value: Callable[[str, Any], str] | None = None,
        editors: dict[str, Callable[[FieldPlan], Editor]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._place = place
        self._set_value = set_value
        self._editors = editors
        self._forms: dict[type[BaseModel], ExperimentForm] = {}
        self.form: ExperimentForm | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    @property
    def has_fields(self) -> bool:
        """Whether there is anything to set."""
        return self.form is not None and has_fields(self.form.section_class)

    def show_section(self, section: BaseModel) -> None:
        """Show the values of a section."""
        self.form = self._forms.get(type(section)) or self._make(type(section))
        for form in self._forms.values():
            form.setVisible(form is self.form and self.has_fields)
        self.form.set_section(section)

    def _make(self, section_class: type[BaseModel]) -> ExperimentForm:
        form = ExperimentForm(
            self._document, self._place, section_class, self, set_value=self._set_value, editors=self._editors
        )
        form.applied.connect(self.applied)
        self._forms[section_class] = form
        self._layout.addWidget(form)
        return form


def has_fields(section_class: type[BaseModel]) -> bool:
    """Whether a form of this section would show anything."""
    return bool(plan_fields(section_class))
