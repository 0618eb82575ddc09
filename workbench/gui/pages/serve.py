"""The Serve page: a service that stays up with a run's model, and what it shows while somebody asks it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.events import ServiceShown, ServiceStarted
from workbench.gui.background import BackgroundWork
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.inspect import SideColumn
from workbench.gui.pages.page import Page
from workbench.gui.pages.serve_numbers import ServiceNumbers
from workbench.gui.pages.serve_settings import ServiceSettings
from workbench.gui.pages.service_model import ServiceModelChooser
from workbench.gui.service_runner import ServiceRunner
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint, primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import ServeRequest


class ServePage(Page):
    """The service and its settings at the left, its figures at the right."""

    name = "serve"
    title = mark("Serve")
    subtitle = mark("Keep a model up for another program to ask, as a simulator that wants to be driven.")
    icon = "serve"

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, make_engine: Callable[[], Any] | None = None
    ) -> None:
        super().__init__(workspace, parent)
        self.runner = ServiceRunner(self, **({"make_engine": make_engine} if make_engine else {}))
        self._work = BackgroundWork(self)
        self._last: ServiceShown | None = None  # what came while the page was out of sight is drawn when it is seen
        self._undrawn = False
        self.models = ServiceModelChooser(self._work, workspace, self.runner)
        self.start_button = primary_button(_("&Start"), "play")
        self.stop_button = button_with_icon(_("Sto&p"), "stop")
        self.settings = ServiceSettings()
        self.status = hint("")
        self.note = hint("")
        self.notice = Notice()
        self.numbers = ServiceNumbers()
        self.panel = FigurePanel(column_width=330)
        self._lay_out()
        self._connect()
        self._service_changed()

    def shown(self) -> None:
        """List the runs anew, and draw what came meanwhile."""
        self.models.refresh(self.workspace.settings.runs_folder)
        self._service_changed()
        self._draw()

    def hidden(self) -> None:
        """Let readings end; the service goes on."""
        self._work.stop()

    def start(self) -> None:
        """Start the chosen service with the chosen model."""
        service = self.settings.service
        if service is None or not self.models.model:
            return
        self.notice.show_message("")
        self.note.setText("")
        self._last = None
        self.panel.clear()
        self.numbers.show_numbers({})
        self.status.setText(_("Starting…"))
        self.runner.start(ServeRequest(service.name, self.models.model, self.settings.params))

    def stop(self) -> None:
        """Ask the service to end."""
        self.runner.stop()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.models, 1)
        top.addWidget(self.start_button)
        top.addWidget(self.stop_button)
        self.content.addLayout(top)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.panel)
        right = QVBoxLayout()
        right.setSpacing(GRID)
        for widget in (self.notice, self.status, self.numbers, self.note):
            right.addWidget(widget)
        right.addWidget(area, 1)
        question = QWidget()
        column = QVBoxLayout(question)
        column.setContentsMargins(0, 0, GRID, 0)
        column.addWidget(self.settings)
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(SideColumn(question))
        row.addLayout(right, 1)
        self.content.addLayout(row, 1)

    def _connect(self) -> None:
        self.workspace.closing.connect(self.runner.close)
        self.workspace.closing.connect(self._work.stop)
        self.models.changed.connect(self._refresh)
        self.settings.changed.connect(self._service_changed)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.runner.event.connect(self._take)
        self.runner.state_changed.connect(self._refresh)
        self.runner.ended.connect(self._ended)

    def _service_changed(self) -> None:
        service = self.settings.service
        if service is not None and not self.runner.running:
            self.numbers.set_titles(service.number_titles)
        self._refresh()

    def _refresh(self) -> None:
        running, service = self.runner.running, self.settings.service
        missing = service.missing() if service is not None else _no_service()
        if missing and not running:
            self.notice.show_message(missing, "warning")
        elif self.notice.text in (missing, _no_service()):
            self.notice.show_message("")
        self.start_button.setEnabled(not running and not missing and bool(self.models.model))
        self.stop_button.setEnabled(running and not self.runner.stopping)
        self.settings.setEnabled(not running)
        if self.runner.stopping:
            self.status.setText(_("Stopping…"))
        elif not running and not missing and not self.models.model:
            self.status.setText(_("Choose a run whose model is to be served, or a model file."))

    def _take(self, event: object) -> None:
        match event:
            case ServiceStarted():
                title = _(self.settings.service.title)
                self.status.setText(_("{title} at {address}").format(title=title, address=event.address))
            case ServiceShown():
                if not event.figures and self._last is not None:
                    event = ServiceShown(event.numbers, event.note, self._last.figures)
                self._last = event
                self._undrawn = True
                if self.isVisible():
                    self._draw()

    def _draw(self) -> None:
        if self._last is None or not self._undrawn:
            return
        self._undrawn = False
        self.numbers.show_numbers(self._last.numbers)
        self.note.setText(self._last.note)
        self.panel.set_figures(self._last.figures)

    def _ended(self, message: str) -> None:
        self.status.setText(_("The service has stopped."))
        self._refresh()
        if message:
            self.notice.show_message(message, "error")


def _no_service() -> str:
    return _(
        "No service is registered. The driving server is one: a plugin that comes with the workbench and needs the "
        'extra drive (pip install "workbench[drive]"). Help > Doctor lists the plugins that were found.'
    )
