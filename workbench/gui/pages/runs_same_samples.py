"""Part of the comparison: the same samples answered and explained by every run, and where two of them disagree."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.data.source import SPLIT_NAMES
from workbench.events import Progress
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint, indent_number, primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.inspection.side_by_side import SideBySideAnswer
from workbench.registry import registry
from workbench.requests import SideBySideRequest

KEY = "side_by_side"
MOST_SAMPLES = 64
_SPLIT_TITLES = {"train": "Training", "validation": "Validation", "test": "Test"}


class SameSamples(QWidget):
    """Asks the engine that answers questions; nothing is asked before the button is pressed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._runs: tuple[str, ...] = ()
        self.split = QComboBox()
        for name in SPLIT_NAMES:
            self.split.addItem(_(_SPLIT_TITLES[name]), name)
        self.split.setCurrentIndex(self.split.findData("test"))
        self.method = QComboBox()
        self.method.addItem(_("No heatmaps"), "")
        for inspector in registry().inspectors:
            if inspector.family == "heatmaps" and inspector.subject == "sample":
                self.method.addItem(_(inspector.title), inspector.name)
        self.method.setCurrentIndex(max(0, self.method.findData("grad_cam")))
        self.samples = QSpinBox()
        self.samples.setRange(1, MOST_SAMPLES)
        self.samples.setValue(8)
        indent_number(self.samples)
        self.ask_button = primary_button(_("Ask &both"), "evaluate")
        self.ask_button.clicked.connect(self.ask)
        self.stop_button = button_with_icon(_("&Stop"), "stop")
        self.stop_button.clicked.connect(self.stop)
        self._bar = QProgressBar()
        self._bar.setMaximumWidth(260)
        self._bar.setAccessibleName(_("Progress"))
        self._doing = hint("")
        self.notice = Notice(self)
        self._about = hint(
            _("Every run answers the same samples: answers and heatmaps, confusion matrices, and where they disagree.")
        )
        self.panel = FigurePanel()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for text, widget in ((_("S&plit"), self.split), (_("&Heatmaps"), self.method), (_("Sa&mples"), self.samples)):
            label = QLabel(text)
            label.setBuddy(widget)
            widget.setAccessibleName(text.replace("&", ""))
            row.addWidget(label)
            row.addWidget(widget)
        row.addWidget(self.ask_button)
        row.addWidget(self.stop_button)
        row.addWidget(self._bar)
        row.addWidget(self._doing, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(row)
        layout.addWidget(self.notice)
        layout.addWidget(self._about)
        layout.addWidget(scroll, 1)
        self._set_asking(False)

    def set_runs(self, runs: tuple[str, ...]) -> None:
        """Turn to other runs; what was found about those before is forgotten."""
        if runs == self._runs:
            return
        self.stop()
        self._runs = runs
        self.ask_button.setText(_("Ask &both") if len(runs) == 2 else _("Ask &all"))
        self.panel.clear()
        self.notice.show_message("")
        self._about.show()

    def ask(self) -> None:
        """Ask all runs."""
        if not self._runs:
            return
        self._set_asking(True)
        self.notice.show_message("")
        request = SideBySideRequest(
            self._runs, self.split.currentData(), self.samples.value(), self.method.currentData()
        )
        self._workspace.questions.ask(request, self._show, self._fail, self._progress, key=KEY)

    def stop(self) -> None:
        """Give up what was asked."""
        self._workspace.questions.drop(KEY)
        self._set_asking(False)

    def _show(self, answer: SideBySideAnswer) -> None:
        self._set_asking(False)
        self._about.hide()
        self.notice.show_message(
            "\n".join((answer.summary, *answer.problems)), "warning" if answer.problems else "information"
        )
        self.panel.set_figures(answer.figures)

    def _fail(self, message: str) -> None:
        self._set_asking(False)
        self.notice.show_message(message, "error")

    def _progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self._bar.setRange(0, event.total)
            self._bar.setValue(event.done)
            self._doing.setText(f"{event.what} {event.done} / {event.total}" if event.total else event.what)

    def _set_asking(self, asking: bool) -> None:
        self.ask_button.setEnabled(not asking)
        self.stop_button.setVisible(asking)
        self._bar.setVisible(asking)
        self._doing.setText("")
        if asking:
            self._bar.setRange(0, 0)
