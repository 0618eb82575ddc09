"""Which service, and its settings: a form made from its section."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.gui.forms import Form
from workbench.gui.widgets import Card, hint
from workbench.i18n import _
from workbench.registry import registry
from workbench.section import explain
from workbench.service import Service, ServiceSection


class ServiceSettings(Card):
    """Chooses a service of the registry and sets it up."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Service"), parent)
        self._sections: dict[str, ServiceSection] = {}
        self.form: Form | None = None
        self.box = QComboBox()
        self.box.setAccessibleName(_("Service"))
        for service in (each for each in registry().services if not each.has_a_page):
            self.box.addItem(_(service.title), service.name)
        self._help = hint("")
        self.content.addWidget(self.box)
        self.content.addWidget(self._help)
        self.box.currentIndexChanged.connect(self._service_chosen)
        self._show_service()

    @property
    def service(self) -> Service | None:
        """The service that is chosen; None where there is none to choose."""
        name = self.box.currentData()
        return registry().services.get(name) if name else None

    @property
    def params(self) -> dict[str, Any]:
        """Its settings, as `ServeRequest` takes them."""
        return self._section().model_dump() if self.service else {}

    def change(self, path: str, value: Any) -> None:
        """Change a setting, or say below it why it does not take that value."""
        section = self._section()
        try:
            changed = type(section).model_validate(section.model_dump() | {path: value})
        except ValidationError as error:
            self.form.set_error(path, str(explain(error, self.service.name, type(section))))
            return
        self._sections[self.service.name] = changed
        self.form.set_error(path, "")
        self.form.set_section(changed)
        self.changed.emit()

    def _section(self) -> ServiceSection:
        service = self.service
        if service.name not in self._sections:
            self._sections[service.name] = service.section()
        return self._sections[service.name]

    def _service_chosen(self, _index: int) -> None:
        self._show_service()
        self.changed.emit()

    def _show_service(self) -> None:
        if self.form is not None:
            self.content.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        service = self.service
        self.box.setVisible(self.box.count() > 1)
        if service is None:
            self._help.setText(_("There is no service to choose."))
            return
        self._help.setText(f"{_(service.title)}. {_(service.help)}" if self.box.count() == 1 else _(service.help))
        self.form = Form(service.section)
        self.form.set_section(self._section())
        self.form.edited.connect(self.change)
        self.content.addWidget(self.form)
