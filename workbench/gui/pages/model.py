"""The Model page: the network's settings on the left, its layers and their numbers on the right, as they are typed."""

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSplitter, QWidget

from workbench.architectures.table import LayerTable, layer_table
from workbench.data.expected import Expected, expected_target
from workbench.diagnosis.diagnose import free_memory
from workbench.diagnosis.facts import gather
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.finding import Finding, look
from workbench.gui.data_reader import data_reader
from workbench.gui.findings_panel import FindingsPanel
from workbench.gui.pages.model_code import CodeDialog
from workbench.gui.pages.model_settings import ModelSettings
from workbench.gui.pages.model_table import LayerTablePanel
from workbench.gui.pages.page import Page
from workbench.gui.theme import GRID
from workbench.gui.try_dialog import TRIES, TryDialog, open_try
from workbench.gui.widgets import Card, Notice, button_with_icon, hint, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.requests import CodeRequest, SummaryRequest
from workbench.specs import InputSpec, OutputSpec

REST_MILLISECONDS = 300


class ModelPage(Page):
    """Pick and adjust a network; the layer table follows."""

    name = "model"
    title = mark("Model")
    subtitle = mark("Choose a network and adjust it. The table follows every change.")
    icon = "model"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.reader = data_reader(workspace)
        self._computed: LayerTable | None = None
        self._computed_for: Any = None
        self._asked_for: Any = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MILLISECONDS)
        self._rest.timeout.connect(self._ask_for_table)
        self.settings = ModelSettings(workspace)
        self.table_panel = LayerTablePanel()
        self._splitter = splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(2 * GRID)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.settings)
        splitter.addWidget(self._table_card())
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 3)
        splitter.splitterMoved.connect(self._splitter_moved)
        self._settings_width = 0  # as set here; -1 once the user moved the splitter
        self.content.addWidget(splitter, 1)
        self.table_panel.boundary_chosen.connect(self._train_from)
        self.table_panel.layer_chosen.connect(self.settings.choose_layer)
        self.settings.layer_chosen.connect(self.table_panel.view.choose)
        workspace.document.changed.connect(self._experiment_changed)
        workspace.data_report_changed.connect(self._update_table)
        self._update_table()

    def shown(self) -> None:
        self._update_table()

    def hidden(self) -> None:
        self._rest.stop()
        self.workspace.questions.drop("summary")

    def _table_card(self) -> QWidget:
        card = Card()
        self.copy_button = button_with_icon(_("Copy as &Keras code"), "copy")
        self.copy_button.setToolTip(_("Copy a script that builds and trains this experiment with nothing but Keras"))
        self.copy_button.clicked.connect(self._copy_code)
        self.view_button = button_with_icon(_("Vie&w code…"))
        self.view_button.clicked.connect(self._view_code)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(section_title(_("Layer table")))
        head.addStretch(1)
        head.addWidget(self.copy_button)
        head.addWidget(self.view_button)
        self._busy = QWidget()
        busy = QHBoxLayout(self._busy)
        busy.setContentsMargins(0, 0, 0, 0)
        busy.addWidget(QLabel(_("Computing the table…")))
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setAccessibleName(_("Computing the table"))
        busy.addWidget(bar, 1)
        self._busy.hide()
        self.problem = Notice()
        self.code_notice = Notice()
        self.classes_note = hint("")
        self.classes_note.setObjectName("classes_note")
        self.findings = FindingsPanel()
        self.findings.apply_requested.connect(self._mend)
        card.content.addLayout(head)
        card.content.addLayout(self._try_buttons())
        for widget in (self.code_notice, self.problem, self.findings, self._busy, self.classes_note):
            card.content.addWidget(widget)
        card.content.addWidget(self.table_panel, 1)
        return card

    def _try_buttons(self) -> QHBoxLayout:
        """The checks that train for some steps."""
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.try_buttons: dict[str, QPushButton] = {}
        for check in TRIES.values():
            button = self.try_buttons[check.name] = button_with_icon(_(check.button))
            button.setToolTip(_(check.help))
            button.clicked.connect(partial(self.try_out, check.name))
            row.addWidget(button)
        row.addStretch(1)
        return row

    def try_out(self, name: str) -> TryDialog:
        """Begin a check that trains for some steps."""
        return open_try(self.workspace, name, self)

    def _fit_splitter(self) -> None:
        width = self.settings.fitting_width
        if self._settings_width not in (-1, width):
            self._settings_width = width
            self._splitter.setSizes([width, max(self._splitter.width() - width, 1)])

    def _splitter_moved(self, _position: int, _index: int) -> None:
        self._settings_width = -1

    def _experiment_changed(self, _experiment: Experiment) -> None:
        self.code_notice.show_message("")
        self._update_table()

    def _update_table(self) -> None:
        """Count the layers here where that is possible, else let the engine build the network."""
        if not self.isVisible():
            return
        self._fit_splitter()
        experiment = self.workspace.document.experiment
        try:
            input = self._input(experiment)
            if input is None:
                self._stop_computing()
                self._show(None, "", _("The layers are counted as soon as the columns of the data are known."))
                return
            output, note = self._output(experiment)
            table = layer_table(experiment, input, output)
        except UserError as error:
            self._stop_computing()
            self._show(None, str(error), "")
            return
        if table is not None:
            self._stop_computing()
            self._show(table, table.problem, note)
            return
        wanted = _network_settings(experiment)
        if wanted == self._computed_for and self._computed is not None:
            self._stop_computing()
            self._show(self._computed, self._computed.problem, "")
            return
        if self._computed_for is None or self._computed_for[0].name != wanted[0].name:
            self._computed = None
        self._show(self._computed, "", "")
        self._busy.show()
        self._rest.start()

    def _output(self, experiment: Experiment) -> tuple[OutputSpec, str]:
        """What the network has to give, and how far that is a guess while the data are not read."""
        report = self.workspace.data_report
        task = registry().tasks.get(experiment.task.name)
        if report is not None and isinstance(report.target, task.learns):
            return task.output(report.target), ""
        expected = expected_target(experiment)
        return task.output(expected.target), _what_is_guessed(expected)

    def _input(self, experiment: Experiment) -> InputSpec | None:
        """What enters the network, as far as it is known."""
        kind = registry().inputs.get(registry().datasets.get(experiment.dataset.name).input_kind)
        report = self.workspace.data_report
        known = report.input if report is not None and report.input.kind == kind.name else None
        return kind.planned(experiment.preprocessing) or known

    def _show(self, table: LayerTable | None, problem: str, note: str) -> None:
        self.problem.show_message(problem, "error")
        self.classes_note.setText(note)
        self.classes_note.setVisible(bool(note))
        self.table_panel.set_table(table)
        architecture = self.workspace.document.experiment.architecture
        self.table_panel.offer_boundary(hasattr(architecture, "boundary"))
        problems = {row.name: row.problem for row in table.rows if row.problem} if table else {}
        self.settings.set_problems(problems)
        self._diagnose(table)

    def _diagnose(self, table: LayerTable | None) -> None:
        """Check what can be checked here; what keeps the network from being built is told above."""
        experiment = self.workspace.document.experiment
        memory = free_memory(experiment)
        facts = gather(experiment, self.workspace.data_report, table=table, memory_bytes=memory)
        found = look(registry().checks, "before", facts) if not facts.problem else ()
        self.findings.set_findings(found, experiment)

    def _mend(self, finding: Finding) -> None:
        document = self.workspace.document
        try:
            document.apply(finding.mended(document.experiment), finding.remedy)
        except UserError as error:
            self.problem.show_message(str(error), "error")

    def _train_from(self, layer: str) -> None:
        """Freeze the base before a layer."""
        self.workspace.document.set_value("architecture.boundary", layer)

    def _ask_for_table(self) -> None:
        request = SummaryRequest(self.workspace.document.experiment)
        self._asked_for = _network_settings(request.experiment)
        self.workspace.questions.ask(request, self._table_answered, self._table_failed, key="summary")

    def _table_answered(self, table: LayerTable) -> None:
        if not self._rest.isActive():
            self._computed, self._computed_for = table, self._asked_for
            self._stop_computing()
            self._show(table, table.problem, "")

    def _table_failed(self, message: str) -> None:
        if not self._rest.isActive():
            self._computed = None
            self._stop_computing()
            self._show(None, message, "")

    def _stop_computing(self) -> None:
        self._rest.stop()
        self._busy.hide()

    def _copy_code(self) -> None:
        self._ask_for_code(self._code_to_clipboard)

    def _view_code(self) -> None:
        self._ask_for_code(self._show_code)

    def _ask_for_code(self, on_answer: Any) -> None:
        for button in (self.copy_button, self.view_button):
            button.setEnabled(False)
        self.code_notice.show_message(_("Writing the script…"))
        request = CodeRequest(self.workspace.document.experiment)
        self.workspace.questions.ask(request, on_answer, self._code_failed, key="code")

    def _code_to_clipboard(self, code: str) -> None:
        self._code_done()
        _to_clipboard(code)
        message = _("The script is on the clipboard: {count} lines.").format(count=len(code.splitlines()))
        self.code_notice.show_message(message)
        self.workspace.status_message.emit(message)

    def _show_code(self, code: str) -> None:
        self._code_done()
        self.code_notice.show_message("")
        dialog = CodeDialog(code, _to_clipboard, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _code_failed(self, message: str) -> None:
        self._code_done()
        self.code_notice.show_message(message, "error")

    def _code_done(self) -> None:
        for button in (self.copy_button, self.view_button):
            button.setEnabled(True)


def _what_is_guessed(expected: Expected) -> str:
    count = len(expected.target.strata_names)
    if expected.stated or not count:
        return ""
    return _("The classes are known after the data are read; counted with {count} for now.").format(count=count)


def _network_settings(experiment: Experiment) -> tuple[Any, ...]:
    """What a computed table depends on, the architecture first."""
    return (
        experiment.architecture, experiment.preprocessing, experiment.overrides, experiment.dataset, experiment.task,
    )  # fmt: skip


def _to_clipboard(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
