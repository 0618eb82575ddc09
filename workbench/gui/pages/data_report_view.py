"""The right side of the Data page: what the data are, or that they are being read, missing or unreadable."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.data.corrected import CorrectionLine
from workbench.experiment import DatasetSection, Experiment
from workbench.figures import Figure, Gallery, Table
from workbench.gui.data_reader import DataReader, missing_place, places
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.sample_view import SampleView
from workbench.gui.pages.data_augmentation import AugmentationPreview
from workbench.gui.pages.data_corrections import CorrectionsView
from workbench.gui.pages.data_forms import has_fields
from workbench.gui.pages.data_problems import ProblemsView
from workbench.gui.pages.data_splits import split_title
from workbench.gui.theme import GRID, set_icon
from workbench.gui.widgets import Card, Notice, button_with_icon, hint, primary_button, section_title, value_label
from workbench.gui.workspace import Workspace
from workbench.i18n import _, counted

SAMPLES, NUMBERS, PROBLEMS, AUGMENTATION, CORRECTIONS = range(5)
_NARROWEST_FIGURE = 420


class DataReportView(QWidget):
    """Shows the workspace's report and the reader's state."""

    place_asked = Signal()  # the user wants to choose the file or folder that is missing

    def __init__(self, workspace: Workspace, reader: DataReader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._reader = reader
        self.samples_view: FigureView | None = None
        self.notice = Notice()
        self._again = button_with_icon(_("Read again"), "refresh")
        self._again.clicked.connect(reader.read_again)
        self.notice.buttons.addWidget(self._again)
        self.summary = _Summary()
        self._pages = QStackedWidget()
        self._empty = _Empty()
        self._empty.button.clicked.connect(self.place_asked)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._make_tabs())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.summary)
        layout.addWidget(self._busy_row())
        layout.addWidget(self.notice)
        layout.addWidget(self._pages, 1)
        reader.changed.connect(self._show_state)
        workspace.data_report_changed.connect(self._show_report)
        workspace.document.changed.connect(self._follow_experiment)
        self._follow_experiment(workspace.document.experiment)
        self._show_report()
        self._show_state()

    def _make_tabs(self) -> QTabWidget:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self._samples = QWidget()
        QVBoxLayout(self._samples).setContentsMargins(0, GRID, 0, 0)
        self.numbers = FigurePanel(column_width=_NARROWEST_FIGURE)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.numbers.setProperty("role", "plain")
        scroll.setWidget(self.numbers)
        self.problems = ProblemsView()
        self.augmentation = AugmentationPreview(self._workspace)
        self.corrections = CorrectionsView(self._workspace)
        for widget, title in (
            (self._samples, _("Samples")),
            (scroll, _("Statistics")),
            (_padded(self.problems), _("Problems")),
            (_padded(self.augmentation), _("Augmentation")),
            (_padded(self.corrections), _("Corrections")),
        ):
            self.tabs.addTab(widget, title)
        return self.tabs

    def _busy_row(self) -> QWidget:
        self.busy = QWidget()
        self._doing = QLabel()
        self._doing.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Reading the data"))
        self.cancel_button = QPushButton(_("Cancel"))
        self.cancel_button.setAccessibleName(_("Cancel reading the data"))
        self.cancel_button.clicked.connect(self._reader.cancel)
        row = QHBoxLayout(self.busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self._doing)
        row.addWidget(self._bar, 1)
        row.addWidget(self.cancel_button)
        return self.busy

    def _show_state(self) -> None:
        reader = self._reader
        self.busy.setVisible(reader.state == "reading")
        progress = reader.progress
        known = progress is not None and progress.total > 0
        self._bar.setRange(0, progress.total if known else 0)
        if known:
            self._bar.setValue(progress.done)
        self._doing.setText(_doing(progress))
        message = reader.message if reader.state in ("failed", "cancelled") else ""
        self.notice.show_message(message, "error" if reader.state == "failed" else "information")
        self._show_empty()

    def _show_report(self) -> None:
        report = self._workspace.data_report
        self.summary.set_report(report)
        self.problems.set_report(report)
        title = _("Problems ({count})").format(count=self.problems.count) if self.problems.count else _("Problems")
        self.tabs.setTabText(PROBLEMS, title)
        self.corrections.set_report(report)
        count = self.corrections.count
        title = _("Corrections ({count})").format(count=count) if count else _("Corrections")
        self.tabs.setTabText(CORRECTIONS, title)
        if report is not None:
            samples = next((figure for figure in report.figures if isinstance(figure, Gallery | Table)), None)
            self._show_samples(samples)
            self._show_signs(report.corrections)
            self.numbers.set_figures([figure for figure in report.figures if figure is not samples])
        self._show_empty()

    def _show_samples(self, figure: Figure | None) -> None:
        if self.samples_view is not None and (figure is None or figure.kind != self.samples_view.figure.kind):
            self._samples.layout().removeWidget(self.samples_view)
            self.samples_view.hide()
            self.samples_view.deleteLater()
            self.samples_view = None
        if figure is None:
            return
        if self.samples_view is not None:
            self.samples_view.set_figure(figure)
            return
        self.samples_view = view_for(figure, self._samples)
        if isinstance(figure, Gallery):
            self.samples_view.grid.rows_in_sight = 1  # it has the tab for itself and scrolls
        self._samples.layout().addWidget(self.samples_view)

    def _show_signs(self, lines: tuple[CorrectionLine, ...]) -> None:
        """Tell the samples that a correction in force names."""
        if isinstance(self.samples_view, SampleView):
            used = {line.correction.name: line.correction for line in lines if not line.problem}
            self.samples_view.show_corrections(used)

    def _follow_experiment(self, experiment: Experiment) -> None:
        """What cannot be augmented has no such tab."""
        possible = has_fields(type(experiment.augmentation))
        if not possible and self.tabs.currentIndex() == AUGMENTATION:
            self.tabs.setCurrentIndex(SAMPLES)
        self.tabs.setTabVisible(AUGMENTATION, possible)

    def _show_empty(self) -> None:
        present = self._workspace.data_report is not None
        self.summary.setVisible(present)
        self._pages.setCurrentIndex(1 if present else 0)
        if not present:
            self._empty.show_state(self._reader.state, self._workspace.document.experiment.dataset)


class _Summary(Card):
    """The few numbers that matter, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout()
        self._row.setSpacing(4 * GRID)
        self.content.addLayout(self._row)
        self._values: dict[str, QLabel] = {}
        self._places: dict[str, QWidget] = {}
        for name, title in (
            ("samples", _("Samples")), ("classes", _("Classes")), ("input", _("Input")),
            ("train", split_title("train")), ("validation", split_title("validation")), ("test", split_title("test")),
        ):  # fmt: skip
            self._places[name] = QWidget()
            column = QVBoxLayout(self._places[name])
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            caption = QLabel(title)
            caption.setProperty("role", "caption")
            self._values[name] = value_label()
            column.addWidget(caption)
            column.addWidget(self._values[name])
            self._row.addWidget(self._places[name])
        self._row.addStretch(1)

    def set_report(self, report: Any) -> None:
        """Show a report's numbers."""
        if report is None:
            return
        numbers = {"samples": report.samples, "classes": len(report.classes), **report.splits}
        texts = {name: f"{number:,}" for name, number in numbers.items()}
        texts["input"] = _size(report.input.shape)
        for name, label in self._values.items():
            label.setText(texts.get(name, "–"))
        self._places["classes"].setVisible(bool(report.classes))


