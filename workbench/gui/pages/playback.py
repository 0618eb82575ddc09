"""The Playback page: what a network looked like while it learned, epoch by epoch, also while it still learns."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from workbench.events import Event, Finished, ProbesStored, Progress, RunStarted
from workbench.experiment import Experiment
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.no_run import NoRun
from workbench.gui.pages.page import Page
from workbench.gui.pages.playback_empty import NothingKept
from workbench.gui.pages.playback_player import Player
from workbench.gui.pages.playback_reader import PlaybackReader
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, hint, shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.inspection.playback import VIEWS, Playback
from workbench.requests import ProbeRequest
from workbench.runs.probe_files import ProbeFiles

KEY = "playback"
SAMPLES = 8  # of probes that are switched on here


class PlaybackPage(Page):
    """A slider over the epochs on top, what is chosen by tabs below."""

    name = "playback"
    title = mark("Playback")
    subtitle = mark("What the network looked like while it learned, epoch by epoch.")
    icon = "playback"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._run = ""
        self._stale = True
        self._making = ""
        self._was_live = False
        self.reader = PlaybackReader(self)
        self.player = Player()
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(_("What is shown"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.choice = QComboBox()
        self._choice_label = QLabel(_("La&yer"))
        self._choice_label.setBuddy(self.choice)
        self.missing = hint("")
        self.panel = FigurePanel(column_width=420)
        self.notice = Notice()
        self.status = hint("")
        self.status.setWordWrap(False)  # it stands beside the title
        self.no_run = NoRun(
            workspace, _("Train an experiment with its probes switched on; then its epochs can be played back.")
        )
        self.empty = NothingKept()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.no_run)
        self._view = self._run_view()
        self._stack.addWidget(self._view)
        self._stack.addWidget(self.empty)
        self.head.addWidget(self.status)
        self.content.setSpacing(GRID)
        self.content.addWidget(self.notice)
        self.content.addWidget(self._stack, 1)
        self._connect()

    def shown(self) -> None:
        """Bring the page up to date with the run."""
        if self._stale or self._run != self._wanted_run():
            self._open()

    def hidden(self) -> None:
        """Draw nothing out of sight."""
        self.player.pause()

    def refresh(self) -> None:
        """Look anew at what there is of the run."""
        self._open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._stack.currentWidget() is not self._view or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Space:
                self.player.toggle()
            case Qt.Key.Key_Left:
                self.player.step(-1)
            case Qt.Key.Key_Right:
                self.player.step(1)
            case _:
                super().keyPressEvent(event)

    def _run_view(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.panel)
        line = QHBoxLayout()
        line.setSpacing(GRID)
        line.addWidget(self.tabs, 1)
        line.addWidget(self._choice_label)
        line.addWidget(self.choice)
        view = QWidget()
        layout = QVBoxLayout(view)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.player)
        layout.addLayout(line)
        layout.addWidget(self.missing)
        layout.addWidget(scroll, 1)
        return view

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.current_run_changed.connect(self._run_changed)
        workspace.training.event.connect(self._event)
        workspace.training.state_changed.connect(self._training_changed)
        workspace.document.changed.connect(self._document_changed)
        workspace.closing.connect(self.reader.stop)
        self.reader.opened.connect(self._take_playback)
        self.reader.read.connect(self._take_figures)
        self.reader.failed.connect(self._take_error)
        self.player.moved.connect(self._show)
        self.tabs.currentChanged.connect(self._view_chosen)
        self.choice.activated.connect(self._show)
        self.panel.tile_clicked.connect(self._open_sample)
        self.empty.probes_wanted.connect(self._switch_on)
        self.empty.afterwards_wanted.connect(self._make)
        self.empty.stop_wanted.connect(self._stop_making)

    def _wanted_run(self) -> str:
        """What trains now, where it has anything to show or there is nothing else; else the run the pages look at."""
        training = self.workspace.training.current
        current = self.workspace.current_run
        if training is not None and training.run and (not current or ProbeFiles(training.run).epochs()):
            return training.run
        return current if Path(current).is_dir() else ""

    @property
    def _live(self) -> bool:
        training = self.workspace.training.current
        return training is not None and bool(self._run) and training.run == self._run

    def _run_changed(self, _path: str) -> None:
        self._stale = True
        if self.isVisible():
            self._open()

    def _event(self, event: Event) -> None:
        if isinstance(event, ProbesStored | RunStarted | Finished):
            self._stale = True
            if self.isVisible():
                self._open()

    def _training_changed(self) -> None:
        if self._was_live and not self._live:
            self._run_changed(self._run)  # it is over: nothing more is to come

    def _document_changed(self, experiment: Experiment) -> None:
        self.empty.show_run(self._run, experiment, self._live)

    def _open(self) -> None:
        self._stale = False
        run = self._wanted_run()
        if run != self._run:
            self._run = run
            self.reader.close()
            self.player.set_epochs((), False)
            self.panel.clear()
        self.notice.show_message("")
        self.status.setText(shortened(Path(run).name) if run else "")
        self.status.setVisible(bool(run))
        if run:
            self.reader.open(run)
        else:
            self._stack.setCurrentWidget(self.no_run)

    def _take_playback(self, playback: Playback | None) -> None:
        if playback is None:
            self.empty.show_run(self._run, self.workspace.document.experiment, self._live)
            self._stack.setCurrentWidget(self.empty)
            return
        self._was_live = self._live
        self._offer_views(playback.views)
        self.missing.setText(_("Not all could be looked at. {reason}").format(reason=playback.note))
        self.missing.setVisible(bool(playback.note))
        self.player.set_epochs(playback.epochs, self._live)
        if self._stack.currentWidget() is not self._view:
            self._stack.setCurrentWidget(self._view)
            self.player.slider.setFocus()
        self._offer_choices()
        self._show()

    def _offer_views(self, views: list[str]) -> None:
        if views == [self.tabs.tabData(index) for index in range(self.tabs.count())]:
            return
        before = self.tabs.tabData(self.tabs.currentIndex())
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for view in views:
            self.tabs.setTabData(self.tabs.addTab(_(VIEWS[view])), view)
        self.tabs.setCurrentIndex(views.index(before) if before in views else 0)
        self.tabs.blockSignals(False)

    def _offer_choices(self) -> None:
        """The layers to choose from in this view, the one that was chosen kept."""
        playback = self.reader.playback
        choices = playback.choices(self.tabs.tabData(self.tabs.currentIndex())) if playback is not None else ()
        if choices != tuple(self.choice.itemText(index) for index in range(self.choice.count())):
            before = self.choice.currentText()
            self.choice.clear()
            self.choice.addItems(choices)
            self.choice.setCurrentText(before if before in choices else (choices or ("",))[0])
        self.choice.setVisible(len(choices) > 1)
        self._choice_label.setVisible(len(choices) > 1)

    def _view_chosen(self, _index: int) -> None:
        self._offer_choices()
        self._show()

    def _show(self, _changed: int = 0) -> None:
        view = self.tabs.tabData(self.tabs.currentIndex())
        if view and self.player.epoch:
            self.reader.show(view, self.player.epoch, self.choice.currentText())

    def _take_figures(self, _view: str, _epoch: int, _choice: str, figures: tuple) -> None:
        self.notice.show_message("")
        self.panel.set_figures(figures)
        self.player.was_drawn()

    def _take_error(self, message: str) -> None:
        self.player.pause()
        self.notice.show_message(message, "error")

    def _open_sample(self, sample: int) -> None:
        playback = self.reader.playback
        if playback is not None and not self._live:
            self.workspace.inspect_sample(playback.about.values["split"], sample)

    def _switch_on(self) -> None:
        document = self.workspace.document
        document.apply(document.experiment.changed("probes.samples", SAMPLES), _("Switch the probes on"))

    def _make(self, best: bool) -> None:
        self._making = self._run
        self.notice.show_message("")
        self.empty.set_progress(0, 0)
        self.workspace.questions.ask(
            ProbeRequest(self._run, best=best), self._take_made, self._take_make_error, self._take_progress, key=KEY
        )

    def _take_made(self, _epochs: tuple[int, ...]) -> None:
        self.empty.set_progress(-1, 0)
        if self._making == self._run:
            self._open()

    def _take_make_error(self, message: str) -> None:
        self.empty.set_progress(-1, 0)
        self.notice.show_message(message, "error")

    def _take_progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self.empty.set_progress(event.done, event.total)

    def _stop_making(self) -> None:
        self.workspace.questions.drop(KEY)
        self.empty.set_progress(-1, 0)
