"""The checks that train for some steps, one click each: how far it is, what came of it, and a button to use that.

They run as questions, on the experiment as it is when they start. A check is an entry of `TRIES`; only that and an
action of the menu change when one is added.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from workbench.diagnosis.tried import Tried
from workbench.errors import UserError
from workbench.events import Event, Note, Progress
from workbench.experiment import Experiment
from workbench.figures import Figure
from workbench.finding import Finding
from workbench.gui.figures import view_for
from workbench.gui.figures.curves_view import CurvesView
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.findings_panel import FindingsPanel
from workbench.gui.forms import Form, access_keys
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, heading, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import FindRateRequest, OneBatchRequest, TrialRequest
from workbench.section import Section

_HIGHEST = 150  # px of findings; more are scrolled
_LOWEST_PLOT = 200  # px, so that all of it fits on a screen of 720
KEY = "try"  # of the question: the newest one wins


@dataclass(frozen=True)
class Try:
    """A check that trains for some steps.

    Attributes:
        name: of the check; `title` and `help` for people, `button` for the Model page.
        request: makes the request from an experiment and the settings.
        section: its settings, as `module:class`; empty for none.
        use: what the button says that takes over what was found.
    """

    name: str
    title: str
    button: str
    help: str
    request: Callable[..., Any]
    section: str = ""
    use: str = mark("Mend")


TRIES = {
    each.name: each
    for each in (
        Try(
            "find_rate", mark("Find a learning rate"), mark("Find a learnin&g rate…"),
            mark("Trains some steps at a rate that rises from step to step, and looks where the loss falls. What the "
                 "network learns is thrown away."),
            FindRateRequest, "workbench.diagnosis.rate_finder:RateFinderSection", mark("Use this rate"),
        ),
        Try(
            "one_batch", mark("Overfit one batch"), mark("Overfit one &batch…"),
            mark("Trains on a few samples until they are known by heart. A network that cannot do that will not learn "
                 "from more of them either."),
            OneBatchRequest, "workbench.diagnosis.one_batch:OneBatchSection",
        ),
        Try(
            "trial", mark("Try a step"), mark("Tr&y a step…"),
            mark("Trains a few steps, to know whether a batch fits into the memory and how long an epoch takes."),
            TrialRequest,
        ),
    )
}  # fmt: skip


class TryDialog(QDialog):
    """Begins when it is made; closing it stops what runs."""

    def __init__(self, workspace: Workspace, check: Try, parent: QWidget) -> None:
        super().__init__(parent)
        self.check = check
        self._workspace = workspace
        self._findings: tuple[Finding, ...] = ()
        self._section: Section | None = None
        self.running = False
        self.setWindowTitle(_(check.title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(104 * GRID, 80 * GRID)
        self.form: Form | None = None
        self.notice = Notice()
        self.told = QLabel()
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_(check.title))
        self.findings = FindingsPanel(highest=_HIGHEST, folds=False, mend=_(check.use))
        self.findings.apply_requested.connect(self._use)
        self.figures: list[FigureView] = []
        self._place = QVBoxLayout()
        self._lay_out()
        workspace.document.changed.connect(self._experiment_changed)
        workspace.closing.connect(self.close)
        self.start()

    def start(self) -> None:
        """Begin, or begin again."""
        experiment = self._workspace.document.experiment
        self._findings = ()
        self.findings.set_findings((), experiment)
        self._show_figures(())
        self.notice.show_message(self._about_the_machine())
        self._show_running(True)
        self.stop_button.setFocus()
        request = self.check.request(_here(experiment), *([self._section.model_dump()] if self._section else []))
        self._workspace.questions.ask(request, self._answered, self._failed, self._event, KEY)

    def stop(self) -> None:
        """Give up what runs."""
        if self.running:
            self._workspace.questions.drop(KEY)
            self._show_running(False)
            self.told.setText(_("Stopped."))

    def done(self, result: int) -> None:
        self.stop()
        super().done(result)

    def _lay_out(self) -> None:
        self.stop_button = button_with_icon(_("&Stop"), "stop")
        self.stop_button.clicked.connect(self.stop)
        self.again_button = button_with_icon(_("&Again"), "refresh")
        self.again_button.clicked.connect(self.start)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.again_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(heading(_(self.check.title)))
        layout.addWidget(hint(_(self.check.help)))
        if self.check.section:
            layout.addWidget(self._settings())
        layout.addWidget(self.notice)
        layout.addWidget(self.told)
        layout.addLayout(row)
        layout.addWidget(self.findings)
        layout.addLayout(self._place, 1)
        layout.addWidget(buttons)

    def _settings(self) -> Form:
        module, _colon, name = self.check.section.partition(":")
        section = getattr(importlib.import_module(module), name)
        self._section = section()
        taken = access_keys(self.stop_button.text(), self.again_button.text())
        self.form = Form(section, self, compact=True, letters=taken)
        self.form.set_section(self._section)
        self.form.edited.connect(self._edited)
        return self.form

    def _edited(self, name: str, value: Any) -> None:
        """Another setting: it holds from the next start on."""
        try:
            self._section = type(self._section).model_validate({**self._section.model_dump(), name: value})
        except ValidationError as error:
            self.form.set_error(name, error.errors()[0]["msg"].removeprefix("Value error, "))
            return
        self.form.set_error(name, "")

    def _show_running(self, running: bool) -> None:
        self.running = running
        self.bar.setRange(0, 0)
        self.bar.setVisible(running)
        self.told.setText(_("Starting…") if running else "")
        self.stop_button.setVisible(running)
        self.again_button.setEnabled(not running)

    def _event(self, event: Event) -> None:
        match event:
            case Progress():
                self.bar.setRange(0, event.total)
                self.bar.setValue(event.done)
                self.told.setText(event.what)
            case Note():
                self.notice.show_message(event.text)

    def _answered(self, tried: Tried) -> None:
        self._show_running(False)
        self.told.clear()
        self.notice.show_message("")
        self._findings = tried.findings
        self.findings.set_findings(tried.findings, self._workspace.document.experiment)
        self._show_figures(tried.figures)
        for button in self.findings.buttons[:1]:
            button.setFocus()

    def _failed(self, message: str) -> None:
        self._show_running(False)
        self.told.clear()
        self.notice.show_message(message, "error")

    def _show_figures(self, figures: tuple[Figure, ...]) -> None:
        for view in self.figures:
            view.hide()
            view.deleteLater()
        self.figures = [view_for(figure, self) for figure in figures]
        for view in self.figures:
            if isinstance(view, CurvesView):
                view.plot.setMinimumHeight(_LOWEST_PLOT)
            self._place.addWidget(view)

    def _use(self, finding: Finding) -> None:
        document = self._workspace.document
        try:
            document.apply(finding.mended(document.experiment), finding.remedy)
        except UserError as error:
            self.notice.show_message(str(error), "error")

    def _experiment_changed(self, experiment: Experiment) -> None:
        self.findings.set_findings(self._findings, experiment)

    def _about_the_machine(self) -> str:
        parts = []
        if self._workspace.training.running:
            parts.append(_("A training is running: both take longer meanwhile."))
        if len(self._workspace.devices) > 1:
            parts.append(_("Tried on the CPU, so that a training can have the GPU: times are those of the CPU."))
        return " ".join(parts)


def open_try(workspace: Workspace, name: str, parent: QWidget) -> TryDialog:
    """Begin a check in a dialog of the window; another one that is open is closed."""
    window = parent.window()
    for other in window.findChildren(TryDialog):
        other.close()
    dialog = TryDialog(workspace, TRIES[name], window)
    dialog.show()
    return dialog


def _here(experiment: Experiment) -> Experiment:
    """The experiment for the engine of questions, which has no GPU."""
    return experiment if experiment.training.device == "cpu" else experiment.changed("training.device", "auto")
