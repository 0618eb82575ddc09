"""The Evaluate page: how good a run's model is, and what it gets wrong.

It knows no task: it shows the numbers, the figures and the ranking that an `Evaluation` brings. The split in sight is
computed first, the other two while nothing else is asked.
"""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure, Matrix
from workbench.gui.corrections_bar import CorrectionsBar
from workbench.gui.export_dialog import ExportDialog, open_export
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.evaluate_calibration import CalibrationDialog, can_be_mended
from workbench.gui.pages.evaluate_numbers import SPLITS, EvaluateNumbers
from workbench.gui.pages.evaluate_samples import EvaluateSamples
from workbench.gui.pages.model_input import input_kind, inspectors_for
from workbench.gui.pages.no_run import NoRun
from workbench.gui.pages.page import Page
from workbench.gui.run_findings import RunFindings
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint, shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.requests import EvaluateRequest, SamplesRequest
from workbench.runs.folder import RunFolder
from workbench.tasks.task import Evaluation

IDLE_MILLISECONDS = 50
KEY, LATER_KEY, SAMPLES_KEY = "evaluate", "evaluate_later", "evaluate_samples"


class EvaluatePage(Page):
    """Numbers on top, figures below, samples at the right."""

    name = "evaluate"
    title = mark("Evaluate")
    icon = "evaluate"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._run = ""
        self._evaluations: dict[str, Evaluation] = {}
        self._asked = ""
        self._asked_later = ""
        self._failed: set[str] = set()
        self._stale = True
        self.numbers = EvaluateNumbers()
        self.samples = EvaluateSamples()
        self.corrections = CorrectionsBar(workspace)
        self.samples.content.addWidget(self.corrections)
        self.panel = FigurePanel()
        self.findings = RunFindings(workspace)
        self.notice = Notice()
        self._retry = button_with_icon(_("&Try again"), "refresh")
        self.notice.buttons.addWidget(self._retry)
        self._about = hint("")
        self.no_run = NoRun(
            workspace, _("Train an experiment, or choose one of the runs; then its model is judged here.")
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.no_run)
        self._stack.addWidget(self._run_view())
        self.content.setSpacing(GRID)
        self.calibrate_button = button_with_icon(_("Cali&brate…"))
        self.calibrate_button.setToolTip(_("Bring how sure the model is in line with how often it is right"))
        self.calibrate_button.hide()
        self.export_button = button_with_icon(_("E&xport…"), "save")
        self.export_button.setToolTip(_("The model, its report or its curves for other programs (Ctrl+E)"))
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._about, 1)
        head.addWidget(self.calibrate_button)
        head.addWidget(self.export_button)
        self.content.addLayout(head)
        self.content.addWidget(self._stack, 1)
        # Not in the signal itself: it also comes in the middle of dropping one question to ask another.
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MILLISECONDS)
        self._idle.timeout.connect(self._compute_later)
        self._connect()

    def shown(self) -> None:
        """Bring the page up to date with the run, and go on with what is still to compute."""
        if self._stale:
            self._start_over()
        else:
            self._idle.start()

    def hidden(self) -> None:
        """Leave the engine to the pages in sight."""
        self._idle.stop()
        self._stop_later()

    def refresh(self) -> None:
        """Judge the model anew."""
        self._start_over()

    def open_calibration(self) -> CalibrationDialog:
        """Mend how sure the model is; its numbers are computed anew afterwards."""
        dialog = CalibrationDialog(self.workspace, self._run, self)
        dialog.mended.connect(self.refresh)
        dialog.open()
        return dialog

    def open_export(self) -> ExportDialog | None:
        """Export the run, or the model file, that is shown; None where there is none."""
        return open_export(self.workspace, self._run, self) if self._run else None

    def _run_view(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setAccessibleName(_("Figures"))
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # With the figures, not above them: many findings are scrolled away with them.
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.findings)
        column.addWidget(self.panel, 1)
        scroll.setWidget(below)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(2 * GRID)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(scroll)
        splitter.addWidget(self.samples)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([700, 360])
        scroll.setMinimumWidth(420)
        self.samples.setMinimumWidth(260)
        view = QWidget()
        layout = QVBoxLayout(view)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.notice)
        layout.addWidget(self.numbers)
        layout.addWidget(splitter, 1)
        return view

    def _connect(self) -> None:
        self.workspace.current_run_changed.connect(self._run_changed)
        self.workspace.questions.busy_changed.connect(self._busy_changed)
        self.numbers.split_chosen.connect(self._split_chosen)
        self.panel.cell_clicked.connect(self._cell_clicked)
        self.panel.tile_clicked.connect(self._open_sample)
        self.samples.wanted.connect(self._ask_samples)
        self.samples.sample_clicked.connect(self._open_sample)
        self._retry.clicked.connect(self.refresh)
        self.calibrate_button.clicked.connect(self.open_calibration)
        self.export_button.clicked.connect(self.open_export)
        shortcut = QShortcut(QKeySequence("Ctrl+E"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.open_export)

    def _run_changed(self, _path: str) -> None:
        self._stale = True
        if self.isVisible():
            self._start_over()

    def _start_over(self) -> None:
        """Forget the run before, show what is on the disk about this one, and ask for the rest."""
        self._stale = False
        self._run = self.workspace.current_run
        self._evaluations.clear()
        self._failed.clear()
        for key in (KEY, LATER_KEY, SAMPLES_KEY):
            self.workspace.questions.drop(key)
        self._asked = self._asked_later = ""
        self.numbers.clear(metrics_of(self._run))
        self.samples.clear()
        self.panel.clear()
        self.notice.show_message("")
        self._stack.setCurrentIndex(1 if self._run else 0)
        self._about.setText("")
        self._about.setToolTip(self._run)
        self._about.setVisible(bool(self._run))
        self.export_button.setVisible(bool(self._run))
        self.calibrate_button.hide()
        self.findings.clear()
        if self._run and self._introduce(RunFolder(self._run)):
            self._show_split()

    def _introduce(self, folder: RunFolder) -> bool:
        """Say which run this is; whether there is a model to judge."""
        if Path(self._run).is_file() or not folder.exists():
            self._about.setText(shortened(Path(self._run).name))
            self._tell(_("This is no run with data of its own, so there is nothing to judge it on. Use Predict."))
            return False
        about = _("{run}: how good its best model is, and what it gets wrong.")
        self._about.setText(about.format(run=shortened(folder.name)))
        running = folder.state() == "running"
        self.calibrate_button.setVisible(not running and can_be_mended(self._run))
        for split, numbers in folder.evaluation().items():
            if split in self.numbers.cards and not running:
                self.numbers.set_numbers(split, numbers)
        self.findings.read(self._run)  # what was told before it failed is worth the most without a model
        if not folder.model_path.exists():
            text = _("The run ended before its first epoch and has no model. Resume it, or train again.")
            self._tell(_("The run is training and has no model yet. It is judged when it ends.") if running else text)
            return False
        if running:
            self._tell(_("The run is still training. These are the numbers of its best model so far."))
        return True

    def _tell(self, text: str) -> None:
        self.notice.show_message(text, "information")
        self._retry.setVisible(True)

    def _split_chosen(self, _split: str) -> None:
        if self._run and not self._stale:
            self._show_split()

    def _show_split(self) -> None:
        """The figures of the chosen split: at once where they are known."""
        split = self.numbers.split
        evaluation = self._evaluations.get(split)
        if evaluation is not None:
            self.panel.set_figures(evaluation.figures)
            self.samples.set_evaluation(evaluation)
            self._idle.start()
            return
        self.panel.clear()
        self.samples.clear(_("Computing…"))
        self._stop_later()
        if self._asked and self._asked != split:
            self.numbers.cards[self._asked].set_state("")
        self._asked = split
        self._failed.discard(split)
        self.numbers.cards[split].set_state(_("Computing…"))
        self.workspace.questions.ask(
            EvaluateRequest(self._run, split), self._take_chosen, self._take_error, self._take_progress, key=KEY
        )

    def _take_chosen(self, evaluation: Evaluation) -> None:
        split, self._asked = self._asked, ""
        self._keep(split, evaluation)
        if split == self.numbers.split:
            self._show_split()

    def _take_error(self, message: str) -> None:
        self.numbers.cards[self._asked].set_state("")
        self._failed.add(self._asked)
        self._asked = ""
        self.samples.clear()
        self.notice.show_message(message, "error")

    def _take_progress(self, event: object) -> None:
        if isinstance(event, Progress) and self._asked:
            self.numbers.cards[self._asked].set_state(progress_text(event))

    def _compute_later(self) -> None:
        """Ask for a split that nobody has asked for, when the engine has nothing else to do."""
        if (
            not self.isVisible()
            or self._stale
            or not self._run
            or self._asked
            or self._asked_later
            or self.workspace.questions.busy
        ):
            return
        missing = [split for split in SPLITS if split not in self._evaluations and split not in self._failed]
        if not missing or self.numbers.split not in self._evaluations:
            return
        self._asked_later = missing[0]
        self.numbers.cards[missing[0]].set_state(_("Computing…"))
        self.workspace.questions.ask(
            EvaluateRequest(self._run, missing[0]), self._take_later, self._take_later_error, key=LATER_KEY
        )

    def _take_later(self, evaluation: Evaluation) -> None:
        split, self._asked_later = self._asked_later, ""
        self._keep(split, evaluation)

    def _take_later_error(self, message: str) -> None:
        self._failed.add(self._asked_later)
        self.numbers.cards[self._asked_later].set_state(message)
        self._asked_later = ""

    def _stop_later(self) -> None:
        """Make room for what is asked now."""
        self.workspace.questions.drop(LATER_KEY)
        if self._asked_later:
            self.numbers.cards[self._asked_later].set_state("")
            self._asked_later = ""

    def _keep(self, split: str, evaluation: Evaluation) -> None:
        self._evaluations[split] = evaluation
        self.numbers.set_numbers(split, evaluation.numbers, evaluation.units)
        self.numbers.cards[split].set_state("")
        self.findings.read(self._run)  # the counts of the classes may have been unknown before

    def _busy_changed(self, busy: bool) -> None:
        if not busy:
            self._idle.start()

    def _cell_clicked(self, row: int, column: int, samples: tuple[int, ...]) -> None:
        evaluation = self._evaluations.get(self.numbers.split)
        view = self.panel.clicked_view
        matrix = None if view is None else view.figure
        if evaluation is not None and isinstance(matrix, Matrix):
            self.samples.show_cell(matrix, row, column, samples)

    def _ask_samples(self, indices: tuple[int, ...]) -> None:
        self._stop_later()
        self.workspace.questions.ask(
            SamplesRequest(self._run, self.numbers.split, indices),
            self._show_samples,
            self.samples.show_problem,
            key=SAMPLES_KEY,
        )

    def _show_samples(self, found: Figure) -> None:
        self.samples.show_figure(found)
        self.corrections.follow(self.samples.views, self._run, self.numbers.split)

    def _open_sample(self, sample: int) -> None:
        """In Inspect; beside the figures where no method there looks into such a model."""
        if any(inspector.subject == "sample" for inspector in inspectors_for(input_kind(self._run))):
            self.workspace.inspect_sample(self.numbers.split, sample)
        else:
            self.samples.show_sample(sample)


def metrics_of(run: str) -> tuple[str, ...]:
    """The metrics that a run's task counts by, the most important first; none where they cannot be known."""
    try:
        name = RunFolder(run).experiment().task.name
        return tuple(registry().tasks.get(name).metric_directions())
    except UserError:
        return ()


def progress_text(event: Progress) -> str:
    """How far something is, in a few words."""
    what = event.what[:1].upper() + event.what[1:]
    return f"{what} {event.done:,} / {event.total:,}" if event.total else f"{what}…"
