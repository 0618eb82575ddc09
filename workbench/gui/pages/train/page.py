"""The Train page: the settings of the training at the left, what it does at the right."""

import functools
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QScrollArea, QSplitter, QVBoxLayout, QWidget

from workbench.events import Event, Finished, Found
from workbench.experiment import Experiment
from workbench.gui.background import BackgroundWork
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.forms import TAKEN_BY_MENUS, access_keys
from workbench.gui.pages.page import Page
from workbench.gui.pages.train.at_once import AtOnceView
from workbench.gui.pages.train.controls import Controls
from workbench.gui.pages.train.curves import TrainingCurves
from workbench.gui.pages.train.fields import DeviceEditor, HeatmapEditor, MonitorEditor, fields_with_a_meaning
from workbench.gui.pages.train.numbers import Numbers
from workbench.gui.pages.train.outcome import outcome
from workbench.gui.pages.train.phase_bar import PhaseBar
from workbench.gui.pages.train.queue_list import QueueList
from workbench.gui.pages.train.record import TrainingRecord, record_of
from workbench.gui.run_findings import RunFindings
from workbench.gui.section_choice import SectionChoice
from workbench.gui.theme import GRID
from workbench.gui.training_queue import Training
from workbench.gui.widgets import Card, Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.probe_settings import ProbesSection
from workbench.registry import registry
from workbench.requests import ResumeRequest, TrainRequest
from workbench.tasks.task import Task
from workbench.training.trainer import Trainer
from workbench.training_settings import TrainingSection

TICK_MILLISECONDS = 100  # every second tick draws the batches, the others the epochs
FORM_WIDTH = 46 * GRID