class _Empty(QWidget):
    """What stands where the report will be."""

    def __init__(self) -> None:
        super().__init__()
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_icon(self._sign, "image", "muted")
        self.title = section_title("")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = hint("")
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = primary_button(_("Choose…"))
        layout = QVBoxLayout(self)
        layout.setSpacing(GRID)
        layout.addStretch(2)
        for widget in (self._sign, self.title, self.text):
            layout.addWidget(widget)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def show_state(self, state: str, dataset: DatasetSection) -> None:
        """Say what is missing, or nothing while the data are read."""
        missing = missing_place(dataset) if state == "incomplete" else ""
        self.button.setVisible(bool(missing))
        for widget in (self._sign, self.title, self.text):
            widget.setVisible(state != "failed")
        if missing:
            folder = places(type(dataset))[missing] == "folder"
            title = _("Choose a folder: {what}") if folder else _("Choose a file: {what}")
            self.title.setText(title.format(what=_(type(dataset).model_fields[missing].title).lower()))
            self.button.setText(_("Choose a folder…") if folder else _("Choose a file…"))
            self.text.setText(_("Or drop it anywhere on this page."))
        elif state == "cancelled":
            self.title.setText(_("Nothing is shown"))
            self.text.setText(_("Read the data again, or choose another dataset."))
        else:
            self.title.setText(_("Reading the data"))
            self.text.setText(_("Samples, classes and problems show here in a moment."))


def _size(shape: tuple[int, ...]) -> str:
    """What one sample is made of."""
    if len(shape) == 1:
        return counted("{count} column", "{count:,} columns", shape[0]).format(count=shape[0])
    return " × ".join(str(side) for side in shape)


def _padded(widget: QWidget) -> QWidget:
    outer = QWidget()
    layout = QVBoxLayout(outer)
    layout.setContentsMargins(0, GRID, 0, 0)
    layout.addWidget(widget)
    return outer


def _doing(progress: Any) -> str:
    if progress is None:
        return _("Reading the data")
    if progress.total > 0:
        return _("{what}: {done} of {total}").format(
            what=progress.what, done=f"{progress.done:,}", total=f"{progress.total:,}"
        )
    return f"{progress.what}: {progress.done:,}" if progress.done else progress.what
