"""Runs beside each other: their curves over each other, what differs, what came of them, and what they answer."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from workbench.figures import Table
from workbench.gui.background import BackgroundWork
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.runs_same_samples import SameSamples
from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.runs.comparison import AXES

COLUMN = 460


class RunsComparison(QWidget):
    """Compares the runs it was given last. Reads the disk in the worker thread of its page."""

    closed = Signal()
    enlarged = Signal(bool)  # whether it is to have the room of the table, too
    shown = Signal()  # there is something to see now
    failed = Signal(str)

    def __init__(self, workspace: Workspace, work: BackgroundWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self.paths: tuple[str, ...] = ()
        self.axis = QComboBox()
        for name, title in AXES.items():
            self.axis.addItem(_(title), name)
        self.axis.setAccessibleName(_("Curves over"))
        self.axis.currentIndexChanged.connect(self._axis_chosen)
        over = QLabel(_("Curves &over"))
        over.setBuddy(self.axis)
        self.enlarge_button = button_with_icon(_("En&large"), "up")
        self.enlarge_button.setCheckable(True)
        self.enlarge_button.setToolTip(_("Hide the table of runs while you look"))
        self.enlarge_button.toggled.connect(self.enlarged)
        close = button_with_icon(_("Close"), "remove")
        close.setAccessibleName(_("Close comparison"))
        close.setToolTip(_("Close comparison"))
        close.clicked.connect(self.close_comparison)
        self.figures = FigurePanel(column_width=COLUMN)
        self.tables = FigurePanel(column_width=COLUMN)
        self.same_samples = SameSamples(workspace)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(_scrolled(self.figures), _("Curves"))
        self.tabs.addTab(_scrolled(self.tables), _("Numbers and settings"))
        self.tabs.addTab(self.same_samples, _("Same samples"))
        # In line with the tabs: every line above the figures is one less for them.
        self._over = (over, self.axis)
        knobs = QWidget()
        head = QHBoxLayout(knobs)
        head.setContentsMargins(0, 0, 0, GRID // 2)
        head.setSpacing(GRID)
        for widget in (over, self.axis, self.enlarge_button, close):
            head.addWidget(widget)
        self.tabs.setCornerWidget(knobs)
        self.tabs.setAccessibleName(_("Comparison"))
        self.tabs.currentChanged.connect(self._tab_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(self.tabs, 1)
        self.hide()

    def compare(self, paths: tuple[str, ...]) -> None:
        """Compare these runs."""
        self.paths = paths
        self.same_samples.set_runs(paths)
        self._read()

    def close_comparison(self) -> None:
        """Give the room back to the table."""
        self.paths = ()
        self.enlarge_button.setChecked(False)
        self.same_samples.set_runs(())
        self.hide()
        self.closed.emit()

    def _tab_chosen(self, place: int) -> None:
        for widget in self._over:
            widget.setVisible(place == 0)

    def _axis_chosen(self) -> None:
        if self.paths:
            self._read()

    def _read(self) -> None:
        from workbench.runs.comparison import compare

        paths, axis = self.paths, self.axis.currentData()
        self._work.start(
            lambda _post: ((paths, axis), compare(paths, axis).figures), self._show_figures, None, self.failed.emit
        )

    def _show_figures(self, outcome: tuple[tuple[tuple[str, ...], str], Any]) -> None:
        asked, figures = outcome
        if asked != (self.paths, self.axis.currentData()):  # another comparison was asked for, or it was closed
            return
        self.tables.set_figures(figure for figure in figures if isinstance(figure, Table))
        self.figures.set_figures(figure for figure in figures if not isinstance(figure, Table))
        if self.isHidden():
            self.show()
            self.shown.emit()


def _scrolled(panel: FigurePanel) -> QScrollArea:
    scroll = QScrollArea()
    scroll.setAccessibleName(_("Figures"))
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(panel)
    return scroll