class TrainPage(Page):
    """Shows the training that runs, else the run that the other pages look at."""

    name = "train"
    title = mark("Train")
    subtitle = mark("Set how the weights are found, press Train, and watch.")
    icon = "train"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.record: TrainingRecord | None = None
        self._training: Training | None = None
        self._epochs_are_next = False
        self._until_past_is_read: list[Event] | None = None
        self._files = BackgroundWork(self)
        self._timer = QTimer(self, interval=TICK_MILLISECONDS)
        self._timer.timeout.connect(self._tick)
        self._splitter = QSplitter(self)
        self._scroll = QScrollArea(self._splitter)
        self._left = QWidget()
        self._scroll.setWidget(self._left)
        self._right = QWidget(self._splitter)
        self.controls = Controls(workspace, self)
        self.phases = PhaseBar(self._right)
        self.progress = QProgressBar(self._right)
        self.progress.setAccessibleName(_("Progress of the training"))
        self.numbers = Numbers(self._right)
        self.notice = Notice(self._right)
        self.kill = button_with_icon(_("&Kill it"), "kill")
        self.kill.clicked.connect(workspace.training.stop_now)
        self.notice.buttons.addWidget(self.kill)
        self.curves = TrainingCurves(workspace, self._right)
        self.at_once = AtOnceView(self._right)
        self.at_once.hide()
        self.queue = QueueList(workspace.training, self._left)
        # Above the settings, not above the curves: these keep their size when something is found.
        self.findings = RunFindings(workspace, narrow=True, parent=self._left)
        self._settings = Card(_("Settings"), self._left)
        letters = set(TAKEN_BY_MENUS) | self.controls.letters() | access_keys(self.kill.text())
        document = workspace.document
        self._task_card = Card(_("Task"), self._left)
        self.task = SectionChoice(document, "task", _("What is learned"), _tasks, letters, self._task_card)
        self.trainer = SectionChoice(document, "trainer", _("Method"), _trainers, letters, self._settings)
        self.form = ExperimentForm(
            workspace.document,
            "training",
            TrainingSection,
            self._settings,
            editors={
                "device": functools.partial(DeviceEditor, workspace),
                "monitor": functools.partial(MonitorEditor, workspace),
            },
            letters=letters,
        )
        self._probes_card = Card(_("Probes"), self._left)
        self.probes = ExperimentForm(
            document, "probes", ProbesSection, self._probes_card,
            editors={"heatmaps": HeatmapEditor}, letters=letters,
        )  # fmt: skip
        self._caption = QLabel()
        self._caption.setProperty("role", "hint")
        self._lay_out()
        self._connect()
        self._training_changed()
        if self.record is None:
            self._run_changed(workspace.current_run)

    def shown(self) -> None:
        self._show_settings(self.workspace.document.experiment)
        self.refresh()
        self._tick_while_needed()

    def hidden(self) -> None:
        self._timer.stop()

    def refresh(self) -> None:
        """Draw what is new."""
        self.curves.draw_epochs(self.record)
        self._refresh_batches()

    def _tick(self) -> None:
        """Draw half of it: two short pauses hold up the window less than one of twice the length."""
        self._epochs_are_next = not self._epochs_are_next
        if self._epochs_are_next:
            self._refresh_batches()
        else:
            self.curves.draw_epochs(self.record)

    def _refresh_batches(self) -> None:
        record = self.record
        at_once = self._finds_all_at_once()
        self.numbers.setVisible(not at_once)
        self.curves.setVisible(not at_once)
        self.at_once.setVisible(at_once)
        self.phases.show_record(record, at_once)
        self.numbers.show_record(record)
        self.curves.draw_batches(record)
        self.at_once.show_record(record)
        self._show_progress()
        self._show_notice()

    def _finds_all_at_once(self) -> bool:
        """Whether what is shown has no batches; with nothing to show yet, whether what is set here would have none."""
        if self.record is not None:
            return self.record.at_once
        return registry().trainers.get(self.workspace.document.experiment.trainer.name).at_once

    def _lay_out(self) -> None:
        self._task_card.content.addWidget(self.task)
        self._settings.content.addWidget(self.trainer)
        self._settings.content.addWidget(self.form)
        self._probes_card.content.addWidget(hint(_("Kept after each epoch, to be played back. 0 samples for none.")))
        self._probes_card.content.addWidget(self.probes)
        self._left.setProperty("role", "plain")
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, GRID, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.findings)
        column.addWidget(self.queue)
        column.addWidget(self._task_card)
        column.addWidget(self._settings)
        column.addWidget(self._probes_card)
        column.addStretch(1)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setMinimumWidth(FORM_WIDTH)
        watch = QVBoxLayout(self._right)
        watch.setContentsMargins(GRID, 0, 0, 0)
        watch.setSpacing(GRID + GRID // 2)
        self.head.addWidget(self._caption)
        self.head.addSpacing(GRID)
        self.head.addWidget(self.controls)
        watch.addWidget(self.phases)
        watch.addWidget(self.progress)
        watch.addWidget(self.numbers)
        watch.addWidget(self.notice)
        watch.addWidget(self.curves, 1)
        watch.addWidget(self.at_once, 1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([FORM_WIDTH, 4 * FORM_WIDTH])
        self.content.addWidget(self._splitter, 1)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.document.changed.connect(self._document_changed)
        workspace.training.event.connect(self._event)
        workspace.training.state_changed.connect(self._training_changed)
        workspace.current_run_changed.connect(self._run_changed)
        workspace.closing.connect(self._files.stop)

    def _document_changed(self, experiment: Experiment) -> None:
        if self.isVisible():
            self._show_settings(experiment)

    def _show_settings(self, experiment: Experiment) -> None:
        self.task.show_experiment(experiment)
        self._task_card.setVisible(not self.task.empty)
        self.trainer.show_experiment(experiment)
        if self.record is None:
            self._refresh_batches()
        self.form.set_section(experiment.training)
        self.form.show_only(fields_with_a_meaning(experiment))
        self.probes.set_section(experiment.probes)
        self._probes_card.setVisible(not registry().trainers.get(experiment.trainer.name).at_once)

    def _event(self, event: Event) -> None:
        self._follow(self.workspace.training.current)
        if self.record is not None:
            self.record.take(event)
            if self._until_past_is_read is not None:
                self._until_past_is_read.append(event)
            match event:
                case Found():
                    self.findings.show_told(self.record.run, self.record.findings)
                case Finished():
                    self.findings.read(self.record.run)

    def _training_changed(self) -> None:
        self._follow(self.workspace.training.current)
        self.controls.refresh()
        self._tick_while_needed()
        if self.isVisible():
            self.refresh()

    def _follow(self, training: Training | None) -> None:
        """Begin a new record when another training began."""
        if training is not None and training is not self._training:
            self._training = training
            self.record = TrainingRecord(at_once=_is_found_at_once(training))
            self._caption.setText(training.name)
            self.findings.clear()
            self._until_past_is_read = None
            if isinstance(training.request, ResumeRequest):
                self._until_past_is_read = []
                read = functools.partial(_read, training.request.run)
                self._files.start(read, functools.partial(self._add_past, training))

    def _add_past(self, training: Training, past: TrainingRecord) -> None:
        """Put what a resumed run did before in front of what it tells now."""
        if training is self._training and self._until_past_is_read is not None:
            past.go_on(time.monotonic, self._until_past_is_read)
            self.record = past
            self._until_past_is_read = None
            if past.end is None:
                self.findings.show_told(past.run, past.findings)

    def _tick_while_needed(self) -> None:
        if self.isVisible() and self.workspace.training.running:
            self._timer.start()
        else:
            self._timer.stop()

    def _run_changed(self, run: str) -> None:
        """Show the history of a run that is over, unless something trains or it is here already."""
        shown = self.record.run if self.record is not None else ""
        if not run or run == shown or self.workspace.training.running or not Path(run).is_dir():
            return
        self._files.start(functools.partial(_read, run), functools.partial(self._show_run, run))

    def _show_run(self, run: str, record: TrainingRecord) -> None:
        if self.workspace.training.running or run != self.workspace.current_run:
            return
        self.record = record
        self.findings.read(run)
        self._caption.setText(Path(run).name)
        if self.isVisible():
            self.refresh()

    def _show_progress(self) -> None:
        record = self.record
        if record is not None and record.at_once:
            self._show_progress_at_once(record)
            return
        total = record.batches_total if record is not None else 0
        if record is not None and record.end is None and not total:
            self.progress.setRange(0, 0)
            return
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(record.batches_done if record is not None else 0)

    def _show_progress_at_once(self, record: TrainingRecord) -> None:
        if record.end is not None:
            self.progress.setRange(0, 1)
            self.progress.setValue(record.end.state == "completed")
            return
        progress = record.progress
        self.progress.setRange(0, progress.total if progress is not None else 0)
        self.progress.setValue(progress.done if progress is not None else 0)

    def _show_notice(self) -> None:
        training = self.workspace.training
        kind, text = outcome(self.record)
        stuck = False
        if training.running and self.record is not None:
            silence = training.seconds_of_silence()
            stuck = self.record.silent_too_long(silence)
            if stuck:
                kind = "warning"
                text = _(
                    "Nothing has come from this training for {seconds:.0f} s, far longer than usual. "
                    "You can wait, or kill it: what it knew after its last epoch is kept."
                ).format(seconds=silence)
        self.kill.setVisible(stuck)
        if (text, kind) != (self.notice.text, self.notice.property("kind")):
            self.notice.setProperty("kind", kind)
            self.notice.show_message(text, kind)


def _is_found_at_once(training: Training) -> bool:
    """Whether it will, as far as its experiment is at hand; what a resumed run does shows in its events."""
    request = training.request
    return isinstance(request, TrainRequest) and registry().trainers.get(request.experiment.trainer.name).at_once


def _trainers(_experiment: Experiment) -> list[Trainer]:
    return list(registry().trainers)


def _tasks(experiment: Experiment) -> list[Task]:
    """The tasks that learn the same kind of target."""
    learns = registry().tasks.get(experiment.task.name).learns
    return [task for task in registry().tasks if task.learns is learns]


def _read(run: str, _post: object) -> TrainingRecord:
    from workbench.runs.folder import RunFolder

    folder = RunFolder(run)
    record = record_of(folder.events())
    record.run = run
    return record
